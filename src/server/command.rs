//! What a command declares, what it is handed and what it answers.

use std::cell::RefCell;

use anonymizer::{Anonymizer, Redactions};

use super::facts::Facts;
use super::prepared::Prepared;
use crate::memory::{
    stored, Checks, Effects, Keys, Repo, Result, Settings, Store, Timestamp, View,
};

/// A command as its file declares it: the one source of registration, `COMMAND DOCS`, ACL categories, key
/// specifications, `docs/commands.md` and the parsing of options.
#[derive(Debug)]
pub struct Command {
    /// Its name, in capitals.
    pub name: &'static str,
    /// One sentence on what it does.
    pub summary: &'static str,
    /// Its cost.
    pub complexity: &'static str,
    /// The version of the module that brought it.
    pub since: &'static str,
    /// What it does to its key.
    pub access: KeyAccess,
    /// Whether it is refused when memory is full.
    pub denied_on_oom: bool,
    /// Whether it takes time in proportion to what it is given or what the repo holds.
    pub slow: bool,
    /// Its arguments, in order; options last.
    pub args: &'static [Arg],
    /// What it answers, in words.
    pub replies: &'static str,
    /// A call and its answer, for the documents.
    pub example: (&'static str, &'static str),
}

/// What a command does to the repo that is its first argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyAccess {
    /// It has no key.
    None,
    /// It reads it.
    Read,
    /// It reads it where it is named.
    OptionalRead,
    /// It changes it.
    Write,
    /// It only removes from it.
    Delete,
}

impl KeyAccess {
    /// Whether the command writes.
    pub fn writes(self) -> bool {
        matches!(self, KeyAccess::Write | KeyAccess::Delete)
    }
}

/// An argument.
#[derive(Debug)]
pub struct Arg {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub kind: ArgKind,
    /// The word that goes before it.
    pub token: Option<&'static str>,
    /// Whether it may be left out.
    pub optional: bool,
    /// Whether it may be there several times.
    pub multiple: bool,
}

/// What an argument is.
#[derive(Debug)]
pub enum ArgKind {
    /// The repo.
    Key,
    /// A name or a word: what is checked, and not anonymized.
    Text,
    /// Free text or JSON: what is anonymized.
    FreeText,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// A glob.
    Glob,
    /// Only the token itself.
    Flag,
    /// One of several.
    OneOf(&'static [Arg]),
    /// Several in a row.
    Block(&'static [Arg]),
}

impl Arg {
    const fn new(name: &'static str, kind: ArgKind) -> Self {
        Arg {
            name,
            kind,
            token: None,
            optional: false,
            multiple: false,
        }
    }

    /// The repo.
    pub const REPO: Arg = Arg::new("repo", ArgKind::Key);

    /// Text that must be there.
    pub const fn text(name: &'static str) -> Self {
        Arg::new(name, ArgKind::Text)
    }

    /// Free text or JSON that must be there.
    pub const fn free_text(name: &'static str) -> Self {
        Arg::new(name, ArgKind::FreeText)
    }

    /// A whole number that must be there.
    pub const fn integer(name: &'static str) -> Self {
        Arg::new(name, ArgKind::Integer)
    }

    /// A number that must be there.
    pub const fn number(name: &'static str) -> Self {
        Arg::new(name, ArgKind::Number)
    }

    /// A word that is there or not.
    pub const fn flag(token: &'static str, name: &'static str) -> Self {
        Arg::new(name, ArgKind::Flag).named(token)
    }

    /// An argument that must be one of several.
    pub const fn one_of(name: &'static str, args: &'static [Arg]) -> Self {
        Arg::new(name, ArgKind::OneOf(args))
    }

    /// Several arguments in a row.
    pub const fn block(name: &'static str, args: &'static [Arg]) -> Self {
        Arg::new(name, ArgKind::Block(args))
    }

    /// An option: a token, then an argument.
    pub const fn option(token: &'static str, arg: Arg) -> Self {
        arg.named(token).optional()
    }

    /// A glob that must be there.
    pub const fn glob(name: &'static str) -> Self {
        Arg::new(name, ArgKind::Glob)
    }

    /// The same argument, which may be left out.
    pub const fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// The same argument, which may be there several times.
    pub const fn multiple(mut self) -> Self {
        self.multiple = true;
        self
    }

    const fn named(mut self, token: &'static str) -> Self {
        self.token = Some(token);
        self
    }

    /// The option `LIMIT offset count`.
    pub const LIMIT: Arg = Arg::option(
        "LIMIT",
        Arg::block("limit", &[Arg::integer("offset"), Arg::integer("count")]),
    );

    /// The option `DAYS n`.
    pub const DAYS: Arg = Arg::option("DAYS", Arg::integer("days"));

    /// The option `TOP n`.
    pub const TOP: Arg = Arg::option("TOP", Arg::integer("top"));
}

impl Command {
    /// How many words a call has at least; negative where it may have more, as Redis writes it.
    pub fn arity(&self) -> i32 {
        let words = |arg: &Arg| match arg.kind {
            ArgKind::Block(inner) => inner.len(),
            _ => 1,
        };
        let least = 1 + self
            .args
            .iter()
            .filter(|a| !a.optional)
            .map(words)
            .sum::<usize>();
        let fixed = self.args.iter().all(|arg| !arg.optional && !arg.multiple);
        let least = i32::try_from(least).unwrap_or(i32::MAX);
        if fixed {
            least
        } else {
            -least
        }
    }

    /// Whether an argument of it is anonymized.
    pub fn takes_free_text(&self) -> bool {
        let is_free = |arg: &Arg| matches!(arg.kind, ArgKind::FreeText);
        self.args.iter().any(is_free)
    }

    /// The flags, as `RedisModule_CreateCommand` takes them.
    pub fn flags(&self) -> Vec<&'static str> {
        let mut flags = vec![if self.access.writes() {
            "write"
        } else {
            "readonly"
        }];
        if self.denied_on_oom {
            flags.push("deny-oom");
        }
        if !self.slow {
            flags.push("fast");
        }
        // Of reads too: a secret may be where none belongs, in any argument of any call.
        flags.extend(["no-monitor", "no-slowlog"]);
        if self.access == KeyAccess::OptionalRead {
            flags.push("no-mandatory-keys");
        }
        flags
    }
}

/// A command: what it declares, and what it does.
pub trait Definition {
    /// What it declares.
    const COMMAND: Command;

