//! `PATTERN.DEL`: removes a record.

use super::super::arguments::Arguments;
use crate::memory::patterns::{self, DEFAULT_ID};
use crate::memory::{Identifier, Result};
use crate::server::{Answer, Arg, Command, Definition, Invocation, KeyAccess, Reply};

/// The command.
pub struct Del;

impl Definition for Del {
    const COMMAND: Command = Command {
        name: "PATTERN.DEL",
        summary: "Removes a pattern, its index entry and its history.",
        complexity: "O(N) with N the changes in its history",
        since: "0.1.0",
        access: KeyAccess::Delete,
        denied_on_oom: false,
        slow: false,
        args: &[
            Arg::REPO,
            Arg::text("type"),
            Arg::option("ID", Arg::text("id")),
        ],
        replies: "How many patterns were removed: 1 or 0.",
        example: ("PATTERN.DEL acme/web naming", "(integer) 1"),
    };

    fn run(call: &Invocation<'_>) -> Result<Answer> {
        let mut arguments = Arguments::new(call, &Self::COMMAND);
        let repo = arguments.repo()?;
        let pattern_type = arguments.identifier("type")?;
        let mut id = Identifier::own(DEFAULT_ID);
        while arguments.option()?.is_some() {
            id = arguments.identifier("ID")?;
        }
        let (effects, removed) = patterns::delete(&call.view(repo), pattern_type, id)?;
        Ok(Answer::after(effects, Reply::Integer(removed)))
    }
}
