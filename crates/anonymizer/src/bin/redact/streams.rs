//! Text to text, JSON to JSON, lines to lines.

use crate::args::Args;
use anonymizer::{Anonymizer, Json};
use std::io::{Read, Write};

pub(crate) fn run(anonymizer: &Anonymizer, args: &Args) -> Result<bool, String> {
    let mut found = false;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    if args.files.is_empty() {
        let mut input = Vec::new();
        std::io::stdin()
            .lock()
            .read_to_end(&mut input)
            .map_err(|error| format!("standard input: {error}"))?;
        found |= one(anonymizer, args, "standard input", &input, &mut out)?;
    }
    for path in &args.files {
        let input = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        found |= one(
            anonymizer,
            args,
            &path.display().to_string(),
            &input,
            &mut out,
        )?;
    }
    out.flush()
        .map_err(|error| format!("standard output: {error}"))?;
    Ok(found)
}

fn one(
    anonymizer: &Anonymizer,
    args: &Args,
    name: &str,
    input: &[u8],
    out: &mut impl Write,
) -> Result<bool, String> {
    let written =
        |result: std::io::Result<()>| result.map_err(|error| format!("standard output: {error}"));
    if args.json {
        let mut document =
            Json::parse(input, Json::DEPTH_LIMIT).map_err(|error| format!("{name}: {error}"))?;
        let redactions = anonymizer.json(&mut document);
        written(writeln!(out, "{document}"))?;
        return Ok(!redactions.is_empty());
    }
    if !args.jsonl {
        let (text, redactions) = anonymizer.bytes(input);
        written(out.write_all(text.as_bytes()))?;
        return Ok(!redactions.is_empty());
    }
    let mut found = false;
    for (number, line) in input.split(|&b| b == b'\n').enumerate() {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let at = |what: &str| format!("{name}: line {}: {what}", number + 1);
        let mut row =
            Json::parse(line, Json::DEPTH_LIMIT).map_err(|error| at(&error.to_string()))?;
        let Json::Object(members) = &mut row else {
            return Err(at("not an object"));
        };
        let Some(Json::String(text)) = members.get_mut("text") else {
            return Err(at("no \"text\" that is a string"));
        };
        let (anonymized, redactions) = anonymizer.text(text);
        if !redactions.is_empty() {
            found = true;
            *text = anonymized.into_owned();
        }
        written(writeln!(out, "{row}"))?;
    }
    Ok(found)
}
