//! `PATTERN.RETAIN`: how long a memory is kept.

use super::super::arguments::Arguments;
use crate::memory::{upkeep, Result};
use crate::server::{Answer, Arg, Command, Definition, Invocation, KeyAccess, Reply};

/// The command.
pub struct Retain;

impl Definition for Retain {
    const COMMAND: Command = Command {
        name: "PATTERN.RETAIN",
        summary: "Gives every key of a repo the same TTL, shorter or longer than it had.",
        complexity:
            "O(N) with N the keys of the repo, and about 12,000 possible names of day keys (1.5 ms)",
        since: "0.1.0",
        access: KeyAccess::Write,
        denied_on_oom: false,
        slow: true,
        args: &[Arg::REPO, Arg::integer("seconds")],
        replies: "The number of keys.",
        example: ("PATTERN.RETAIN acme/web 2592000", "(integer) 9"),
    };

    fn run(call: &Invocation<'_>) -> Result<Answer> {
        let mut arguments = Arguments::new(call, &Self::COMMAND);
        let repo = arguments.repo()?;
        let ttl = arguments.ttl("seconds")?;
        arguments.end()?;
        let (effects, keys) = upkeep::retain(&call.view(repo), ttl)?;
        Ok(Answer::after(effects, Reply::Integer(keys)))
    }
}
