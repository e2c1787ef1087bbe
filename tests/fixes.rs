//! Fixes: outcomes, rates with Wilson bounds, advice.

use serde_json::{json, Value as Json};

use crate::support::{approx, array, fields, is_time, json::close, number, text, wait_for, Client, Server};

const RATE: &[&str] = &[
    "total_attempts", "successful_fixes", "success_rate", "avg_feedback", "success_low", "success_high",
    "recent_success_rate", "last_applied_at",
];
const ADVICE: &[&str] =
    &["fix_type", "action", "attempts", "success_rate", "success_low", "success_high", "avg_feedback"];
const FIX: &[&str] = &["issue_type", "fix_type", "success", "feedback_score", "metadata", "id", "applied_at"];

/// Wilson score interval, z = 1.96.
fn wilson(successes: f64, attempts: f64) -> (f64, f64) {
    let z = 1.96_f64;
    let rate = successes / attempts;
    let center = rate + z * z / (2.0 * attempts);
    let spread = z * (rate * (1.0 - rate) / attempts + z * z / (4.0 * attempts * attempts)).sqrt();
    let scale = 1.0 + z * z / attempts;
    ((center - spread) / scale, (center + spread) / scale)
}

#[track_caller]
fn record(client: &mut Client, repo: &str, issue: &str, fix: &str, successes: usize, failures: usize) {
    for success in std::iter::repeat_n("1", successes).chain(std::iter::repeat_n("0", failures)) {
        client.int(&["FIX.RECORD", repo, issue, fix, success]);
    }
}

#[test]
fn recording_answers_the_attempts_of_that_fix_type_over_all_issue_types() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "fixes/attempts";
    assert_eq!(client.int(&["FIX.RECORD", repo, "style", "format", "1"]), 1);
    assert_eq!(client.int(&["FIX.RECORD", repo, "security", "format", "0"]), 2);
    assert_eq!(client.int(&["FIX.RECORD", repo, "style", "rewrite", "true"]), 1);
    assert_eq!(client.int(&["FIX.RECORD", repo, "style", "format", "false"]), 3);
    let rates = client.json(&["FIX.RATES", repo]);
    assert_eq!(rates["format"]["successful_fixes"], 1);
    assert_eq!(rates["rewrite"]["successful_fixes"], 1);
}

#[test]
fn outcomes_are_listed_newest_first_with_exactly_their_fields() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "fixes/list";
    assert_eq!(client.json(&["FIX.LIST", repo]), json!([]));
    client.int(&["FIX.RECORD", repo, "style", "format", "1"]);
    client.int(&[
        "FIX.RECORD", repo, "security", "rewrite", "0", "ID", "run-7", "METADATA", r#"{"b":[1],"a":"x"}"#, "FEEDBACK",
        "-0.5",
    ]);
    let listed = client.json(&["FIX.LIST", repo]);
    let fixes = array(&listed);
    assert_eq!(fixes.len(), 2);
    for fix in fixes {
        fields(fix, FIX);
        is_time(&fix["applied_at"]);
    }
    assert_eq!(fixes[0]["issue_type"], "security");
    assert_eq!(fixes[0]["fix_type"], "rewrite");
    assert_eq!(fixes[0]["success"], false);
    approx(&fixes[0]["feedback_score"], -0.5);
    assert_eq!(fixes[0]["metadata"], json!({"a": "x", "b": [1]}));
    assert_eq!(fixes[0]["id"], "run-7");
    assert_eq!(fixes[1]["success"], true);
    assert_eq!(fixes[1]["feedback_score"], Json::Null);
    assert_eq!(fixes[1]["metadata"], Json::Null);
    assert_eq!(fixes[1]["id"], Json::Null);
    let second = client.json(&["FIX.LIST", repo, "LIMIT", "1", "5"]);
    assert_eq!(array(&second).len(), 1);
    assert_eq!(second[0]["fix_type"], "format");
    assert_eq!(client.json(&["FIX.LIST", repo, "LIMIT", "2", "5"]), json!([]));
}

#[test]
fn success_and_feedback_are_checked() {
    let server = Server::shared();
    let mut client = server.client();
    for success in ["yes", "2", "-1", "", "tru", "1.0"] {
        client.error_of("ERR", &["FIX.RECORD", "fixes/checked", "style", "format", success]);
    }
    for feedback in ["1.01", "-1.01", "nan", "inf", "-inf", "good", "", "0.5x"] {
        client.error_of("ERR", &["FIX.RECORD", "fixes/checked", "style", "format", "1", "FEEDBACK", feedback]);
    }
    for metadata in ["", "[1]", "1", "\"text\"", "null", "{", "{\"a\":}", "{} {}", "{'a':1}"] {
        client.error_of("ERR", &["FIX.RECORD", "fixes/checked", "style", "format", "1", "METADATA", metadata]);
    }
    assert!(client.key_names("pm:{fixes/checked}*").is_empty());
    for feedback in ["-1", "1", "0", "0.25", "-0.0"] {
        client.int(&["FIX.RECORD", "fixes/checked", "style", "format", "1", "FEEDBACK", feedback]);
    }
}

