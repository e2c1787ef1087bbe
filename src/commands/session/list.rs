//! `SESSION.LIST`: the recorded sessions.

use super::super::arguments::Arguments;
use crate::memory::{sessions, Result};
use crate::server::{Answer, Arg, Command, Definition, Invocation, KeyAccess, Reply};

/// The command.
pub struct List;

impl Definition for List {
    const COMMAND: Command = Command {
        name: "SESSION.LIST",
        summary: "Lists the recorded sessions, newest first.",
        complexity: "O(N) with N the elements passed over and listed",
        since: "0.1.0",
        access: KeyAccess::Read,
        denied_on_oom: false,
        slow: true,
        args: &[Arg::REPO, Arg::LIMIT],
        replies: "An array of sessions.",
        example: (
            "SESSION.LIST acme/web LIMIT 0 1",
            r#"[{"session_type":"review","patterns_learned":4,"insights_generated":2,"session_data":null,"created_at":"2026-11-23T09:00:00.000Z"}]"#,
        ),
    };

    fn run(call: &Invocation<'_>) -> Result<Answer> {
        let mut arguments = Arguments::new(call, &Self::COMMAND);
        let repo = arguments.repo()?;
        let (mut offset, mut count) = (0, usize::MAX);
        while arguments.option()?.is_some() {
            (offset, count) = arguments.limit()?;
        }
        Ok(Answer::say(Reply::Json(sessions::list(
            &call.view(repo),
            offset,
            count,
        )?)))
    }
}
