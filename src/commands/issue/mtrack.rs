//! `ISSUE.MTRACK`: counts a whole run of a linter.

use super::super::arguments::Arguments;
use crate::memory::issues::{self, Occurrence};
use crate::memory::{Error, Result};
use crate::server::{Answer, Arg, Command, Definition, Invocation, KeyAccess, Reply};

/// The most issues of one call.
const MOST_ISSUES: usize = 65_536;

/// The command.
pub struct Mtrack;

impl Definition for Mtrack {
    const COMMAND: Command = Command {
        name: "ISSUE.MTRACK",
        summary: "Counts occurrences of many issues, all or nothing.",
        complexity: "O(M log N) with M the issues given and N the issues of the repo",
        since: "0.1.0",
        access: KeyAccess::Write,
        denied_on_oom: true,
        slow: true,
        args: &[
            Arg::REPO,
            Arg::block(
                "issue",
                &[
                    Arg::text("type"),
                    Arg::text("rule"),
                    Arg::text("severity"),
                    Arg::integer("count"),
                ],
            )
            .multiple(),
        ],
        replies: "An array of the new frequencies, in the order given.",
        example: (
            "ISSUE.MTRACK acme/web style E501 low 3 security S105 high 1",
            "1) (integer) 6\
2) (integer) 1",
        ),
    };

    fn run(call: &Invocation<'_>) -> Result<Answer> {
        let mut arguments = Arguments::new(call, &Self::COMMAND);
        let repo = arguments.repo()?;
        if arguments.left() % 4 != 0 {
            return Err(Error::refused(
                "issues must come in groups of four: type rule severity count",
            ));
        }
        if arguments.left() / 4 > MOST_ISSUES {
            return Err(Error::refused(format!(
                "one call takes at most {MOST_ISSUES} issues"
            )));
        }
        let most = call.settings.max_payload;
        if arguments.bytes_left() > most {
            return Err(Error::refused(format!(
                "the issues of one call must have at most {most} bytes (patternmemory.max-payload)"
            )));
        }
        let mut occurrences = Vec::with_capacity(arguments.left() / 4);
        while arguments.more() {
            occurrences.push(Occurrence {
                issue_type: arguments.identifier("type")?,
                rule: arguments.identifier("rule")?,
                severity: arguments.identifier("severity")?,
                count: arguments.count("count", 1)?,
            });
        }
        let (effects, frequencies) = issues::track(&call.view(repo), &occurrences)?;
        Ok(Answer::after(effects, Reply::Integers(frequencies)))
    }
}
