//! `SESSION.RECORD`: what a session brought.

use super::super::arguments::Arguments;
use crate::memory::{sessions, Result};
use crate::server::{Answer, Arg, Command, Definition, Invocation, KeyAccess, Reply};

/// The command.
pub struct Record;

impl Definition for Record {
    const COMMAND: Command = Command {
        name: "SESSION.RECORD",
        summary: "Records what a learning session brought.",
        complexity: "O(N) with N the size of the data",
        since: "0.1.0",
        access: KeyAccess::Write,
        denied_on_oom: true,
        slow: false,
        args: &[
            Arg::REPO,
            Arg::text("session_type"),
            Arg::integer("patterns_learned"),
            Arg::integer("insights_generated"),
            Arg::option("DATA", Arg::free_text("json")),
        ],
        replies: "The number of sessions kept.",
        example: ("SESSION.RECORD acme/web review 4 2", "(integer) 1"),
    };

    fn run(call: &Invocation<'_>) -> Result<Answer> {
        let mut arguments = Arguments::new(call, &Self::COMMAND);
        let repo = arguments.repo()?;
        let session_type = arguments.identifier("session_type")?;
        let patterns_learned = arguments.count("patterns_learned", 0)?;
        let insights_generated = arguments.count("insights_generated", 0)?;
        let mut data = None;
        while arguments.option()?.is_some() {
            data = Some(arguments.object("DATA")?);
        }
        let view = call.view(repo);
        let (effects, kept) = sessions::record(
            &view,
            session_type,
            patterns_learned,
            insights_generated,
            data,
        )?;
        Ok(Answer::after(effects, Reply::Integer(kept)))
    }
}
