//! Issues: counting, trends, bursts, distributions, days.

use serde_json::{json, Value as Json};

use crate::support::{
    approx, array, day_before, fields, is_time, json::close, number, text, today, wait_for, Client, Server,
};

const ISSUE: &[&str] = &[
    "issue_type", "issue_rule", "severity", "frequency", "trend_score", "fast_rate", "slow_rate", "burst", "burst_p",
    "created_at", "last_seen",
];

#[test]
fn tracking_answers_the_new_frequency() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "issues/track";
    assert_eq!(client.int(&["ISSUE.TRACK", repo, "style", "E501", "low"]), 1);
    assert_eq!(client.int(&["ISSUE.TRACK", repo, "style", "E501", "low"]), 2);
    assert_eq!(client.int(&["ISSUE.TRACK", repo, "style", "E501", "low", "COUNT", "40"]), 42);
    assert_eq!(client.int(&["ISSUE.TRACK", repo, "style", "W291", "low"]), 1);
    assert_eq!(client.int(&["ISSUE.TRACK", repo, "security", "E501", "low"]), 1);
    assert_eq!(client.int(&["ISSUE.TRACK", repo, "style", "E501", "low", "count", "1000000000"]), 1_000_000_042);
}

#[test]
fn large_counts_stay_exact() {
    let server = Server::shared();
    let mut client = server.client();
    for n in 1..=20 {
        let frequency = client.int(&["ISSUE.TRACK", "issues/exact", "style", "E501", "low", "COUNT", "999999999"]);
        assert_eq!(frequency, n * 999_999_999);
    }
    assert_eq!(client.json(&["ISSUE.GET", "issues/exact", "style", "E501"])["frequency"], 19_999_999_980_i64);
    assert_eq!(client.json(&["ISSUE.HISTORY", "issues/exact", "DAYS", "2"])["total"], 19_999_999_980_i64);
}

#[test]
fn a_tracked_issue_reads_back_with_exactly_its_fields() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "issues/get";
    client.nil(&["ISSUE.GET", repo, "style", "E501"]);
    client.int(&["ISSUE.TRACK", repo, "style", "E501", "low"]);
    let issue = client.json(&["ISSUE.GET", repo, "style", "E501"]);
    fields(&issue, ISSUE);
    assert_eq!(issue["issue_type"], "style");
    assert_eq!(issue["issue_rule"], "E501");
    assert_eq!(issue["severity"], "low");
    assert_eq!(issue["frequency"], 1);
    close(&issue["trend_score"], 0.1, 1e-4);
    approx(&issue["fast_rate"], 1.0 / 3.0);
    approx(&issue["slow_rate"], 1.0 / 30.0);
    assert_eq!(issue["burst"], false);
    is_time(&issue["created_at"]);
    is_time(&issue["last_seen"]);
    client.nil(&["ISSUE.GET", repo, "style", "E502"]);
    client.nil(&["ISSUE.GET", repo, "E501", "style"]);
}

#[test]
fn a_later_severity_replaces_the_earlier_and_times_move() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "issues/severity";
    client.int(&["ISSUE.TRACK", repo, "style", "E501", "low"]);
    let first = client.json(&["ISSUE.GET", repo, "style", "E501"]);
    std::thread::sleep(std::time::Duration::from_millis(5));
    client.int(&["ISSUE.TRACK", repo, "style", "E501", "high"]);
    let second = client.json(&["ISSUE.GET", repo, "style", "E501"]);
    assert_eq!(second["severity"], "high");
    assert_eq!(second["created_at"], first["created_at"]);
    assert!(text(&second["last_seen"]) > text(&first["last_seen"]));
    let trends = client.json(&["ISSUE.TRENDS", repo]);
    assert_eq!(trends["severity_distribution"], json!({"low": 1, "high": 1}), "each occurrence under its own");
    assert_eq!(trends["total_patterns"], 1);
}

