//! An unredacted secret is never on disk, on a replica, in MONITOR, in SLOWLOG, in a log or in an error.

use redis::Value;
use serde_json::json;

use crate::support::catalog::CALLS;
use crate::support::client::{as_text, shown};
use crate::support::server::contains;
use crate::support::{array, number, text, wait_for, Client, Server, FAKE_SECRETS};

/// Each place where a caller may leave free text, with one text in it.
fn free_text_calls(sentence: &str) -> Vec<Vec<String>> {
    let nested = json!({"a": {"b": ["plain", {"code": sentence}]}}).to_string();
    let keyed = json!({sentence: {"deep": {sentence: 1}}}).to_string();
    let mut calls: Vec<Vec<&str>> = Vec::new();
    for data in [&nested, &keyed] {
        calls.push(vec!["PATTERN.STORE", "r", "t", data, "REASON", sentence]);
        calls.push(vec!["PATTERN.STORE", "r", "t", data, "ID", "AUTO"]);
        calls.push(vec!["FIX.RECORD", "r", "i", "f", "1", "METADATA", data]);
        calls.push(vec!["SESSION.RECORD", "r", "s", "1", "1", "DATA", data]);
        calls.push(vec!["PATTERN.ANONYMIZE", data, "JSON"]);
    }
    calls.push(vec!["PATTERN.CONFIDENCE", "r", "t", "0.5", "REASON", sentence]);
    calls.push(vec!["PATTERN.ANONYMIZE", sentence]);
    calls.into_iter().map(|call| call.into_iter().map(str::to_owned).collect()).collect()
}

/// Calls with a text where no free text belongs.
fn misplaced_calls(sentence: &str) -> Vec<Vec<String>> {
    let s = sentence;
    [
        vec!["PATTERN.STORE", s, "t", "{}"],
        vec!["PATTERN.STORE", "r", s, "{}"],
        vec!["PATTERN.STORE", "r", "t", s],
        vec!["PATTERN.STORE", "r", "t", "{}", s],
        vec!["PATTERN.STORE", "r", "t", "{}", "ID", s],
        vec!["PATTERN.STORE", "r", "t", "{}", "CONFIDENCE", s],
        vec!["PATTERN.STORE", "r", "t", "{}", "TTL", s],
        vec!["PATTERN.STORE", "r", "t", "{}", "IFVERSION", s],
        vec!["PATTERN.CONFIDENCE", "r", "t", s],
        vec!["PATTERN.CONFIDENCE", "r", s, "0.5"],
        vec!["PATTERN.CONFIDENCE", "r", "t", "0.5", s, "x"],
        vec!["PATTERN.DEL", "r", s],
        vec!["PATTERN.DEL", "r", "t", "ID", s],
        vec!["PATTERN.DEL", "r", "t", s, s],
        vec!["PATTERN.IMPORT", "r", s],
        vec!["PATTERN.IMPORT", "r", "{}", s],
        vec!["PATTERN.RETAIN", "r", s],
        vec!["PATTERN.RETAIN", s, "100"],
        vec!["PATTERN.FORGET", s],
        vec!["PATTERN.ANONYMIZE", "x", s],
        vec!["ISSUE.TRACK", s, "t", "r", "low"],
        vec!["ISSUE.TRACK", "r", s, "r", "low"],
        vec!["ISSUE.TRACK", "r", "t", s, "low"],
        vec!["ISSUE.TRACK", "r", "t", "r", s],
        vec!["ISSUE.TRACK", "r", "t", "r", "low", "COUNT", s],
        vec!["ISSUE.TRACK", "r", "t", "r", "low", s],
        vec!["ISSUE.MTRACK", "r", "t", s, "low", "1"],
        vec!["ISSUE.MTRACK", "r", "t", "r", "low", s],
        vec!["ISSUE.MTRACK", "r", "t", "r", "low", "1", s],
        vec!["FIX.RECORD", "r", s, "f", "1"],
        vec!["FIX.RECORD", "r", "i", s, "1"],
        vec!["FIX.RECORD", "r", "i", "f", s],
        vec!["FIX.RECORD", "r", "i", "f", "1", "FEEDBACK", s],
        vec!["FIX.RECORD", "r", "i", "f", "1", "METADATA", s],
        vec!["FIX.RECORD", "r", "i", "f", "1", "ID", s],
        vec!["FIX.RECORD", "r", "i", "f", "1", s],
        vec!["SESSION.RECORD", "r", s, "1", "1"],
        vec!["SESSION.RECORD", "r", "s", s, "1"],
        vec!["SESSION.RECORD", "r", "s", "1", s],
        vec!["SESSION.RECORD", "r", "s", "1", "1", "DATA", s],
        vec!["SESSION.RECORD", "r", "s", "1", "1", s],
    ]
    .into_iter()
    .map(|call| call.into_iter().map(str::to_owned).collect())
    .collect()
}

