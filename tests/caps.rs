//! Caps: what is bounded, what leaves first.

use serde_json::json;

use crate::support::{array, repo_state, today, Server};

#[test]
fn the_history_keeps_the_newest_changes() {
    let server = Server::builder().module_arguments("max-history 5").start();
    let mut client = server.client();
    for n in 1..=12 {
        client.json(&["PATTERN.STORE", "r", "t", &format!(r#"{{"n":{n}}}"#), "CONFIDENCE", &format!("0.{n:02}")]);
    }
    assert_eq!(client.int(&["LLEN", "pm:{r}:history:t:default"]), 5);
    let history = client.json(&["PATTERN.EVOLUTION", "r", "t"]);
    let changes = array(&history["changes"]);
    assert_eq!(changes.len(), 5);
    let versions: Vec<i64> = changes.iter().filter_map(|change| change["version"].as_i64()).collect();
    assert_eq!(versions, [12, 11, 10, 9, 8]);
    for (change, n) in changes.iter().zip([12, 11, 10, 9]) {
        assert_eq!(change["after_data"], json!({"n": n}));
        assert_eq!(change["before_data"], json!({"n": n - 1}));
    }
    assert_eq!(changes[4]["after_data"], json!({"n": 8}));
    assert_eq!(client.json(&["PATTERN.GET", "r", "t"])["version"], 12);
}

#[test]
fn a_thousand_changes_are_kept_by_default() {
    let server = Server::start();
    let mut client = server.client();
    for n in 0..1_010 {
        client.send(&["PATTERN.STORE", "r", "t", &format!(r#"{{"n":{n}}}"#)]);
    }
    for _ in 0..1_010 {
        client.receive().expect("an answer");
    }
    assert_eq!(client.int(&["LLEN", "pm:{r}:history:t:default"]), 1_000);
    assert_eq!(client.json(&["PATTERN.EVOLUTION", "r", "t"])["total_changes"], 1_000);
}

#[test]
fn of_the_issues_the_least_trending_leaves_and_never_the_one_just_tracked() {
    let server = Server::builder().module_arguments("max-issues 3").start();
    let mut client = server.client();
    for (rule, count) in [("five", "5"), ("three", "3"), ("nine", "9")] {
        client.int(&["ISSUE.TRACK", "r", "style", rule, "low", "COUNT", count]);
    }
    assert_eq!(client.int(&["ISSUE.TRACK", "r", "style", "one", "low"]), 1);
    client.nil(&["ISSUE.GET", "r", "style", "three"]);
    assert_eq!(client.json(&["ISSUE.GET", "r", "style", "one"])["frequency"], 1);
    assert_eq!(client.int(&["ISSUE.TRACK", "r", "style", "other", "low"]), 1);
    client.nil(&["ISSUE.GET", "r", "style", "one"]);
    assert_eq!(client.json(&["ISSUE.GET", "r", "style", "other"])["frequency"], 1);
    assert_eq!(client.int(&["HLEN", "pm:{r}:issues"]), 3);
    assert_eq!(client.int(&["ZCARD", "pm:{r}:issues:trend"]), 3);
    let trends = client.json(&["ISSUE.TRENDS", "r"]);
    assert_eq!(trends["total_patterns"], 3);
    assert_eq!(trends["issue_distribution"], json!({"style": 19}), "the day's counters count what was seen");
}

#[test]
fn a_large_run_keeps_the_cap_and_the_most_trending() {
    let server = Server::builder().module_arguments("max-issues 10").start();
    let mut client = server.client();
    let mut call: Vec<String> = vec!["ISSUE.MTRACK".into(), "r".into()];
    for n in 1..=50 {
        call.extend(["style".to_owned(), format!("R{n}"), "low".to_owned(), n.to_string()]);
    }
    let expected: Vec<i64> = (1..=50).collect();
    assert_eq!(client.ints(&call), expected);
    assert_eq!(client.int(&["HLEN", "pm:{r}:issues"]), 10);
    let mut kept = client.texts(&["HKEYS", "pm:{r}:issues"]);
    let mut ranked = client.texts(&["ZRANGE", "pm:{r}:issues:trend", "0", "-1"]);
    kept.sort();
    ranked.sort();
    assert_eq!(kept, ranked, "hash and ranking hold the same issues");
    assert!(kept.contains(&"style:R50".to_owned()), "{kept:?}");
    assert_eq!(client.json(&["ISSUE.TRENDS", "r", "DAYS", "1"])["issue_distribution"], json!({"style": 1275}));
}

#[test]
fn fixes_are_capped_and_the_rates_go_on() {
    let server = Server::builder().module_arguments("max-fixes 4").start();
    let mut client = server.client();
    for n in 1..=10 {
        let attempts = client.int(&["FIX.RECORD", "r", "style", "format", "1", "METADATA", &format!(r#"{{"n":{n}}}"#)]);
        assert_eq!(attempts, n);
    }
    let fixes = client.json(&["FIX.LIST", "r"]);
    let kept: Vec<i64> = array(&fixes).iter().filter_map(|fix| fix["metadata"]["n"].as_i64()).collect();
    assert_eq!(kept, [10, 9, 8, 7]);
    assert_eq!(client.int(&["LLEN", "pm:{r}:fixes"]), 4);
    assert_eq!(client.json(&["FIX.RATES", "r"])["format"]["total_attempts"], 10);
}

#[test]
fn sessions_are_capped_and_the_analytics_go_on() {
    let server = Server::builder().module_arguments("max-sessions 4").start();
    let mut client = server.client();
    for n in 1..=10 {
        let kept = client.int(&["SESSION.RECORD", "r", "nightly", &n.to_string(), "1"]);
        assert_eq!(kept, n.min(4));
    }
    let sessions = client.json(&["SESSION.LIST", "r"]);
    let kept: Vec<i64> = array(&sessions).iter().filter_map(|session| session["patterns_learned"].as_i64()).collect();
    assert_eq!(kept, [10, 9, 8, 7]);
    let analytics = client.json(&["SESSION.ANALYTICS", "r"]);
    assert_eq!(analytics["total_sessions"], 10);
    assert_eq!(analytics["total_patterns_learned"], 55);
}

#[test]
fn a_new_pattern_beyond_the_cap_is_refused_and_a_known_one_is_not() {
    let server = Server::builder().module_arguments("max-patterns 3").start();
    let mut client = server.client();
    for id in ["a", "b", "c"] {
        client.json(&["PATTERN.STORE", "r", "t", "{}", "ID", id]);
    }
    client.error_of("ERR", &["PATTERN.STORE", "r", "t", "{}", "ID", "d"]);
    assert_eq!(client.int(&["EXISTS", "pm:{r}:pattern:t:d", "pm:{r}:history:t:d"]), 0);
    assert_eq!(client.json(&["PATTERN.STORE", "r", "t", r#"{"n":1}"#, "ID", "a"])["version"], 2);
    client.json(&["PATTERN.STORE", "other", "t", "{}", "ID", "d"]);
    client.int(&["PATTERN.DEL", "r", "t", "ID", "b"]);
    assert_eq!(client.json(&["PATTERN.STORE", "r", "t", "{}", "ID", "d"])["created"], true);
}

#[test]
fn an_import_of_too_many_patterns_is_refused_whole() {
    let server = Server::builder().module_arguments("max-patterns 5").start();
    let mut client = server.client();
    for repo in ["from", "to"] {
        for n in 0..4 {
            client.json(&["PATTERN.STORE", repo, "t", "{}", "ID", &format!("{repo}{n}")]);
        }
        client.int(&["ISSUE.TRACK", repo, "style", "E501", "low"]);
    }
    let document = client.text(&["PATTERN.EXPORT", "from"]);
    let before = repo_state(&mut client, "to");
    client.error_of("ERR", &["PATTERN.IMPORT", "to", &document]);
    assert_eq!(repo_state(&mut client, "to"), before);
    client.json(&["PATTERN.IMPORT", "to", &document, "REPLACE"]);
    assert_eq!(array(&client.json(&["PATTERN.LIST", "to"])).len(), 4);
}

#[test]
fn an_import_is_capped_like_any_other_write() {
    let server = Server::start();
    let mut client = server.client();
    for n in 1..=10 {
        client.json(&["PATTERN.STORE", "r", "t", &format!(r#"{{"n":{n}}}"#)]);
        client.int(&["ISSUE.TRACK", "r", "style", &format!("R{n}"), "low", "COUNT", &n.to_string()]);
        client.int(&["FIX.RECORD", "r", "style", "format", "1", "ID", &format!("k{n}")]);
        client.int(&["SESSION.RECORD", "r", "nightly", &n.to_string(), "1"]);
    }
    let document = client.text(&["PATTERN.EXPORT", "r"]);
    let small = Server::builder().module_arguments("max-history 4 max-issues 4 max-fixes 4 max-sessions 4").start();
    let mut client = small.client();
    client.json(&["PATTERN.IMPORT", "r", &document]);
    for (command, key) in [
        ("LLEN", "pm:{r}:history:t:default"),
        ("HLEN", "pm:{r}:issues"),
        ("ZCARD", "pm:{r}:issues:trend"),
        ("LLEN", "pm:{r}:fixes"),
        ("HLEN", "pm:{r}:fixes:ids"),
        ("LLEN", "pm:{r}:sessions"),
    ] {
        assert_eq!(client.int(&[command, key]), 4, "{key}");
    }
    assert_eq!(client.json(&["ISSUE.GET", "r", "style", "R10"])["frequency"], 10);
    assert_eq!(client.json(&["SESSION.LIST", "r"])[0]["patterns_learned"], 10);
    assert_eq!(client.json(&["FIX.RATES", "r"])["format"]["total_attempts"], 10);
    assert_eq!(client.json(&["SESSION.ANALYTICS", "r"])["total_sessions"], 10);
    assert_eq!(client.json(&["PATTERN.EVOLUTION", "r", "t"])["changes"][3]["after_data"], json!({"n": 7}));
}

#[test]
fn statistics_of_fix_types_are_bounded() {
    let server = Server::builder().module_arguments("max-fix-stats 20").start();
    let mut client = server.client();
    for n in 0..60 {
        let _ = client.try_run(&["FIX.RECORD", "r", "style", &format!("f{n}"), "1"]);
    }
    let kept = client.int(&["HLEN", "pm:{r}:fixes:stats"]);
    assert!((1..=40).contains(&kept), "{kept} entries for at most 20 pairs (and their fix types)");
}

#[test]
fn the_series_of_a_day_are_bounded() {
    let server = Server::builder().module_arguments("max-daily-series 20").start();
    let mut client = server.client();
    for n in 0..60 {
        let _ = client.try_run(&["ISSUE.TRACK", "r", &format!("type{n}"), "rule", "low"]);
    }
    let day = format!("pm:{{r}}:day:{}", today(&mut client));
    let kept = client.int(&["HLEN", &day]);
    assert!((1..=22).contains(&kept), "{kept} fields for at most 20 series");
}

#[test]
fn a_payload_beyond_the_limit_is_refused() {
    let server = Server::builder().module_arguments("max-payload 2000").start();
    let mut client = server.client();
    let data = |length: usize| format!(r#"{{"a":"{}"}}"#, "x ".repeat(length / 2));
    client.json(&["PATTERN.STORE", "r", "t", &data(1_900)]);
    client.error_of("ERR", &["PATTERN.STORE", "r", "t", &data(2_000)]);
    client.error_of("ERR", &["FIX.RECORD", "r", "i", "f", "1", "METADATA", &data(2_000)]);
    client.error_of("ERR", &["SESSION.RECORD", "r", "s", "1", "1", "DATA", &data(2_000)]);
    client.text(&["CONFIG", "SET", "patternmemory.max-payload", "5000"]);
    client.json(&["PATTERN.STORE", "r", "t", &data(2_000)]);
}

#[test]
fn one_mebibyte_is_stored_and_one_byte_more_is_not() {
    let server = Server::shared();
    let mut client = server.client();
    let limit = 1_048_576;
    let data = |length: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(length - 8));
    assert_eq!(data(limit).len(), limit);
    client.json(&["PATTERN.STORE", "caps/mebibyte", "t", &data(limit)]);
    client.error_of("ERR", &["PATTERN.STORE", "caps/mebibyte", "t", &data(limit + 1)]);
    let pattern = client.json(&["PATTERN.GET", "caps/mebibyte", "t"]);
    assert_eq!(pattern["pattern_data"]["a"].as_str().map(str::len), Some(limit - 8));
    assert_eq!(pattern["version"], 1);
}
