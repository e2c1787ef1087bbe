//! `PATTERN.ANONYMIZE`: what would be redacted.

use serde::Serialize;

use super::super::arguments::{parse_json, Arguments};
use crate::memory::{Error, Result};
use crate::server::{Answer, Arg, Clean, Command, Definition, Invocation, KeyAccess, Reply};

/// The command.
pub struct Anonymize;

impl Definition for Anonymize {
    const COMMAND: Command = Command {
        name: "PATTERN.ANONYMIZE",
        summary: "Anonymizes text and stores nothing: what a write would keep of it.",
        complexity: "O(N) with N the size of the text",
        since: "0.1.0",
        access: KeyAccess::None,
        denied_on_oom: false,
        slow: true,
        args: &[Arg::free_text("text"), Arg::flag("JSON", "json").optional()],
        replies: "A document with the anonymized `text` and the `redactions`: `rule`, `kind`, `count`. With `JSON` the text is read as JSON, of any type, and comes back as canonical JSON.",
        example: (
            r#"PATTERN.ANONYMIZE 'password = "EXAMPLE-hunter2-x9"'"#,
            r#"{"text":"password = \"<REDACTED>\"","redactions":[{"rule":"assignment","kind":"secret","count":1}]}"#,
        ),
    };

    fn run(call: &Invocation<'_>) -> Result<Answer> {
        let mut arguments = Arguments::new(call, &Self::COMMAND);
        let bytes = arguments.bytes("text")?;
        arguments.check_size("text", bytes)?;
        let is_json = arguments.option()?.is_some();
        arguments.end()?;
        let made = call.prepared.take_or_make(0, || {
            Ok(if is_json {
                let mut document = parse_json("text", bytes)?;
                let redactions = call.anonymizer.json(&mut document);
                (Clean::Text(document.to_string()), redactions)
            } else {
                let (text, redactions) = call.anonymizer.bytes(bytes);
                (Clean::Text(text.into_owned()), redactions)
            })
        });
        let (Clean::Text(text), redactions) = made? else {
            return Err(Error::Internal("the text was prepared as an object"));
        };
        let rules = call.anonymizer.rules();
        let found = redactions.iter().filter_map(|(rule, count)| {
            let rule = rules.get(rule)?;
            Some(Redaction {
                rule: rule.id(),
                kind: rule.kind().as_str(),
                count,
            })
        });
        let redactions = found.collect();
        Ok(Answer::say(Reply::json(&Anonymized { text, redactions })))
    }
}

#[derive(Serialize)]
struct Anonymized<'a> {
    text: String,
    redactions: Vec<Redaction<'a>>,
}

#[derive(Serialize)]
struct Redaction<'a> {
    rule: &'a str,
    kind: &'a str,
    count: u64,
}
