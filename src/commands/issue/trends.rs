//! `ISSUE.TRENDS`: what is on the rise.

use super::super::arguments::Arguments;
use crate::memory::issues::{self, Filter};
use crate::memory::Result;
use crate::server::{Answer, Arg, Command, Definition, Invocation, KeyAccess, Reply};

/// The command.
pub struct Trends;

impl Definition for Trends {
    const COMMAND: Command = Command {
        name: "ISSUE.TRENDS",
        summary: "Answers the issues that trend, and how occurrences are spread over types and severities.",
        complexity: "O(T + D) with T the issues asked for and D the counters of the window; O(N) with a filter, N the issues of the repo",
        since: "0.1.0",
        access: KeyAccess::Read,
        denied_on_oom: false,
        slow: true,
        args: &[Arg::REPO, Arg::DAYS, Arg::TOP, Arg::option("TYPE", Arg::text("type")), Arg::option("SEVERITY", Arg::text("severity"))],
        replies: "A document with `trending_issues`, `issue_distribution`, `severity_distribution` and `total_patterns`. `DAYS` is 30 and `TOP` 20 where not given.",
        example: ("ISSUE.TRENDS acme/web DAYS 7 TOP 5", r#"{"trending_issues":[…],"issue_distribution":{"style":6},"severity_distribution":{"low":6},"total_patterns":2}"#),
    };

    fn run(call: &Invocation<'_>) -> Result<Answer> {
        let mut arguments = Arguments::new(call, &Self::COMMAND);
        let repo = arguments.repo()?;
        let (mut days, mut top, mut filter) = (30, 20, Filter::default());
        while let Some(option) = arguments.option()? {
            match option {
                "DAYS" => days = arguments.days()?,
                "TOP" => top = arguments.rows("TOP")?,
                "TYPE" => filter.issue_type = Some(arguments.identifier("TYPE")?),
                _ => filter.severity = Some(arguments.identifier("SEVERITY")?),
            }
        }
        let trends = issues::trends(&call.view(repo), days, top, filter)?;
        Ok(Answer::say(Reply::json(&trends)))
    }
}
