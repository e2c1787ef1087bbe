//! The commands as the server describes them by `COMMAND DOCS`, and calls of them: right ones and nearly right ones.

use redis::Value;

use super::random::Random;
use super::values;
use crate::support::client::as_text;
use crate::support::Client;

/// A command.
pub struct Command {
    /// Its name.
    pub name: String,
    /// Does it write?
    pub writes: bool,
    arguments: Vec<Argument>,
}

struct Argument {
    name: String,
    kind: String,
    token: Option<String>,
    optional: bool,
    multiple: bool,
    inner: Vec<Argument>,
}

/// Every command of the module.
#[track_caller]
pub fn learn(client: &mut Client) -> Vec<Command> {
    let mut names = client.texts(&["COMMAND", "LIST", "FILTERBY", "MODULE", "patternmemory"]);
    names.sort();
    assert!(!names.is_empty(), "the server knows no command of the module");
    names.iter().map(|name| describe(client, name)).collect()
}

#[track_caller]
fn describe(client: &mut Client, name: &str) -> Command {
    let docs = client.run(&["COMMAND", "DOCS", name]);
    let docs = field(&docs, name).unwrap_or_else(|| panic!("no documentation of {name}"));
    let arguments = field(docs, "arguments").map(items).unwrap_or_default();
    let info = client.run(&["COMMAND", "INFO", name]);
    let flags = items(&items(&items(&info)[0])[2]);
    Command {
        name: name.to_uppercase(),
        writes: flags.iter().any(|flag| as_text(flag).as_deref() == Some("write")),
        arguments: arguments.iter().map(Argument::of).collect(),
    }
}

/// The elements of an array or a set, and of a map its keys and values in turn.
fn items(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(items) | Value::Set(items) => items.clone(),
        Value::Map(pairs) => pairs.iter().flat_map(|(key, value)| [key.clone(), value.clone()]).collect(),
        _ => Vec::new(),
    }
}

/// One field of a flat list of pairs.
fn field<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    let is_it = |key: &Value| as_text(key).is_some_and(|key| key.eq_ignore_ascii_case(name));
    match value {
        Value::Array(items) => items.chunks(2).find(|pair| is_it(&pair[0])).map(|pair| &pair[1]),
        Value::Map(pairs) => pairs.iter().find(|pair| is_it(&pair.0)).map(|pair| &pair.1),
        _ => None,
    }
}

impl Argument {
    fn of(value: &Value) -> Self {
        let text = |name: &str| field(value, name).and_then(as_text);
        let flags = field(value, "flags").map(items).unwrap_or_default();
        let has = |wanted: &str| flags.iter().any(|flag| as_text(flag).as_deref() == Some(wanted));
        let inner = field(value, "arguments").map(items).unwrap_or_default();
        Self {
            name: text("name").expect("an argument has a name"),
            kind: text("type").expect("an argument has a type"),
            token: text("token"),
            optional: has("optional"),
            multiple: has("multiple"),
            inner: inner.iter().map(Self::of).collect(),
        }
    }

    /// Puts the words of the argument at the end of a call.
    fn write(&self, random: &mut Random, call: &Writing<'_>, words: &mut Vec<Vec<u8>>) {
        if let Some(token) = &self.token {
            let token = if random.percent(10) { token.to_lowercase() } else { token.clone() };
            words.push(token.into_bytes());
        }
        match self.kind.as_str() {
            "pure-token" => {}
            "block" => self.inner.iter().for_each(|inner| inner.write(random, call, words)),
            "oneof" => self.inner[random.place(&self.inner)].write(random, call, words),
            kind => words.push(call.value(random, kind, &self.name)),
        }
    }
}

/// What a call is written for.
pub struct Writing<'a> {
    /// The repo that is meant.
    pub repo: &'a str,
    /// A document that was exported.
    pub export: &'a [u8],
    /// The command.
    pub command: &'a Command,
}

impl Writing<'_> {
    fn value(&self, random: &mut Random, kind: &str, name: &str) -> Vec<u8> {
        if random.percent(4) {
            return values::text(random);
        }
        match (kind, name) {
            ("key", _) => self.repo.as_bytes().to_vec(),
            ("string", "json") if self.command.name == "PATTERN.IMPORT" => self.document(random),
            ("string", "data" | "json") => values::object(random),
            ("string", "text") if random.percent(60) => values::object(random),
            ("string", "text" | "reason") | ("pattern", _) => values::text(random),
            ("string", "success") => random.pick(&["0", "1", "true", "false"]).as_bytes().to_vec(),
            // Not so short that it runs out while the fuzzer looks.
            ("integer", "seconds") if random.percent(90) => (3_600 + random.below(90_000)).to_string().into_bytes(),
            ("integer", _) => values::number(random),
            ("double", _) => values::share(random),
            _ => values::name(random),
        }
    }

    /// A document for an import: as it was exported, or tampered with.
    fn document(&self, random: &mut Random) -> Vec<u8> {
        if random.percent(30) {
            return self.export.to_vec();
        }
        values::corrupted(random, self.export)
    }

    /// A call: the words of every argument, the optional ones now and then, in any order; sometimes with one word too
    /// many, too few or out of place.
    pub fn call(&self, random: &mut Random) -> Vec<Vec<u8>> {
        let mut words = vec![self.command.name.clone().into_bytes()];
        let mut options = Vec::new();
        for argument in &self.command.arguments {
            let mut written = Vec::new();
            let times = if argument.multiple { 1 + random.below(4) } else { 1 };
            for _ in 0..times {
                argument.write(random, self, &mut written);
            }
            match argument.optional {
                false => words.extend(written),
                true if random.percent(35) => options.push(written),
                true => {}
            }
        }
        random.shuffle(&mut options);
        words.extend(options.into_iter().flatten());
        if random.percent(12) {
            misshape(random, &mut words);
        }
        words
    }
}

fn misshape(random: &mut Random, words: &mut Vec<Vec<u8>>) {
    let place = 1 + random.below(words.len());
    let there = place < words.len();
    match random.below(5) {
        0 => words.truncate(place),
        1 if there => drop(words.remove(place)),
        2 if there => words.insert(place, words[place].clone()),
        3 if there => values::mutate(random, &mut words[place]),
        4 if there => {
            let last = words.len() - 1;
            words.swap(place, last);
        }
        _ => words.insert(place, values::text(random)),
    }
}
