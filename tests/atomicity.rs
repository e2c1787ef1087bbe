//! A command that fails has changed nothing; a key of the wrong type is said to be one.

use redis::Value;

use crate::support::catalog::{Call, CALLS};
use crate::support::client::shown;
use crate::support::{array, fill, repo_state, text, today, Client, Server};

/// A key of the data model and the commands that cannot do their job without it.
struct Need {
    key: &'static str,
    commands: &'static [&'static str],
}

const WRITES: &[&str] = &["PATTERN.STORE", "ISSUE.TRACK", "ISSUE.MTRACK", "FIX.RECORD", "SESSION.RECORD"];

/// The keys that `fill` leaves. `DAY` stands for today.
const NEEDS: &[Need] = &[
    Need {
        key: "pattern:naming:default",
        commands: &["PATTERN.STORE", "PATTERN.GET", "PATTERN.CONFIDENCE", "PATTERN.EVOLUTION", "PATTERN.DEL"],
    },
    Need { key: "history:naming:default", commands: &["PATTERN.STORE", "PATTERN.CONFIDENCE", "PATTERN.EVOLUTION"] },
    Need {
        key: "patterns",
        commands: &["PATTERN.STORE", "PATTERN.LIST", "PATTERN.DEL", "PATTERN.INSIGHTS", "PATTERN.EXPORT"],
    },
    Need {
        key: "issues",
        commands: &[
            "ISSUE.TRACK", "ISSUE.MTRACK", "ISSUE.GET", "ISSUE.TRENDS", "PATTERN.INSIGHTS", "PATTERN.EXPORT",
            "PATTERN.IMPORT",
        ],
    },
    Need {
        key: "issues:trend",
        commands: &["ISSUE.TRACK", "ISSUE.MTRACK", "ISSUE.TRENDS", "PATTERN.INSIGHTS", "PATTERN.IMPORT"],
    },
    Need { key: "fixes", commands: &["FIX.RECORD", "FIX.LIST", "PATTERN.EXPORT", "PATTERN.IMPORT"] },
    Need {
        key: "fixes:stats",
        commands: &["FIX.RECORD", "FIX.RATES", "FIX.ADVISE", "PATTERN.INSIGHTS", "PATTERN.EXPORT", "PATTERN.IMPORT"],
    },
    Need { key: "fixes:ids", commands: &["FIX.RECORD"] },
    Need { key: "sessions", commands: &["SESSION.RECORD", "SESSION.LIST", "PATTERN.EXPORT", "PATTERN.IMPORT"] },
    Need {
        key: "day:DAY",
        commands: &[
            "ISSUE.TRACK", "ISSUE.MTRACK", "ISSUE.TRENDS", "ISSUE.HISTORY", "SESSION.ANALYTICS", "PATTERN.INSIGHTS",
            "PATTERN.EXPORT", "PATTERN.IMPORT",
        ],
    },
    Need { key: "day:DAY:fixes", commands: &["FIX.RECORD", "PATTERN.EXPORT", "PATTERN.IMPORT"] },
    Need {
        key: "day:DAY:sessions",
        commands: &["SESSION.RECORD", "SESSION.ANALYTICS", "PATTERN.INSIGHTS", "PATTERN.EXPORT", "PATTERN.IMPORT"],
    },
    Need { key: "meta", commands: WRITES },
];

/// The calls that have a repo, but for those that empty it or take any type.
fn typed_calls() -> impl Iterator<Item = &'static Call> {
    CALLS.iter().filter(|call| call.has_repo() && !["PATTERN.FORGET", "PATTERN.RETAIN"].contains(&call.name()))
}

#[track_caller]
fn plant(client: &mut Client, key: &str, kind: &str) {
    client.int(&["DEL", key]);
    match kind {
        "string" => client.run(&["SET", key, "in the way", "PX", "9000000"]),
        "stream" => {
            client.run(&["XADD", key, "*", "in", "the way"]);
            client.run(&["PEXPIRE", key, "9000000"])
        }
        other => panic!("no kind {other}"),
    };
}

