//! TTLs: on every key, re-armed late, never shortened by a write.

use serde_json::json;

use crate::support::{array, fill, today, wait_for, Client, Server};

const DAY: i64 = 86_400_000;

#[test]
fn every_key_has_the_default_ttl_of_ninety_days() {
    let server = Server::start();
    let mut client = server.client();
    fill(&mut client, "r");
    let names = client.key_names("*");
    assert!(names.len() >= 13, "{names:?}");
    for name in names {
        let ttl = client.int(&["PTTL", &name]);
        assert!(ttl > 89 * DAY && ttl <= 90 * DAY, "{name}: {ttl}");
    }
}

#[test]
fn a_bulk_import_has_ttls_too() {
    let server = Server::builder().module_arguments("default-ttl 5000").start();
    let mut client = server.client();
    fill(&mut client, "r");
    let document = client.text(&["PATTERN.EXPORT", "r"]);
    client.int(&["PATTERN.FORGET", "r"]);
    client.json(&["PATTERN.IMPORT", "r", &document]);
    let names = client.key_names("*");
    assert!(!names.is_empty());
    for name in names {
        let ttl = client.int(&["PTTL", &name]);
        assert!(ttl > 4_900_000 && ttl <= 5_000_000, "{name}: {ttl}");
    }
}

