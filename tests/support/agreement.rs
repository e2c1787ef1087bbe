//! Whether the parts of a repo agree: records, index, histories, ranking, lists, statistics and daily counters.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::{array, Client};

/// Checks that nothing of a repo is half there. For repos below every cap, whose writes are of the last days.
#[track_caller]
pub fn assert_agrees(client: &mut Client, repo: &str) {
    let key = |name: &str| format!("pm:{{{repo}}}:{name}");
    let export = client.json(&["PATTERN.EXPORT", repo]);
    let trends = client.json(&["ISSUE.TRENDS", repo, "TOP", "1000"]);

    let issues = array(&export["issues"]);
    let frequency = |issue: &Json| issue["record"]["frequency"].as_u64().expect("a frequency");
    let all: u64 = issues.iter().map(frequency).sum();
    for issue in issues {
        let by_day: u64 = array(&issue["record"]["days"]).iter().filter_map(Json::as_u64).sum();
        assert_eq!(by_day, frequency(issue), "the days of {issue}");
    }
    let sum =
        |counts: &Json| counts.as_object().map_or(0, |counts| counts.values().filter_map(Json::as_u64).sum::<u64>());
    assert_eq!(sum(&trends["issue_distribution"]), all, "daily counters of issues");
    assert_eq!(sum(&trends["severity_distribution"]), all, "daily counters of severities");
    assert_eq!(client.json(&["ISSUE.HISTORY", repo])["total"], all);
    assert_eq!(trends["total_patterns"], issues.len());
    assert_eq!(array(&trends["trending_issues"]).len(), issues.len(), "the ranking");
    let mut ranked = client.texts(&["ZRANGE", &key("issues:trend"), "0", "-1"]);
    let mut recorded = client.texts(&["HKEYS", &key("issues")]);
    ranked.sort();
    recorded.sort();
    assert_eq!(ranked, recorded, "ranking and records");

    let records = client.key_names(&key("pattern:*"));
    let indexed: BTreeSet<String> =
        client.texts(&["SMEMBERS", &key("patterns")]).iter().map(|member| key(&format!("pattern:{member}"))).collect();
    assert_eq!(records.into_iter().collect::<BTreeSet<_>>(), indexed, "index and records");
    for pattern in array(&client.json(&["PATTERN.LIST", repo, "LIMIT", "0", "1000"])) {
        let name = pattern["pattern_type"].as_str().expect("a type");
        let id = pattern["id"].as_str().expect("an id");
        let told = client.json(&["PATTERN.EVOLUTION", repo, name, "ID", id, "LIMIT", "3"]);
        assert_eq!(told["total_changes"], pattern["version"], "the history of {pattern}");
        let changes = array(&told["changes"]);
        assert_eq!(changes[0]["version"], pattern["version"]);
        assert_eq!(changes[0]["after_data"], pattern["pattern_data"]);
        assert_eq!(changes[0]["confidence_after"], pattern["confidence"]);
        for pair in changes.windows(2) {
            assert_eq!(pair[0]["before_data"], pair[1]["after_data"], "the history of {pattern}");
        }
    }

    let (mut of_types, mut of_pairs, mut successes) = (0, 0, 0);
    for row in array(&export["fix_stats"]) {
        let attempts = row["stats"]["attempts"].as_u64().expect("attempts");
        if row["issue_type"].is_null() {
            of_types += attempts;
            successes += row["stats"]["successes"].as_u64().expect("successes");
        } else {
            of_pairs += attempts;
        }
    }
    let outcomes = array(&export["fixes"]).len() as u64;
    assert_eq!((of_types, of_pairs), (outcomes, outcomes), "statistics and list of fixes");
    let with_id = array(&export["fixes"]).iter().filter(|fix| !fix["id"].is_null()).count() as i64;
    assert_eq!(client.int(&["HLEN", &key("fixes:ids")]), with_id, "idempotency keys");

    let sessions = array(&export["sessions"]);
    let learned: u64 = sessions.iter().filter_map(|session| session["patterns_learned"].as_u64()).sum();
    let analytics = client.json(&["SESSION.ANALYTICS", repo]);
    assert_eq!(analytics["total_sessions"], sessions.len(), "daily counters of sessions");
    assert_eq!(analytics["total_patterns_learned"], learned);

    let (mut fixed, mut worked) = (0, 0);
    for counters in export["days"].as_object().expect("days").values() {
        for (field, n) in counters.as_object().expect("counters").iter().filter(|(field, _)| field.starts_with("fix:"))
        {
            let n = n.as_u64().expect("a count");
            fixed += n;
            worked += if field.ends_with(":success") { n } else { 0 };
        }
    }
    assert_eq!((fixed, worked), (outcomes, successes), "daily counters of fixes");

    for name in client.key_names(&key("*")) {
        assert!(client.int(&["PTTL", &name]) > 0, "{name} has no TTL");
    }
}
