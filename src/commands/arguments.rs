//! Reads the arguments of a call, in order, and refuses what is not as declared.

use std::str::FromStr;

use anonymizer::{Json, JsonError, Redactions};
use serde_json::value::RawValue;

use crate::memory::customs::MAX_DEPTH;
use crate::memory::upkeep::LONGEST_WINDOW;
use crate::memory::{patterns, stored, Day, Error, Identifier, Repo, Result};
use crate::server::command::ArgKind;
use crate::server::{Arg, Clean, Command, Invocation, Made};

/// Up to this size a document is first read as one that is clean, without a tree; where it is not, that was for nothing.
/// Code has a finding each 40 kB, so that a larger one is too seldom clean.
const READ_AT_ONCE: usize = 8_192;
const MADE_OTHERWISE: Error = Error::Internal("an argument was prepared for another use");
/// The longest TTL, in seconds.
const LONGEST_TTL: i64 = 315_360_000;
/// The most rows that one answer is asked for.
const MOST_ROWS: u64 = 1_000_000;
/// The highest count of one call.
const MOST_COUNTED: u64 = 1_000_000_000;

/// The arguments of a call, read from the front.
pub struct Arguments<'c, 'a> {
    call: &'c Invocation<'a>,
    command: &'static Command,
    next: usize,
    given: Vec<&'static str>,
}

impl<'c, 'a> Arguments<'c, 'a> {
    /// The arguments of a call of `command`.
    pub fn new(call: &'c Invocation<'a>, command: &'static Command) -> Self {
        Arguments {
            call,
            command,
            next: 0,
            given: Vec::new(),
        }
    }

    /// Whether arguments are left.
    pub fn more(&self) -> bool {
        self.next < self.call.args.len()
    }

    /// How many arguments are left.
    pub fn left(&self) -> usize {
        self.call.args.len() - self.next
    }

    /// The next argument, whatever it is.
    pub fn bytes(&mut self, name: &'static str) -> Result<&'a [u8]> {
        let Some(bytes) = self.call.args.get(self.next) else {
            return Err(Error::argument(
                name,
                "be followed by its value or be given at all",
            ));
        };
        self.next += 1;
        Ok(bytes)
    }

    /// The repo, which is checked before a command runs.
    pub fn repo(&mut self) -> Result<Repo<'a>> {
        self.bytes("repo")?;
        let repo = self.call.repo;
        repo.ok_or(Error::Internal(
            "a command without a key asked for its repo",
        ))
    }