#[test]
fn mtrack_counts_a_whole_run_and_answers_running_frequencies() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "issues/mtrack";
    let answers = client.ints(&[
        "ISSUE.MTRACK", repo, "style", "E501", "low", "3", "security", "S105", "high", "1", "style", "E501", "medium",
        "2",
    ]);
    assert_eq!(answers, [3, 1, 5]);
    assert_eq!(client.ints(&["ISSUE.MTRACK", repo, "style", "E501", "low", "1"]), [6]);
    let issue = client.json(&["ISSUE.GET", repo, "style", "E501"]);
    assert_eq!(issue["frequency"], 6);
    close(&issue["trend_score"], 0.6, 1e-4);
    let trends = client.json(&["ISSUE.TRENDS", repo]);
    assert_eq!(trends["issue_distribution"], json!({"style": 6, "security": 1}));
    assert_eq!(trends["severity_distribution"], json!({"low": 4, "medium": 2, "high": 1}));
}

#[test]
fn mtrack_is_all_or_nothing() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "issues/mtrack-nothing";
    for bad in [
        vec!["style", "E501", "low", "1", "style", "W1", "low", "0"],
        vec!["style", "E501", "low", "1", "style", "W1", "low", "many"],
        vec!["style", "E501", "low", "1", "style", "", "low", "1"],
        vec!["style", "E501", "low", "1", "style", "W1", "low", "1000000001"],
    ] {
        let mut call = vec!["ISSUE.MTRACK", repo];
        call.extend(bad);
        client.error_of("ERR", &call);
    }
    client.error_of("ERR", &["ISSUE.MTRACK", repo, "style", "E501", "low", "1", "style", "W1", "low"]);
    assert!(client.key_names("pm:{issues/mtrack-nothing}*").is_empty());
}

#[test]
fn mtrack_takes_a_large_linter_run() {
    let server = Server::shared();
    let mut client = server.client();
    let mut call = vec!["ISSUE.MTRACK".to_owned(), "issues/large".to_owned()];
    for n in 0..5_000 {
        call.extend(["style".to_owned(), format!("R{n}"), "low".to_owned(), "2".to_owned()]);
    }
    assert_eq!(client.ints(&call), vec![2; 5_000]);
    assert_eq!(client.json(&["ISSUE.TRENDS", "issues/large"])["total_patterns"], 5_000);
}

#[test]
fn mtrack_takes_65536_groups() {
    let server = Server::shared();
    let mut client = server.client();
    let mut call = vec!["ISSUE.MTRACK", "issues/most"];
    for _ in 0..65_536 {
        call.extend(["style", "E501", "low", "1"]);
    }
    let frequencies = client.ints(&call);
    assert!(frequencies.iter().copied().eq(1..=65_536), "not the running frequencies");
    assert_eq!(client.json(&["ISSUE.HISTORY", "issues/most", "DAYS", "2"])["total"], 65_536);
}

#[test]
fn mtrack_of_more_than_65536_groups_is_refused() {
    let server = Server::shared();
    let mut client = server.client();
    let mut call = vec!["ISSUE.MTRACK", "issues/too-many"];
    for _ in 0..65_537 {
        call.extend(["style", "E501", "low", "1"]);
    }
    client.error_of("ERR", &call);
    assert!(client.key_names("pm:{issues/too-many}*").is_empty());
}

#[test]
fn counts_outside_one_to_a_thousand_million_are_refused() {
    let server = Server::shared();
    let mut client = server.client();
    for count in ["0", "-1", "1000000001", "1.5", "1e3", "", "99999999999999999999", "+1x"] {
        client.error_of("ERR", &["ISSUE.TRACK", "issues/count", "style", "E501", "low", "COUNT", count]);
    }
    assert!(client.key_names("pm:{issues/count}*").is_empty());
}

