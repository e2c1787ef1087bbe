//! `ISSUE.TRACK`: counts an occurrence.

use super::super::arguments::Arguments;
use crate::memory::issues::{self, Occurrence};
use crate::memory::Result;
use crate::server::{Answer, Arg, Command, Definition, Invocation, KeyAccess, Reply};

/// The command.
pub struct Track;

impl Definition for Track {
    const COMMAND: Command = Command {
        name: "ISSUE.TRACK",
        summary: "Counts occurrences of an issue; a later severity replaces the earlier.",
        complexity: "O(log N) with N the issues of the repo",
        since: "0.1.0",
        access: KeyAccess::Write,
        denied_on_oom: true,
        slow: false,
        args: &[
            Arg::REPO,
            Arg::text("type"),
            Arg::text("rule"),
            Arg::text("severity"),
            Arg::option("COUNT", Arg::integer("count")),
        ],
        replies: "The new frequency.",
        example: ("ISSUE.TRACK acme/web style E501 low COUNT 3", "(integer) 3"),
    };

    fn run(call: &Invocation<'_>) -> Result<Answer> {
        let mut arguments = Arguments::new(call, &Self::COMMAND);
        let repo = arguments.repo()?;
        let mut occurrence = Occurrence {
            issue_type: arguments.identifier("type")?,
            rule: arguments.identifier("rule")?,
            severity: arguments.identifier("severity")?,
            count: 1,
        };
        while arguments.option()?.is_some() {
            occurrence.count = arguments.count("COUNT", 1)?;
        }
        let (effects, frequencies) = issues::track(&call.view(repo), &[occurrence])?;
        Ok(Answer::after(effects, Reply::Integer(frequencies[0])))
    }
}