#[test]
fn a_wrong_type_is_said_so_and_nothing_changes() {
    let server = Server::start();
    let mut client = server.client();
    let day = today(&mut client);
    fill(&mut client, "r");
    let export = client.text(&["PATTERN.EXPORT", "r"]);
    let mut faults = Vec::new();
    for need in NEEDS {
        let key = format!("pm:{{r}}:{}", need.key.replace("DAY", &day));
        for kind in ["string", "stream"] {
            for call in typed_calls() {
                client.text(&["FLUSHALL"]);
                fill(&mut client, "r");
                assert_ne!(client.text(&["TYPE", &key]), "none", "{key} is not of the data model any more");
                plant(&mut client, &key, kind);
                let before = repo_state(&mut client, "r");
                let arguments = call.for_repo("r", &export);
                let answer = client.try_run(&arguments);
                let after = repo_state(&mut client, "r");
                match answer {
                    Err(error) => {
                        if !error.starts_with("WRONGTYPE ") {
                            faults.push(format!("{key} {kind}: {} answered {error}", shown(&arguments)));
                        }
                        if before != after {
                            faults.push(format!("{key} {kind}: {} failed and changed the repo", shown(&arguments)));
                        }
                    }
                    Ok(answer) => {
                        if need.commands.contains(&call.name()) {
                            faults.push(format!("{key} {kind}: {} answered {answer:?}", shown(&arguments)));
                        }
                        if !call.writes && before != after {
                            faults.push(format!("{key} {kind}: {} is a read and wrote", shown(&arguments)));
                        }
                        if call.writes && before.get(&key) != after.get(&key) {
                            faults.push(format!("{key} {kind}: {} wrote over the key", shown(&arguments)));
                        }
                    }
                }
            }
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn a_record_of_the_wrong_type_is_left_out_of_the_listings() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "atomicity/listing";
    fill(&mut client, repo);
    plant(&mut client, "pm:{atomicity/listing}:pattern:naming:default", "string");
    let listed = client.json(&["PATTERN.LIST", repo]);
    let types: Vec<&str> = array(&listed).iter().map(|pattern| text(&pattern["pattern_type"])).collect();
    assert_eq!(types, ["a:b%c", "imports"]);
    assert_eq!(array(&client.json(&["PATTERN.INSIGHTS", repo])["team_patterns"]).len(), 2);
    let export = client.text(&["PATTERN.EXPORT", repo]);
    assert!(export.contains("imports"));
}

#[test]
fn retain_and_forget_take_any_type() {
    let server = Server::start();
    let mut client = server.client();
    let day = today(&mut client);
    for need in NEEDS {
        fill(&mut client, "r");
        let key = format!("pm:{{r}}:{}", need.key.replace("DAY", &day));
        plant(&mut client, &key, "string");
        let keys = i64::try_from(client.key_names("pm:{r}*").len()).expect("a count");
        // A wrong type at an index or at the meta key hides what only it knows of.
        let armed = client.int(&["PATTERN.RETAIN", "r", "1000"]);
        assert!(armed >= 1 && armed <= keys, "{key}: {armed} of {keys}");
        let ttl = client.int(&["TTL", &key]);
        assert!((990..=1000).contains(&ttl), "{key}: {ttl}");
        assert!(client.int(&["PATTERN.FORGET", "r"]) >= 1);
        assert_eq!(client.int(&["EXISTS", &key]), 0, "{key}");
        client.text(&["FLUSHALL"]);
    }
}

#[test]
fn a_foreign_key_beside_the_repos_own_is_left_alone() {
    let server = Server::start();
    let mut client = server.client();
    fill(&mut client, "r");
    client.text(&["SET", "r", "the application's own"]);
    client.text(&["SET", "app:{r}", "too"]);
    fill(&mut client, "r");
    client.int(&["PATTERN.RETAIN", "r", "1000"]);
    client.int(&["PATTERN.FORGET", "r"]);
    assert_eq!(client.text(&["GET", "r"]), "the application's own");
    assert_eq!(client.text(&["GET", "app:{r}"]), "too");
    assert_eq!(client.int(&["TTL", "r"]), -1);
}

#[test]
fn reads_never_write() {
    let server = Server::start();
    let mut client = server.client();
    fill(&mut client, "r");
    let before = repo_state(&mut client, "r");
    let dirty = client.info("persistence", "rdb_changes_since_last_save");
    for call in CALLS.iter().filter(|call| !call.writes) {
        client.run(&call.for_repo("r", ""));
        client.run(&call.for_repo("unknown", ""));
    }
    assert_eq!(repo_state(&mut client, "r"), before);
    assert_eq!(client.info("persistence", "rdb_changes_since_last_save"), dirty);
    assert!(client.key_names("*{unknown}*").is_empty());
}

#[test]
fn out_of_memory_refuses_every_write_but_those_that_make_room() {
    let server = Server::start();
    let mut client = server.client();
    fill(&mut client, "r");
    let export = client.text(&["PATTERN.EXPORT", "r"]);
    let before = repo_state(&mut client, "r");
    client.text(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
    client.text(&["CONFIG", "SET", "maxmemory", "1"]);
    let frees = ["PATTERN.DEL", "PATTERN.FORGET", "PATTERN.RETAIN"];
    for call in CALLS.iter().filter(|call| call.writes && !frees.contains(&call.name())) {
        client.error_of("OOM", &call.for_repo("r", &export));
    }
    assert_eq!(repo_state(&mut client, "r"), before);
    for call in CALLS.iter().filter(|call| !call.writes) {
        client.run(&call.for_repo("r", &export));
    }
    assert!(client.int(&["PATTERN.RETAIN", "r", "1000"]) > 1);
    assert_eq!(client.int(&["PATTERN.DEL", "r", "naming"]), 1);
    assert!(client.int(&["PATTERN.FORGET", "r"]) > 1);
    assert_eq!(client.int(&["DBSIZE"]), 0);
}

#[test]
fn a_command_that_fails_inside_multi_has_changed_nothing_itself() {
    let server = Server::shared();
    let mut client = server.client();
    client.text(&["MULTI"]);
    client.text(&["ISSUE.TRACK", "atomicity/multi", "style", "E501", "low"]);
    client.text(&["ISSUE.MTRACK", "atomicity/multi", "style", "W1", "low", "1", "style", "W2", "low", "0"]);
    client.text(&["ISSUE.TRACK", "atomicity/multi", "style", "E501", "low"]);
    match client.run(&["EXEC"]) {
        Value::Array(answers) => {
            assert_eq!(answers[0], Value::Int(1));
            assert!(matches!(answers[1], Value::ServerError(_)), "{answers:?}");
            assert_eq!(answers[2], Value::Int(2));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(client.json(&["ISSUE.TRENDS", "atomicity/multi"])["issue_distribution"]["style"], 2);
}