#[test]
fn trends_rank_by_trend_score_and_filter() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "issues/trends";
    client.ints(&[
        "ISSUE.MTRACK", repo, "style", "E501", "low", "5", "style", "W291", "info", "9", "security", "S105", "high",
        "7",
    ]);
    let trends = client.json(&["ISSUE.TRENDS", repo]);
    fields(&trends, &["trending_issues", "issue_distribution", "severity_distribution", "total_patterns"]);
    assert_eq!(rules(&trends), ["W291", "S105", "E501"]);
    for issue in array(&trends["trending_issues"]) {
        fields(issue, ISSUE);
        close(&issue["trend_score"], number(&issue["frequency"]) * 0.1, 1e-4);
    }
    assert_eq!(trends["issue_distribution"], json!({"style": 14, "security": 7}));
    assert_eq!(trends["severity_distribution"], json!({"low": 5, "info": 9, "high": 7}));
    assert_eq!(trends["total_patterns"], 3);

    let top = client.json(&["ISSUE.TRENDS", repo, "TOP", "2"]);
    assert_eq!(rules(&top), ["W291", "S105"]);
    assert_eq!(top["total_patterns"], 3);

    let style = client.json(&["ISSUE.TRENDS", repo, "TYPE", "style", "TOP", "1", "DAYS", "3"]);
    assert_eq!(rules(&style), ["W291"]);
    assert_eq!(style["issue_distribution"], json!({"style": 14}));
    assert_eq!(style["severity_distribution"], json!({"low": 5, "info": 9}));
    assert_eq!(style["total_patterns"], 2);

    let low = client.json(&["ISSUE.TRENDS", repo, "SEVERITY", "low", "TYPE", "style"]);
    assert_eq!(rules(&low), ["E501"]);
    assert_eq!(low["issue_distribution"], json!({"style": 5}));
    assert_eq!(low["severity_distribution"], json!({"low": 5}));
    assert_eq!(low["total_patterns"], 1);

    let none = client.json(&["ISSUE.TRENDS", repo, "TYPE", "absent"]);
    assert_eq!(
        none,
        json!({"trending_issues": [], "issue_distribution": {}, "severity_distribution": {}, "total_patterns": 0})
    );
}

#[test]
fn trends_of_an_unknown_repo_are_empty() {
    let server = Server::shared();
    assert_eq!(
        server.client().json(&["ISSUE.TRENDS", "issues/unknown"]),
        json!({"trending_issues": [], "issue_distribution": {}, "severity_distribution": {}, "total_patterns": 0})
    );
}

#[test]
fn twenty_trending_issues_are_shown_by_default() {
    let server = Server::shared();
    let mut client = server.client();
    for n in 0..30 {
        client.int(&["ISSUE.TRACK", "issues/default-top", "style", &format!("R{n}"), "low"]);
    }
    let trends = client.json(&["ISSUE.TRENDS", "issues/default-top"]);
    assert_eq!(array(&trends["trending_issues"]).len(), 20);
    assert_eq!(trends["total_patterns"], 30);
}

#[test]
fn a_burst_needs_rate_count_and_probability() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "issues/burst";
    client.int(&["ISSUE.TRACK", repo, "style", "quiet", "low", "COUNT", "4"]);
    client.int(&["ISSUE.TRACK", repo, "style", "loud", "low", "COUNT", "5"]);
    let quiet = client.json(&["ISSUE.GET", repo, "style", "quiet"]);
    assert_eq!(quiet["burst"], false, "fewer than five in three days");
    let loud = client.json(&["ISSUE.GET", repo, "style", "loud"]);
    assert_eq!(loud["burst"], true);
    approx(&loud["fast_rate"], 5.0 / 3.0);
    approx(&loud["slow_rate"], 5.0 / 30.0);
    // P(Poisson(0.5) >= 5)
    close(&loud["burst_p"], 0.000_172_115_6, 1e-9);
}

