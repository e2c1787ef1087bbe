//! `PATTERN.INSIGHTS`: everything at once.

use super::super::arguments::Arguments;
use crate::memory::{insights, Result};
use crate::server::{Answer, Arg, Command, Definition, Invocation, KeyAccess, Reply};

/// The command.
pub struct Insights;

impl Definition for Insights {
    const COMMAND: Command = Command {
        name: "PATTERN.INSIGHTS",
        summary: "Answers everything that is known of a repo at once, and what to do about it.",
        complexity: "O(P log P + D) with P the patterns of the repo and D the counters of the window",
        since: "0.1.0",
        access: KeyAccess::Read,
        denied_on_oom: false,
        slow: true,
        args: &[Arg::REPO, Arg::DAYS, Arg::TOP],
        replies: "A document with `team_patterns`, `issue_trends`, `fix_success_rates`, `learning_analytics`, `pattern_confidence_summary` and `recommendations`. `DAYS` is 30 and `TOP` 20 where not given; `TOP` bounds the patterns and the trending issues.",
        example: ("PATTERN.INSIGHTS acme/web", r#"{"team_patterns":[…],"issue_trends":{…},…,"recommendations":["Enforce 1 well-established pattern (0.8 or more): naming default (0.95)."]}"#),
    };

    fn run(call: &Invocation<'_>) -> Result<Answer> {
        let mut arguments = Arguments::new(call, &Self::COMMAND);
        let repo = arguments.repo()?;
        let (mut days, mut top) = (30, 20);
        while let Some(option) = arguments.option()? {
            match option {
                "DAYS" => days = arguments.days()?,
                _ => top = arguments.rows("TOP")?,
            }
        }
        let insights = insights::insights(&call.view(repo), days, top)?;
        Ok(Answer::say(Reply::json(&insights)))
    }
}
