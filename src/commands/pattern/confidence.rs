//! `PATTERN.CONFIDENCE`: how sure the agents are.

use super::super::arguments::Arguments;
use crate::memory::patterns::{self, DEFAULT_ID};
use crate::memory::{Identifier, Result};
use crate::server::{Answer, Arg, Command, Definition, Invocation, KeyAccess, Reply};

/// The command.
pub struct Confidence;

impl Definition for Confidence {
    const COMMAND: Command = Command {
        name: "PATTERN.CONFIDENCE",
        summary: "Sets the confidence of a pattern, which enters its history.",
        complexity: "O(N) with N the size of the data",
        since: "0.1.0",
        access: KeyAccess::Write,
        denied_on_oom: true,
        slow: false,
        args: &[
            Arg::REPO,
            Arg::text("type"),
            Arg::number("confidence"),
            Arg::option("ID", Arg::text("id")),
            Arg::option("REASON", Arg::free_text("reason")),
        ],
        replies: "The new version, nil where there is no such pattern.",
        example: (
            "PATTERN.CONFIDENCE acme/web naming 0.95 REASON \"seen in review\"",
            "(integer) 2",
        ),
    };

    fn run(call: &Invocation<'_>) -> Result<Answer> {
        let mut arguments = Arguments::new(call, &Self::COMMAND);
        let repo = arguments.repo()?;
        let pattern_type = arguments.identifier("type")?;
        let confidence = arguments.confidence("confidence")?;
        let (mut id, mut reason) = (Identifier::own(DEFAULT_ID), None);
        while let Some(option) = arguments.option()? {
            match option {
                "ID" => id = arguments.identifier("ID")?,
                _ => reason = Some(arguments.text("REASON")?),
            }
        }
        let view = call.view(repo);
        let user = call.user();
        let set = patterns::set_confidence(&view, pattern_type, id, confidence, reason, user)?;
        Ok(match set {
            Some((effects, version)) => {
                let version = i64::try_from(version).unwrap_or(i64::MAX);
                Answer::after(effects, Reply::Integer(version))
            }
            None => Answer::say(Reply::Nil),
        })
    }
}