#[test]
fn the_same_idempotency_key_twice_counts_once() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "fixes/idempotent";
    assert_eq!(client.int(&["FIX.RECORD", repo, "style", "format", "1", "ID", "k"]), 1);
    assert_eq!(client.int(&["FIX.RECORD", repo, "style", "format", "1", "ID", "k"]), 1);
    assert_eq!(client.int(&["FIX.RECORD", repo, "style", "format", "0", "ID", "k", "FEEDBACK", "1"]), 1);
    assert_eq!(client.int(&["FIX.RECORD", repo, "style", "format", "0", "ID", "other"]), 2);
    let rates = client.json(&["FIX.RATES", repo]);
    assert_eq!(rates["format"]["total_attempts"], 2);
    assert_eq!(rates["format"]["successful_fixes"], 1);
    assert_eq!(rates["format"]["avg_feedback"], Json::Null);
    assert_eq!(array(&client.json(&["FIX.LIST", repo])).len(), 2);
    assert_eq!(
        client.int(&["FIX.RECORD", "fixes/idempotent-b", "style", "format", "1", "ID", "k"]),
        1,
        "keys are of a repo"
    );
}

#[test]
fn an_idempotency_key_holds_as_long_as_its_outcome_is_in_the_list() {
    let server = Server::builder().module_arguments("max-fixes 3").start();
    let mut client = server.client();
    client.int(&["FIX.RECORD", "r", "style", "format", "1", "ID", "k"]);
    for _ in 0..2 {
        client.int(&["FIX.RECORD", "r", "style", "format", "1"]);
    }
    assert_eq!(client.int(&["FIX.RECORD", "r", "style", "format", "1", "ID", "k"]), 3, "still the oldest in the list");
    client.int(&["FIX.RECORD", "r", "style", "format", "1"]);
    assert_eq!(client.int(&["FIX.RECORD", "r", "style", "format", "1", "ID", "k"]), 5, "no longer in the list");
    assert_eq!(client.int(&["HLEN", "pm:{r}:fixes:ids"]), 1, "forgotten keys are not kept");
}

#[test]
fn rates_are_per_fix_type_with_wilson_bounds() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "fixes/rates";
    assert_eq!(client.json(&["FIX.RATES", repo]), json!({}));
    record(&mut client, repo, "style", "format", 6, 1);
    record(&mut client, repo, "security", "format", 0, 3);
    record(&mut client, repo, "style", "rewrite", 2, 0);
    client.int(&["FIX.RECORD", repo, "style", "rewrite", "1", "FEEDBACK", "1"]);
    client.int(&["FIX.RECORD", repo, "security", "rewrite", "0", "FEEDBACK", "-0.5"]);
    let rates = client.json(&["FIX.RATES", repo]);
    fields(&rates, &["format", "rewrite"]);
    for rate in [&rates["format"], &rates["rewrite"]] {
        fields(rate, RATE);
        is_time(&rate["last_applied_at"]);
    }
    let format = &rates["format"];
    assert_eq!(format["total_attempts"], 10);
    assert_eq!(format["successful_fixes"], 6);
    approx(&format["success_rate"], 0.6);
    close(&format["recent_success_rate"], 0.6, 1e-4);
    let (low, high) = wilson(6.0, 10.0);
    close(&format["success_low"], low, 1e-4);
    close(&format["success_high"], high, 1e-4);
    assert_eq!(format["avg_feedback"], Json::Null);
    approx(&rates["rewrite"]["avg_feedback"], 0.25);
    approx(&rates["rewrite"]["success_rate"], 0.75);
}

