//! What the server says about the commands, and what the module says about itself.

use std::collections::{BTreeMap, BTreeSet};

use redis::Value;
use serde_json::json;

use crate::support::catalog::CALLS;
use crate::support::client::as_text;
use crate::support::{array, fields, fill, text, wait_for, Client, Server};

/// A flat list of pairs or a map, as a map.
fn pairs(value: &Value) -> BTreeMap<String, Value> {
    match value {
        Value::Array(items) => items.chunks(2).filter_map(|pair| Some((as_text(&pair[0])?, pair[1].clone()))).collect(),
        Value::Map(entries) => entries.iter().filter_map(|(key, value)| Some((as_text(key)?, value.clone()))).collect(),
        other => panic!("not pairs: {other:?}"),
    }
}

fn strings(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Array(items) | Value::Set(items) => items.iter().filter_map(as_text).collect(),
        other => panic!("not a list: {other:?}"),
    }
}

#[test]
fn the_module_has_exactly_the_commands_of_the_design() {
    let server = Server::shared();
    let mut client = server.client();
    let found: BTreeSet<String> = client
        .texts(&["COMMAND", "LIST", "FILTERBY", "MODULE", "patternmemory"])
        .into_iter()
        .map(|name| name.to_uppercase())
        .collect();
    let expected: BTreeSet<String> = CALLS.iter().map(|call| call.name().to_owned()).collect();
    assert_eq!(found, expected);
}

#[test]
fn command_info_tells_flags_and_the_key() {
    let server = Server::shared();
    let mut client = server.client();
    for call in CALLS {
        let name = call.name();
        let info = match client.run(&["COMMAND", "INFO", name]) {
            Value::Array(mut infos) => infos.remove(0),
            other => panic!("{name}: {other:?}"),
        };
        let Value::Array(info) = info else {
            panic!("{name}: {info:?}");
        };
        let flags = strings(&info[2]);
        assert_eq!(flags.contains("write"), call.writes, "{name}: {flags:?}");
        assert!(!flags.contains("movablekeys"), "{name}: {flags:?}");
        let grows = call.writes && !["PATTERN.DEL", "PATTERN.FORGET", "PATTERN.RETAIN"].contains(&name);
        assert_eq!(flags.contains("denyoom"), grows, "{name}: {flags:?}");
        assert!(flags.contains("skip_monitor"), "{name}: {flags:?}");
        // Valkey 8.1 calls its slow log a command log.
        let unlogged = flags.contains("skip_slowlog") || flags.contains("skip_commandlog");
        assert!(unlogged, "{name}: {flags:?}");
        let place = if call.has_repo() { 1 } else { 0 };
        assert_eq!(info[3], Value::Int(place), "{name}: first key");
        let Value::Array(specs) = &info[8] else {
            panic!("{name}: {:?}", info[8]);
        };
        if call.has_repo() {
            assert!(flags.contains("readonly") != call.writes, "{name}: {flags:?}");
            assert_eq!(specs.len(), 1, "{name}: {specs:?}");
            let spec_flags: BTreeSet<String> =
                strings(&pairs(&specs[0])["flags"]).iter().map(|flag| flag.to_uppercase()).collect();
            assert_eq!(spec_flags.contains("RW"), call.writes, "{name}: {spec_flags:?}");
            assert_eq!(spec_flags.contains("RO"), !call.writes, "{name}: {spec_flags:?}");
            assert!(!spec_flags.contains("NOT_KEY"), "{name}: {spec_flags:?}");
        } else {
            assert!(specs.is_empty(), "{name}: {specs:?}");
        }
    }
}

#[test]
fn command_getkeys_answers_the_repo() {
    let server = Server::shared();
    let mut client = server.client();
    for call in CALLS.iter().filter(|call| call.has_repo()) {
        let mut arguments = vec!["COMMAND".to_owned(), "GETKEYS".to_owned()];
        arguments.extend(call.for_repo("github.com/acme/api", "{}"));
        assert_eq!(client.texts(&arguments), ["github.com/acme/api"], "{}", call.name());
    }
    client.error(&["COMMAND", "GETKEYS", "PATTERN.REPOS"]);
}

