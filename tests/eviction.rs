//! Keys that the server takes out of a repo: no report fails or tells more than there was, and what can heal does.

use std::collections::BTreeMap;

use redis::Value;
use serde_json::Value as Json;

use crate::support::catalog::CALLS;
use crate::support::{array, assert_agrees, effort, fill, number, today, whole_state, Client, Server};

const REPOS: u64 = 8;

/// The next of a row of numbers that looks random and is the same in each run.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

/// What was acknowledged: `repo what` to how often.
type Books = BTreeMap<String, u64>;

/// One write of any kind to any repo; false where it was refused for want of memory.
#[track_caller]
fn write(client: &mut Client, state: &mut u64, books: &mut Books, may_refuse: bool) -> bool {
    let repo = format!("r{}", next(state) % REPOS);
    let (n, name) = (next(state), format!("n{}", next(state) % 12));
    let text = "in snake case, ".repeat((n % 60) as usize);
    let (data, metadata, key) =
        (format!(r#"{{"n":{n},"text":"{text}"}}"#), format!(r#"{{"text":"{text}"}}"#), format!("k{n}"));
    let (kind, call): (&str, Vec<&str>) = match n % 5 {
        0 => ("issue", vec!["ISSUE.TRACK", &repo, "style", &name, "low"]),
        1 => ("pattern", vec!["PATTERN.STORE", &repo, &name, &data]),
        2 => ("fix", vec!["FIX.RECORD", &repo, "style", &name, "1", "ID", &key, "METADATA", &metadata]),
        3 => ("session", vec!["SESSION.RECORD", &repo, &name, "2", "1", "DATA", &metadata]),
        _ => ("judged", vec!["PATTERN.CONFIDENCE", &repo, &name, "0.5"]),
    };
    match client.try_run(&call) {
        Ok(Value::Nil) => true,
        Ok(_) => {
            *books.entry(format!("{repo} {kind} {name}")).or_default() += 1;
            true
        }
        Err(error) => {
            assert!(may_refuse && error.starts_with("OOM"), "{call:?}: {error}");
            false
        }
    }
}

/// Checks that every report works and tells of nothing beyond the books.
#[track_caller]
fn assert_within(client: &mut Client, books: &Books) {
    let written =
        |repo: &str, kind: &str, name: &str| books.get(&format!("{repo} {kind} {name}")).copied().unwrap_or(0);
    for repo in (0..REPOS).map(|n| format!("r{n}")) {
        for call in CALLS.iter().filter(|call| !call.writes) {
            client.run(&call.for_repo(&repo, ""));
        }
        let of_kind = |kind: &str| -> u64 {
            let begin = format!("{repo} {kind} ");
            books.iter().filter(|(name, _)| name.starts_with(&begin)).map(|(_, n)| n).sum()
        };
        let trends = client.json(&["ISSUE.TRENDS", &repo]);
        for issue in array(&trends["trending_issues"]) {
            let name = issue["issue_rule"].as_str().expect("a rule");
            assert!(number(&issue["frequency"]) as u64 <= written(&repo, "issue", name), "{repo}: {issue}");
        }
        let counted = trends["issue_distribution"]["style"].as_u64().unwrap_or(0);
        assert!(counted <= of_kind("issue"), "{repo}: {trends}");
        for pattern in array(&client.json(&["PATTERN.LIST", &repo])) {
            let name = pattern["pattern_type"].as_str().expect("a type");
            let most = written(&repo, "pattern", name) + written(&repo, "judged", name);
            assert!(number(&pattern["version"]) as u64 <= most, "{repo}: {pattern}");
            // Each command may evict what the one before it told of.
            let told = match client.run(&["PATTERN.EVOLUTION", &repo, name]) {
                Value::BulkString(told) => serde_json::from_slice::<Json>(&told).expect("JSON"),
                _ => continue,
            };
            assert!(number(&told["total_changes"]) <= number(&pattern["version"]), "{told}");
        }
        for (name, rate) in client.json(&["FIX.RATES", &repo]).as_object().expect("rates") {
            assert!(number(&rate["total_attempts"]) as u64 <= written(&repo, "fix", name), "{repo}: {rate}");
        }
        let analytics = client.json(&["SESSION.ANALYTICS", &repo]);
        assert!(number(&analytics["total_sessions"]) as u64 <= of_kind("session"), "{repo}: {analytics}");
        assert!(array(&client.json(&["SESSION.LIST", &repo, "LIMIT", "0", "500"])).len() as u64 <= of_kind("session"));
    }
}

/// A server whose memory is full once so much was written.
fn with_little_room(policy: &str, kib: u64) -> Server {
    let server = Server::builder().setting(&format!("maxmemory-policy {policy}")).start();
    let mut client = server.client();
    // What the server sets aside for each command once is no part of it.
    fill(&mut client, "warm");
    client.text(&["FLUSHALL", "SYNC"]);
    let used: u64 = client.info("memory", "used_memory").expect("the memory").parse().expect("a number");
    client.text(&["CONFIG", "SET", "maxmemory", &(used + kib * 1_024).to_string()]);
    server
}

#[test]
fn under_every_policy_that_evicts_writes_go_on_and_no_report_fails_or_tells_too_much() {
    let policies = [
        "allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-lru", "volatile-lfu", "volatile-random",
        "volatile-ttl",
    ];
    let elsewhere = Server::start();
    for policy in policies {
        let server = with_little_room(policy, 1_024);
        let (mut client, mut state, mut books) = (server.client(), 7, Books::new());
        for _ in 0..effort(2, 60) {
            for _ in 0..2_500 {
                // Redis 8.6 by LFU refuses one of some thousand though there are keys to evict, and takes the next.
                if !write(&mut client, &mut state, &mut books, true) {
                    write(&mut client, &mut state, &mut books, false);
                }
            }
            assert_within(&mut client, &books);
        }
        assert_ne!(client.info("stats", "evicted_keys"), Some("0".into()), "{policy} evicted nothing");
        // What is left can travel, and is whole again where there is room.
        let mut other = elsewhere.client();
        other.text(&["FLUSHALL"]);
        for repo in (0..REPOS).map(|n| format!("r{n}")) {
            let document = client.text(&["PATTERN.EXPORT", &repo]);
            other.json(&["PATTERN.IMPORT", &repo, &document]);
        }
        assert_within(&mut other, &books);
    }
}

#[test]
fn without_eviction_a_full_memory_refuses_and_changes_nothing() {
    let server = with_little_room("noeviction", 1_024);
    let (mut client, mut state, mut books) = (server.client(), 7, Books::new());
    let mut refused = 0;
    for _ in 0..effort(6_000, 60_000) {
        let before = (refused % 50 == 9).then(|| client.text(&["DEBUG", "DIGEST"]));
        if !write(&mut client, &mut state, &mut books, true) {
            refused += 1;
            assert!(
                before.is_none_or(|digest| digest == client.text(&["DEBUG", "DIGEST"])),
                "what was refused changed"
            );
            if refused > 500 {
                break;
            }
        }
    }
    assert!(refused > 500, "memory was never full");
    client.text(&["CONFIG", "SET", "maxmemory", "0"]);
    assert_within(&mut client, &books);
    for repo in (0..REPOS).map(|n| format!("r{n}")) {
        assert_agrees(&mut client, &repo);
        let issues = client.json(&["ISSUE.HISTORY", &repo]);
        let begin = format!("{repo} issue ");
        let written: u64 = books.iter().filter(|(name, _)| name.starts_with(&begin)).map(|(_, n)| n).sum();
        assert_eq!(issues["total"], written, "{repo}");
    }
}

/// Every key that `fill` leaves, without what all have in common. `DAY` stands for today.
const KEYS: [&str; 14] = [
    "meta", "patterns", "pattern:naming:default", "history:naming:default", "pattern:a%3Ab%25c:d%3Ae", "issues",
    "issues:trend", "fixes", "fixes:stats", "fixes:ids", "sessions", "day:DAY", "day:DAY:fixes", "day:DAY:sessions",
];

#[track_caller]
fn lose(client: &mut Client, names: &[&str]) {
    let day = today(client);
    for name in names {
        let key = format!("pm:{{r}}:{}", name.replace("DAY", &day));
        assert_eq!(client.int(&["DEL", &key]), 1, "{key} is not of the data model any more");
    }
}

/// What one report says, as numbers that only grow with what is known.
#[track_caller]
fn known(client: &mut Client) -> Vec<(&'static str, u64)> {
    let sum =
        |counts: &Json| counts.as_object().map_or(0, |counts| counts.values().filter_map(Json::as_u64).sum::<u64>());
    let trends = client.json(&["ISSUE.TRENDS", "r"]);
    let (rates, analytics) = (client.json(&["FIX.RATES", "r"]), client.json(&["SESSION.ANALYTICS", "r"]));
    let attempts = rates.as_object().expect("rates").values().filter_map(|rate| rate["total_attempts"].as_u64()).sum();
    vec![
        ("trending", array(&trends["trending_issues"]).len() as u64),
        ("issues", sum(&trends["issue_distribution"])),
        ("attempts", attempts),
        ("sessions", analytics["total_sessions"].as_u64().expect("a number")),
        ("patterns", array(&client.json(&["PATTERN.LIST", "r"])).len() as u64),
        ("outcomes", array(&client.json(&["FIX.LIST", "r"])).len() as u64),
    ]
}

#[test]
fn a_repo_that_lost_any_key_or_two_is_read_and_written_and_forgotten() {
    let server = Server::start();
    let mut client = server.client();
    fill(&mut client, "r");
    let export = client.text(&["PATTERN.EXPORT", "r"]);
    let all = known(&mut client);
    let pairs = (0..KEYS.len()).flat_map(|a| (a..KEYS.len()).map(move |b| (a, b)));
    for (a, b) in pairs {
        let lost: &[&str] = if a == b { &[KEYS[a]] } else { &[KEYS[a], KEYS[b]] };
        client.text(&["FLUSHALL"]);
        fill(&mut client, "r");
        lose(&mut client, lost);
        let before = whole_state(&mut client);
        for call in CALLS.iter().filter(|call| !call.writes) {
            client.run(&call.for_repo("r", ""));
        }
        assert_eq!(whole_state(&mut client), before, "a read wrote");
        for ((what, least), (_, most)) in known(&mut client).into_iter().zip(&all) {
            assert!(least <= *most, "{lost:?}: {least} {what} of {most}");
        }
        for call in CALLS.iter().filter(|call| call.writes && !["PATTERN.DEL", "PATTERN.FORGET"].contains(&call.name()))
        {
            let words = call.for_repo("r", &export);
            if let Err(error) = client.try_run(&words) {
                panic!("{lost:?}: {words:?} answered {error}");
            }
        }
        // Each record that is stored again is in the index again, and so forgotten.
        for (kind, id) in [("naming", "default"), ("a:b%c", "d:e")] {
            client.json(&["PATTERN.STORE", "r", kind, "{}", "ID", id]);
        }
        client.json(&["PATTERN.STORE", "r", "imports", r#"{"order":["std","own"]}"#, "ID", "AUTO"]);
        client.int(&["PATTERN.FORGET", "r"]);
        assert!(whole_state(&mut client).is_empty(), "{lost:?}: {:?}", whole_state(&mut client).keys());
    }
}

#[test]
fn a_ranking_whose_issues_were_lost_kept_names_that_nobody_knew() {
    let server = Server::builder().module_arguments("max-issues 10").start();
    let mut client = server.client();
    for round in 0..5 {
        for n in 0..10 {
            client.int(&["ISSUE.TRACK", "r", "style", &format!("R{round}-{n}"), "low"]);
        }
        lose(&mut client, &["issues"]);
        assert_eq!(array(&client.json(&["ISSUE.TRENDS", "r"])["trending_issues"]).len(), 0);
    }
    client.int(&["ISSUE.TRACK", "r", "style", "new", "low"]);
    assert_eq!(client.texts(&["ZRANGE", "pm:{r}:issues:trend", "0", "-1"]), ["style:new"]);
    assert!(client.int(&["PTTL", "pm:{r}:issues:trend"]) > 0);
}

#[test]
fn a_ranking_that_was_lost_is_put_back_by_the_next_write() {
    let server = Server::start();
    let mut client = server.client();
    fill(&mut client, "r");
    let before = client.json(&["ISSUE.TRENDS", "r"])["total_patterns"].clone();
    lose(&mut client, &["issues:trend"]);
    assert_eq!(client.json(&["ISSUE.TRENDS", "r"])["total_patterns"], before);
    client.int(&["ISSUE.TRACK", "r", "style", "E501", "low"]);
    assert_agrees(&mut client, "r");
}

#[test]
fn an_outcome_counted_twice_once_the_idempotency_keys_were_lost() {
    let server = Server::start();
    let mut client = server.client();
    for id in ["a", "b", "c"] {
        client.int(&["FIX.RECORD", "r", "style", "format", "1", "ID", id]);
    }
    client.int(&["FIX.RECORD", "r", "style", "format", "0"]);
    lose(&mut client, &["fixes:ids"]);
    assert_eq!(client.int(&["FIX.RECORD", "r", "style", "format", "1", "ID", "b"]), 4);
    assert_eq!(client.int(&["FIX.RECORD", "r", "style", "format", "1", "ID", "d"]), 5);
    assert_eq!(client.int(&["FIX.RECORD", "r", "style", "format", "1", "ID", "a"]), 5);
    assert_eq!(client.int(&["HLEN", "pm:{r}:fixes:ids"]), 4);
    assert_agrees(&mut client, "r");
}

#[test]
fn idempotency_keys_whose_outcomes_were_lost_stayed_for_good() {
    let server = Server::builder().module_arguments("max-fixes 5").start();
    let mut client = server.client();
    for round in 0..4 {
        for n in 0..5 {
            client.int(&["FIX.RECORD", "r", "style", "format", "1", "ID", &format!("{round}-{n}")]);
        }
        lose(&mut client, &["fixes"]);
    }
    client.int(&["FIX.RECORD", "r", "style", "format", "1", "ID", "new"]);
    assert_eq!(client.texts(&["HKEYS", "pm:{r}:fixes:ids"]), ["new"]);
    assert!(client.int(&["PTTL", "pm:{r}:fixes:ids"]) > 0);
}

#[test]
fn statistics_that_were_lost_began_at_one_though_the_outcomes_were_there() {
    let server = Server::start();
    let mut client = server.client();
    for n in 0..30 {
        let success = if n % 3 == 0 { "0" } else { "1" };
        client.int(&["FIX.RECORD", "r", ["style", "security"][n % 2], "format", success, "FEEDBACK", "0.5"]);
    }
    let (rates, advice) = (client.json(&["FIX.RATES", "r"]), client.json(&["FIX.ADVISE", "r", "style"]));
    let counts = |rates: &Json| rates["format"]["total_attempts"].clone();
    lose(&mut client, &["fixes:stats"]);
    let healed = client.json(&["FIX.RATES", "r"]);
    assert_eq!(
        (counts(&healed), &healed["format"]["avg_feedback"]),
        (counts(&rates), &rates["format"]["avg_feedback"])
    );
    assert_eq!(client.json(&["FIX.ADVISE", "r", "style"])[0]["attempts"], advice[0]["attempts"]);
    assert_eq!(client.int(&["FIX.RECORD", "r", "style", "format", "1"]), 31);
    assert_agrees(&mut client, "r");
}

/// What the operations page tells to do where an index was lost.
#[test]
fn an_index_that_was_lost_is_put_back_by_hand() {
    let server = Server::start();
    let mut client = server.client();
    fill(&mut client, "r");
    fill(&mut client, "other");
    let (listed, export) = (client.text(&["PATTERN.LIST", "r"]), client.json(&["PATTERN.EXPORT", "r"]));
    lose(&mut client, &["patterns"]);
    assert_eq!(array(&client.json(&["PATTERN.LIST", "r"])).len(), 0);
    for key in client.key_names("pm:{r}:pattern:*") {
        let member = key.strip_prefix("pm:{r}:pattern:").expect("a record");
        client.int(&["SADD", "pm:{r}:patterns", member]);
    }
    client.int(&["PATTERN.RETAIN", "r", "7776000"]);
    assert_eq!(client.text(&["PATTERN.LIST", "r"]), listed);
    assert_eq!(client.json(&["PATTERN.EXPORT", "r"])["patterns"], export["patterns"]);
    assert!(client.int(&["PTTL", "pm:{r}:patterns"]) > 0);
    client.int(&["PATTERN.FORGET", "r"]);
    assert!(client.key_names("pm:{r}:*").is_empty());
}