#[test]
fn the_trend_decays_by_half_in_a_half_life_and_the_frequency_does_not() {
    let server = Server::builder().module_arguments("trend-half-life 1").start();
    let mut client = server.client();
    client.int(&["ISSUE.TRACK", "r", "style", "old", "low", "COUNT", "100"]);
    wait_for("the trend to halve twice", || {
        let score = number(&client.json(&["ISSUE.GET", "r", "style", "old"])["trend_score"]);
        assert!(score < 10.001, "{score}");
        (score < 2.5).then_some(())
    });
    assert_eq!(client.json(&["ISSUE.GET", "r", "style", "old"])["frequency"], 100);
    client.int(&["ISSUE.TRACK", "r", "style", "new", "low", "COUNT", "50"]);
    assert_eq!(rules(&client.json(&["ISSUE.TRENDS", "r"])), ["new", "old"]);
    let before = number(&client.json(&["ISSUE.GET", "r", "style", "old"])["trend_score"]);
    client.int(&["ISSUE.TRACK", "r", "style", "old", "low", "COUNT", "100"]);
    let after = number(&client.json(&["ISSUE.GET", "r", "style", "old"])["trend_score"]);
    assert!(after > 7.0 && after < before + 10.001, "{before} then {after}");
    assert_eq!(rules(&client.json(&["ISSUE.TRENDS", "r"])), ["old", "new"]);
}

#[test]
fn the_sorted_set_scores_by_the_time_at_which_the_decayed_count_falls_to_one() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "issues/zset";
    client.int(&["ISSUE.TRACK", repo, "style", "E501", "low", "COUNT", "4"]);
    let now: f64 = client.texts(&["TIME"])[0].parse().expect("TIME");
    let score: f64 = client.text(&["ZSCORE", "pm:{issues/zset}:issues:trend", "style:E501"]).parse().expect("a score");
    let expected = now + 2.0 * 1_209_600.0;
    assert!((score - expected).abs() < 10.0, "{score} is not {expected}");
}

#[test]
fn history_shows_every_day_oldest_first_zero_days_included() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "issues/history";
    client.ints(&[
        "ISSUE.MTRACK", repo, "style", "E501", "low", "5", "style", "W291", "info", "2", "security", "S105", "high",
        "1",
    ]);
    plant_day(&mut client, repo, 2, &[("issue:style:low", "7"), ("issue:style:high", "1")]);
    plant_day(&mut client, repo, 9, &[("issue:style:low", "100")]);
    let history = client.json(&["ISSUE.HISTORY", repo, "DAYS", "4"]);
    fields(&history, &["days", "total"]);
    assert_eq!(history["total"], 16);
    let days = array(&history["days"]);
    assert_eq!(days.len(), 4);
    for (day, age) in days.iter().zip([3, 2, 1, 0]) {
        fields(day, &["date", "total", "by_type", "by_severity"]);
        assert_eq!(day["date"], day_before(&mut client, age));
    }
    assert_eq!(days[0], json!({"date": days[0]["date"], "total": 0, "by_type": {}, "by_severity": {}}));
    assert_eq!(days[1]["total"], 8);
    assert_eq!(days[1]["by_type"], json!({"style": 8}));
    assert_eq!(days[1]["by_severity"], json!({"low": 7, "high": 1}));
    assert_eq!(days[3]["total"], 8);
    assert_eq!(days[3]["by_type"], json!({"style": 7, "security": 1}));

    let low = client.json(&["ISSUE.HISTORY", repo, "DAYS", "4", "TYPE", "style", "SEVERITY", "low"]);
    assert_eq!(low["total"], 12);
    assert_eq!(
        low["days"][1],
        json!({"date": days[1]["date"], "total": 7, "by_type": {"style": 7}, "by_severity": {"low": 7}})
    );
    assert_eq!(client.json(&["ISSUE.HISTORY", repo, "DAYS", "10"])["total"], 116);
}

