//! Patterns: store, read, list, confidence, history, removal.

use serde_json::{json, Value as Json};

use crate::support::{approx, array, fields, is_time, text, Server};

const PATTERN: &[&str] =
    &["pattern_type", "id", "pattern_data", "confidence", "usage_count", "version", "created_at", "updated_at"];

#[test]
fn a_stored_pattern_reads_back_with_exactly_its_fields() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "patterns/read-back";
    let stored = client.json(&["PATTERN.STORE", repo, "naming", r#"{"style":"snake_case","n":[1,{"a":null}]}"#]);
    assert_eq!(stored, json!({"id": "default", "version": 1, "created": true, "redactions": 0}));
    let pattern = client.json(&["PATTERN.GET", repo, "naming"]);
    fields(&pattern, PATTERN);
    assert_eq!(pattern["pattern_type"], "naming");
    assert_eq!(pattern["id"], "default");
    assert_eq!(pattern["pattern_data"], json!({"style": "snake_case", "n": [1, {"a": null}]}));
    approx(&pattern["confidence"], 0.0);
    assert_eq!(pattern["usage_count"], 0);
    assert_eq!(pattern["version"], 1);
    is_time(&pattern["created_at"]);
    assert_eq!(pattern["created_at"], pattern["updated_at"]);
}

#[test]
fn a_missing_pattern_is_nil() {
    let server = Server::shared();
    let mut client = server.client();
    client.nil(&["PATTERN.GET", "patterns/none", "naming"]);
    client.json(&["PATTERN.STORE", "patterns/none", "naming", "{}"]);
    client.nil(&["PATTERN.GET", "patterns/none", "naming", "ID", "other"]);
    client.nil(&["PATTERN.GET", "patterns/none", "imports"]);
}

#[test]
fn command_names_and_options_are_case_insensitive_and_options_come_in_any_order() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "patterns/case";
    let stored = client.json(&[
        "pattern.store", repo, "naming", r#"{"a":1}"#, "reason", "r", "ttl", "1000", "IfVersion", "0", "confidence",
        "0.25", "id", "x",
    ]);
    assert_eq!(stored, json!({"id": "x", "version": 1, "created": true, "redactions": 0}));
    let pattern = client.json(&["Pattern.Get", repo, "naming", "Id", "x"]);
    approx(&pattern["confidence"], 0.25);
}