    /// An identifier.
    pub fn identifier(&mut self, name: &'static str) -> Result<Identifier<'a>> {
        let bytes = self.bytes(name)?;
        Identifier::check(name, bytes, self.call.checks)
    }

    /// An identifier that does not come again.
    pub fn unique_identifier(&mut self, name: &'static str) -> Result<Identifier<'a>> {
        let bytes = self.bytes(name)?;
        Identifier::parse(name, bytes, self.call.anonymizer)
    }

    /// How many bytes the arguments that are left have together.
    pub fn bytes_left(&self) -> usize {
        self.call.args[self.next..]
            .iter()
            .map(|arg| arg.len())
            .sum()
    }

    /// A whole number between bounds.
    pub fn whole<T: FromStr + PartialOrd + std::fmt::Display>(
        &mut self,
        name: &'static str,
        least: T,
        most: T,
    ) -> Result<T> {
        let bytes = self.bytes(name)?;
        let number = std::str::from_utf8(bytes)
            .ok()
            .and_then(|text| text.parse().ok());
        number
            .filter(|number| *number >= least && *number <= most)
            .ok_or_else(|| {
                Error::argument(name, format!("be a whole number from {least} to {most}"))
            })
    }

    /// A number between bounds.
    pub fn number(&mut self, name: &'static str, least: f64, most: f64) -> Result<f64> {
        let bytes = self.bytes(name)?;
        let number: Option<f64> = std::str::from_utf8(bytes)
            .ok()
            .and_then(|text| text.parse().ok());
        // Adding zero makes -0 into 0.
        let number = number
            .filter(|number| (least..=most).contains(number))
            .map(|n| n + 0.0);
        number.ok_or_else(|| Error::argument(name, format!("be a number from {least} to {most}")))
    }

    /// A confidence.
    pub fn confidence(&mut self, name: &'static str) -> Result<f64> {
        let bytes = self.bytes(name)?;
        let number = std::str::from_utf8(bytes)
            .ok()
            .and_then(patterns::confidence);
        number.ok_or_else(|| Error::argument(name, "be a number from 0 to 1"))
    }

    /// A number of days.
    pub fn days(&mut self) -> Result<u32> {
        self.whole("DAYS", 1, LONGEST_WINDOW)
    }

    /// A number of rows.
    pub fn rows(&mut self, name: &'static str) -> Result<usize> {
        self.whole(name, 1, MOST_ROWS).map(to_usize)
    }

    /// An offset and a number of rows.
    pub fn limit(&mut self) -> Result<(usize, usize)> {
        let offset = self.whole("LIMIT offset", 0, MOST_ROWS)?;
        let count = self.whole("LIMIT count", 0, MOST_ROWS)?;
        Ok((to_usize(offset), to_usize(count)))
    }

    /// How often something happened.
    pub fn count(&mut self, name: &'static str, least: u64) -> Result<u64> {
        self.whole(name, least, MOST_COUNTED)
    }

    /// A TTL in seconds, as milliseconds.
    pub fn ttl(&mut self, name: &'static str) -> Result<i64> {
        Ok(self.whole(name, 1, LONGEST_TTL)? * 1_000)
    }

    /// Free text, anonymized.
    pub fn text(&mut self, name: &'static str) -> Result<String> {
        let made = self.made(name, |call, bytes| {
            let text =
                std::str::from_utf8(bytes).map_err(|_| Error::argument(name, "be valid UTF-8"))?;
            let (text, redactions) = call.anonymizer.text(text);
            Ok((Clean::Text(text.into_owned()), redactions))
        })?;
        match made {
            Clean::Text(text) => Ok(text),
            Clean::Object(_) => Err(MADE_OTHERWISE),
        }
    }

    /// A JSON object, anonymized and canonical.
    pub fn object(&mut self, name: &'static str) -> Result<Box<RawValue>> {
        let made = self.made(name, |call, bytes| {
            let (object, redactions) = match clean_object(call, bytes).map(RawValue::from_string) {
                Some(Ok(object)) => (object, Redactions::default()),
                _ => anonymized_object(name, call, bytes)?,
            };
            Ok((Clean::Object(object), redactions))
        })?;
        match made {
            Clean::Object(object) => Ok(object),
            Clean::Text(_) => Err(MADE_OTHERWISE),
        }
    }

    /// The text of a JSON object, anonymized and canonical.
    pub fn object_text(&mut self, name: &'static str) -> Result<String> {
        let made = self.made(name, |call, bytes| {
            if let Some(text) = clean_object(call, bytes) {
                return Ok((Clean::Text(text), Redactions::default()));
            }
            let (object, redactions) = anonymized_object(name, call, bytes)?;
            let text: Box<str> = object.into();
            Ok((Clean::Text(text.into()), redactions))
        })?;
        match made {
            Clean::Text(text) => Ok(text),
            Clean::Object(_) => Err(MADE_OTHERWISE),
        }
    }

    /// The next argument, anonymized: as it was prepared, or now. What was redacted is counted.
    fn made(
        &mut self,
        name: &'static str,
        make: impl FnOnce(&Invocation<'a>, &'a [u8]) -> Made,
    ) -> Result<Clean> {
        let position = self.next;
        let bytes = self.bytes(name)?;
        let made = self.call.prepared.take_or_make(position, || {
            self.check_size(name, bytes)?;
            make(self.call, bytes)
        });
        let (clean, redactions) = made?;
        self.call.note(&redactions);
        Ok(clean)
    }

    /// Refuses what is larger than a payload may be.
    pub fn check_size(&self, name: &'static str, bytes: &[u8]) -> Result<()> {
        let most = self.call.settings.max_payload;
        if bytes.len() > most {
            let must = format!("be at most {most} bytes long (patternmemory.max-payload)");
            return Err(Error::argument(name, must));
        }
        Ok(())
    }

    /// The token of the next option; `None` at the end. Refuses what is not declared, and what is there twice.
    pub fn option(&mut self) -> Result<Option<&'static str>> {
        let Some(word) = self.call.args.get(self.next) else {
            return Ok(None);
        };
        let given = tokens(self.command).find(|token| word.eq_ignore_ascii_case(token.as_bytes()));
        let Some(token) = given else {
            return Err(self.unknown());
        };
        if self.given.contains(&token) {
            return Err(Error::refused(format!("the option {token} is given twice")));
        }
        self.given.push(token);
        self.next += 1;
        Ok(Some(token))
    }

    /// Refuses arguments beyond those that were read.
    pub fn end(&self) -> Result<()> {
        if self.more() {
            return Err(self.unknown());
        }
        Ok(())
    }

    fn unknown(&self) -> Error {
        let position = self.next + 1;
        let known: Vec<&str> = tokens(self.command).collect();
        let name = self.command.name;
        Error::refused(if known.is_empty() {
            format!("argument {position} is one too many: {name} takes no options")
        } else {
            format!(
                "argument {position} is no option of {name}; allowed: {}",
                known.join(", ")
            )
        })
    }
}

/// The canonical text of an object in which nothing is found; of one that is not, or is long, `None`.
fn clean_object(call: &Invocation<'_>, bytes: &[u8]) -> Option<String> {
    let short = bytes.len() <= READ_AT_ONCE;
    short
        .then(|| call.anonymizer.clean_object(bytes, MAX_DEPTH))
        .flatten()
}

/// An object, anonymized and canonical.
fn anonymized_object(
    name: &'static str,
    call: &Invocation<'_>,
    bytes: &[u8],
) -> Result<(Box<RawValue>, Redactions)> {
    let mut document = parse_json(name, bytes)?;
    if !matches!(document, Json::Object(_)) {
        return Err(Error::argument(name, "be a JSON object"));
    }
    let redactions = call.anonymizer.json(&mut document);
    let object = stored::canonical(&document)
        .map_err(|_| Error::Internal("anonymized JSON is no JSON any more"))?;
    Ok((object, redactions))
}

/// The tokens of a command's options.
fn tokens(command: &'static Command) -> impl Iterator<Item = &'static str> {
    fn of(arg: &'static Arg) -> Vec<&'static str> {
        match (arg.token, &arg.kind) {
            (Some(token), _) => vec![token],
            (None, ArgKind::OneOf(inner)) if arg.optional => inner.iter().flat_map(of).collect(),
            _ => Vec::new(),
        }
    }
    command.args.iter().flat_map(of)
}

/// Parses a JSON argument.
pub fn parse_json(name: &'static str, bytes: &[u8]) -> Result<Json> {
    Json::parse(bytes, MAX_DEPTH).map_err(|error| {
        let must = match error {
            JsonError::Syntax { offset } => format!("be valid JSON (error at byte {offset})"),
            JsonError::TooDeep => format!("be nested at most {MAX_DEPTH} levels deep"),
            JsonError::Encoding => "be valid UTF-8".to_owned(),
        };
        Error::argument(name, must)
    })
}

fn to_usize(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

/// The start of a window of days; the beginning of time where none is given.
pub fn window_start(today: Day, days: Option<u32>) -> crate::memory::Timestamp {
    days.map_or(Day(0), |days| today.first_of(days)).start()
}