/// The secrets without the personal data: of an e-mail address in a name the design says nothing.
fn secrets() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    FAKE_SECRETS.iter().filter(|(_, secret)| !secret.contains('@'))
}

#[track_caller]
fn assert_absent(place: &str, bytes: &[u8]) {
    for (_, secret) in FAKE_SECRETS {
        assert!(!contains(bytes, secret.as_bytes()), "{secret} is in {place}");
    }
}

#[track_caller]
fn flat(value: &Value) -> String {
    match value {
        Value::Array(items) => items.iter().map(flat).collect::<Vec<_>>().join("\n"),
        other => as_text(other).unwrap_or_default(),
    }
}

#[test]
fn a_secret_is_nowhere_after_it_was_sent_as_free_text() {
    let server = Server::builder()
        .setting("appendonly yes")
        .setting("appendfsync always")
        .setting("slowlog-log-slower-than 0")
        .setting("slowlog-max-len 100000")
        .setting("loglevel debug")
        .start();
    let replica = server.replica(Server::builder().setting("appendonly yes").setting("loglevel debug"));
    let mut monitor = server.listen("MONITOR", &["+OK"]);
    let mut stream = server.listen("SYNC", &["REDIS0", "VALKEY0"]);
    let mut client = server.client();
    for (sentence, _) in FAKE_SECRETS {
        for call in free_text_calls(sentence) {
            let answer = client.try_run(&call);
            match answer {
                Ok(answer) => assert_absent("an answer", flat(&answer).as_bytes()),
                Err(error) => panic!("{} answered {error}", shown(&call)),
            }
        }
        // The same inside a transaction.
        client.text(&["MULTI"]);
        let calls = free_text_calls(sentence);
        for call in &calls {
            client.text(call);
        }
        let answers = client.run(&["EXEC"]);
        assert_absent("EXEC's answers", flat(&answers).as_bytes());
    }
    everywhere(&server, &replica, &mut client, &mut monitor, &mut stream);
    let data = client.text(&["PATTERN.EXPORT", "r"]);
    assert!(data.contains("<REDACTED"), "{data}");
}

#[test]
fn a_secret_is_nowhere_after_it_was_misplaced_in_any_argument_of_any_command() {
    let server = Server::builder()
        .setting("slowlog-log-slower-than 0")
        .setting("slowlog-max-len 100000")
        .setting("loglevel debug")
        .start();
    let mut monitor = server.listen("MONITOR", &["+OK"]);
    let mut client = server.client();
    client.json(&["PATTERN.STORE", "r", "naming", "{}"]);
    let export = client.text(&["PATTERN.EXPORT", "r"]);
    for (sentence, secret) in secrets() {
        for call in CALLS {
            let good = call.for_repo("r", &export);
            for place in 1..good.len() {
                let mut bad = good.clone();
                bad[place] = (*sentence).to_owned();
                if let Err(error) = client.try_run(&bad) {
                    assert!(!error.contains(secret) && error.is_ascii(), "{} answered {error}", shown(&bad));
                }
            }
        }
    }
    client.text(&["PING", "the-last"]);
    assert_absent("MONITOR", &monitor.until("the-last"));
    assert_absent("SLOWLOG", flat(&client.run(&["SLOWLOG", "GET", "-1"])).as_bytes());
    assert_absent("the log", server.log().as_bytes());
    assert_absent("INFO", client.text(&["INFO", "everything"]).as_bytes());
}