    /// Reads the arguments, plans, and answers; changes nothing itself.
    fn run(call: &Invocation<'_>) -> Result<Answer>;
}

/// The entry that the server calls.
pub type Entry = unsafe extern "C" fn(
    *mut redis_module::raw::RedisModuleCtx,
    *mut *mut redis_module::raw::RedisModuleString,
    std::ffi::c_int,
) -> std::ffi::c_int;

/// A command with the entry that the server calls.
pub struct Registered {
    /// What it declares.
    pub command: Command,
    /// What the server calls.
    pub entry: Entry,
    /// What the fuzz targets call, which have no server.
    #[cfg(fuzzing)]
    pub run: fn(&Invocation<'_>) -> Result<Answer>,
}

impl Registered {
    /// The command defined by `D`.
    pub const fn of<D: Definition>() -> Self {
        Registered {
            command: D::COMMAND,
            entry: super::dispatch::entry::<D>,
            #[cfg(fuzzing)]
            run: D::run,
        }
    }
}

/// One call of a command: its arguments and all that it may look at.
pub struct Invocation<'a> {
    /// The arguments after the name.
    pub args: &'a [&'a [u8]],
    /// The repo, where the command has one and it is given: the first argument, checked.
    pub repo: Option<Repo<'a>>,
    /// The time, the same all through the call.
    pub now: Timestamp,
    /// The settings in force.
    pub settings: &'a Settings,
    /// The rules in force.
    pub anonymizer: &'a Anonymizer,
    /// What names are checked against.
    pub checks: Checks<'a>,
    /// The keyspace, for reading.
    pub store: &'a dyn Store,
    /// What the server says of itself and of the client.
    pub facts: &'a dyn Facts,
    /// The prefix of every key.
    pub prefix: &'a str,
    /// What was redacted so far.
    pub redactions: RefCell<Redactions>,
    /// What was made of its free text before it ran.
    pub prepared: Prepared,
}

impl<'a> Invocation<'a> {
    /// What a plan may see of a repo.
    pub fn view(&self, repo: Repo<'_>) -> View<'a> {
        View {
            store: self.store,
            keys: Keys::new(self.prefix, repo),
            now: self.now,
            settings: self.settings,
        }
    }

    /// The ACL user who calls, anonymized like any text that is stored.
    pub fn user(&self) -> Option<String> {
        let user = self.facts.user()?;
        Some(self.anonymizer.text(&user).0.into_owned())
    }

    /// Counts redactions towards the answer and the counters.
    pub fn note(&self, redactions: &Redactions) {
        self.redactions.borrow_mut().merge(redactions);
    }
}

/// What a command wants done and said.
#[derive(Debug)]
pub struct Answer {
    /// What to carry out before the reply.
    pub effects: Effects,
    /// What to say.
    pub reply: Reply,
}

impl Answer {
    /// An answer that changes nothing.
    pub fn say(reply: Reply) -> Self {
        Answer {
            effects: Effects::default(),
            reply,
        }
    }

    /// An answer after effects.
    pub fn after(effects: Effects, reply: Reply) -> Self {
        Answer { effects, reply }
    }
}

/// A reply.
#[derive(Debug, PartialEq)]
pub enum Reply {
    /// One number.
    Integer(i64),
    /// Several numbers.
    Integers(Vec<i64>),
    /// A JSON document.
    Json(String),
    /// There is nothing.
    Nil,
}

impl Reply {
    /// A document.
    pub fn json<T: serde::Serialize>(value: &T) -> Self {
        Reply::Json(stored::json(value))
    }

    /// A document, or nil where there is none.
    pub fn json_or_nil<T: serde::Serialize>(value: Option<&T>) -> Self {
        value.map_or(Reply::Nil, Reply::json)
    }
}
