//! Sessions: what each learning session brought.

use serde_json::{json, Value as Json};

use crate::support::{array, day_before, fields, is_time, today, Server};

#[test]
fn recording_answers_the_number_of_sessions_kept() {
    let server = Server::shared();
    let mut client = server.client();
    for kept in 1..=3 {
        assert_eq!(client.int(&["SESSION.RECORD", "sessions/kept", "nightly", "1", "0"]), kept);
    }
}

#[test]
fn sessions_are_listed_newest_first_with_exactly_their_fields() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "sessions/list";
    assert_eq!(client.json(&["SESSION.LIST", repo]), json!([]));
    client.int(&["SESSION.RECORD", repo, "nightly", "3", "2", "DATA", r#"{"z":1,"a":{"b":"c"}}"#]);
    client.int(&["SESSION.RECORD", repo, "review", "0", "7"]);
    let listed = client.json(&["SESSION.LIST", repo]);
    for session in array(&listed) {
        fields(session, &["session_type", "patterns_learned", "insights_generated", "session_data", "created_at"]);
        is_time(&session["created_at"]);
    }
    assert_eq!(listed[0]["session_type"], "review");
    assert_eq!(listed[0]["patterns_learned"], 0);
    assert_eq!(listed[0]["insights_generated"], 7);
    assert_eq!(listed[0]["session_data"], Json::Null);
    assert_eq!(listed[1]["session_data"], json!({"a": {"b": "c"}, "z": 1}));
    assert_eq!(client.json(&["SESSION.LIST", repo, "LIMIT", "1", "1"]), json!([listed[1]]));
    assert_eq!(client.json(&["SESSION.LIST", repo, "LIMIT", "9", "1"]), json!([]));
    assert_eq!(client.json(&["SESSION.LIST", repo, "LIMIT", "0", "0"]), json!([]));
}

#[test]
fn analytics_add_up_by_type_inside_the_window() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "sessions/analytics";
    client.int(&["SESSION.RECORD", repo, "nightly", "3", "2"]);
    client.int(&["SESSION.RECORD", repo, "nightly", "4", "1"]);
    client.int(&["SESSION.RECORD", repo, "re:view", "5", "0"]);
    let analytics = client.json(&["SESSION.ANALYTICS", repo]);
    assert_eq!(
        analytics,
        json!({
            "total_sessions": 3, "total_patterns_learned": 12, "total_insights_generated": 3,
            "session_breakdown": {
                "nightly": {"session_count": 2, "patterns_learned": 7, "insights_generated": 3},
                "re:view": {"session_count": 1, "patterns_learned": 5, "insights_generated": 0},
            },
        })
    );
    let date = day_before(&mut client, 10);
    let day = format!("pm:{{{repo}}}:day:{date}");
    client.int(&[
        "HSET", &day, "session:nightly:count", "5", "session:nightly:patterns", "50", "session:nightly:insights", "1",
    ]);
    client.int(&["HSET", &format!("pm:{{{repo}}}:meta"), &format!("day:{date}"), "1"]);
    assert_eq!(client.json(&["SESSION.ANALYTICS", repo])["total_patterns_learned"], 62);
    assert_eq!(client.json(&["SESSION.ANALYTICS", repo, "DAYS", "11"])["total_sessions"], 8);
    assert_eq!(client.json(&["SESSION.ANALYTICS", repo, "DAYS", "10"]), analytics);
}

#[test]
fn analytics_of_an_unknown_repo_are_zeros() {
    let server = Server::shared();
    assert_eq!(
        server.client().json(&["SESSION.ANALYTICS", "sessions/unknown"]),
        json!({"total_sessions": 0, "total_patterns_learned": 0, "total_insights_generated": 0, "session_breakdown": {}})
    );
}

#[test]
fn the_days_counters_are_plain_numbers() {
    let server = Server::shared();
    let mut client = server.client();
    client.int(&["SESSION.RECORD", "sessions/plain", "nightly", "3", "2"]);
    let day = format!("pm:{{sessions/plain}}:day:{}:sessions", today(&mut client));
    let counters = client.map(&["HGETALL", &day]);
    assert_eq!(counters["session:nightly:count"], "1");
    assert_eq!(counters["session:nightly:patterns"], "3");
    assert_eq!(counters["session:nightly:insights"], "2");
}

#[test]
fn counts_and_data_are_checked() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "sessions/checked";
    for bad in ["-1", "1.5", "many", "", "99999999999999999999"] {
        client.error_of("ERR", &["SESSION.RECORD", repo, "nightly", bad, "0"]);
        client.error_of("ERR", &["SESSION.RECORD", repo, "nightly", "0", bad]);
    }
    for bad in ["", "[]", "{", "7", "{\"a\":1}x"] {
        client.error_of("ERR", &["SESSION.RECORD", repo, "nightly", "0", "0", "DATA", bad]);
    }
    assert!(client.key_names("pm:{sessions/checked}*").is_empty());
}
