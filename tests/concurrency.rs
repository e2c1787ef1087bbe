//! No lost updates: sixteen connections, five hundred writes each, on one thing.

use std::thread;

use crate::support::{array, Client, Server};

const WRITERS: usize = 16;
const WRITES: usize = 500;
const ALL: i64 = 8_000;

/// Runs the same job on sixteen connections at once.
#[track_caller]
fn at_once(server: &Server, job: impl Fn(usize, &mut Client) + Sync) {
    let port = server.port;
    thread::scope(|scope| {
        let job = &job;
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                scope.spawn(move || {
                    let mut client = Client::connect(port);
                    job(writer, &mut client);
                })
            })
            .collect();
        for writer in writers {
            writer.join().expect("a writer");
        }
    });
}

#[test]
fn no_occurrence_of_an_issue_is_lost() {
    let server = Server::shared();
    at_once(&server, |_, client| {
        for _ in 0..WRITES {
            client.int(&["ISSUE.TRACK", "concurrency/issue", "style", "E501", "low"]);
        }
    });
    let mut client = server.client();
    assert_eq!(client.json(&["ISSUE.GET", "concurrency/issue", "style", "E501"])["frequency"], ALL);
    let trends = client.json(&["ISSUE.TRENDS", "concurrency/issue", "DAYS", "2"]);
    assert_eq!(trends["issue_distribution"]["style"], ALL);
    assert_eq!(trends["severity_distribution"]["low"], ALL);
}

#[test]
fn no_store_of_a_record_is_lost() {
    let server = Server::shared();
    at_once(&server, |writer, client| {
        for n in 0..WRITES {
            let data = format!(r#"{{"writer":{writer},"n":{n}}}"#);
            client.json(&["PATTERN.STORE", "concurrency/record", "t", &data]);
        }
    });
    let mut client = server.client();
    let pattern = client.json(&["PATTERN.GET", "concurrency/record", "t"]);
    assert_eq!(pattern["version"], ALL);
    assert_eq!(pattern["usage_count"], ALL - 1);
    let history = client.json(&["PATTERN.EVOLUTION", "concurrency/record", "t", "LIMIT", "1000"]);
    let changes = array(&history["changes"]);
    assert_eq!(changes.len(), 1_000);
    for (pair, version) in changes.windows(2).zip((1..=ALL).rev()) {
        assert_eq!(pair[0]["version"], version);
        assert_eq!(pair[0]["before_data"], pair[1]["after_data"], "the history is one chain");
    }
}

#[test]
fn the_same_snippet_from_many_writers_is_one_record() {
    let server = Server::shared();
    at_once(&server, |_, client| {
        for _ in 0..WRITES {
            client.json(&["PATTERN.STORE", "concurrency/auto", "t", r#"{"snippet":"x"}"#, "ID", "AUTO"]);
        }
    });
    let listed = server.client().json(&["PATTERN.LIST", "concurrency/auto"]);
    assert_eq!(array(&listed).len(), 1);
    assert_eq!(listed[0]["usage_count"], ALL - 1);
}

#[test]
fn no_fix_is_lost() {
    let server = Server::shared();
    at_once(&server, |writer, client| {
        for n in 0..WRITES {
            let success = if (writer + n) % 2 == 0 { "1" } else { "0" };
            client.int(&["FIX.RECORD", "concurrency/fix", "style", "format", success, "FEEDBACK", "0.5"]);
        }
    });
    let mut client = server.client();
    let rate = client.json(&["FIX.RATES", "concurrency/fix"])["format"].clone();
    assert_eq!(rate["total_attempts"], ALL);
    assert_eq!(rate["successful_fixes"], ALL / 2);
    assert_eq!(array(&client.json(&["FIX.LIST", "concurrency/fix", "LIMIT", "0", "2000"])).len(), 1_000);
}

#[test]
fn one_idempotency_key_from_many_writers_counts_once() {
    let server = Server::shared();
    at_once(&server, |_, client| {
        for n in 0..50 {
            client.int(&["FIX.RECORD", "concurrency/once", "style", "format", "1", "ID", &format!("run-{n}")]);
        }
    });
    let rates = server.client().json(&["FIX.RATES", "concurrency/once"]);
    assert_eq!(rates["format"]["total_attempts"], 50);
}

#[test]
fn no_session_is_lost() {
    let server = Server::shared();
    at_once(&server, |_, client| {
        for _ in 0..WRITES {
            client.int(&["SESSION.RECORD", "concurrency/session", "nightly", "2", "1"]);
        }
    });
    let mut client = server.client();
    let analytics = client.json(&["SESSION.ANALYTICS", "concurrency/session", "DAYS", "2"]);
    assert_eq!(analytics["total_sessions"], ALL);
    assert_eq!(analytics["total_patterns_learned"], 2 * ALL);
    assert_eq!(array(&client.json(&["SESSION.LIST", "concurrency/session", "LIMIT", "0", "1000"])).len(), 500);
}

#[test]
fn compare_and_set_loses_nothing() {
    let server = Server::shared();
    let mut client = server.client();
    client.json(&["PATTERN.STORE", "concurrency/cas", "t", r#"{"sum":0}"#]);
    at_once(&server, |_, client| {
        for _ in 0..20 {
            loop {
                let pattern = client.json(&["PATTERN.GET", "concurrency/cas", "t"]);
                let sum = pattern["pattern_data"]["sum"].as_i64().expect("a sum") + 1;
                let version = pattern["version"].to_string();
                let data = format!(r#"{{"sum":{sum}}}"#);
                let answer = client.run(&["PATTERN.STORE", "concurrency/cas", "t", &data, "IFVERSION", &version]);
                if answer != redis::Value::Nil {
                    break;
                }
            }
        }
    });
    let pattern = client.json(&["PATTERN.GET", "concurrency/cas", "t"]);
    assert_eq!(pattern["pattern_data"]["sum"], 320);
    assert_eq!(pattern["version"], 321);
}

#[test]
fn confidence_changes_form_one_chain() {
    let server = Server::shared();
    let mut client = server.client();
    client.json(&["PATTERN.STORE", "concurrency/confidence", "t", "{}"]);
    at_once(&server, |writer, client| {
        for n in 0..50 {
            let confidence = format!("0.{:03}", writer * 50 + n);
            client.int(&["PATTERN.CONFIDENCE", "concurrency/confidence", "t", &confidence]);
        }
    });
    let history = client.json(&["PATTERN.EVOLUTION", "concurrency/confidence", "t", "LIMIT", "1000"]);
    let changes = array(&history["changes"]);
    assert_eq!(changes.len(), 801);
    for pair in changes.windows(2) {
        assert_eq!(pair[0]["confidence_before"], pair[1]["confidence_after"]);
    }
}
