//! How much is found in a tree of files, by kind and by rule, and how fast.

use crate::args::Args;
use anonymizer::{Anonymizer, Json, Kind, Redactions};
use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A file with a zero byte in this much of its beginning is not text.
const SNIFFED: usize = 8192;
const PROGRESS_EVERY: Duration = Duration::from_millis(200);

#[derive(Default)]
struct Totals {
    files: u64,
    bytes: u64,
    /// Time spent anonymizing; reading is not in it.
    time: Duration,
    redactions: Redactions,
}

pub(crate) fn run(anonymizer: &Anonymizer, directory: &Path, args: &Args) -> Result<bool, String> {
    let mut files = Vec::new();
    walk(directory, &mut files)?;
    let mut totals = Totals::default();
    let mut progress = Progress::new(files.len());
    for path in &files {
        progress.at(&totals);
        let content =
            std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        if content.iter().take(SNIFFED).any(|&b| b == 0) {
            continue;
        }
        let start = Instant::now();
        let (_, redactions) = anonymizer.bytes(&content);
        totals.time += start.elapsed();
        totals.files += 1;
        totals.bytes += content.len() as u64;
        totals.redactions.merge(&redactions);
        if args.show && !redactions.is_empty() {
            progress.clear();
            show(anonymizer, path, &content, args);
        }
    }
    progress.clear();
    if args.json {
        println!("{}", as_json(anonymizer, &totals));
    } else {
        print(anonymizer, &totals);
    }
    Ok(!totals.redactions.is_empty())
}

/// The files of a tree in order of their names; no links, nothing of `.git`.
fn walk(directory: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let fail = |error: std::io::Error| format!("{}: {error}", directory.display());
    if directory.is_file() {
        files.push(directory.to_owned());
        return Ok(());
    }
    let mut entries = std::fs::read_dir(directory)
        .map_err(fail)?
        .collect::<Result<Vec<_>, _>>()
        .map_err(fail)?;
    entries.sort_by_key(|entry| entry.file_name());
    for entry in entries {
        let kind = entry.file_type().map_err(fail)?;
        if kind.is_dir() && entry.file_name() != ".git" {
            walk(&entry.path(), files)?;
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    Ok(())
}

/// A line a finding: file, line, column, rule, and the text around with every finding masked.
fn show(anonymizer: &Anonymizer, path: &Path, content: &[u8], args: &Args) {
    let text = String::from_utf8_lossy(content);
    let findings = anonymizer.findings(&text);
    for (i, found) in findings.iter().enumerate() {
        let rule = &anonymizer.rules()[found.rule];
        if !args.only.is_empty()
            && !args
                .only
                .iter()
                .any(|only| only == rule.id() || only == rule.kind().as_str())
        {
            continue;
        }
        let line_start = text[..found.start].rfind('\n').map_or(0, |at| at + 1);
        let line = 1 + text[..found.start].bytes().filter(|&b| b == b'\n').count();
        let before = findings[..i]
            .last()
            .map_or(line_start, |previous| previous.end.max(line_start));
        let before: String = last(&text[before..found.start], 80);
        let after: String = text[found.end..]
            .chars()
            .take_while(|&c| c != '\n')
            .take(20)
            .collect();
        let after = if findings
            .get(i + 1)
            .is_some_and(|next| next.start < found.end + after.len())
        {
            ""
        } else {
            &after
        };
        println!(
            "{}:{line}:{}: {} ({}): {}<REDACTED>{}",
            path.display(),
            found.start - line_start + 1,
            rule.id(),
            rule.kind().as_str(),
            before.trim_start(),
            after.trim_end(),
        );
    }
}

/// The last `count` characters.
fn last(text: &str, count: usize) -> String {
    let skipped = text.chars().count().saturating_sub(count);
    text.chars().skip(skipped).collect()
}

fn by_kind(anonymizer: &Anonymizer, redactions: &Redactions) -> Vec<(&'static str, u64)> {
    Kind::ALL
        .iter()
        .map(|&kind| {
            let of_kind = redactions
                .iter()
                .filter(|&(rule, _)| anonymizer.rules()[rule].kind() == kind);
            (kind.as_str(), of_kind.map(|(_, count)| count).sum())
        })
        .filter(|&(_, count)| count > 0)
        .collect()
}

fn by_rule<'a>(anonymizer: &'a Anonymizer, redactions: &Redactions) -> Vec<(&'a str, u64)> {
    let mut counts: Vec<_> = redactions
        .iter()
        .map(|(rule, count)| (anonymizer.rules()[rule].id(), count))
        .collect();
    counts.sort_by_key(|&(id, count)| (std::cmp::Reverse(count), id));
    counts
}

fn as_json(anonymizer: &Anonymizer, totals: &Totals) -> Json {
    let number = |text: String| Json::Number(text.into());
    let counts = |pairs: Vec<(&str, u64)>| {
        let members: BTreeMap<_, _> = pairs
            .into_iter()
            .map(|(name, count)| (name.to_owned(), number(count.to_string())))
            .collect();
        Json::Object(members)
    };
    Json::Object(BTreeMap::from([
        ("files".into(), number(totals.files.to_string())),
        ("bytes".into(), number(totals.bytes.to_string())),
        (
            "seconds".into(),
            number(format!("{:.6}", totals.time.as_secs_f64())),
        ),
        (
            "by_kind".into(),
            counts(by_kind(anonymizer, &totals.redactions)),
        ),
        (
            "by_rule".into(),
            counts(by_rule(anonymizer, &totals.redactions)),
        ),
    ]))
}

fn print(anonymizer: &Anonymizer, totals: &Totals) {
    let megabytes = totals.bytes as f64 / 1e6;
    let seconds = totals.time.as_secs_f64();
    let per_megabyte = |count: u64| {
        if megabytes > 0.0 {
            count as f64 / megabytes
        } else {
            0.0
        }
    };
    println!(
        "{} files, {megabytes:.2} MB, {seconds:.3} s, {:.1} MB/s",
        totals.files,
        if seconds > 0.0 {
            megabytes / seconds
        } else {
            0.0
        }
    );
    println!("{:40}{:>10}{:>10}", "", "found", "per MB");
    for (title, rows) in [
        ("kind", by_kind(anonymizer, &totals.redactions)),
        ("rule", by_rule(anonymizer, &totals.redactions)),
    ] {
        for (name, count) in rows {
            println!(
                "{:40}{count:>10}{:>10.2}",
                format!("{title} {name}"),
                per_megabyte(count)
            );
        }
    }
    let total = totals.redactions.total();
    println!("{:40}{total:>10}{:>10.2}", "in all", per_megabyte(total));
}

/// A line on standard error that says how far the walk is, where a person is there to read it.
struct Progress {
    files: usize,
    shown: Option<Instant>,
    terminal: bool,
}

impl Progress {
    fn new(files: usize) -> Progress {
        Progress {
            files,
            shown: None,
            terminal: std::io::stderr().is_terminal(),
        }
    }

    fn at(&mut self, totals: &Totals) {
        if !self.terminal
            || self
                .shown
                .is_some_and(|shown| shown.elapsed() < PROGRESS_EVERY)
        {
            return;
        }
        self.shown = Some(Instant::now());
        eprint!(
            "\r\x1b[K{} of {} files, {:.1} MB",
            totals.files,
            self.files,
            totals.bytes as f64 / 1e6
        );
        let _ = std::io::stderr().flush();
    }

    fn clear(&mut self) {
        if self.shown.take().is_some() {
            eprint!("\r\x1b[K");
        }
    }
}
