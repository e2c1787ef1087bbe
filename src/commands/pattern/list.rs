//! `PATTERN.LIST`: the records of a repo.

use super::super::arguments::Arguments;
use crate::memory::answer::Room;
use crate::memory::{patterns, Identifier, Result};
use crate::server::{Answer, Arg, Command, Definition, Invocation, KeyAccess, Reply};

/// The command.
pub struct List;

impl Definition for List {
    const COMMAND: Command = Command {
        name: "PATTERN.LIST",
        summary: "Lists patterns by confidence and use, both descending, then by type and id.",
        complexity: "O(N log N) with N the patterns of the repo",
        since: "0.1.0",
        access: KeyAccess::Read,
        denied_on_oom: false,
        slow: true,
        args: &[
            Arg::REPO,
            Arg::option("TYPE", Arg::text("type")),
            Arg::option("MINCONFIDENCE", Arg::number("confidence")),
            Arg::LIMIT,
        ],
        replies: "An array of patterns.",
        example: (
            "PATTERN.LIST acme/web MINCONFIDENCE 0.8 LIMIT 0 10",
            r#"[{"pattern_type":"naming","id":"default",…}]"#,
        ),
    };

    fn run(call: &Invocation<'_>) -> Result<Answer> {
        let mut arguments = Arguments::new(call, &Self::COMMAND);
        let repo = arguments.repo()?;
        let mut pattern_type: Option<Identifier<'_>> = None;
        let mut least = 0.0;
        let (mut offset, mut count) = (0, usize::MAX);
        while let Some(option) = arguments.option()? {
            match option {
                "TYPE" => pattern_type = Some(arguments.identifier("TYPE")?),
                "MINCONFIDENCE" => least = arguments.confidence("MINCONFIDENCE")?,
                _ => (offset, count) = arguments.limit()?,
            }
        }
        let view = call.view(repo);
        let overview = patterns::overview(&view, pattern_type.map(Identifier::as_str))?;
        let page = overview
            .iter()
            .take_while(|found| found.confidence >= least)
            .skip(offset);
        let records = patterns::read_all(&view, page, count, &mut Room::new())?;
        Ok(Answer::say(Reply::json(&records)))
    }
}
