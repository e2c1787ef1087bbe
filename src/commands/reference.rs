//! `docs/commands.md`, written from the table of commands; and what must hold for every command.
//!
//! The test fails where the document is not what the table says. `UPDATE_DOCS=1 cargo test --lib reference` writes
//! it anew.

use std::fmt::Write as _;
use std::path::Path;

use super::TABLE;
use crate::server::command::ArgKind;
use crate::server::settings::{NUMBERS, TEXTS};
use crate::server::{Arg, Command, KeyAccess};

const INTRODUCTION: &str = "\
# Commands

<!-- Written from the table of commands by `UPDATE_DOCS=1 cargo test --lib reference`; edit the table, not this page. -->

Names and options may be in any case; options come after the positional arguments, in any order. The first argument
of most commands is the `repo`, which is also their key: a cluster client routes by it, and ACL key patterns apply
to it. Records and reports are one JSON document in a bulk string, so `redis-cli ... | jq` works; a missing record is
nil. Times are UTC, ISO 8601 with milliseconds and `Z`.

Identifiers (types, ids, rules, severities, idempotency keys) are 1 to 256 bytes of UTF-8 without control
characters; a repo is 1 to 512 bytes, the same, and without `{` and `}`. One that holds a secret is refused. JSON
arguments are objects of up to `patternmemory.max-payload` bytes and 64 levels. `DAYS` is 1 to 3,650 UTC days up to and
with today.

No command appears in `MONITOR` or `SLOWLOG`, as a secret may be where none belongs; `LATENCY HISTOGRAM` and
`INFO commandstats` tell of their speed.

Errors are one line of ASCII that says which argument is wrong and what is allowed; they never repeat what was sent,
and a command that fails has changed nothing.
";

/// The document.
fn render() -> String {
    let mut text = String::from(INTRODUCTION);
    text.push_str("\n| command | what it does |\n| --- | --- |\n");
    for registered in TABLE {
        let command = &registered.command;
        let anchor = command.name.to_lowercase().replace('.', "");
        let _ = writeln!(
            text,
            "| [`{}`](#{anchor}) | {} |",
            command.name, command.summary
        );
    }
    for registered in TABLE {
        text.push_str(&section(&registered.command));
    }
    text.push_str("\n## Settings\n\n");
    text.push_str("Each is `patternmemory.<name>` for `CONFIG GET` and `CONFIG SET`, and `<name>` as a `loadmodule` argument.\n");
    text.push_str("\n| name | default | allowed | meaning |\n| --- | --- | --- | --- |\n");
    for number in NUMBERS {
        let (default, least, most) = (number.default, number.least, number.most);
        let _ = writeln!(
            text,
            "| `{}` | {default} | {least} to {most} | {} |",
            number.name, number.meaning
        );
    }
    for setting in TEXTS {
        let default = if setting.default.is_empty() {
            "(empty)"
        } else {
            setting.default
        };
        let _ = writeln!(
            text,
            "| `{}` | {default} | {} | {} |",
            setting.name, setting.allowed, setting.meaning
        );
    }
    text
}

fn section(command: &Command) -> String {
    let (call, answer) = command.example;
    let key = match command.access {
        KeyAccess::None => "none",
        KeyAccess::Read => "`repo`, read",
        KeyAccess::OptionalRead => "`repo` where given, read",
        KeyAccess::Write | KeyAccess::Delete => "`repo`, written",
    };
    format!(
        "\n## {}\n\n    {} {}\n\n{}\n\nAnswers: {}\n\n    > {call}\n    {}\n\nKey: {key}. Complexity: {}. Flags: {}. Since {}.\n",
        command.name,
        command.name,
        syntax(command.args),
        command.summary,
        command.replies,
        answer.replace('\n', "\n    "),
        command.complexity,
        command.flags().join(", "),
        command.since,
    )
    .replace("    \n", "\n")
}

fn syntax(args: &[Arg]) -> String {
    args.iter().map(one).collect::<Vec<_>>().join(" ")
}

fn one(arg: &Arg) -> String {
    let inner = match &arg.kind {
        ArgKind::Flag => String::new(),
        ArgKind::OneOf(inner) => inner.iter().map(one).collect::<Vec<_>>().join("|"),
        ArgKind::Block(inner) => syntax(inner),
        _ => arg.name.to_owned(),
    };
    let mut text = [arg.token.unwrap_or_default(), &inner]
        .join(" ")
        .trim()
        .to_owned();
    if arg.multiple {
        text = format!("{text} [{text} ...]");
    }
    if arg.optional {
        text = format!("[{text}]");
    }
    text
}

#[test]
fn the_document_is_what_the_table_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/commands.md");
    let wanted = render();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == wanted,
        "docs/commands.md is stale: run UPDATE_DOCS=1 cargo test --lib reference"
    );
}

#[test]
fn every_command_is_kept_out_of_monitor_and_slowlog() {
    for registered in TABLE {
        let flags = registered.command.flags();
        assert!(flags.contains(&"no-monitor") && flags.contains(&"no-slowlog"));
    }
}

#[test]
fn every_write_that_can_grow_memory_is_refused_when_it_is_full() {
    let growing: Vec<&str> = TABLE
        .iter()
        .filter(|registered| {
            registered.command.access.writes() && !registered.command.denied_on_oom
        })
        .map(|registered| registered.command.name)
        .collect();
    assert_eq!(growing, ["PATTERN.DEL", "PATTERN.RETAIN", "PATTERN.FORGET"]);
}

#[test]
fn names_are_told_once_and_options_come_last() {
    let mut names: Vec<&str> = TABLE
        .iter()
        .map(|registered| registered.command.name)
        .collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), TABLE.len());
    for registered in TABLE {
        let args = registered.command.args;
        let first = args
            .iter()
            .position(|arg| arg.optional)
            .unwrap_or(args.len());
        assert!(
            args[first..].iter().all(|arg| arg.optional),
            "{}",
            registered.command.name
        );
    }
}

#[test]
fn a_call_has_as_many_words_as_its_arguments_need() {
    let arity = |name: &str| {
        let found = TABLE
            .iter()
            .find(|registered| registered.command.name == name);
        found.map(|registered| registered.command.arity())
    };
    assert_eq!(arity("PATTERN.STORE"), Some(-4));
    assert_eq!(arity("ISSUE.MTRACK"), Some(-6));
    assert_eq!(arity("ISSUE.GET"), Some(4));
    assert_eq!(arity("PATTERN.HEALTH"), Some(-1));
}