#[test]
fn a_restore_is_a_new_version_a_use_and_keeps_the_confidence_when_none_is_given() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "patterns/restore";
    client.json(&["PATTERN.STORE", repo, "naming", r#"{"a":1}"#, "CONFIDENCE", "0.4"]);
    let created = client.json(&["PATTERN.GET", repo, "naming"])["created_at"].clone();
    let stored = client.json(&["PATTERN.STORE", repo, "naming", r#"{"a":2}"#]);
    assert_eq!(stored, json!({"id": "default", "version": 2, "created": false, "redactions": 0}));
    let pattern = client.json(&["PATTERN.GET", repo, "naming"]);
    assert_eq!(pattern["pattern_data"], json!({"a": 2}));
    approx(&pattern["confidence"], 0.4);
    assert_eq!(pattern["usage_count"], 1);
    assert_eq!(pattern["version"], 2);
    assert_eq!(pattern["created_at"], created);
}

#[test]
fn ids_keep_many_records_of_one_type_apart() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "patterns/ids";
    for n in 0..60 {
        let data = format!(r#"{{"snippet":{n}}}"#);
        let stored = client.json(&["PATTERN.STORE", repo, "snippet", &data, "ID", &format!("s{n}")]);
        assert_eq!(stored["created"], true);
    }
    for n in 0..60 {
        let pattern = client.json(&["PATTERN.GET", repo, "snippet", "ID", &format!("s{n}")]);
        assert_eq!(pattern["pattern_data"]["snippet"], n);
    }
    assert_eq!(array(&client.json(&["PATTERN.LIST", repo, "TYPE", "snippet", "LIMIT", "0", "100"])).len(), 60);
}

#[test]
fn auto_id_is_sixteen_hex_digits_of_the_canonical_json() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "patterns/auto";
    let first = client.json(&["PATTERN.STORE", repo, "snippet", r#"{ "b": 1.50, "a": [true, null] }"#, "ID", "AUTO"]);
    // SHA-256 of {"a":[true,null],"b":1.50}
    assert_eq!(first["id"], "f513710d9b9a36aa");
    assert_eq!(first["created"], true);
    let second = client.json(&["PATTERN.STORE", repo, "snippet", r#"{"a":[true,null],"b":1.50}"#, "ID", "AUTO"]);
    assert_eq!(second, json!({"id": first["id"], "version": 2, "created": false, "redactions": 0}));
    let pattern = client.json(&["PATTERN.GET", repo, "snippet", "ID", text(&first["id"])]);
    assert_eq!(pattern["usage_count"], 1);
    let other = client.json(&["PATTERN.STORE", repo, "snippet", r#"{"a":[true,null],"b":1.5}"#, "ID", "AUTO"]);
    assert_ne!(other["id"], first["id"], "numbers count as written");
}

#[test]
fn auto_id_is_taken_after_anonymization() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "patterns/auto-secret";
    let one = client
        .json(&["PATTERN.STORE", repo, "snippet", r#"{"code":"password = \"EXAMPLE-hunter2-x9\""}"#, "ID", "AUTO"]);
    let two = client
        .json(&["PATTERN.STORE", repo, "snippet", r#"{"code":"password = \"EXAMPLE-hunter3-y8\""}"#, "ID", "AUTO"]);
    assert_eq!(one["redactions"], 1);
    assert_eq!(one["id"], two["id"]);
    assert_eq!(two["created"], false);
}

#[test]
fn canonical_json_sorts_keys_keeps_numbers_and_takes_the_last_duplicate() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "patterns/canonical";
    client.json(&[
        "PATTERN.STORE", repo, "t",
        r#"{"z": 1e2, "a": 12345678901234567890123, "k": "first", "m": {"y":1.10,"b":-0}, "k": "last"}"#,
    ]);
    let data = client.text(&["HGET", "pm:{patterns/canonical}:pattern:t:default", "pattern_data"]);
    assert_eq!(data, r#"{"a":12345678901234567890123,"k":"last","m":{"b":-0,"y":1.10},"z":1e2}"#);
}

#[test]
fn keys_that_redaction_makes_equal_are_kept_apart() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "patterns/equal-keys";
    let stored = client.json(&[
        "PATTERN.STORE", repo, "t",
        r#"{"ghp_EXAMPLEexample0123456789abcdefABCDEF":1,"ghp_EXAMPLEexample0123456789abcdefABCDEG":2,"ghp_EXAMPLEexample0123456789abcdefABCDEH":3}"#,
    ]);
    assert_eq!(stored["redactions"], 3);
    let data = &client.json(&["PATTERN.GET", repo, "t"])["pattern_data"];
    fields(data, &["<REDACTED>", "<REDACTED>#2", "<REDACTED>#3"]);
    let mut values: Vec<&Json> = data.as_object().expect("an object").values().collect();
    values.sort_by_key(|value| value.as_i64());
    assert_eq!(values, [&json!(1), &json!(2), &json!(3)]);
}

#[test]
fn ifversion_is_compare_and_set() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "patterns/cas";
    client.nil(&["PATTERN.STORE", repo, "t", r#"{"n":0}"#, "IFVERSION", "1"]);
    assert!(client.key_names("pm:{patterns/cas}*").is_empty(), "a refused create leaves nothing");
    assert_eq!(client.json(&["PATTERN.STORE", repo, "t", r#"{"n":1}"#, "IFVERSION", "0"])["version"], 1);
    client.nil(&["PATTERN.STORE", repo, "t", r#"{"n":9}"#, "IFVERSION", "0"]);
    client.nil(&["PATTERN.STORE", repo, "t", r#"{"n":9}"#, "IFVERSION", "2"]);
    let pattern = client.json(&["PATTERN.GET", repo, "t"]);
    assert_eq!(pattern["pattern_data"], json!({"n": 1}));
    assert_eq!(pattern["usage_count"], 0);
    assert_eq!(client.json(&["PATTERN.STORE", repo, "t", r#"{"n":2}"#, "IFVERSION", "1"])["version"], 2);
    let history = client.json(&["PATTERN.EVOLUTION", repo, "t"]);
    assert_eq!(history["total_changes"], 2);
}

#[test]
fn list_sorts_by_confidence_then_use_then_type_then_id() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "patterns/order";
    for (kind, id, confidence, uses) in [
        ("b", "2", "0.5", 0),
        ("b", "1", "0.5", 0),
        ("a", "9", "0.5", 0),
        ("z", "1", "0.5", 3),
        ("c", "1", "0.9", 0),
        ("d", "1", "0.1", 9),
    ] {
        for _ in 0..=uses {
            client.json(&["PATTERN.STORE", repo, kind, "{}", "ID", id, "CONFIDENCE", confidence]);
        }
    }
    let listed = client.json(&["PATTERN.LIST", repo]);
    for pattern in array(&listed) {
        fields(pattern, PATTERN);
    }
    assert_eq!(names(&listed), ["c/1", "z/1", "a/9", "b/1", "b/2", "d/1"]);
    assert_eq!(names(&client.json(&["PATTERN.LIST", repo, "LIMIT", "1", "2"])), ["z/1", "a/9"]);
    assert_eq!(names(&client.json(&["PATTERN.LIST", repo, "TYPE", "b"])), ["b/1", "b/2"]);
    assert_eq!(
        names(&client.json(&["PATTERN.LIST", repo, "MINCONFIDENCE", "0.5", "LIMIT", "3", "50"])),
        ["b/1", "b/2"]
    );
    assert_eq!(names(&client.json(&["PATTERN.LIST", repo, "LIMIT", "6", "5"])), [""; 0]);
    assert_eq!(client.json(&["PATTERN.LIST", "patterns/nobody"]), json!([]));
}

fn names(listed: &Json) -> Vec<String> {
    array(listed).iter().map(|pattern| format!("{}/{}", text(&pattern["pattern_type"]), text(&pattern["id"]))).collect()
}

#[test]
fn one_malformed_record_does_not_hide_the_others() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "patterns/malformed";
    for id in ["good", "broken", "worse"] {
        client.json(&["PATTERN.STORE", repo, "t", r#"{"ok":1}"#, "ID", id, "CONFIDENCE", "0.7"]);
    }
    client
        .int(&["HSET", "pm:{patterns/malformed}:pattern:t:broken", "pattern_data", "{not json", "confidence", "many"]);
    client.int(&["DEL", "pm:{patterns/malformed}:pattern:t:worse"]);
    client.int(&["HSET", "pm:{patterns/malformed}:pattern:t:worse", "something", "else"]);
    client.int(&["SADD", "pm:{patterns/malformed}:patterns", "no separator", "t:ghost", "%zz:%"]);
    let listed = names(&client.json(&["PATTERN.LIST", repo]));
    assert!(listed.contains(&"t/good".to_owned()), "{listed:?}");
    assert!(!listed.contains(&"t/ghost".to_owned()), "{listed:?}");
    let team = client.json(&["PATTERN.INSIGHTS", repo]);
    assert!(names(&team["team_patterns"]).contains(&"t/good".to_owned()), "{team}");
}

#[test]
fn confidence_is_set_and_enters_the_history() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "patterns/confidence";
    client.nil(&["PATTERN.CONFIDENCE", repo, "t", "0.5"]);
    client.json(&["PATTERN.STORE", repo, "t", r#"{"a":1}"#, "CONFIDENCE", "0.2"]);
    assert_eq!(client.int(&["PATTERN.CONFIDENCE", repo, "t", "0.75", "REASON", "three reviews agreed"]), 2);
    assert_eq!(client.int(&["PATTERN.CONFIDENCE", repo, "t", "0.75"]), 3);
    let pattern = client.json(&["PATTERN.GET", repo, "t"]);
    approx(&pattern["confidence"], 0.75);
    assert_eq!(pattern["version"], 3);
    assert_eq!(pattern["pattern_data"], json!({"a": 1}));
    let history = client.json(&["PATTERN.EVOLUTION", repo, "t"]);
    assert_eq!(history["total_changes"], 3, "an unchanged confidence enters the history too");
    let change = &history["changes"][1];
    approx(&change["confidence_before"], 0.2);
    approx(&change["confidence_after"], 0.75);
    approx(&change["confidence_change"], 0.55);
    assert_eq!(change["reason"], "three reviews agreed");
    assert_eq!(change["before_data"], json!({"a": 1}));
    assert_eq!(change["after_data"], json!({"a": 1}));
    approx(&history["changes"][0]["confidence_change"], 0.0);
    assert_eq!(history["changes"][0]["reason"], Json::Null);
}

#[test]
fn confidence_takes_an_id() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "patterns/confidence-id";
    client.json(&["PATTERN.STORE", repo, "t", "{}", "ID", "x"]);
    client.nil(&["PATTERN.CONFIDENCE", repo, "t", "1"]);
    assert_eq!(client.int(&["PATTERN.CONFIDENCE", repo, "t", "1", "ID", "x"]), 2);
    approx(&client.json(&["PATTERN.GET", repo, "t", "ID", "x"])["confidence"], 1.0);
}

#[test]
fn evolution_tells_what_each_change_was() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "patterns/evolution";
    client.json(&["PATTERN.STORE", repo, "t", r#"{"v":1}"#, "CONFIDENCE", "0.3", "REASON", "first"]);
    client.json(&["PATTERN.STORE", repo, "t", r#"{"v":2}"#, "CONFIDENCE", "0.8"]);
    client.json(&["PATTERN.STORE", repo, "t", r#"{"v":3}"#, "REASON", "third"]);
    let history = client.json(&["PATTERN.EVOLUTION", repo, "t"]);
    fields(&history, &["pattern_type", "id", "changes", "confidence_trend", "total_changes"]);
    assert_eq!(history["pattern_type"], "t");
    assert_eq!(history["id"], "default");
    assert_eq!(history["total_changes"], 3);
    let changes = array(&history["changes"]);
    let expected = [
        (3, json!({"v": 2}), json!({"v": 3}), 0.8, 0.8, 0.0, json!("third")),
        (2, json!({"v": 1}), json!({"v": 2}), 0.3, 0.8, 0.5, Json::Null),
    ];
    for (change, (version, before, after, from, to, by, reason)) in changes.iter().zip(expected) {
        fields(
            change,
            &[
                "version", "before_data", "after_data", "confidence_before", "confidence_after", "confidence_change",
                "reason", "user", "created_at",
            ],
        );
        assert_eq!(change["version"], version);
        assert_eq!(change["before_data"], before);
        assert_eq!(change["after_data"], after);
        approx(&change["confidence_before"], from);
        approx(&change["confidence_after"], to);
        approx(&change["confidence_change"], by);
        assert_eq!(change["reason"], reason);
        assert_eq!(change["user"], "default");
        is_time(&change["created_at"]);
    }
    let first = &changes[2];
    fields(
        first,
        &[
            "version", "before_data", "after_data", "confidence_before", "confidence_after", "confidence_change",
            "reason", "user", "created_at",
        ],
    );
    assert_eq!(first["version"], 1);
    assert_eq!(first["before_data"], Json::Null);
    assert_eq!(first["after_data"], json!({"v": 1}));
    approx(&first["confidence_after"], 0.3);
    assert_eq!(first["reason"], "first");
    let trend = array(&history["confidence_trend"]);
    assert_eq!(trend.len(), 3);
    for point in trend {
        fields(point, &["date", "confidence", "confidence_change"]);
    }
    approx(&trend[0]["confidence"], 0.3);
    approx(&trend[1]["confidence"], 0.8);
    approx(&trend[1]["confidence_change"], 0.5);
    approx(&trend[2]["confidence_change"], 0.0);
}

#[test]
fn a_store_that_changes_nothing_is_a_use_but_no_history() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "patterns/same";
    for data in [r#"{"a":1,"b":2}"#, r#"{"b":2, "a":1}"#] {
        client.json(&["PATTERN.STORE", repo, "t", data, "CONFIDENCE", "0.5"]);
    }
    client.json(&["PATTERN.STORE", repo, "t", r#"{"a":1,"b":2}"#]);
    let pattern = client.json(&["PATTERN.GET", repo, "t"]);
    assert_eq!(pattern["usage_count"], 2);
    assert_eq!(pattern["version"], 3);
    assert_eq!(client.json(&["PATTERN.EVOLUTION", repo, "t"])["total_changes"], 1);
}

#[test]
fn the_same_secret_again_is_no_change() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "patterns/same-secret";
    for secret in ["EXAMPLE-hunter2-x9", "EXAMPLE-hunter3-y8"] {
        client.json(&["PATTERN.STORE", repo, "t", &json!({"password": secret}).to_string()]);
    }
    assert_eq!(client.json(&["PATTERN.GET", repo, "t"])["usage_count"], 1);
    assert_eq!(client.json(&["PATTERN.EVOLUTION", repo, "t"])["total_changes"], 1);
}

#[test]
fn evolution_limits_the_changes_and_counts_them_all() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "patterns/evolution-limit";
    client.nil(&["PATTERN.EVOLUTION", repo, "t"]);
    for n in 1..=7 {
        client.json(&["PATTERN.STORE", repo, "t", &format!(r#"{{"n":{n}}}"#), "ID", "x"]);
    }
    client.nil(&["PATTERN.EVOLUTION", repo, "t"]);
    let history = client.json(&["PATTERN.EVOLUTION", repo, "t", "LIMIT", "2", "DAYS", "1", "ID", "x"]);
    assert_eq!(history["id"], "x");
    assert_eq!(array(&history["changes"]).len(), 2);
    assert_eq!(history["changes"][0]["version"], 7);
    assert_eq!(history["changes"][1]["before_data"], json!({"n": 5}));
    assert_eq!(history["total_changes"], 7);
}

#[test]
fn the_reason_is_of_the_change_and_the_user_is_the_acl_user() {
    let server = Server::start();
    let mut client = server.client();
    client.text(&["ACL", "SETUSER", "alice", "on", ">EXAMPLE", "~*", "+@all"]);
    let mut alice = crate::support::Client::connect_as(server.port, "alice", "EXAMPLE");
    alice.json(&["PATTERN.STORE", "r", "t", "{}", "REASON", "said alice"]);
    client.int(&["PATTERN.CONFIDENCE", "r", "t", "0.5"]);
    let changes = &client.json(&["PATTERN.EVOLUTION", "r", "t"])["changes"];
    assert_eq!(changes[1]["user"], "alice");
    assert_eq!(changes[1]["reason"], "said alice");
    assert_eq!(changes[0]["user"], "default");
}

#[test]
fn del_removes_record_index_entry_and_history() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "patterns/del";
    client.json(&["PATTERN.STORE", repo, "t", "{}", "ID", "x"]);
    client.json(&["PATTERN.STORE", repo, "t", "{}"]);
    assert_eq!(client.int(&["PATTERN.DEL", repo, "t", "ID", "x"]), 1);
    assert_eq!(client.int(&["PATTERN.DEL", repo, "t", "ID", "x"]), 0);
    client.nil(&["PATTERN.GET", repo, "t", "ID", "x"]);
    assert_eq!(client.int(&["EXISTS", "pm:{patterns/del}:history:t:x", "pm:{patterns/del}:pattern:t:x"]), 0);
    assert_eq!(client.texts(&["SMEMBERS", "pm:{patterns/del}:patterns"]), ["t:default"]);
    assert_eq!(client.int(&["PATTERN.DEL", repo, "t"]), 1);
    assert_eq!(client.int(&["PATTERN.DEL", "patterns/never", "t"]), 0);
}

#[test]
fn a_deleted_record_starts_again_at_version_one() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "patterns/reborn";
    for n in 0..3 {
        client.json(&["PATTERN.STORE", repo, "t", &format!(r#"{{"n":{n}}}"#), "CONFIDENCE", "0.5"]);
    }
    client.int(&["PATTERN.DEL", repo, "t"]);
    let stored = client.json(&["PATTERN.STORE", repo, "t", "{}"]);
    assert_eq!(stored, json!({"id": "default", "version": 1, "created": true, "redactions": 0}));
    assert_eq!(client.json(&["PATTERN.EVOLUTION", repo, "t"])["total_changes"], 1);
    approx(&client.json(&["PATTERN.GET", repo, "t"])["confidence"], 0.0);
}

#[test]
fn names_with_colons_and_percent_signs_never_meet() {
    let server = Server::shared();
    let mut client = server.client();
    for (repo, kind, id) in [
        ("/names/a:b", "c", "d"),
        ("/names/a", "b:c", "d"),
        ("/names/a", "b", "c:d"),
        ("/names/a", "b%3Ac", "d"),
        ("/names/a", "b%", "3Ac:d"),
    ] {
        let data = format!(r#"{{"i":"{repo}|{kind}|{id}"}}"#);
        assert_eq!(client.json(&["PATTERN.STORE", repo, kind, &data, "ID", id])["created"], true);
    }
    assert_eq!(
        client.key_names("pm:{/names/a*}:pattern:*"),
        [
            "pm:{/names/a:b}:pattern:c:d", "pm:{/names/a}:pattern:b%253Ac:d", "pm:{/names/a}:pattern:b%25:3Ac%3Ad",
            "pm:{/names/a}:pattern:b%3Ac:d", "pm:{/names/a}:pattern:b:c%3Ad",
        ]
    );
    assert_eq!(client.json(&["PATTERN.GET", "/names/a", "b%3Ac", "ID", "d"])["pattern_data"]["i"], "/names/a|b%3Ac|d");
    assert_eq!(array(&client.json(&["PATTERN.LIST", "/names/a"])).len(), 4);
}

#[test]
fn the_record_is_a_plain_hash_that_any_client_reads() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "patterns/plain";
    client.json(&["PATTERN.STORE", repo, "größe 名", r#"{"a":"ä"}"#, "ID", "🙂", "CONFIDENCE", "0.5"]);
    let (key, history) = ("pm:{patterns/plain}:pattern:größe 名:🙂", "pm:{patterns/plain}:history:größe 名:🙂");
    let record = client.map(&["HGETALL", key]);
    // Who created it stays with the record until the history begins.
    assert_eq!((record["user"].as_str(), client.int(&["LLEN", history])), ("default", 0));
    assert_eq!(record["pattern_type"], "größe 名");
    assert_eq!(record["id"], "🙂");
    assert_eq!(record["pattern_data"], r#"{"a":"ä"}"#);
    assert_eq!(record["confidence"], "0.5");
    assert_eq!(record["usage_count"], "0");
    assert_eq!(record["version"], "1");
    assert_eq!(client.texts(&["SMEMBERS", "pm:{patterns/plain}:patterns"]), ["größe 名:🙂"]);
    client.int(&["PATTERN.CONFIDENCE", repo, "größe 名", "0.6", "ID", "🙂"]);
    let record = client.map(&["HGETALL", key]);
    let mut names: Vec<&str> = record.keys().map(String::as_str).collect();
    names.sort_unstable();
    let mut expected = PATTERN.to_vec();
    expected.sort_unstable();
    assert_eq!(names, expected);
    assert_eq!(client.int(&["LLEN", history]), 2);
}

#[test]
fn redactions_are_counted_and_the_rest_of_the_text_is_untouched() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "patterns/redactions";
    let data = json!({
        "nested": {"deep": [{"code": "x = 1\npassword = \"EXAMPLE-hunter2-x9\"\ny = 2"}]},
        "mail": "ask jane.example@acme-corp.io about it",
        "decorator": "\n@pytest.fixture\ndef f(): ...",
        "password": "EXAMPLE-hunter2-x9",
    });
    let stored = client.json(&["PATTERN.STORE", repo, "t", &data.to_string()]);
    assert_eq!(stored["redactions"], 3);
    let kept = &client.json(&["PATTERN.GET", repo, "t"])["pattern_data"];
    assert_eq!(kept["nested"]["deep"][0]["code"], "x = 1\npassword = \"<REDACTED>\"\ny = 2");
    assert_eq!(kept["mail"], "ask <REDACTED_EMAIL> about it");
    assert_eq!(kept["decorator"], "\n@pytest.fixture\ndef f(): ...");
    assert_eq!(kept["password"], "<REDACTED>");
}
