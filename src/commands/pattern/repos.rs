//! `PATTERN.REPOS`: which repos there are.

use serde::Serialize;

use super::super::arguments::Arguments;
use crate::memory::{glob, Repo, Result};
use crate::server::{Answer, Arg, Command, Definition, Invocation, KeyAccess, Reply};

/// The command.
pub struct Repos;

impl Definition for Repos {
    const COMMAND: Command = Command {
        name: "PATTERN.REPOS",
        summary: "Iterates over the repos held by this server that the caller may read.",
        complexity: "O(1) a call, O(N) for a whole iteration with N the keys of the database",
        since: "0.1.0",
        access: KeyAccess::None,
        denied_on_oom: false,
        slow: true,
        args: &[Arg::option("CURSOR", Arg::integer("cursor")), Arg::option("MATCH", Arg::glob("glob")), Arg::option("COUNT", Arg::integer("count"))],
        replies: "A document with the next `cursor` (text; \"0\" at the end) and `repos`. As with `SCAN`, a call may bring no repo and yet not be the last.",
        example: ("PATTERN.REPOS MATCH acme/* COUNT 1000", r#"{"cursor":"0","repos":["acme/web"]}"#),
    };

    fn run(call: &Invocation<'_>) -> Result<Answer> {
        let mut arguments = Arguments::new(call, &Self::COMMAND);
        let (mut cursor, mut wanted, mut count) = (0, "*", 100);
        while let Some(option) = arguments.option()? {
            match option {
                "CURSOR" => cursor = arguments.whole("CURSOR", 0, u64::MAX)?,
                "MATCH" => wanted = arguments.identifier("MATCH")?.as_str(),
                _ => count = arguments.whole("COUNT", 1, 10_000)?,
            }
        }
        let (before, after) = (format!("{}:{{", call.prefix), "}:meta");
        // By the same glob for everybody: where the server's scan stops depends on what matches, and so would tell
        // whether there is a repo that the caller may not read.
        let every = [&before, "*", after].concat();
        let (cursor, keys) = call.facts.scan(cursor, every.as_bytes(), count)?;
        let named = |key: &Vec<u8>| {
            let name = key
                .strip_prefix(before.as_bytes())?
                .strip_suffix(after.as_bytes())?;
            let repo = Repo::parse(name, call.anonymizer).ok()?;
            let is_meant = glob::matches(wanted.as_bytes(), name) && call.facts.may_read(repo);
            is_meant.then(|| repo.to_string())
        };
        let mut repos: Vec<String> = keys.iter().filter_map(named).collect();
        repos.sort();
        repos.dedup();
        let cursor = cursor.to_string();
        Ok(Answer::say(Reply::json(&Page { cursor, repos })))
    }
}

#[derive(Serialize)]
struct Page {
    cursor: String,
    repos: Vec<String>,
}
