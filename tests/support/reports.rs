//! Every report of a repo, in a form that compares: without what changes as time goes by.

use serde_json::Value as Json;

use super::{array, Client};

/// What moves with the clock, or names the repo.
const PASSING: [&str; 11] = [
    "trend_score", "fast_rate", "slow_rate", "burst", "burst_p", "success_low", "success_high", "recent_success_rate",
    "exported_at", "repo", "action",
];

/// Every report on the last ten years of a repo.
#[track_caller]
pub fn reports(client: &mut Client, repo: &str) -> Json {
    let ten_years = ["DAYS", "3650"];
    let mut calls: Vec<Vec<&str>> = vec![
        vec!["PATTERN.LIST", repo, "LIMIT", "0", "1000"],
        vec!["PATTERN.EXPORT", repo],
        [&["ISSUE.TRENDS", repo, "TOP", "1000"], &ten_years[..]].concat(),
        [&["SESSION.ANALYTICS", repo], &ten_years[..]].concat(),
        vec!["FIX.RATES", repo],
        vec!["FIX.ADVISE", repo, "style"],
        vec!["FIX.LIST", repo, "LIMIT", "0", "1000"],
        vec!["SESSION.LIST", repo, "LIMIT", "0", "1000"],
    ];
    let patterns = client.json(&calls[0]);
    let names = array(&patterns).iter().map(|pattern| {
        let text = |field: &str| pattern[field].as_str().expect("a name").to_owned();
        (text("pattern_type"), text("id"))
    });
    let names: Vec<_> = names.collect();
    calls.extend(names.iter().map(|(kind, id)| vec!["PATTERN.EVOLUTION", repo, kind, "ID", id]));
    let mut all: Vec<Json> = calls.iter().map(|call| client.json(call)).collect();
    // Days without anything fill ten years.
    let mut history = client.json(&[&["ISSUE.HISTORY", repo], &ten_years[..]].concat());
    if let Some(days) = history["days"].as_array_mut() {
        days.retain(|day| day["total"] != 0);
    }
    all.push(history);
    // Which fix comes first changes as what was tried fades.
    for report in &mut all {
        if let Some(fixes) = report.as_array_mut().filter(|fixes| fixes.iter().any(|fix| fix["action"].is_string())) {
            fixes.sort_by_key(|fix| fix["fix_type"].to_string());
        }
    }
    all.iter_mut().for_each(still);
    Json::Array(all)
}

fn still(document: &mut Json) {
    match document {
        Json::Array(items) => items.iter_mut().for_each(still),
        Json::Object(fields) => {
            fields.retain(|name, _| !PASSING.contains(&name.as_str()));
            fields.values_mut().for_each(still);
        }
        _ => {}
    }
}
