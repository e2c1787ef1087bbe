//! `PATTERN.RULES`: which redaction rules are in force.

use anonymizer::Origin;
use serde::Serialize;

use super::super::arguments::Arguments;
use crate::memory::{Error, Result, Timestamp};
use crate::server::anonymization;
use crate::server::{Answer, Arg, Command, Definition, Invocation, KeyAccess, Reply};

/// The command.
pub struct Rules;

impl Definition for Rules {
    const COMMAND: Command = Command {
        name: "PATTERN.RULES",
        summary: "Lists the redaction rules in force; RELOAD reads the file of rules again first.",
        complexity: "O(N) with N the rules",
        since: "0.1.0",
        access: KeyAccess::None,
        denied_on_oom: false,
        slow: true,
        args: &[Arg::flag("RELOAD", "reload").optional()],
        replies: "A document with the number of rules, the `rules_file` (null: none), when they were loaded, and of each rule its `id`, `family`, `kind` and `origin`. A file that is refused leaves the rules in force.",
        example: ("PATTERN.RULES", r#"{"count":328,"rules_file":null,"loaded_at":"2026-11-23T09:00:00.000Z","rules":[{"id":"github-token","family":"source-hosting","kind":"secret","origin":"built-in"},…]}"#),
    };

    fn run(call: &Invocation<'_>) -> Result<Answer> {
        let mut arguments = Arguments::new(call, &Self::COMMAND);
        let reload = arguments.option()?.is_some();
        arguments.end()?;
        if reload {
            anonymization::reload().map_err(Error::refused)?;
        }
        let in_force = anonymization::current();
        let rule = |rule| Rule::of(rule);
        let rules: Vec<Rule<'_>> = in_force.anonymizer.rules().iter().map(rule).collect();
        Ok(Answer::say(Reply::json(&Listing {
            count: rules.len(),
            rules_file: anonymization::rules_file(),
            loaded_at: anonymization::loaded_at(),
            rules,
        })))
    }
}

#[derive(Serialize)]
struct Listing<'a> {
    count: usize,
    rules_file: Option<String>,
    loaded_at: Option<Timestamp>,
    rules: Vec<Rule<'a>>,
}

#[derive(Serialize)]
struct Rule<'a> {
    id: &'a str,
    family: &'a str,
    kind: &'a str,
    origin: &'a str,
}

impl<'a> Rule<'a> {
    fn of(rule: &'a anonymizer::Rule) -> Self {
        Rule {
            id: rule.id(),
            family: rule.family(),
            kind: rule.kind().as_str(),
            origin: match rule.origin() {
                Origin::BuiltIn => "built-in",
                Origin::User => "user",
            },
        }
    }
}
