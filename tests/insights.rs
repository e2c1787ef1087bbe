//! Everything at once: the report that an agent asks for first.

use serde_json::json;

use crate::support::{approx, array, fields, fill, text, Server};

#[test]
fn insights_hold_exactly_the_six_reports_and_agree_with_each_of_them() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "insights/all";
    fill(&mut client, repo);
    let insights = client.json(&["PATTERN.INSIGHTS", repo]);
    fields(
        &insights,
        &[
            "team_patterns", "issue_trends", "fix_success_rates", "learning_analytics", "pattern_confidence_summary",
            "recommendations",
        ],
    );
    assert_eq!(insights["team_patterns"], client.json(&["PATTERN.LIST", repo]));
    assert_eq!(insights["learning_analytics"], client.json(&["SESSION.ANALYTICS", repo]));
    let trends = client.json(&["ISSUE.TRENDS", repo]);
    fields(
        &insights["issue_trends"],
        &["trending_issues", "issue_distribution", "severity_distribution", "total_patterns"],
    );
    assert_eq!(insights["issue_trends"]["issue_distribution"], trends["issue_distribution"]);
    assert_eq!(insights["issue_trends"]["severity_distribution"], trends["severity_distribution"]);
    assert_eq!(insights["issue_trends"]["total_patterns"], 2);
    assert_eq!(array(&insights["issue_trends"]["trending_issues"]).len(), 2);
    let rates = client.json(&["FIX.RATES", repo]);
    fields(&insights["fix_success_rates"], &["autoformat", "rewrite"]);
    assert_eq!(insights["fix_success_rates"]["autoformat"]["total_attempts"], rates["autoformat"]["total_attempts"]);
    assert!(!array(&insights["recommendations"]).is_empty());
}

#[test]
fn the_confidence_summary_is_per_type() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "insights/summary";
    for (kind, id, confidence) in [("a", "1", "0.9"), ("a", "2", "0.8"), ("a", "3", "0.1"), ("b", "1", "0.79")] {
        client.json(&["PATTERN.STORE", repo, kind, "{}", "ID", id, "CONFIDENCE", confidence]);
    }
    let summary = &client.json(&["PATTERN.INSIGHTS", repo])["pattern_confidence_summary"];
    fields(summary, &["a", "b"]);
    for kind in ["a", "b"] {
        fields(&summary[kind], &["avg_confidence", "pattern_count", "high_confidence_count"]);
    }
    approx(&summary["a"]["avg_confidence"], 0.6);
    assert_eq!(summary["a"]["pattern_count"], 3);
    assert_eq!(summary["a"]["high_confidence_count"], 2);
    approx(&summary["b"]["avg_confidence"], 0.79);
    assert_eq!(summary["b"]["high_confidence_count"], 0);
}

#[test]
fn top_bounds_patterns_and_issues_and_the_summary_still_counts_all() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "insights/top";
    for n in 0..30 {
        client.json(&["PATTERN.STORE", repo, "t", "{}", "ID", &format!("p{n}")]);
        client.int(&["ISSUE.TRACK", repo, "style", &format!("R{n}"), "low"]);
    }
    for (options, expected) in [(vec![], 20), (vec!["TOP", "3"], 3), (vec!["TOP", "25", "DAYS", "1"], 25)] {
        let mut call = vec!["PATTERN.INSIGHTS", repo];
        call.extend(options);
        let insights = client.json(&call);
        assert_eq!(array(&insights["team_patterns"]).len(), expected);
        assert_eq!(array(&insights["issue_trends"]["trending_issues"]).len(), expected);
        assert_eq!(insights["pattern_confidence_summary"]["t"]["pattern_count"], 30);
        assert_eq!(insights["issue_trends"]["total_patterns"], 30);
    }
}

#[test]
fn recommendations_come_in_their_order() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "insights/recommendations";
    for n in 0..30 {
        client.int(&["FIX.RECORD", repo, "style", "wondrous", "1"]);
        client.int(&["FIX.RECORD", repo, "style", "dreadful", "0"]);
        client.int(&["FIX.RECORD", repo, "style", "wondrous", "1", "ID", &format!("w{n}")]);
    }
    client.int(&["ISSUE.TRACK", repo, "style", "RULE9", "high", "COUNT", "40"]);
    client.json(&["PATTERN.STORE", repo, "established", "{}", "CONFIDENCE", "0.8"]);
    client.json(&["PATTERN.STORE", repo, "middling", "{}", "CONFIDENCE", "0.6"]);
    client.json(&["PATTERN.STORE", repo, "doubtful", "{}", "CONFIDENCE", "0.59"]);
    let insights = client.json(&["PATTERN.INSIGHTS", repo]);
    let sentences: Vec<&str> = array(&insights["recommendations"]).iter().map(text).collect();
    let place = |word: &str| {
        sentences
            .iter()
            .position(|sentence| sentence.contains(word))
            .unwrap_or_else(|| panic!("nothing about {word} in {sentences:#?}"))
    };
    assert!(place("doubtful") < place("established"), "{sentences:#?}");
    assert!(place("established") < place("RULE9"), "{sentences:#?}");
    assert!(place("RULE9") < place("dreadful"), "{sentences:#?}");
    assert!(place("RULE9") < place("wondrous"), "{sentences:#?}");
    assert!(!sentences.iter().any(|sentence| sentence.contains("middling")), "{sentences:#?}");
}

#[test]
fn insights_of_an_unknown_repo_are_empty() {
    let server = Server::shared();
    let insights = server.client().json(&["PATTERN.INSIGHTS", "insights/unknown"]);
    assert_eq!(insights["team_patterns"], json!([]));
    assert_eq!(insights["fix_success_rates"], json!({}));
    assert_eq!(insights["pattern_confidence_summary"], json!({}));
    assert_eq!(insights["issue_trends"]["total_patterns"], 0);
    assert_eq!(insights["learning_analytics"]["total_sessions"], 0);
}
