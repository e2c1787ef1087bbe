//! `PATTERN.EVOLUTION`: what changed in a record.

use super::super::arguments::{window_start, Arguments};
use crate::memory::patterns::{self, DEFAULT_ID};
use crate::memory::{Identifier, Result};
use crate::server::{Answer, Arg, Command, Definition, Invocation, KeyAccess, Reply};

/// The command.
pub struct Evolution;

impl Definition for Evolution {
    const COMMAND: Command = Command {
        name: "PATTERN.EVOLUTION",
        summary: "Answers the history of a pattern: what changed, from what to what, why and by whom.",
        complexity: "O(N) with N the size of the history",
        since: "0.1.0",
        access: KeyAccess::Read,
        denied_on_oom: false,
        slow: true,
        args: &[Arg::REPO, Arg::text("type"), Arg::option("ID", Arg::text("id")), Arg::DAYS, Arg::option("LIMIT", Arg::integer("limit"))],
        replies: "A document with `changes` newest first, `confidence_trend` oldest first and `total_changes`; nil where there is no such pattern.",
        example: ("PATTERN.EVOLUTION acme/web naming LIMIT 1", r#"{"pattern_type":"naming","id":"default","changes":[{"version":2,…,"confidence_change":0.05,…}],"confidence_trend":[…],"total_changes":2}"#),
    };

    fn run(call: &Invocation<'_>) -> Result<Answer> {
        let mut arguments = Arguments::new(call, &Self::COMMAND);
        let repo = arguments.repo()?;
        let pattern_type = arguments.identifier("type")?;
        let (mut id, mut days, mut limit) = (Identifier::own(DEFAULT_ID), None, usize::MAX);
        while let Some(option) = arguments.option()? {
            match option {
                "ID" => id = arguments.identifier("ID")?,
                "DAYS" => days = Some(arguments.days()?),
                _ => limit = arguments.rows("LIMIT")?,
            }
        }
        let view = call.view(repo);
        let since = window_start(view.today(), days);
        let evolution = patterns::evolution(&view, pattern_type, id, since, limit)?;
        Ok(Answer::say(Reply::json_or_nil(evolution.as_ref())))
    }
}