#[test]
fn history_covers_thirty_days_by_default_and_an_unknown_repo_is_all_zeros() {
    let server = Server::shared();
    let history = server.client().json(&["ISSUE.HISTORY", "issues/history-unknown"]);
    assert_eq!(history["total"], 0);
    let days = array(&history["days"]);
    assert_eq!(days.len(), 30);
    assert!(days.iter().all(|day| day["total"] == 0));
}

#[test]
fn distributions_count_only_the_window() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "issues/window";
    client.int(&["ISSUE.TRACK", repo, "style", "E501", "low", "COUNT", "2"]);
    plant_day(&mut client, repo, 5, &[("issue:style:low", "10"), ("issue:docs:info", "3")]);
    plant_day(&mut client, repo, 40, &[("issue:style:low", "1000")]);
    let default = client.json(&["ISSUE.TRENDS", repo]);
    assert_eq!(default["issue_distribution"], json!({"style": 12, "docs": 3}));
    let short = client.json(&["ISSUE.TRENDS", repo, "DAYS", "5"]);
    assert_eq!(short["issue_distribution"], json!({"style": 2}));
    let six = client.json(&["ISSUE.TRENDS", repo, "DAYS", "6"]);
    assert_eq!(six["severity_distribution"], json!({"low": 12, "info": 3}));
    let long = client.json(&["ISSUE.TRENDS", repo, "DAYS", "3650"]);
    assert_eq!(long["issue_distribution"], json!({"style": 1012, "docs": 3}));
}

#[test]
fn names_with_colons_are_counted_under_their_own_name() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "issues/colons";
    client.int(&["ISSUE.TRACK", repo, "a:b", "c%d", "lo:w"]);
    client.int(&["ISSUE.TRACK", repo, "a", "b:c%d", "w"]);
    assert_eq!(client.json(&["ISSUE.GET", repo, "a:b", "c%d"])["frequency"], 1);
    let trends = client.json(&["ISSUE.TRENDS", repo]);
    assert_eq!(trends["issue_distribution"], json!({"a:b": 1, "a": 1}));
    assert_eq!(trends["severity_distribution"], json!({"lo:w": 1, "w": 1}));
    let mut members = client.texts(&["HKEYS", "pm:{issues/colons}:issues"]);
    members.sort();
    assert_eq!(members, ["a%3Ab:c%25d", "a:b%3Ac%25d"]);
    let day = format!("pm:{{issues/colons}}:day:{}", today(&mut client));
    let counters = client.map(&["HGETALL", &day]);
    assert_eq!(counters["issue:a%3Ab:lo%3Aw"], "1");
}

#[test]
fn the_issue_hash_holds_json_that_any_client_reads() {
    let server = Server::shared();
    let mut client = server.client();
    client.int(&["ISSUE.TRACK", "issues/plain", "style", "E501", "low", "COUNT", "3"]);
    let record = client.json(&["HGET", "pm:{issues/plain}:issues", "style:E501"]);
    assert_eq!(record["frequency"], 3);
    assert_eq!(record["severity"], "low");
    assert!(!record["created_at"].is_null() && !record["last_seen"].is_null(), "{record}");
}

/// Writes a day's counters with plain commands, as a day long past would have left them.
#[track_caller]
fn plant_day(client: &mut Client, repo: &str, age: i64, counters: &[(&str, &str)]) {
    let date = day_before(client, age);
    let key = format!("pm:{{{repo}}}:day:{date}");
    for (field, count) in counters {
        client.int(&["HSET", &key, field, count]);
    }
    client.int(&["EXPIRE", &key, "7000000"]);
    client.int(&["HSET", &format!("pm:{{{repo}}}:meta"), &format!("day:{date}"), "1"]);
}

#[track_caller]
fn rules(trends: &Json) -> Vec<&str> {
    array(&trends["trending_issues"]).iter().map(|issue| text(&issue["issue_rule"])).collect()
}
