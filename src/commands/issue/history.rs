//! `ISSUE.HISTORY`: occurrences day by day.

use super::super::arguments::Arguments;
use crate::memory::issues::{self, Filter};
use crate::memory::Result;
use crate::server::{Answer, Arg, Command, Definition, Invocation, KeyAccess, Reply};

/// The command.
pub struct History;

impl Definition for History {
    const COMMAND: Command = Command {
        name: "ISSUE.HISTORY",
        summary: "Answers the occurrences of each day, days without any included.",
        complexity: "O(D) with D the counters of the window",
        since: "0.1.0",
        access: KeyAccess::Read,
        denied_on_oom: false,
        slow: true,
        args: &[Arg::REPO, Arg::DAYS, Arg::option("TYPE", Arg::text("type")), Arg::option("SEVERITY", Arg::text("severity"))],
        replies: "A document with `days` oldest first (`date`, `total`, `by_type`, `by_severity`) and the `total`. `DAYS` is 30 where not given.",
        example: ("ISSUE.HISTORY acme/web DAYS 2", r#"{"days":[{"date":"2026-11-22","total":0,"by_type":{},"by_severity":{}},{"date":"2026-11-23","total":7,…}],"total":7}"#),
    };

    fn run(call: &Invocation<'_>) -> Result<Answer> {
        let mut arguments = Arguments::new(call, &Self::COMMAND);
        let repo = arguments.repo()?;
        let (mut days, mut filter) = (30, Filter::default());
        while let Some(option) = arguments.option()? {
            match option {
                "DAYS" => days = arguments.days()?,
                "TYPE" => filter.issue_type = Some(arguments.identifier("TYPE")?),
                _ => filter.severity = Some(arguments.identifier("SEVERITY")?),
            }
        }
        let history = issues::history(&call.view(repo), days, filter)?;
        Ok(Answer::say(Reply::json(&history)))
    }
}
