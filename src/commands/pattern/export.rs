//! `PATTERN.EXPORT`: a whole memory as one document.

use super::super::arguments::Arguments;
use crate::memory::{export, Result};
use crate::server::{Answer, Arg, Command, Definition, Invocation, KeyAccess, Reply};

/// The command.
pub struct Export;

impl Definition for Export {
    const COMMAND: Command = Command {
        name: "PATTERN.EXPORT",
        summary: "Answers the whole memory of a repo as one JSON document.",
        complexity: "O(N) with N all that is known of the repo",
        since: "0.1.0",
        access: KeyAccess::Read,
        denied_on_oom: false,
        slow: true,
        args: &[Arg::REPO],
        replies: "A document that `PATTERN.IMPORT` takes.",
        example: (
            "PATTERN.EXPORT acme/web",
            r#"{"format":"pattern-memory","version":1,"repo":"acme/web",…}"#,
        ),
    };

    fn run(call: &Invocation<'_>) -> Result<Answer> {
        let mut arguments = Arguments::new(call, &Self::COMMAND);
        let repo = arguments.repo()?;
        arguments.end()?;
        let document = export::export(&call.view(repo), repo)?;
        Ok(Answer::say(Reply::Json(document)))
    }
}
