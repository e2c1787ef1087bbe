//! `SESSION.ANALYTICS`: what sessions brought in all.

use super::super::arguments::Arguments;
use crate::memory::{sessions, Result};
use crate::server::{Answer, Arg, Command, Definition, Invocation, KeyAccess, Reply};

/// The command.
pub struct Analytics;

impl Definition for Analytics {
    const COMMAND: Command = Command {
        name: "SESSION.ANALYTICS",
        summary: "Sums what the sessions of the last days brought, beyond the cap of the list.",
        complexity: "O(D) with D the counters of the window",
        since: "0.1.0",
        access: KeyAccess::Read,
        denied_on_oom: false,
        slow: true,
        args: &[Arg::REPO, Arg::DAYS],
        replies: "A document with `total_sessions`, `total_patterns_learned`, `total_insights_generated` and the `session_breakdown` by type. `DAYS` is 30 where not given.",
        example: ("SESSION.ANALYTICS acme/web", r#"{"total_sessions":1,"total_patterns_learned":4,"total_insights_generated":2,"session_breakdown":{"review":{"session_count":1,"patterns_learned":4,"insights_generated":2}}}"#),
    };

    fn run(call: &Invocation<'_>) -> Result<Answer> {
        let mut arguments = Arguments::new(call, &Self::COMMAND);
        let repo = arguments.repo()?;
        let mut days = 30;
        while arguments.option()?.is_some() {
            days = arguments.days()?;
        }
        let analytics = sessions::analytics(&call.view(repo), days)?;
        Ok(Answer::say(Reply::json(&analytics)))
    }
}
