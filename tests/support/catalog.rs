//! Every command of the design with a valid argument list that uses every option it has.

/// One valid call.
pub struct Call {
    /// The command and its arguments; `REPO` stands for the repo, `EXPORT` for an exported document.
    pub words: &'static [&'static str],
    /// Does it write?
    pub writes: bool,
}

impl Call {
    /// The command's name.
    pub fn name(&self) -> &'static str {
        self.words[0]
    }

    /// The call for a repo and an export.
    pub fn for_repo(&self, repo: &str, export: &str) -> Vec<String> {
        self.words
            .iter()
            .map(|word| match *word {
                "REPO" => repo.to_owned(),
                "EXPORT" => export.to_owned(),
                word => word.to_owned(),
            })
            .collect()
    }

    /// Has it a repo, and so a key?
    pub fn has_repo(&self) -> bool {
        self.words.get(1) == Some(&"REPO")
    }
}

const fn read(words: &'static [&'static str]) -> Call {
    Call { words, writes: false }
}

const fn write(words: &'static [&'static str]) -> Call {
    Call { words, writes: true }
}

/// Every command, with every option. They work in this order on a repo that `fill` has filled; the last ones empty it.
pub const CALLS: &[Call] = &[
    read(&["PATTERN.GET", "REPO", "naming", "ID", "default"]),
    read(&["PATTERN.LIST", "REPO", "TYPE", "naming", "MINCONFIDENCE", "0.1", "LIMIT", "0", "10"]),
    read(&["PATTERN.EVOLUTION", "REPO", "naming", "ID", "default", "DAYS", "7", "LIMIT", "5"]),
    read(&["PATTERN.INSIGHTS", "REPO", "DAYS", "7", "TOP", "5"]),
    read(&["PATTERN.EXPORT", "REPO"]),
    read(&["PATTERN.REPOS", "CURSOR", "0", "MATCH", "*", "COUNT", "10"]),
    read(&["PATTERN.ANONYMIZE", r#"{"text":"plain"}"#, "JSON"]),
    read(&["PATTERN.RULES"]),
    read(&["PATTERN.HEALTH", "REPO"]),
    read(&["ISSUE.GET", "REPO", "style", "E501"]),
    read(&["ISSUE.TRENDS", "REPO", "DAYS", "7", "TOP", "5", "TYPE", "style", "SEVERITY", "low"]),
    read(&["ISSUE.HISTORY", "REPO", "DAYS", "7", "TYPE", "style", "SEVERITY", "low"]),
    read(&["FIX.RATES", "REPO"]),
    read(&["FIX.ADVISE", "REPO", "style", "AUTO", "0.9", "STOP", "0.5", "LIMIT", "3"]),
    read(&["FIX.LIST", "REPO", "LIMIT", "0", "10"]),
    read(&["SESSION.ANALYTICS", "REPO", "DAYS", "7"]),
    read(&["SESSION.LIST", "REPO", "LIMIT", "0", "10"]),
    write(&[
        "PATTERN.STORE", "REPO", "naming", r#"{"style":"kebab"}"#, "ID", "default", "CONFIDENCE", "0.4", "REASON",
        "because", "IFVERSION", "3", "TTL", "5000",
    ]),
    write(&["PATTERN.CONFIDENCE", "REPO", "naming", "0.6", "ID", "default", "REASON", "because"]),
    write(&["ISSUE.TRACK", "REPO", "style", "E501", "low", "COUNT", "2"]),
    write(&["ISSUE.MTRACK", "REPO", "style", "E501", "low", "2", "style", "W291", "info", "1"]),
    write(&[
        "FIX.RECORD", "REPO", "style", "autoformat", "1", "FEEDBACK", "0.5", "METADATA", r#"{"a":1}"#, "ID", "run-2",
    ]),
    write(&["SESSION.RECORD", "REPO", "nightly", "1", "2", "DATA", r#"{"b":2}"#]),
    write(&["PATTERN.IMPORT", "REPO", "EXPORT", "MERGE"]),
    write(&["PATTERN.RETAIN", "REPO", "8000000"]),
    write(&["PATTERN.DEL", "REPO", "naming", "ID", "default"]),
    write(&["PATTERN.FORGET", "REPO"]),
];
