//! Every example of every built-in rule file is found, no near miss is.

use anonymizer::{Anonymizer, Kind};
use std::path::Path;

#[derive(serde::Deserialize)]
struct File {
    rules: Vec<Entry>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    id: String,
    description: String,
    examples: Vec<String>,
    near_misses: Vec<String>,
}

fn files() -> Vec<(String, File)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let mut files: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            let file =
                toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            (path.file_stem().unwrap().to_str().unwrap().to_owned(), file)
        })
        .collect();
    files.sort_by(|a, b| a.0.cmp(&b.0));
    files
}

#[test]
fn examples_are_found_by_their_own_rule_and_near_misses_are_not() {
    let anonymizer = Anonymizer::new();
    let mut wrong = Vec::new();
    for (family, file) in files() {
        for entry in file.rules {
            let number = anonymizer
                .rules()
                .iter()
                .position(|rule| rule.id() == entry.id);
            let number =
                number.unwrap_or_else(|| panic!("{family} is not in the list of built-in files"));
            assert_eq!(anonymizer.rules()[number].family(), family);
            assert!(
                !entry.description.is_empty() && !entry.examples.is_empty(),
                "{}",
                entry.id
            );
            for example in &entry.examples {
                let (text, redactions) = anonymizer.text(example);
                if !redactions.iter().any(|(rule, _)| rule == number) {
                    wrong.push(format!("{}: {example} -> {text}", entry.id));
                }
            }
            for near_miss in &entry.near_misses {
                let (text, redactions) = anonymizer.text(near_miss);
                if redactions.iter().any(|(rule, _)| rule == number) {
                    wrong.push(format!("{}: {near_miss} -> {text}", entry.id));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn rules_have_unique_ids_and_kinds_have_unique_names() {
    let anonymizer = Anonymizer::new();
    let mut ids: Vec<_> = anonymizer.rules().iter().map(|rule| rule.id()).collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
    let mut names: Vec<_> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Kind::ALL.len());
}
