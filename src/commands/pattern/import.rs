//! `PATTERN.IMPORT`: a whole memory from one document.

use super::super::arguments::Arguments;
use crate::memory::import::{self, Mode};
use crate::memory::stored::json;
use crate::memory::{Error, Result};
use crate::server::{Answer, Arg, Clean, Command, Definition, Invocation, KeyAccess, Reply};

/// The command.
pub struct Import;

impl Definition for Import {
    const COMMAND: Command = Command {
        name: "PATTERN.IMPORT",
        summary: "Takes a document of PATTERN.EXPORT in, anonymized like any other write.",
        complexity: "O(N) with N the size of the document and of what it meets",
        since: "0.1.0",
        access: KeyAccess::Write,
        denied_on_oom: true,
        slow: true,
        args: &[Arg::REPO, Arg::free_text("json"), Arg::one_of("mode", &[Arg::flag("MERGE", "merge"), Arg::flag("REPLACE", "replace")]).optional()],
        replies: "A document with how many `patterns`, `issues`, `fixes` and `sessions` came in, and how many `redactions` were made. `MERGE`, the default, adds to what is known; `REPLACE` forgets it first, in the same step.",
        example: (r#"PATTERN.IMPORT acme/web '{"format":"pattern-memory",…}' REPLACE"#, r#"{"patterns":1,"issues":12,"fixes":3,"sessions":1,"redactions":0}"#),
    };

    fn run(call: &Invocation<'_>) -> Result<Answer> {
        let mut arguments = Arguments::new(call, &Self::COMMAND);
        let repo = arguments.repo()?;
        let document = arguments.bytes("json")?;
        let mut modes = Vec::new();
        while let Some(option) = arguments.option()? {
            modes.push(if option == "REPLACE" {
                Mode::Replace
            } else {
                Mode::Merge
            });
        }
        if modes.len() > 1 {
            return Err(Error::refused("MERGE and REPLACE exclude each other"));
        }
        let most = call.settings.max_import;
        if document.len() > most {
            let must = format!("be at most {most} bytes long (patternmemory.max-import)");
            return Err(Error::argument("json", must));
        }
        let text =
            std::str::from_utf8(document).map_err(|_| Error::argument("json", "be valid UTF-8"))?;
        let mode = modes.pop().unwrap_or_default();
        let clean;
        let (document, redactions) = match call.prepared.take(1).transpose()? {
            Some((Clean::Text(prepared), redactions)) => {
                clean = prepared;
                (import::read(&clean)?, redactions)
            }
            _ => {
                let examined = import::examine(text, call.anonymizer);
                // A refusal is kept too, or the main thread would look at all of it again.
                call.prepared.keep(1, || match &examined {
                    Ok((document, redactions)) => {
                        Ok((Clean::Text(json(document)), redactions.clone()))
                    }
                    Err(error) => Err(error.clone()),
                });
                examined?
            }
        };
        call.note(&redactions);
        let (effects, imported) = import::take_in(&call.view(repo), document, &redactions, mode)?;
        Ok(Answer::after(effects, Reply::json(&imported)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::rehearse;

    #[test]
    fn a_refusal_is_prepared_too_so_that_nothing_is_looked_at_twice() {
        let document = br#"{"format":"pattern-memory","version":1,"repo":"r","exported_at":"2026-01-01T00:00:00.000Z",
            "patterns":[],"issues":[],"fixes":[],"fix_stats":[],"sessions":[],"days":{"x":{}}}"#;
        let refused = rehearse::<Import>(&[b"r", document]);
        let made = refused.stop_keeping().take(1);
        let refusal = made.expect("it is kept").expect_err("it is refused");
        assert!(refusal.to_string().contains("days"), "{refusal}");
    }
}