#[test]
fn command_docs_tell_what_each_command_is() {
    let server = Server::shared();
    let mut client = server.client();
    for call in CALLS {
        let name = call.name();
        let docs = pairs(&client.run(&["COMMAND", "DOCS", name]));
        let doc = pairs(docs.values().next().unwrap_or_else(|| panic!("no docs of {name}")));
        for field in ["summary", "since", "complexity"] {
            let words = doc.get(field).and_then(as_text).unwrap_or_default();
            assert!(!words.is_empty(), "{name} has no {field}: {doc:?}");
        }
        if call.words.len() > 1 {
            let Some(Value::Array(arguments)) = doc.get("arguments") else {
                panic!("{name} has no arguments: {doc:?}");
            };
            assert!(!arguments.is_empty(), "{name}");
            let shown = strings_inside(&doc["arguments"]).to_uppercase();
            for option in call.words.iter().skip(2).filter(|word| is_option(word)) {
                assert!(shown.contains(option), "{name} does not document {option}: {shown}");
            }
        }
    }
}

/// Options are the words in capitals of two letters or more that are not values.
fn is_option(word: &str) -> bool {
    word.len() >= 2 && word.chars().all(|letter| letter.is_ascii_uppercase()) && word != "EXPORT"
}

/// All strings inside a value, one after the other.
fn strings_inside(value: &Value) -> String {
    match value {
        Value::Array(items) | Value::Set(items) => items.iter().map(strings_inside).collect::<Vec<_>>().join(" "),
        Value::Map(entries) => entries
            .iter()
            .map(|(key, value)| format!("{} {}", strings_inside(key), strings_inside(value)))
            .collect::<Vec<_>>()
            .join(" "),
        other => as_text(other).unwrap_or_default(),
    }
}

#[test]
fn module_list_names_the_module() {
    let server = Server::shared();
    let modules = server.client().run(&["MODULE", "LIST"]);
    let Value::Array(modules) = modules else {
        panic!("{modules:?}");
    };
    let names: Vec<String> = modules.iter().filter_map(|module| as_text(&pairs(module)["name"])).collect();
    assert!(names.contains(&"patternmemory".to_owned()), "{names:?}");
}

/// The counters of the module's INFO section.
#[track_caller]
fn counters(client: &mut Client) -> BTreeMap<String, String> {
    client
        .text(&["INFO", "patternmemory"])
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect()
}