#[test]
fn a_secret_is_nowhere_after_it_was_misplaced() {
    let server = Server::builder()
        .setting("appendonly yes")
        .setting("slowlog-log-slower-than 0")
        .setting("slowlog-max-len 100000")
        .setting("loglevel debug")
        .start();
    let replica = server.replica(Server::builder().setting("appendonly yes").setting("loglevel debug"));
    let mut monitor = server.listen("MONITOR", &["+OK"]);
    let mut stream = server.listen("SYNC", &["REDIS0", "VALKEY0"]);
    let mut client = server.client();
    client.json(&["PATTERN.STORE", "r", "t", "{}"]);
    for (sentence, secret) in secrets() {
        for call in misplaced_calls(sentence) {
            let error = client.error(&call);
            assert!(!error.contains(secret) && error.is_ascii(), "{} answered {error}", shown(&call));
        }
        client.text(&["MULTI"]);
        for call in misplaced_calls(sentence) {
            let _ = client.try_run(&call);
        }
        let answers = client.try_run(&["EXEC"]);
        assert_absent("EXEC's answers", format!("{answers:?}").as_bytes());
    }
    everywhere(&server, &replica, &mut client, &mut monitor, &mut stream);
}

/// Looks for the secrets in every place that outlives a call.
#[track_caller]
fn everywhere(
    server: &Server,
    replica: &Server,
    client: &mut Client,
    monitor: &mut crate::support::server::Listener,
    stream: &mut crate::support::server::Listener,
) {
    client.text(&["SET", "the-end", "of-the-run"]);
    let seen = monitor.until("of-the-run");
    assert_absent("MONITOR", &seen);
    assert!(!contains(&seen, b"PATTERN.STORE") && !contains(&seen, b"pattern.store"), "writes are not shown at all");
    assert_absent("the replication stream", &stream.until("of-the-run"));
    let slow = client.run(&["SLOWLOG", "GET", "-1"]);
    assert!(flat(&slow).contains("of-the-run"), "the slow log works");
    assert_absent("SLOWLOG", flat(&slow).as_bytes());
    server.wait_for_replica(replica);
    client.text(&["SAVE"]);
    replica.client().text(&["SAVE"]);
    assert_absent("the master's files and log before the rewrite", &server.disk());
    rewrite(client);
    rewrite(&mut replica.client());
    assert_absent("the master's files and log", &server.disk());
    assert_absent("the replica's files and log", &replica.disk());
    assert_absent("the output", server.log().as_bytes());
    for key in client.key_names("*") {
        assert_absent("a key's name", key.as_bytes());
    }
    assert_absent("INFO", client.text(&["INFO", "everything"]).as_bytes());
}

#[track_caller]
fn rewrite(client: &mut Client) {
    client.text(&["BGREWRITEAOF"]);
    wait_for("the rewrite of the append-only file", || {
        let idle = client.info("persistence", "aof_rewrite_in_progress")? == "0"
            && client.info("persistence", "aof_rewrite_scheduled")? == "0";
        idle.then_some(())
    });
}

#[test]
fn a_secret_in_json_inside_a_string_is_found() {
    let server = Server::shared();
    let mut client = server.client();
    for (sentence, secret) in FAKE_SECRETS {
        let inner = json!({"inner": sentence}).to_string();
        let outer = json!({"embedded": inner}).to_string();
        for call in [&["PATTERN.ANONYMIZE", &inner][..], &["PATTERN.ANONYMIZE", &outer, "JSON"]] {
            let answer = client.json(call);
            assert!(!text(&answer["text"]).contains(secret), "{call:?} answered {answer}");
        }
    }
}

#[test]
fn a_name_that_holds_a_secret_is_refused() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "https://user:ghp_EXAMPLEexample0123456789abcdefABCDEF@git.example.com/x";
    let error = client.error_of("ERR", &["ISSUE.TRACK", repo, "style", "E501", "low"]);
    assert!(!error.contains("EXAMPLE"), "{error}");
    for (sentence, _) in secrets() {
        let name = sentence.replace('\n', " ");
        for call in [
            ["ISSUE.TRACK", "privacy/name", &name, "E501", "low"],
            ["ISSUE.TRACK", "privacy/name", "style", &name, "low"],
            ["ISSUE.TRACK", "privacy/name", "style", "E501", &name],
        ] {
            if name.len() <= 256 && !name.contains("-----") {
                client.error_of("ERR", &call);
            }
        }
    }
    assert!(client.key_names("pm:{privacy/name}*").is_empty());
    client.int(&["ISSUE.TRACK", "privacy/name", "style", "https://docs.example.com/E501", "low"]);
}

