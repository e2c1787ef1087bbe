//! `FIX.RECORD`: the outcome of a fix.

use std::borrow::Cow;

use super::super::arguments::Arguments;
use crate::memory::fixes::{self, Outcome};
use crate::memory::{Error, Identifier, Result};
use crate::server::{Answer, Arg, Command, Definition, Invocation, KeyAccess, Reply};

/// The command.
pub struct Record;

impl Definition for Record {
    const COMMAND: Command = Command {
        name: "FIX.RECORD",
        summary: "Records whether a fix worked; the same ID counts once.",
        complexity: "O(N) with N the size of the metadata",
        since: "0.1.0",
        access: KeyAccess::Write,
        denied_on_oom: true,
        slow: false,
        args: &[
            Arg::REPO,
            Arg::text("issue_type"),
            Arg::text("fix_type"),
            Arg::text("success"),
            Arg::option("FEEDBACK", Arg::number("feedback")),
            Arg::option("METADATA", Arg::free_text("json")),
            Arg::option("ID", Arg::text("idempotency-key")),
        ],
        replies: "How often this type of fix was tried, over all types of issues.",
        example: (
            "FIX.RECORD acme/web style wrap-line 1 FEEDBACK 0.5 ID run-17",
            "(integer) 1",
        ),
    };

    fn run(call: &Invocation<'_>) -> Result<Answer> {
        let mut arguments = Arguments::new(call, &Self::COMMAND);
        let repo = arguments.repo()?;
        let issue_type = arguments.identifier("issue_type")?;
        let fix_type = arguments.identifier("fix_type")?;
        let success = success(arguments.bytes("success")?)?;
        let (mut feedback_score, mut metadata, mut id) = (None, None, None);
        while let Some(option) = arguments.option()? {
            match option {
                "FEEDBACK" => feedback_score = Some(arguments.number("FEEDBACK", -1.0, 1.0)?),
                "METADATA" => metadata = Some(Cow::Owned(arguments.object("METADATA")?)),
                _ => id = Some(arguments.unique_identifier("ID")?),
            }
        }
        let outcome = Outcome {
            issue_type: issue_type.as_str().into(),
            fix_type: fix_type.as_str().into(),
            success,
            feedback_score,
            metadata,
            id: id.map(Identifier::as_str).map(Cow::Borrowed),
            applied_at: call.now,
        };
        let (effects, attempts) = fixes::record(&call.view(repo), &outcome)?;
        Ok(Answer::after(effects, Reply::Integer(attempts)))
    }
}

fn success(word: &[u8]) -> Result<bool> {
    let is = |text: &str| word.eq_ignore_ascii_case(text.as_bytes());
    if is("1") || is("true") {
        Ok(true)
    } else if is("0") || is("false") {
        Ok(false)
    } else {
        Err(Error::argument("success", "be 1, 0, true or false"))
    }
}
