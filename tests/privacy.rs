//! What is anonymized, as clients see it; `leaks.rs` looks for what is not in every trace that a server keeps.

use serde_json::json;

use crate::support::traces::{assert_none_in, assert_nowhere, flat, revealing, Traces};
use crate::support::{array, number, text, Client, Server, FAKE_SECRETS};

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

/// The secrets without the personal data: of an e-mail address in a name the design says nothing.
fn secrets() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    FAKE_SECRETS.iter().filter(|(_, secret)| !secret.contains('@'))
}

#[test]
fn secrets_and_personal_data_are_nowhere_after_they_were_sent_as_free_text() {
    let server = revealing(Server::builder()).start();
    let replica = server.replica(revealing(Server::builder()));
    let traces = Traces::of(&server, &replica);
    let mut client = server.client();
    let all: Vec<&str> = FAKE_SECRETS.iter().map(|(_, secret)| *secret).collect();
    for (sentence, _) in FAKE_SECRETS {
        let calls = free_text_calls(sentence);
        for call in &calls {
            assert_none_in(&call[0], &flat(&client.run(call)), &all);
        }
        client.text(&["MULTI"]);
        for call in &calls {
            client.text(call);
        }
        assert_none_in("EXEC", &flat(&client.run(&["EXEC"])), &all);
    }
    let data = client.text(&["PATTERN.EXPORT", "r"]);
    assert!(data.contains("<REDACTED>") && data.contains("<REDACTED_EMAIL>"), "{data}");
    assert_nowhere(&traces.collect(), &all);
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
