//! `FIX.LIST`: the recorded outcomes.

use super::super::arguments::Arguments;
use crate::memory::{fixes, Result};
use crate::server::{Answer, Arg, Command, Definition, Invocation, KeyAccess, Reply};

/// The command.
pub struct List;

impl Definition for List {
    const COMMAND: Command = Command {
        name: "FIX.LIST",
        summary: "Lists the recorded outcomes, newest first.",
        complexity: "O(N) with N the elements passed over and listed",
        since: "0.1.0",
        access: KeyAccess::Read,
        denied_on_oom: false,
        slow: true,
        args: &[Arg::REPO, Arg::LIMIT],
        replies: "An array of outcomes.",
        example: (
            "FIX.LIST acme/web LIMIT 0 1",
            r#"[{"issue_type":"style","fix_type":"wrap-line","success":true,"feedback_score":0.5,"metadata":null,"id":"run-17","applied_at":"2026-11-23T09:00:00.000Z"}]"#,
        ),
    };

    fn run(call: &Invocation<'_>) -> Result<Answer> {
        let mut arguments = Arguments::new(call, &Self::COMMAND);
        let repo = arguments.repo()?;
        let (mut offset, mut count) = (0, usize::MAX);
        while arguments.option()?.is_some() {
            (offset, count) = arguments.limit()?;
        }
        Ok(Answer::say(Reply::Json(fixes::list(
            &call.view(repo),
            offset,
            count,
        )?)))
    }
}
