//! `PATTERN.GET`: one record.

use super::super::arguments::Arguments;
use crate::memory::patterns::{self, DEFAULT_ID};
use crate::memory::{Identifier, Result};
use crate::server::{Answer, Arg, Command, Definition, Invocation, KeyAccess, Reply};

/// The command.
pub struct Get;

impl Definition for Get {
    const COMMAND: Command = Command {
        name: "PATTERN.GET",
        summary: "Answers one pattern.",
        complexity: "O(N) with N the size of the data",
        since: "0.1.0",
        access: KeyAccess::Read,
        denied_on_oom: false,
        slow: false,
        args: &[
            Arg::REPO,
            Arg::text("type"),
            Arg::option("ID", Arg::text("id")),
        ],
        replies: "The pattern, or nil.",
        example: (
            "PATTERN.GET acme/web naming",
            r#"{"pattern_type":"naming","id":"default","pattern_data":{"functions":"snake_case"},"confidence":0.9,"usage_count":0,"version":1,"created_at":"2026-11-23T09:00:00.000Z","updated_at":"2026-11-23T09:00:00.000Z"}"#,
        ),
    };

    fn run(call: &Invocation<'_>) -> Result<Answer> {
        let mut arguments = Arguments::new(call, &Self::COMMAND);
        let repo = arguments.repo()?;
        let pattern_type = arguments.identifier("type")?;
        let mut id = Identifier::own(DEFAULT_ID);
        while arguments.option()?.is_some() {
            id = arguments.identifier("ID")?;
        }
        let record = patterns::read(&call.view(repo), pattern_type.as_str(), id.as_str())?;
        Ok(Answer::say(Reply::json_or_nil(record.as_ref())))
    }
}
