//! What every target does: a memory with something of everything, and every report on it.

use pattern_memory::memory::testing::Memory;
use pattern_memory::memory::{Error, Result};
use pattern_memory::server::{trial, Reply};

/// Runs a command whose words are text.
pub fn run(memory: &Memory, words: &[&str]) -> Result<Reply> {
    let args: Vec<&[u8]> = words[1..].iter().map(|word| word.as_bytes()).collect();
    trial::run(memory, words[0], &args).map(|answer| answer.reply)
}

/// A memory with something of everything in the repo `r`.
pub fn filled() -> Memory {
    thread_local! {
        static FILLED: Memory = {
            let memory = Memory::empty();
            for words in WRITES {
                run(&memory, words).expect("a right call");
            }
            memory
        };
    }
    FILLED.with(Memory::clone)
}

const WRITES: &[&[&str]] = &[
    &[
        "PATTERN.STORE",
        "r",
        "naming",
        r#"{"style":"snake_case"}"#,
        "CONFIDENCE",
        "0.5",
        "REASON",
        "guide",
    ],
    &[
        "PATTERN.STORE",
        "r",
        "naming",
        r#"{"style":"camelCase"}"#,
        "CONFIDENCE",
        "0.9",
    ],
    &["PATTERN.STORE", "r", "a:b%c", "{}", "ID", "AUTO"],
    &["PATTERN.CONFIDENCE", "r", "naming", "0.7"],
    &["ISSUE.TRACK", "r", "style", "E501", "low", "COUNT", "3"],
    &[
        "ISSUE.MTRACK",
        "r",
        "style",
        "W291",
        "low",
        "2",
        "security",
        "S105",
        "high",
        "4",
    ],
    &[
        "FIX.RECORD",
        "r",
        "style",
        "autoformat",
        "1",
        "FEEDBACK",
        "0.5",
        "METADATA",
        r#"{"a":1}"#,
        "ID",
        "run-1",
    ],
    &[
        "SESSION.RECORD",
        "r",
        "nightly",
        "3",
        "2",
        "DATA",
        r#"{"files":12}"#,
    ],
];

const READS: &[&[&str]] = &[
    &["PATTERN.GET", "r", "naming"],
    &["PATTERN.LIST", "r", "LIMIT", "0", "3"],
    &["PATTERN.EVOLUTION", "r", "naming"],
    &["PATTERN.INSIGHTS", "r", "TOP", "2"],
    &["ISSUE.GET", "r", "style", "E501"],
    &["ISSUE.TRENDS", "r", "TOP", "2"],
    &["ISSUE.TRENDS", "r", "TYPE", "style", "SEVERITY", "low"],
    &["ISSUE.HISTORY", "r", "DAYS", "2"],
    &["FIX.RATES", "r"],
    &["FIX.ADVISE", "r", "style"],
    &["FIX.LIST", "r", "LIMIT", "0", "2"],
    &["SESSION.ANALYTICS", "r"],
    &["SESSION.LIST", "r", "LIMIT", "0", "2"],
];

/// Every report is answered, and is JSON; but for the export, which looks for ten years of days.
pub fn every_report(memory: &Memory) {
    for words in READS {
        match run(memory, words) {
            Ok(Reply::Json(text)) => {
                serde_json::from_str::<serde::de::IgnoredAny>(&text).expect("an answer is JSON");
            }
            Ok(_) => {}
            Err(error) => panic!("{} answered {error}", words[0]),
        }
    }
}

/// Every write is carried out or refused for a reason.
#[allow(dead_code, reason = "not every target writes")]
pub fn every_write(memory: &Memory) {
    for words in WRITES {
        if let Err(error) = run(memory, words) {
            is_well_put(&error);
        }
    }
}

/// A refusal is one line of ASCII, and nothing of the module's own went wrong.
#[allow(dead_code, reason = "not every target is refused")]
pub fn is_well_put(error: &Error) {
    let text = error.to_string();
    assert!(!matches!(error, Error::Internal(_)), "{text}");
    assert!(
        text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) && text.len() < 600,
        "{text}"
    );
}

/// The export of the repo.
#[allow(dead_code, reason = "not every target exports")]
pub fn export(memory: &Memory) -> String {
    match run(memory, &["PATTERN.EXPORT", "r"]) {
        Ok(Reply::Json(text)) => text,
        other => panic!("an export answered {other:?}"),
    }
}
