//! `PATTERN.FORGET`: nothing is known any more.

use super::super::arguments::Arguments;
use crate::memory::{upkeep, Result};
use crate::server::{Answer, Arg, Command, Definition, Invocation, KeyAccess, Reply};

/// The command.
pub struct Forget;

impl Definition for Forget {
    const COMMAND: Command = Command {
        name: "PATTERN.FORGET",
        summary: "Deletes all that is known of a repo.",
        complexity:
            "O(N) with N the keys of the repo, and about 12,000 possible names of day keys (1.5 ms)",
        since: "0.1.0",
        access: KeyAccess::Delete,
        denied_on_oom: false,
        slow: true,
        args: &[Arg::REPO],
        replies: "The number of keys.",
        example: ("PATTERN.FORGET acme/web", "(integer) 9"),
    };

    fn run(call: &Invocation<'_>) -> Result<Answer> {
        let mut arguments = Arguments::new(call, &Self::COMMAND);
        let repo = arguments.repo()?;
        arguments.end()?;
        let (effects, keys) = upkeep::forget(&call.view(repo))?;
        Ok(Answer::after(effects, Reply::Integer(keys)))
    }
}
