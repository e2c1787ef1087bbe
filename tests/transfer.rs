//! Export and import: a repo's whole memory travels, nothing lost.

use serde_json::{json, Value as Json};

use crate::support::{aged, approx, array, day_before, fields, fill, repo_state, text, Client, Server, FAKE_SECRETS};

/// The reports that do not depend on the moment they are asked for.
#[track_caller]
fn reports(client: &mut Client, repo: &str) -> Vec<Json> {
    let calls: &[&[&str]] = &[
        &["PATTERN.LIST", repo],
        &["PATTERN.EVOLUTION", repo, "naming"],
        &["PATTERN.EVOLUTION", repo, "a:b%c", "ID", "d:e"],
        &["ISSUE.HISTORY", repo],
        &["FIX.LIST", repo],
        &["SESSION.LIST", repo],
        &["SESSION.ANALYTICS", repo],
    ];
    let mut reports: Vec<Json> = calls.iter().map(|call| client.json(call)).collect();
    for rule in [["style", "E501"], ["security", "S105"]] {
        let mut issue = client.json(&["ISSUE.GET", repo, rule[0], rule[1]]);
        issue["trend_score"] = Json::Null;
        reports.push(issue);
    }
    let rates = client.json(&["FIX.RATES", repo]);
    for kind in ["autoformat", "rewrite"] {
        for field in ["total_attempts", "successful_fixes", "avg_feedback", "last_applied_at"] {
            reports.push(rates[kind][field].clone());
        }
    }
    reports
}

#[test]
fn a_repo_travels_to_another_server_with_nothing_lost() {
    let here = Server::start();
    let there = Server::start();
    let mut source = here.client();
    let mut target = there.client();
    fill(&mut source, "acme/api");
    let document = source.text(&["PATTERN.EXPORT", "acme/api"]);
    let answer = target.json(&["PATTERN.IMPORT", "acme/api", &document]);
    assert_eq!(answer, json!({"patterns": 3, "issues": 2, "fixes": 2, "sessions": 1, "redactions": 0}));
    assert_eq!(reports(&mut target, "acme/api"), reports(&mut source, "acme/api"));
    for key in source.key_names("*") {
        assert_eq!(target.int(&["EXISTS", &key]), 1, "{key}");
        assert!(target.int(&["PTTL", &key]) > 0, "{key}");
    }
    assert_eq!(
        target.int(&["FIX.RECORD", "acme/api", "style", "autoformat", "1", "ID", "run-1"]),
        1,
        "idempotency keys travel"
    );
    let mut again: Json = target.json(&["PATTERN.EXPORT", "acme/api"]);
    let mut first: Json = serde_json::from_str(&document).expect("JSON");
    for export in [&mut again, &mut first] {
        if let Some(object) = export.as_object_mut() {
            object.remove("exported_at");
        }
    }
    assert_eq!(again, first);
}

#[test]
fn replace_forgets_the_repo_first() {
    let server = Server::shared();
    let mut client = server.client();
    let (from, to) = ("transfer/from", "transfer/replace");
    fill(&mut client, from);
    client.json(&["PATTERN.STORE", to, "gone", "{}"]);
    client.int(&["ISSUE.TRACK", to, "gone", "G1", "low", "COUNT", "5"]);
    client.int(&["ISSUE.TRACK", to, "style", "E501", "low", "COUNT", "5"]);
    client.int(&["SESSION.RECORD", to, "gone", "1", "1"]);
    let document = client.text(&["PATTERN.EXPORT", from]);
    client.json(&["PATTERN.IMPORT", to, &document, "REPLACE"]);
    assert_eq!(reports(&mut client, to), reports(&mut client, from));
    client.nil(&["PATTERN.GET", to, "gone"]);
    client.nil(&["ISSUE.GET", to, "gone", "G1"]);
}

