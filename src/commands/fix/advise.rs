//! `FIX.ADVISE`: which fix to use.

use super::super::arguments::Arguments;
use crate::memory::fixes::{self, Thresholds};
use crate::memory::Result;
use crate::server::{Answer, Arg, Command, Definition, Invocation, KeyAccess, Reply};

/// The command.
pub struct Advise;

impl Definition for Advise {
    const COMMAND: Command = Command {
        name: "FIX.ADVISE",
        summary: "Ranks the fixes tried against a type of issue and says what to do with each.",
        complexity: "O(N) with N the rows of fix statistics",
        since: "0.1.0",
        access: KeyAccess::Read,
        denied_on_oom: false,
        slow: true,
        args: &[Arg::REPO, Arg::text("issue_type"), Arg::option("AUTO", Arg::number("auto")), Arg::option("STOP", Arg::number("stop")), Arg::option("LIMIT", Arg::integer("limit"))],
        replies: "An array, the surest first: `fix_type`, `action` (`auto`, `suggest`, `explore` or `stop`), `attempts`, `success_rate`, `success_low`, `success_high`, `avg_feedback`. `AUTO` is 0.9 and `STOP` 0.5 where not given.",
        example: ("FIX.ADVISE acme/web style", r#"[{"fix_type":"wrap-line","action":"explore","attempts":1,"success_rate":1.0,"success_low":0.2065,"success_high":1.0,"avg_feedback":0.5}]"#),
    };

    fn run(call: &Invocation<'_>) -> Result<Answer> {
        let mut arguments = Arguments::new(call, &Self::COMMAND);
        let repo = arguments.repo()?;
        let issue_type = arguments.identifier("issue_type")?;
        let (mut thresholds, mut limit) = (Thresholds::default(), usize::MAX);
        while let Some(option) = arguments.option()? {
            match option {
                "AUTO" => thresholds.auto = arguments.number("AUTO", 0.0, 1.0)?,
                "STOP" => thresholds.stop = arguments.number("STOP", 0.0, 1.0)?,
                _ => limit = arguments.rows("LIMIT")?,
            }
        }
        let advice = fixes::advise(&call.view(repo), issue_type, thresholds, limit)?;
        Ok(Answer::say(Reply::json(&advice)))
    }
}
