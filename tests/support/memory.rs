//! Something of every kind in a repo, and credentials that are none.

use super::Client;

/// Things that look like secrets to the anonymizer and like examples to a reader: the text that holds one,
/// and the part of it that must never be seen again.
pub const FAKE_SECRETS: &[(&str, &str)] = &[
    (
        "token: ghp_EXAMPLEexample0123456789abcdefABCDEF",
        "ghp_EXAMPLEexample0123456789abcdefABCDEF",
    ),
    ("key AKIAEXAMPLE123456789 here", "AKIAEXAMPLE123456789"),
    (
        "stripe.api_key = 'sk_live_EXAMPLEexample0123456789'",
        "sk_live_EXAMPLEexample0123456789",
    ),
    (
        "see postgres://app:EXAMPLE-password@db.example.com/x",
        "EXAMPLE-password",
    ),
    ("password = \"EXAMPLE-hunter2-x9\"", "EXAMPLE-hunter2-x9"),
    (
        "-----BEGIN RSA PRIVATE KEY-----\nEXAMPLEexampleEXAMPLEexampleEXAMPLEexampleEXAMPLE0123456789abcdef\nEXAMPLE2exampleEXAMPLEexampleEXAMPLEexampleEXAMPLE0123456789abcdef\n-----END RSA PRIVATE KEY-----",
        "EXAMPLEexampleEXAMPLEexampleEXAMPLEexampleEXAMPLE0123456789abcdef",
    ),
    (
        "ask jane.example@acme-corp.io about it",
        "jane.example@acme-corp.io",
    ),
];

/// Calls that put something of every kind into a repo: every key of the data model exists afterwards.
#[rustfmt::skip]
pub fn filling(repo: &str) -> Vec<Vec<&str>> {
    vec![
        vec!["PATTERN.STORE", repo, "naming", r#"{"style":"snake_case"}"#, "CONFIDENCE", "0.5"],
        vec![
            "PATTERN.STORE", repo, "naming", r#"{"style":"camelCase","since":2}"#, "CONFIDENCE", "0.9", "REASON",
            "seen in review",
        ],
        vec!["PATTERN.STORE", repo, "imports", r#"{"order":["std","own"]}"#, "ID", "AUTO"],
        vec!["PATTERN.STORE", repo, "a:b%c", r#"{"snippet":"x = 1"}"#, "ID", "d:e"],
        vec!["PATTERN.CONFIDENCE", repo, "naming", "0.7", "REASON", "second thoughts"],
        vec!["ISSUE.TRACK", repo, "style", "E501", "low", "COUNT", "3"],
        vec!["ISSUE.MTRACK", repo, "style", "E501", "low", "2", "security", "S105", "high", "4"],
        vec![
            "FIX.RECORD", repo, "style", "autoformat", "1", "FEEDBACK", "0.5", "METADATA", r#"{"tool":"ruff"}"#, "ID",
            "run-1",
        ],
        vec!["FIX.RECORD", repo, "security", "rewrite", "0"],
        vec!["SESSION.RECORD", repo, "nightly", "3", "2", "DATA", r#"{"files":12}"#],
    ]
}

/// Puts something of every kind into a repo.
#[track_caller]
pub fn fill(client: &mut Client, repo: &str) {
    for call in filling(repo) {
        client.run(&call);
    }
}