#[test]
fn advice_ranks_by_the_lower_bound_and_says_what_to_do() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "fixes/advice";
    assert_eq!(client.json(&["FIX.ADVISE", repo, "style"]), json!([]));
    record(&mut client, repo, "style", "sure", 40, 0);
    record(&mut client, repo, "style", "fair", 6, 4);
    record(&mut client, repo, "style", "poor", 0, 10);
    record(&mut client, repo, "style", "fresh", 4, 0);
    record(&mut client, repo, "security", "sure", 0, 20);
    client.int(&["FIX.RECORD", repo, "style", "fair", "1", "FEEDBACK", "0.5"]);
    let advice = client.json(&["FIX.ADVISE", repo, "style"]);
    assert_eq!(actions(&advice), [("sure", "auto"), ("fresh", "explore"), ("fair", "suggest"), ("poor", "stop")]);
    for (item, (successes, attempts)) in array(&advice).iter().zip([(40, 40), (4, 4), (7, 11), (0, 10)]) {
        fields(item, ADVICE);
        assert_eq!(item["attempts"], attempts);
        approx(&item["success_rate"], f64::from(successes) / f64::from(attempts));
        let (low, high) = wilson(f64::from(successes), f64::from(attempts));
        close(&item["success_low"], low, 1e-4);
        close(&item["success_high"], high, 1e-4);
    }
    assert_eq!(advice[0]["avg_feedback"], Json::Null);
    approx(&advice[2]["avg_feedback"], 0.5);
    assert_eq!(actions(&client.json(&["FIX.ADVISE", repo, "security"])), [("sure", "stop")]);
    assert_eq!(client.json(&["FIX.ADVISE", repo, "unheard"]), json!([]));
}

#[test]
fn advice_follows_its_thresholds_and_limit() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "fixes/thresholds";
    record(&mut client, repo, "style", "fair", 8, 2);
    record(&mut client, repo, "style", "poor", 1, 9);
    let advice = client.json(&["FIX.ADVISE", repo, "style", "AUTO", "0.4"]);
    assert_eq!(actions(&advice), [("fair", "auto"), ("poor", "stop")]);
    let advice = client.json(&["FIX.ADVISE", repo, "style", "STOP", "0.1"]);
    assert_eq!(actions(&advice), [("fair", "suggest"), ("poor", "suggest")]);
    let advice = client.json(&["FIX.ADVISE", repo, "style", "LIMIT", "1"]);
    assert_eq!(actions(&advice), [("fair", "suggest")]);
    for (option, value) in
        [("AUTO", "1.1"), ("AUTO", "nan"), ("STOP", "-0.1"), ("STOP", "x"), ("LIMIT", "-1"), ("LIMIT", "x")]
    {
        client.error_of("ERR", &["FIX.ADVISE", repo, "style", option, value]);
    }
}

#[test]
fn five_attempts_end_the_exploring() {
    let server = Server::shared();
    let mut client = server.client();
    record(&mut client, "fixes/explore", "style", "f", 0, 4);
    assert_eq!(actions(&client.json(&["FIX.ADVISE", "fixes/explore", "style"])), [("f", "explore")]);
    record(&mut client, "fixes/explore", "style", "f", 0, 1);
    assert_eq!(actions(&client.json(&["FIX.ADVISE", "fixes/explore", "style"])), [("f", "stop")]);
}

#[test]
fn the_recent_rate_and_the_bounds_forget_what_is_long_past() {
    let server = Server::builder().module_arguments("fix-half-life 1").start();
    let mut client = server.client();
    record(&mut client, "r", "style", "f", 0, 20);
    let before = client.json(&["FIX.RATES", "r"])["f"].clone();
    let moment = std::time::Instant::now();
    wait_for("three half-lives", || (moment.elapsed().as_secs_f64() > 3.0).then_some(()));
    record(&mut client, "r", "style", "f", 20, 0);
    let after = client.json(&["FIX.RATES", "r"])["f"].clone();
    approx(&after["success_rate"], 0.5);
    assert_eq!(after["total_attempts"], 40);
    assert!(number(&after["recent_success_rate"]) > 0.7, "{after}");
    assert!(number(&after["success_low"]) > number(&before["success_high"]), "{before} {after}");
}

#[test]
fn names_with_colons_stay_apart_in_the_statistics() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "fixes/colons";
    client.int(&["FIX.RECORD", repo, "a:b", "c", "1"]);
    client.int(&["FIX.RECORD", repo, "a", "b:c", "0"]);
    let rates = client.json(&["FIX.RATES", repo]);
    fields(&rates, &["c", "b:c"]);
    assert_eq!(rates["c"]["successful_fixes"], 1);
    assert_eq!(rates["b:c"]["successful_fixes"], 0);
    assert_eq!(actions(&client.json(&["FIX.ADVISE", repo, "a"])), [("b:c", "explore")]);
}

#[track_caller]
fn actions(advice: &Json) -> Vec<(&str, &str)> {
    array(advice).iter().map(|item| (text(&item["fix_type"]), text(&item["action"]))).collect()
}
