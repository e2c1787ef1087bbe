//! `PATTERN.STORE`: creates or updates a record.

use serde::Serialize;

use super::super::arguments::Arguments;
use crate::memory::patterns::{self, StoreRequest, DEFAULT_ID};
use crate::memory::{Identifier, Result};
use crate::server::{Answer, Arg, Command, Definition, Invocation, KeyAccess, Reply};

/// The command.
pub struct Store;

impl Definition for Store {
    const COMMAND: Command = Command {
        name: "PATTERN.STORE",
        summary: "Anonymizes a pattern, stores it and appends the change to its history.",
        complexity: "O(N) with N the size of the data",
        since: "0.1.0",
        access: KeyAccess::Write,
        denied_on_oom: true,
        slow: true,
        args: &[Arg::REPO, Arg::text("type"), Arg::free_text("data"), Arg::option("ID", Arg::one_of("id", &[Arg::text("id"), Arg::flag("AUTO", "auto")])), Arg::option("CONFIDENCE", Arg::number("confidence")), Arg::option("REASON", Arg::free_text("reason")), Arg::option("IFVERSION", Arg::integer("version")), Arg::option("TTL", Arg::integer("seconds"))],
        replies: "A document with `id`, `version`, `created` and `redactions`; nil where `IFVERSION` does not match, and then nothing has changed.",
        example: (r#"PATTERN.STORE acme/web naming '{"functions":"snake_case"}' CONFIDENCE 0.9 REASON "style guide""#, r#"{"id":"default","version":1,"created":true,"redactions":0}"#),
    };

    fn run(call: &Invocation<'_>) -> Result<Answer> {
        let mut arguments = Arguments::new(call, &Self::COMMAND);
        let repo = arguments.repo()?;
        let pattern_type = arguments.identifier("type")?;
        let data = arguments.object_text("data")?;
        let (mut id, mut auto) = (Identifier::own(DEFAULT_ID), false);
        let (mut confidence, mut reason, mut expected_version, mut ttl) = (None, None, None, None);
        while let Some(option) = arguments.option()? {
            match option {
                "ID" => {
                    id = arguments.identifier("ID")?;
                    auto = id.as_str().eq_ignore_ascii_case("AUTO");
                }
                "CONFIDENCE" => confidence = Some(arguments.confidence("CONFIDENCE")?),
                "REASON" => reason = Some(arguments.text("REASON")?),
                "IFVERSION" => {
                    expected_version = Some(arguments.whole("IFVERSION", 0, u64::MAX >> 1)?)
                }
                _ => ttl = Some(arguments.ttl("TTL")?),
            }
        }
        let content_id = auto.then(|| patterns::content_id(&data));
        let id = content_id.as_deref().map_or(id, Identifier::own);
        let request = StoreRequest {
            pattern_type,
            id,
            data,
            confidence,
            reason,
            expected_version,
            ttl,
            user: call.user(),
        };
        let Some((effects, stored)) = patterns::store(&call.view(repo), request)? else {
            return Ok(Answer::say(Reply::Nil));
        };
        let document = Stored {
            id: id.as_str(),
            version: stored.version,
            created: stored.created,
            redactions: call.redactions.borrow().total(),
        };
        Ok(Answer::after(effects, Reply::json(&document)))
    }
}

#[derive(Serialize)]
struct Stored<'a> {
    id: &'a str,
    version: u64,
    created: bool,
    redactions: u64,
}