#[test]
fn merge_is_the_default_and_adds_counters_and_interleaves_lists() {
    let server = Server::shared();
    let mut client = server.client();
    let (from, to) = ("transfer/merge-from", "transfer/merge-to");
    client.int(&["ISSUE.TRACK", to, "style", "E501", "low", "COUNT", "5"]);
    client.int(&["SESSION.RECORD", to, "nightly", "1", "1"]);
    client.int(&["FIX.RECORD", to, "style", "format", "1", "FEEDBACK", "1"]);
    pause();
    client.int(&["ISSUE.TRACK", from, "style", "E501", "high", "COUNT", "3"]);
    client.int(&["ISSUE.TRACK", from, "style", "W1", "low", "COUNT", "1"]);
    client.int(&["SESSION.RECORD", from, "review", "2", "2"]);
    client.int(&["FIX.RECORD", from, "style", "format", "0", "FEEDBACK", "0"]);
    client.int(&["FIX.RECORD", from, "style", "other", "1"]);
    pause();
    client.int(&["SESSION.RECORD", to, "nightly", "4", "0"]);
    let document = client.text(&["PATTERN.EXPORT", from]);
    let answer = client.json(&["PATTERN.IMPORT", to, &document]);
    assert_eq!(answer, json!({"patterns": 0, "issues": 2, "fixes": 2, "sessions": 1, "redactions": 0}));
    let issue = client.json(&["ISSUE.GET", to, "style", "E501"]);
    assert_eq!(issue["frequency"], 8);
    assert_eq!(issue["severity"], "high", "the later severity");
    approx(&issue["slow_rate"], 8.0 / 30.0);
    let trends = client.json(&["ISSUE.TRENDS", to]);
    assert_eq!(trends["severity_distribution"], json!({"low": 6, "high": 3}));
    let rates = client.json(&["FIX.RATES", to]);
    assert_eq!(rates["format"]["total_attempts"], 2);
    approx(&rates["format"]["avg_feedback"], 0.5);
    let sessions = client.json(&["SESSION.LIST", to]);
    let learned: Vec<i64> =
        array(&sessions).iter().filter_map(|session| session["patterns_learned"].as_i64()).collect();
    assert_eq!(learned, [4, 2, 1], "interleaved by time, newest first");
    assert_eq!(client.json(&["SESSION.ANALYTICS", to])["total_patterns_learned"], 7);
    assert_eq!(client.json(&["PATTERN.IMPORT", to, &document, "MERGE"])["issues"], 2);
    assert_eq!(client.json(&["ISSUE.GET", to, "style", "E501"])["frequency"], 11);
}