#[test]
fn info_has_a_section_whose_counters_move() {
    let server = Server::start();
    let mut client = server.client();
    let before = counters(&mut client);
    assert!(before.keys().all(|name| name.starts_with("patternmemory_")), "{before:?}");
    fill(&mut client, "r");
    client.json(&["PATTERN.ANONYMIZE", "password = \"EXAMPLE-hunter2-x9\""]);
    client.json(&["PATTERN.STORE", "r", "t", r#"{"password":"EXAMPLE-hunter2-x9"}"#]);
    client.error(&["ISSUE.TRACK", "r", "style", "", "low"]);
    let after = counters(&mut client);
    let moved = |word: &str| {
        before.iter().chain(&after).any(|(name, _)| name.contains(word) && before.get(name) != after.get(name))
    };
    for word in ["command", "redact", "refus"] {
        assert!(moved(word), "no counter of {word} moved: {after:?}");
    }
    for word in ["evict", "panic"] {
        assert!(after.keys().any(|name| name.contains(word)), "no counter of {word}: {after:?}");
    }
    assert!(client.text(&["INFO", "everything"]).to_lowercase().contains("# patternmemory"));
}

#[test]
fn health_tells_of_the_server_and_of_a_repo() {
    let server = Server::start();
    let mut client = server.client();
    let health = client.json(&["PATTERN.HEALTH"]);
    assert!(health.is_object(), "{health}");
    let version = client.info("server", "redis_version").expect("a version");
    let valkey = client.info("server", "valkey_version").unwrap_or_default();
    let shown = health.to_string();
    assert!(shown.contains(&version) || (!valkey.is_empty() && shown.contains(&valkey)), "{health}");
    assert!(shown.contains(env!("CARGO_PKG_VERSION")), "{health}");
    assert!(shown.contains("memory"), "{health}");
    assert!(health["repo"].is_null() && health["patterns_count"].is_null(), "{health}");
    fill(&mut client, "r");
    let health = client.json(&["PATTERN.HEALTH", "r"]);
    assert_eq!(health["repo"], "r", "{health}");
    assert_eq!(health["patterns_count"], 3, "{health}");
    assert!(health["ttls"]["patterns"].as_i64().is_some_and(|ttl| ttl > 0), "{health}");
    assert_eq!(client.json(&["PATTERN.HEALTH", "unknown"])["patterns_count"], 0);
}

#[test]
fn repos_are_listed_by_cursor_and_pattern() {
    let server = Server::start();
    let mut client = server.client();
    for n in 0..250 {
        client.int(&["ISSUE.TRACK", &format!("github.com/acme/repo:{n}"), "style", "E501", "low"]);
        client.text(&["SET", &format!("other:{n}"), "x"]);
    }
    client.json(&["PATTERN.STORE", "patterns-only", "t", "{}"]);
    client.int(&["FIX.RECORD", "fixes-only", "i", "f", "1"]);
    client.int(&["SESSION.RECORD", "sessions-only", "s", "1", "1"]);
    let page = client.json(&["PATTERN.REPOS"]);
    fields(&page, &["cursor", "repos"]);
    assert_eq!(scan(&mut client, &[]).len(), 253);
    assert_eq!(scan(&mut client, &["COUNT", "7"]).len(), 253);
    let some = scan(&mut client, &["MATCH", "*repo:1?", "COUNT", "1000"]);
    assert_eq!(some.len(), 10, "{some:?}");
    assert_eq!(scan(&mut client, &["MATCH", "*-only"]).len(), 3);
    assert_eq!(scan(&mut client, &["MATCH", "nothing"]).len(), 0);
    client.int(&["PATTERN.FORGET", "patterns-only"]);
    assert_eq!(scan(&mut client, &["MATCH", "*-only"]).len(), 2);
    for bad in [["CURSOR", "x"], ["CURSOR", "-1"], ["COUNT", "0"], ["COUNT", "x"]] {
        client.error_of("ERR", &["PATTERN.REPOS", bad[0], bad[1]]);
    }
}

#[track_caller]
fn scan(client: &mut Client, options: &[&str]) -> BTreeSet<String> {
    let mut repos = BTreeSet::new();
    let mut cursor = "0".to_owned();
    for _ in 0..10_000 {
        let mut call = vec!["PATTERN.REPOS", "CURSOR", &cursor];
        call.extend(options);
        let page = client.json(&call);
        repos.extend(array(&page["repos"]).iter().map(|repo| text(repo).to_owned()));
        let next = &page["cursor"];
        cursor = next.as_str().map_or_else(|| next.to_string(), str::to_owned);
        if cursor == "0" {
            return repos;
        }
    }
    panic!("the cursor never comes back to 0");
}

#[test]
fn keyspace_events_tell_what_changed() {
    let server = Server::builder().setting("notify-keyspace-events KEA").start();
    let mut client = server.client();
    let mut listener = Client::connect_resp3(server.port);
    listener.run(&["PSUBSCRIBE", "__keyspace@0__:pm:{r}:*"]);
    fill(&mut client, "r");
    client.int(&["PATTERN.DEL", "r", "naming"]);
    client.int(&["PATTERN.FORGET", "r"]);
    listener.send(&["PING"]);
    let mut seen = BTreeSet::new();
    let mut shown = Vec::new();
    wait_for("the events", || match listener.receive() {
        Ok(Value::Push { data, .. }) => {
            let words: Vec<String> = data.iter().filter_map(as_text).collect();
            if let [_, channel, event] = &words[..] {
                let key = channel.trim_start_matches("__keyspace@0__:pm:{r}:").to_owned();
                shown.push(format!("{key} {event}"));
                seen.insert((key, event.clone()));
            }
            None
        }
        Ok(_) => Some(()),
        Err(error) => panic!("{error}"),
    });
    let has = |key: &str, event: &str| seen.contains(&(key.to_owned(), event.to_owned()));
    for (key, event) in [
        ("pattern:naming:default", "hset"),
        ("patterns", "sadd"),
        ("history:naming:default", "lpush"),
        ("issues", "hset"),
        ("issues:trend", "zadd"),
        ("fixes", "lpush"),
        ("sessions", "lpush"),
        ("pattern:naming:default", "del"),
        ("issues", "del"),
    ] {
        assert!(has(key, event), "no {event} of {key} in {shown:?}");
    }
}

#[test]
fn an_empty_server_knows_no_repos() {
    let server = Server::start();
    let page = server.client().json(&["PATTERN.REPOS"]);
    assert_eq!(page["repos"], json!([]));
}