#[test]
fn anonymize_shows_what_would_be_redacted_and_stores_nothing() {
    let server = Server::start();
    let mut client = server.client();
    let answer = client.json(&[
        "PATTERN.ANONYMIZE",
        "password = \"EXAMPLE-hunter2-x9\"\nask jane.example@acme-corp.io or john.example@acme-corp.io",
    ]);
    crate::support::fields(&answer, &["text", "redactions"]);
    assert_eq!(answer["text"], "password = \"<REDACTED>\"\nask <REDACTED_EMAIL> or <REDACTED_EMAIL>");
    let redactions = array(&answer["redactions"]);
    assert_eq!(redactions.len(), 2);
    for redaction in redactions {
        crate::support::fields(redaction, &["rule", "kind", "count"]);
    }
    let emails = redactions.iter().find(|redaction| text(&redaction["kind"]) == "email").expect("e-mails");
    assert_eq!(number(&emails["count"]) as i64, 2);
    assert!(redactions.iter().any(|redaction| text(&redaction["kind"]) == "secret"), "{answer}");
    assert_eq!(client.int(&["DBSIZE"]), 0);
}

#[test]
fn anonymize_leaves_code_alone() {
    let server = Server::shared();
    let mut client = server.client();
    for plain in [
        "", "\n@pytest.fixture\ndef f(): ...", "sorted(xs, key='name')", "primary_key=\"id\"", "token = next(it)",
        "os.environ[\"TOKEN\"]", "Basic usage", "größe 名 🙂",
    ] {
        let answer = client.json(&["PATTERN.ANONYMIZE", plain]);
        assert_eq!(answer, json!({"text": plain, "redactions": []}));
    }
}

#[test]
fn anonymize_takes_json_and_answers_json() {
    let server = Server::shared();
    let mut client = server.client();
    let answer = client.json(&["PATTERN.ANONYMIZE", r#"{"db":{"password":"EXAMPLE-hunter2-x9"},"n":1.50}"#, "JSON"]);
    assert_eq!(answer["text"], r#"{"db":{"password":"<REDACTED>"},"n":1.50}"#);
    assert_eq!(array(&answer["redactions"]).len(), 1);
    client.error_of("ERR", &["PATTERN.ANONYMIZE", "not json", "JSON"]);
    client.error_of("ERR", &["PATTERN.ANONYMIZE", "text", "XML"]);
}

#[test]
fn anonymize_takes_any_bytes() {
    let server = Server::shared();
    let mut client = server.client();
    let answer = client.json(&[b"PATTERN.ANONYMIZE".as_slice(), b"a\xff\xfeb\x00c\r\nd"]);
    assert_eq!(answer["text"], "a\u{fffd}\u{fffd}b\u{0}c\r\nd");
}

#[test]
fn forty_kilobytes_of_one_letter_take_no_time_worth_naming() {
    let server = Server::shared();
    let mut client = server.client();
    // The quadratic expression took 13.8 s for this; a hundred of them must pass before the client's timeout of 60 s.
    let long = "a".repeat(40_000);
    for _ in 0..100 {
        let answer = client.json(&["PATTERN.ANONYMIZE", &long]);
        assert_eq!(text(&answer["text"]).len(), 40_000);
    }
}

#[test]
fn markers_carry_a_pseudonym_when_there_is_a_key() {
    let server = Server::start();
    let mut client = server.client();
    client.text(&["CONFIG", "SET", "patternmemory.redaction-key", "EXAMPLE-key-of-this-test"]);
    let marker = |client: &mut Client, secret: &str| {
        let answer = client.json(&["PATTERN.ANONYMIZE", &format!("password = \"{secret}\"")]);
        text(&answer["text"]).to_owned()
    };
    let one = marker(&mut client, "EXAMPLE-hunter2-x9");
    let again = marker(&mut client, "EXAMPLE-hunter2-x9");
    let other = marker(&mut client, "EXAMPLE-hunter3-y8");
    assert_eq!(one, again);
    assert_ne!(one, other);
    assert!(one.contains("<REDACTED") && !one.contains("EXAMPLE"), "{one}");
}