/// Each kind of write and the keys that it touches.
fn writes(day: &str) -> Vec<(Vec<&str>, Vec<String>)> {
    let keys =
        |names: &[&str]| names.iter().chain(&["meta"]).map(|name| format!("pm:{{r}}:{name}")).collect::<Vec<_>>();
    let day = format!("day:{day}");
    let (day_of_fixes, day_of_sessions) = (format!("{day}:fixes"), format!("{day}:sessions"));
    vec![
        (
            vec!["PATTERN.STORE", "r", "naming", r#"{"new":1}"#],
            keys(&["pattern:naming:default", "history:naming:default", "patterns"]),
        ),
        (vec!["PATTERN.CONFIDENCE", "r", "naming", "0.3"], keys(&["pattern:naming:default", "history:naming:default"])),
        (vec!["ISSUE.TRACK", "r", "style", "E501", "low"], keys(&["issues", "issues:trend", &day])),
        (vec!["ISSUE.MTRACK", "r", "style", "E501", "low", "2"], keys(&["issues", "issues:trend", &day])),
        (
            vec!["FIX.RECORD", "r", "style", "autoformat", "1", "ID", "another"],
            keys(&["fixes", "fixes:stats", "fixes:ids", &day_of_fixes]),
        ),
        (vec!["SESSION.RECORD", "r", "nightly", "1", "1"], keys(&["sessions", &day_of_sessions])),
    ]
}

#[track_caller]
fn expire_all_in(client: &mut Client, milliseconds: i64) {
    let seconds: i64 = client.texts(&["TIME"])[0].parse().expect("TIME");
    let moment = (seconds * 1_000 + milliseconds).to_string();
    for name in client.key_names("pm:{r}*") {
        client.int(&["PEXPIREAT", &name, &moment]);
    }
}

#[test]
fn a_write_rearms_once_more_than_one_percent_has_passed() {
    let server = Server::start();
    let mut client = server.client();
    fill(&mut client, "r");
    let day = today(&mut client);
    for (write, keys) in writes(&day) {
        expire_all_in(&mut client, 90 * DAY * 98 / 100);
        client.run(&write);
        for key in keys {
            let ttl = client.int(&["PTTL", &key]);
            assert!(ttl >= 90 * DAY * 99 / 100, "{write:?} left {key} at {ttl}");
            assert!(ttl <= 90 * DAY, "{write:?} set {key} to {ttl}");
        }
    }
}

#[test]
fn most_writes_do_not_rearm() {
    let server = Server::start();
    let mut client = server.client();
    fill(&mut client, "r");
    let day = today(&mut client);
    for (write, keys) in writes(&day) {
        expire_all_in(&mut client, 90 * DAY * 996 / 1000);
        let before: Vec<i64> = keys.iter().map(|key| client.int(&["PEXPIRETIME", key])).collect();
        client.run(&write);
        let after: Vec<i64> = keys.iter().map(|key| client.int(&["PEXPIRETIME", key])).collect();
        assert_eq!(before, after, "{write:?} on {keys:?}");
    }
}

#[test]
fn a_write_never_shortens_a_ttl() {
    let server = Server::start();
    let mut client = server.client();
    fill(&mut client, "r");
    let day = today(&mut client);
    for (write, keys) in writes(&day) {
        expire_all_in(&mut client, 900 * DAY);
        let before: Vec<i64> = keys.iter().map(|key| client.int(&["PEXPIRETIME", key])).collect();
        client.run(&write);
        let after: Vec<i64> = keys.iter().map(|key| client.int(&["PEXPIRETIME", key])).collect();
        assert_eq!(before, after, "{write:?} on {keys:?}");
    }
}

#[test]
fn a_shorter_default_does_not_shorten_what_is_there_but_arms_what_is_new() {
    let server = Server::start();
    let mut client = server.client();
    fill(&mut client, "r");
    client.text(&["CONFIG", "SET", "patternmemory.default-ttl", "1000"]);
    fill(&mut client, "r");
    for name in client.key_names("pm:{r}*") {
        assert!(client.int(&["PTTL", &name]) > 89 * DAY, "{name}");
    }
    fill(&mut client, "new");
    for name in client.key_names("pm:{new}*") {
        let ttl = client.int(&["PTTL", &name]);
        assert!(ttl > 900_000 && ttl <= 1_000_000, "{name}: {ttl}");
    }
}

#[test]
fn retain_arms_every_key_both_up_and_down() {
    let server = Server::start();
    let mut client = server.client();
    fill(&mut client, "r");
    fill(&mut client, "bystander");
    let names = client.key_names("pm:{r}*");
    for seconds in [50_000, 20_000_000, 3_000] {
        let armed = client.int(&["PATTERN.RETAIN", "r", &seconds.to_string()]);
        assert_eq!(armed, i64::try_from(names.len()).expect("a count"));
        for name in &names {
            let ttl = client.int(&["PTTL", name]);
            assert!(ttl > seconds * 1_000 - 20_000 && ttl <= seconds * 1_000, "{name}: {ttl}");
        }
    }
    for name in client.key_names("pm:{bystander}*") {
        assert!(client.int(&["PTTL", &name]) > 89 * DAY, "{name}");
    }
    assert_eq!(client.int(&["PATTERN.RETAIN", "nobody", "1000"]), 0);
    for bad in ["0", "-1", "x", "", "1.5", "99999999999999999999", "9223372036854775807"] {
        client.error_of("ERR", &["PATTERN.RETAIN", "r", bad]);
    }
}

#[test]
fn the_ttl_option_is_of_that_record_and_its_history() {
    let server = Server::start();
    let mut client = server.client();
    // The second store is a change, which begins the history.
    for data in ["{}", r#"{"n":0}"#] {
        client.json(&["PATTERN.STORE", "r", "t", data, "ID", "short", "TTL", "100"]);
        client.json(&["PATTERN.STORE", "r", "t", data, "ID", "plain"]);
        client.json(&["PATTERN.STORE", "r", "t", data, "ID", "long", "TTL", "20000000"]);
    }
    for (id, seconds) in [("short", 100), ("plain", 7_776_000), ("long", 20_000_000)] {
        for key in ["pattern", "history"] {
            let ttl = client.int(&["PTTL", &format!("pm:{{r}}:{key}:t:{id}")]);
            assert!(ttl > seconds * 1_000 - 20_000 && ttl <= seconds * 1_000, "{key} {id}: {ttl}");
        }
    }
    let index = client.int(&["PTTL", "pm:{r}:patterns"]);
    assert!(index >= client.int(&["PTTL", "pm:{r}:pattern:t:long"]), "the index outlives its members: {index}");
    assert!(
        client.int(&["PTTL", "pm:{r}:meta"]) >= client.int(&["PTTL", "pm:{r}:pattern:t:long"]),
        "the repo is known as long as it holds something"
    );
    client.json(&["PATTERN.STORE", "r", "t", r#"{"n":1}"#, "ID", "long", "TTL", "100"]);
    let ttl = client.int(&["PTTL", "pm:{r}:pattern:t:long"]);
    assert!(ttl <= 100_000, "TTL shortens: {ttl}");
    for bad in ["0", "-5", "x", "", "1.5", "99999999999999999999"] {
        client.error_of("ERR", &["PATTERN.STORE", "r", "t", "{}", "TTL", bad]);
    }
}

#[test]
fn the_index_outlives_a_record_that_lives_long_whatever_is_written_later() {
    let server = Server::start();
    let mut client = server.client();
    client.json(&["PATTERN.STORE", "r", "t", "{}", "ID", "long", "TTL", "20000000"]);
    let long = client.int(&["PEXPIRETIME", "pm:{r}:pattern:t:long"]);
    client.json(&["PATTERN.STORE", "r", "t", "{}", "ID", "short", "TTL", "10"]);
    client.json(&["PATTERN.STORE", "r", "t", "{}", "ID", "plain"]);
    client.int(&["PATTERN.DEL", "r", "t", "ID", "plain"]);
    client.int(&["PATTERN.CONFIDENCE", "r", "t", "0.5", "ID", "long"]);
    assert!(client.int(&["PEXPIRETIME", "pm:{r}:patterns"]) >= long);
    assert_eq!(client.int(&["PEXPIRETIME", "pm:{r}:pattern:t:long"]), long);
}

#[test]
fn an_expired_record_is_never_shown_and_starts_again() {
    let server = Server::start();
    let mut client = server.client();
    client.json(&["PATTERN.STORE", "r", "t", r#"{"n":1}"#, "ID", "brief", "TTL", "1", "CONFIDENCE", "0.9"]);
    client.json(&["PATTERN.STORE", "r", "t", r#"{"n":2}"#, "ID", "brief", "TTL", "1"]);
    client.json(&["PATTERN.STORE", "r", "t", "{}", "ID", "stays"]);
    wait_for("the record to expire", || (client.int(&["EXISTS", "pm:{r}:pattern:t:brief"]) == 0).then_some(()));
    client.nil(&["PATTERN.GET", "r", "t", "ID", "brief"]);
    client.nil(&["PATTERN.EVOLUTION", "r", "t", "ID", "brief"]);
    client.nil(&["PATTERN.CONFIDENCE", "r", "t", "0.1", "ID", "brief"]);
    let listed = client.json(&["PATTERN.LIST", "r"]);
    assert_eq!(array(&listed).len(), 1);
    assert_eq!(listed[0]["id"], "stays");
    let insights = client.json(&["PATTERN.INSIGHTS", "r"]);
    assert_eq!(insights["pattern_confidence_summary"]["t"]["pattern_count"], 1);
    assert_eq!(array(&insights["team_patterns"]).len(), 1);
    assert!(!client.text(&["PATTERN.EXPORT", "r"]).contains("brief"));
    assert_eq!(client.json(&["PATTERN.HEALTH", "r"])["patterns_count"], 1);
    let stored = client.json(&["PATTERN.STORE", "r", "t", r#"{"n":3}"#, "ID", "brief", "IFVERSION", "0"]);
    assert_eq!(stored, json!({"id": "brief", "version": 1, "created": true, "redactions": 0}));
    assert_eq!(client.json(&["PATTERN.EVOLUTION", "r", "t", "ID", "brief"])["total_changes"], 1);
    let pattern = client.json(&["PATTERN.GET", "r", "t", "ID", "brief"]);
    assert_eq!(pattern["confidence"].as_f64(), Some(0.0));
    assert_eq!(pattern["usage_count"], 0);
}

#[test]
fn pattern_writes_clean_dead_index_entries() {
    let server = Server::start();
    let mut client = server.client();
    for n in 0..40 {
        client.json(&["PATTERN.STORE", "r", "t", "{}", "ID", &format!("brief{n}"), "TTL", "1"]);
    }
    client.json(&["PATTERN.STORE", "r", "t", "{}", "ID", "stays"]);
    wait_for("the records to expire", || (client.key_names("pm:{r}:pattern:*").len() == 1).then_some(()));
    let mut writes = 0;
    while client.int(&["SCARD", "pm:{r}:patterns"]) > 1 {
        client.json(&["PATTERN.STORE", "r", "t", "{}", "ID", "stays"]);
        writes += 1;
        assert!(writes < 200, "dead entries stay in the index");
    }
    assert_eq!(client.texts(&["SMEMBERS", "pm:{r}:patterns"]), ["t:stays"]);
}

#[test]
fn the_least_default_ttl_is_one_second_and_a_whole_repo_expires() {
    let server = Server::builder().module_arguments("default-ttl 1").start();
    let mut client = server.client();
    fill(&mut client, "r");
    wait_for("the repo to expire", || client.key_names("*").is_empty().then_some(()));
    client.nil(&["PATTERN.GET", "r", "naming"]);
    assert_eq!(client.json(&["ISSUE.TRENDS", "r"])["total_patterns"], 0);
    assert_eq!(client.json(&["PATTERN.REPOS"])["repos"], json!([]));
    assert_eq!(client.int(&["ISSUE.TRACK", "r", "style", "E501", "low"]), 1);
    client.error_of("ERR", &["CONFIG", "SET", "patternmemory.default-ttl", "0"]);
}

#[test]
fn forget_deletes_everything_of_the_repo_and_nothing_else() {
    let server = Server::start();
    let mut client = server.client();
    fill(&mut client, "r");
    fill(&mut client, "r2");
    client.text(&["SET", "pm:other", "1"]);
    let of_repo = client.key_names("pm:{r}*").len();
    let others = client.int(&["DBSIZE"]) - i64::try_from(of_repo).expect("a count");
    assert_eq!(client.int(&["PATTERN.FORGET", "r"]), i64::try_from(of_repo).expect("a count"));
    assert!(client.key_names("*{r}*").is_empty());
    assert_eq!(client.int(&["DBSIZE"]), others);
    assert_eq!(client.int(&["PATTERN.FORGET", "r"]), 0);
}