#[test]
fn of_a_pattern_on_both_sides_the_later_wins_and_the_histories_interleave() {
    let server = Server::shared();
    let mut client = server.client();
    let (from, to) = ("transfer/both-from", "transfer/both-to");
    client.json(&["PATTERN.STORE", to, "t", r#"{"side":"to1"}"#, "REASON", "1"]);
    pause();
    client.json(&["PATTERN.STORE", from, "t", r#"{"side":"from1"}"#, "REASON", "2"]);
    pause();
    for reason in ["3", "4"] {
        client.json(&["PATTERN.STORE", to, "t", &format!(r#"{{"side":"to{reason}"}}"#), "REASON", reason]);
        pause();
    }
    client.json(&["PATTERN.STORE", from, "t", r#"{"side":"from5"}"#, "REASON", "5", "CONFIDENCE", "0.5"]);
    let document = client.text(&["PATTERN.EXPORT", from]);
    client.json(&["PATTERN.IMPORT", to, &document]);
    let pattern = client.json(&["PATTERN.GET", to, "t"]);
    assert_eq!(pattern["pattern_data"]["side"], "from5");
    approx(&pattern["confidence"], 0.5);
    assert_eq!(pattern["version"], 4, "the larger of 3 and 2, plus one");
    let changes = client.json(&["PATTERN.EVOLUTION", to, "t"])["changes"].clone();
    let reasons: Vec<&str> = array(&changes).iter().filter_map(|change| change["reason"].as_str()).collect();
    assert_eq!(reasons, ["5", "4", "3", "2", "1"]);
    // The other way round, the record that is here already is the later one and stays.
    let older = document.replace("from5", "older5");
    client.json(&["PATTERN.STORE", to, "t", r#"{"side":"latest"}"#]);
    client.json(&["PATTERN.IMPORT", to, &older]);
    let pattern = client.json(&["PATTERN.GET", to, "t"]);
    assert_eq!(pattern["pattern_data"]["side"], "latest");
    assert_eq!(pattern["version"], 6);
}

fn pause() {
    std::thread::sleep(std::time::Duration::from_millis(5));
}

#[test]
fn an_import_is_anonymized_like_any_other_write() {
    let server = Server::shared();
    let mut client = server.client();
    client.json(&["PATTERN.STORE", "transfer/clean", "t", r#"{"note":"PLACEHOLDER"}"#, "REASON", "PLACEHOLDER"]);
    client.int(&["FIX.RECORD", "transfer/clean", "style", "format", "1", "METADATA", r#"{"note":"PLACEHOLDER"}"#]);
    client.int(&["SESSION.RECORD", "transfer/clean", "nightly", "1", "1", "DATA", r#"{"note":"PLACEHOLDER"}"#]);
    let document = client.text(&["PATTERN.EXPORT", "transfer/clean"]);
    for (n, (sentence, secret)) in FAKE_SECRETS.iter().enumerate() {
        // The placeholder may stand in JSON inside JSON: escape as deep as it stands.
        let once = json!(sentence).to_string();
        let dirty = document.replace("PLACEHOLDER", &once[1..once.len() - 1]);
        assert!(serde_json::from_str::<Json>(&dirty).is_ok(), "not JSON: {dirty}");
        let repo = format!("transfer/dirty-{n}");
        let answer = client.json(&["PATTERN.IMPORT", &repo, &dirty]);
        assert!(answer["redactions"].as_i64() >= Some(4), "{sentence}: {answer}");
        for report in ["PATTERN.EXPORT", "PATTERN.LIST", "FIX.LIST", "SESSION.LIST"] {
            let shown = client.text(&[report, &repo]);
            assert!(!shown.contains(secret), "{report}: {shown}");
        }
        assert!(client.text(&["PATTERN.EXPORT", &repo]).contains("<REDACTED"));
    }
}

#[test]
fn a_bad_import_changes_nothing_not_even_a_replace() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "transfer/bad";
    fill(&mut client, repo);
    let good = client.text(&["PATTERN.EXPORT", repo]);
    let before = repo_state(&mut client, repo);
    let cut = &good[..good.len() / 2];
    let bad_version = good.replace("\"version\":1", "\"version\":\"one\"");
    let bad_name = good.replace("\"E501\"", &format!("\"{}\"", "x".repeat(257)));
    assert_ne!(bad_version, good, "the export shows versions");
    assert_ne!(bad_name, good, "the export shows rules");
    for document in ["", "nonsense", "[]", "7", "null", cut, &bad_version, &bad_name] {
        for mode in ["REPLACE", "MERGE"] {
            client.error_of("ERR", &["PATTERN.IMPORT", repo, document, mode]);
            assert_eq!(repo_state(&mut client, repo), before);
        }
    }
    client.error_of("ERR", &["PATTERN.IMPORT", repo, &good, "BOTH"]);
    client.error_of("ERR", &["PATTERN.IMPORT", repo, &good, "MERGE", "REPLACE"]);
    assert_eq!(repo_state(&mut client, repo), before);
}

#[test]
fn whatever_can_be_stored_can_travel() {
    let server = Server::shared();
    let mut client = server.client();
    let (from, to) = ("transfer/deep", "transfer/deep-to");
    let deep = format!("{}1{}", r#"{"a":"#.repeat(64), "}".repeat(64));
    let wide = json!({"text": "ä\u{0}\u{1f}\"\\/\u{2028}🙂", "long": "lorem ipsum ".repeat(50_000)}).to_string();
    for (id, data) in [("deep", &deep), ("wide", &wide)] {
        client.json(&["PATTERN.STORE", from, "t", data, "ID", id]);
        client.int(&["FIX.RECORD", from, "i", "f", "1", "METADATA", data]);
        client.int(&["SESSION.RECORD", from, "s", "1", "1", "DATA", data]);
    }
    let document = client.text(&["PATTERN.EXPORT", from]);
    client.json(&["PATTERN.IMPORT", to, &document]);
    for call in [&["PATTERN.LIST"], &["FIX.LIST"], &["SESSION.LIST"]] {
        assert_eq!(client.text(&[call[0], to]), client.text(&[call[0], from]));
    }
}

#[test]
fn an_export_of_nothing_is_an_empty_document_that_imports() {
    let server = Server::shared();
    let mut client = server.client();
    let document = client.text(&["PATTERN.EXPORT", "transfer/nothing"]);
    let answer = client.json(&["PATTERN.IMPORT", "transfer/nothing-to", &document]);
    fields(&answer, &["patterns", "issues", "fixes", "sessions", "redactions"]);
    assert_eq!(answer, json!({"patterns": 0, "issues": 0, "fixes": 0, "sessions": 0, "redactions": 0}));
    assert!(client.key_names("pm:{transfer/nothing*").is_empty(), "reads and empty imports leave no keys");
}

#[test]
fn an_import_beyond_max_import_is_refused() {
    let server = Server::builder().module_arguments("max-import 2000").start();
    let mut client = server.client();
    client.json(&["PATTERN.STORE", "r", "t", &json!({"a": "word ".repeat(1_000)}).to_string()]);
    let document = client.text(&["PATTERN.EXPORT", "r"]);
    assert!(document.len() > 2_000);
    client.error_of("ERR", &["PATTERN.IMPORT", "other", &document]);
    assert_eq!(text(&client.json(&["PATTERN.GET", "r", "t"])["pattern_type"]), "t");
    client.nil(&["PATTERN.GET", "other", "t"]);
}

#[test]
fn names_with_quotes_and_backslashes_travel() {
    let server = Server::shared();
    let mut client = server.client();
    let name = "a\"b\\c/é名🙂:%'";
    for repo in ["transfer/names \"x\"", "transfer/names-to"] {
        client.json(&["PATTERN.STORE", repo, name, r#"{"a\"\\b":1}"#, "ID", name, "REASON", name]);
        client.int(&["ISSUE.TRACK", repo, name, name, name]);
        client.int(&["FIX.RECORD", repo, name, name, "1", "ID", name]);
        client.int(&["SESSION.RECORD", repo, name, "1", "1"]);
    }
    let document = client.text(&["PATTERN.EXPORT", "transfer/names \"x\""]);
    let answer = client.json(&["PATTERN.IMPORT", "transfer/names-to", &document, "REPLACE"]);
    assert_eq!(answer, json!({"patterns": 1, "issues": 1, "fixes": 1, "sessions": 1, "redactions": 0}));
    let repo = "transfer/names-to";
    assert_eq!(client.json(&["PATTERN.GET", repo, name, "ID", name])["pattern_data"], json!({"a\"\\b": 1}));
    assert_eq!(client.json(&["PATTERN.EVOLUTION", repo, name, "ID", name])["changes"][0]["reason"], name);
    let issue = client.json(&["ISSUE.GET", repo, name, name]);
    assert_eq!((&issue["issue_rule"], &issue["severity"]), (&json!(name), &json!(name)));
    assert_eq!(client.json(&["FIX.LIST", repo])[0]["id"], name);
    assert_eq!(client.json(&["FIX.RATES", repo])[name]["total_attempts"], 1);
    assert_eq!(client.json(&["SESSION.LIST", repo])[0]["session_type"], name);
    assert_eq!(client.json(&["SESSION.ANALYTICS", repo])["session_breakdown"][name]["session_count"], 1);
}

#[test]
fn windows_see_what_an_import_brings_on_its_own_days() {
    let server = Server::shared();
    let mut client = server.client();
    let (from, to) = ("transfer/old", "transfer/windows");
    client.json(&["PATTERN.STORE", from, "t", r#"{"n":1}"#]);
    client.json(&["PATTERN.STORE", from, "t", r#"{"n":2}"#]);
    client.int(&["ISSUE.TRACK", from, "style", "OLD", "low", "COUNT", "6"]);
    client.int(&["SESSION.RECORD", from, "nightly", "5", "1"]);
    let document = client.text(&["PATTERN.EXPORT", from]);
    let document = aged(&mut client, &document, 10);
    client.json(&["PATTERN.IMPORT", to, &document]);
    client.json(&["PATTERN.STORE", to, "t", r#"{"n":3}"#]);
    client.int(&["ISSUE.TRACK", to, "style", "NEW", "low", "COUNT", "2"]);

    let recent = client.json(&["PATTERN.EVOLUTION", to, "t", "DAYS", "5"]);
    assert_eq!(recent["total_changes"], 1);
    assert_eq!(array(&recent["changes"]).len(), 1);
    assert_eq!(recent["changes"][0]["before_data"], json!({"n": 2}));
    assert_eq!(array(&recent["confidence_trend"]).len(), 1);
    assert_eq!(client.json(&["PATTERN.EVOLUTION", to, "t"])["total_changes"], 3);

    let shown = |client: &mut Client, days: &str| {
        let trends = client.json(&["ISSUE.TRENDS", to, "DAYS", days]);
        let rules: Vec<String> =
            array(&trends["trending_issues"]).iter().map(|issue| text(&issue["issue_rule"]).to_owned()).collect();
        (
            rules.len(),
            rules.contains(&"OLD".to_owned()),
            trends["issue_distribution"]["style"].clone(),
            trends["total_patterns"].clone(),
        )
    };
    assert_eq!(shown(&mut client, "5"), (1, false, json!(2), json!(2)));
    assert_eq!(shown(&mut client, "11"), (2, true, json!(8), json!(2)));
    let old = client.json(&["ISSUE.GET", to, "style", "OLD"]);
    approx(&old["fast_rate"], 0.0);
    approx(&old["slow_rate"], 0.2);
    assert_eq!(old["burst"], false);

    let history = client.json(&["ISSUE.HISTORY", to, "DAYS", "11"]);
    assert_eq!(history["days"][0]["date"], day_before(&mut client, 10));
    assert_eq!(history["days"][0]["total"], 6);
    assert_eq!(client.json(&["SESSION.ANALYTICS", to, "DAYS", "5"])["total_sessions"], 0);
    assert_eq!(client.json(&["SESSION.ANALYTICS", to, "DAYS", "11"])["total_patterns_learned"], 5);
}
