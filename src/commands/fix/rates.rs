//! `FIX.RATES`: how fixes fare.

use super::super::arguments::Arguments;
use crate::memory::{fixes, Result};
use crate::server::{Answer, Arg, Command, Definition, Invocation, KeyAccess, Reply};

/// The command.
pub struct Rates;

impl Definition for Rates {
    const COMMAND: Command = Command {
        name: "FIX.RATES",
        summary: "Answers how every type of fix fares.",
        complexity: "O(N) with N the rows of fix statistics",
        since: "0.1.0",
        access: KeyAccess::Read,
        denied_on_oom: false,
        slow: true,
        args: &[Arg::REPO],
        replies: "A document by type of fix: `total_attempts`, `successful_fixes`, `success_rate`, `avg_feedback`, the Wilson 95 % bounds `success_low` and `success_high`, `recent_success_rate`, `last_applied_at`.",
        example: ("FIX.RATES acme/web", r#"{"wrap-line":{"total_attempts":1,"successful_fixes":1,"success_rate":1.0,"avg_feedback":0.5,"success_low":0.2065,"success_high":1.0,…}}"#),
    };

    fn run(call: &Invocation<'_>) -> Result<Answer> {
        let mut arguments = Arguments::new(call, &Self::COMMAND);
        let repo = arguments.repo()?;
        arguments.end()?;
        Ok(Answer::say(Reply::json(&fixes::rates(&call.view(repo))?)))
    }
}
