//! `ISSUE.GET`: one issue.

use super::super::arguments::Arguments;
use crate::memory::{issues, Result};
use crate::server::{Answer, Arg, Command, Definition, Invocation, KeyAccess, Reply};

/// The command.
pub struct Get;

impl Definition for Get {
    const COMMAND: Command = Command {
        name: "ISSUE.GET",
        summary: "Answers one issue.",
        complexity: "O(1)",
        since: "0.1.0",
        access: KeyAccess::Read,
        denied_on_oom: false,
        slow: false,
        args: &[Arg::REPO, Arg::text("type"), Arg::text("rule")],
        replies: "The issue, or nil.",
        example: (
            "ISSUE.GET acme/web style E501",
            r#"{"issue_type":"style","issue_rule":"E501","severity":"low","frequency":6,"trend_score":0.6,"fast_rate":2.0,"slow_rate":0.2,"burst":true,"burst_p":0.00004,…}"#,
        ),
    };

    fn run(call: &Invocation<'_>) -> Result<Answer> {
        let mut arguments = Arguments::new(call, &Self::COMMAND);
        let repo = arguments.repo()?;
        let issue_type = arguments.identifier("type")?;
        let rule = arguments.identifier("rule")?;
        arguments.end()?;
        let issue = issues::get(&call.view(repo), issue_type, rule)?;
        Ok(Answer::say(Reply::json_or_nil(issue.as_ref())))
    }
}
