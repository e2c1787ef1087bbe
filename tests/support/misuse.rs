//! Calls of every command with a text at every place, where it belongs and where it does not.

use serde_json::json;

use super::catalog::{Call, CALLS};

/// Every command of the catalog, with the text in the place of each argument, put in before it, and as the last one of
/// a call that is cut short; and, where an argument is JSON, in keys and values inside of it.
pub fn every_place(repo: &str, export: &str, text: &str) -> Vec<Vec<String>> {
    CALLS.iter().flat_map(|call| places(call, repo, export, text)).collect()
}

fn places(call: &Call, repo: &str, export: &str, text: &str) -> Vec<Vec<String>> {
    let good = call.for_repo(repo, export);
    let mut calls = Vec::new();
    for place in 1..=good.len() {
        let mut longer = good.clone();
        longer.insert(place, text.to_owned());
        calls.push(longer);
        let Some(word) = good.get(place) else { continue };
        let mut replaced = good.clone();
        replaced[place] = text.to_owned();
        calls.push(replaced[..=place].to_vec());
        calls.push(replaced);
        if word.starts_with('{') {
            for document in documents(word, text) {
                let mut nested = good.clone();
                nested[place] = document;
                calls.push(nested);
            }
        }
    }
    // A version that is not there any more would have it do nothing.
    calls.iter().map(|call| without_version(call)).collect()
}

/// The JSON with the text in it.
fn documents(word: &str, text: &str) -> Vec<String> {
    let quoted = json!(text).to_string();
    if let Some(style) = word.find("snake_case") {
        // An export: in a value that it holds.
        let (before, after) = (&word[..style], &word[style + "snake_case".len()..]);
        return vec![format!("{before}{}{after}", &quoted[1..quoted.len() - 1])];
    }
    vec![
        json!({"a": {"b": ["plain", {"code": text}]}}).to_string(),
        json!({text: {"deep": {text: 1}}}).to_string(),
        // JSON in a string, as a tool's output often is.
        json!({"output": json!({"inner": text}).to_string()}).to_string(),
    ]
}

fn without_version(call: &[String]) -> Vec<String> {
    let mut call = call.to_vec();
    if let Some(at) = call.windows(2).position(|pair| pair[0] == "IFVERSION" && pair[1] == "3") {
        call.drain(at..at + 2);
    }
    call
}
