//! A name that says secret, and the value that it is given, in the syntaxes of many languages and formats.

mod bytes;
mod operator;
mod quotes;

use super::{near, number, Found};
use crate::judge::name::{self, Strength};
use crate::judge::placeholder;
use crate::judge::value::{self, Written};
use crate::marker;
use operator::Operator;
use std::ops::Range;

const LONGEST_NAME: usize = 64;
/// Values up to this length are judged whatever the budget.
const SHORT_VALUE: usize = 96;

/// A value beside a name.
pub(super) struct Candidate {
    pub value: Range<usize>,
    pub written: Written,
}

/// `keyword` is a part of a name.
pub(super) fn around(text: &[u8], keyword: Range<usize>, found: &mut Found<'_>) {
    if keyword.start < found.values_until {
        return;
    }
    let name = name_around(text, keyword.clone());
    if keyword.start >= found.names_until {
        found.names_until = name.end;
        match value_of(text, &name, found) {
            Given::Secret(value) => {
                found.push(number::ASSIGNMENT, value.start, value.end);
                found.values_until = value.end;
                return;
            }
            Given::Placeholder(value) => {
                found.values_until = value.end;
                return;
            }
            Given::Other => {}
        }
    }
    near::after(text, keyword, &name, found);
}

/// What a name is given.
enum Given {
    Secret(Range<usize>),
    /// Something that stands for a value; nor are its parts secrets.
    Placeholder(Range<usize>),
    /// Nothing, or what is none by itself.
    Other,
}

fn value_of(text: &[u8], name: &Range<usize>, found: &mut Found<'_>) -> Given {
    let Some(strength) = name::strength(&text[name.clone()]) else {
        return Given::Other;
    };
    if let Some(value) = compared(text, name, strength) {
        return Given::Secret(value);
    }
    let Some(operator) = operator::after(text, name) else {
        return Given::Other;
    };
    if strength > Strength::Weak {
        if let Some(value) = bytes::at(text, operator.1) {
            return Given::Secret(value);
        }
    }
    let Some(candidate) = candidate(text, name, strength, operator, found) else {
        return Given::Other;
    };
    let value = &text[candidate.value.clone()];
    if value.len() > SHORT_VALUE {
        if value.len() > found.budget {
            return Given::Other;
        }
        found.budget -= value.len();
    }
    if value.is_empty() || marker::touched(text, candidate.value.start, candidate.value.end) {
        Given::Other
    } else if placeholder::is_none(value) {
        Given::Placeholder(candidate.value)
    } else if value::is_secret(value, strength, candidate.written) {
        Given::Secret(candidate.value)
    } else {
        Given::Other
    }
}

/// The literal on the left of a comparison with the name: `"VALUE" == name`.
fn compared(text: &[u8], name: &Range<usize>, strength: Strength) -> Option<Range<usize>> {
    let from = name.start.saturating_sub(208);
    let before = &text[from..name.start];
    let sign_end = before.iter().rposition(|b| *b != b' ')? + 1;
    let sign = before[..sign_end]
        .iter()
        .rev()
        .take(4)
        .take_while(|b| matches!(b, b'=' | b'!'))
        .count();
    if !(2..=3).contains(&sign) {
        return None;
    }
    let end = before[..sign_end - sign].iter().rposition(|b| *b != b' ')?;
    let quote = before[end];
    if !matches!(quote, b'"' | b'\'' | b'`') {
        return None;
    }
    let start = memchr::memrchr(quote, &before[..end])? + 1;
    value::is_secret(&before[start..end], strength, Written::Quoted)
        .then_some(from + start..from + end)
}

fn name_around(text: &[u8], keyword: Range<usize>) -> Range<usize> {
    let left = text[..keyword.start]
        .iter()
        .rev()
        .take(LONGEST_NAME)
        .take_while(|b| in_name(**b))
        .count();
    let mut right = text[keyword.end..]
        .iter()
        .take(LONGEST_NAME)
        .take_while(|b| in_name(**b))
        .count();
    // a full stop or a dash ends a sentence or an arrow, not a name
    while right > 0 && matches!(text[keyword.end + right - 1], b'.' | b'-') {
        right -= 1;
    }
    keyword.start - left..keyword.end + right
}

fn in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// The value that follows the name, if a syntax that we know puts one there.
fn candidate(
    text: &[u8],
    name: &Range<usize>,
    strength: Strength,
    (operator, at): (Operator, usize),
    found: &mut Found<'_>,
) -> Option<Candidate> {
    if operator == Operator::Element {
        let length = text[at..].iter().take(8192).position(|&b| b == b'<')?;
        let value = trimmed(text, at..at + length);
        return Some(Candidate {
            value,
            written: Written::Quoted,
        });
    }
    if let Some(quoted) = quotes::at(text, at) {
        let fits = match operator {
            Operator::Call => text.get(quoted.after) == Some(&b')'),
            Operator::Nothing | Operator::Verb => {
                strength == Strength::Password && !is_verb(&text[name.clone()])
            }
            // `"password", "host": …`: what follows is the next key of an object
            Operator::Comma => text.get(blanks(text, quoted.after)) != Some(&b':'),
            _ => true,
        };
        // `"password", "host"` may be a list of names
        let written = if operator == Operator::Comma || operator == Operator::Call {
            Written::Bare
        } else {
            Written::Quoted
        };
        return fits.then_some(Candidate {
            value: quoted.value,
            written,
        });
    }
    match operator {
        Operator::Comma | Operator::Call => None,
        Operator::Nothing => {
            let value = bare(text, at, found);
            (strength == Strength::Password && !is_verb(&text[name.clone()])).then_some(Candidate {
                value,
                written: Written::Apart,
            })
        }
        Operator::Verb => {
            let value = bare(text, at, found);
            Some(Candidate {
                value,
                written: Written::Bare,
            })
        }
        Operator::Sign | Operator::Element => {
            if is_comparison(&text[name.end..at]) {
                return None;
            }
            if let Some(value) = in_call(text, at) {
                return Some(Candidate {
                    value,
                    written: Written::Bare,
                });
            }
            if let Some(value) = setting(text, name, at) {
                return Some(Candidate {
                    value,
                    written: Written::Setting,
                });
            }
            let value = bare(text, at, found);
            let next = text.get(blanks(text, value.end)).copied().unwrap_or(b'\n');
            (!matches!(next, b'(' | b'[' | b'{')).then_some(Candidate {
                value,
                written: Written::Bare,
            })
        }
    }
}

/// Whether the sign compares: `==`, `!=`, `===`.
fn is_comparison(sign: &[u8]) -> bool {
    let run: Vec<u8> = sign
        .iter()
        .copied()
        .filter(|b| !b.is_ascii_whitespace())
        .collect();
    matches!(run.as_slice(), b"==" | b"!=" | b"===" | b"!==")
}

/// `pass` is a verb unless a sign follows.
fn is_verb(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"pass")
}

/// The literal in `String::from("…")`, `Some("…")`, or the second one in `getenv("NAME", "…")`.
fn in_call(text: &[u8], at: usize) -> Option<Range<usize>> {
    let callee = text[at..]
        .iter()
        .take(48)
        .take_while(|b| {
            b.is_ascii_alphanumeric()
                || matches!(
                    b,
                    b'_' | b'.' | b':' | b' ' | b'&' | b'\\' | b'<' | b'>' | b'!'
                )
        })
        .count();
    let opening = text.get(at + callee);
    if opening != Some(&b'(') && (callee > 0 || opening != Some(&b'[')) {
        return None;
    }
    let looked_up = {
        let callee = text[at..at + callee].to_ascii_lowercase();
        [
            &b"env"[..],
            b"get",
            b"config",
            b"option",
            b"param",
            b"prompt",
            b"input",
            b"read",
            b"load",
            b"fetch",
            b"request",
        ]
        .iter()
        .any(|word| memchr::memmem::find(&callee, word).is_some())
    };
    let first = quotes::at(text, at + callee + 1)?;
    if !looked_up {
        return Some(first.value);
    }
    let comma = blanks(text, first.after);
    if text.get(comma) != Some(&b',') {
        return None;
    }
    quotes::at(text, blanks(text, comma + 1)).map(|second| second.value)
}

/// The rest of a line that is nothing but a name and a value, as in `.env`, INI, YAML and properties; or a part of a
/// connection string or of the query of a URL.
fn setting(text: &[u8], name: &Range<usize>, at: usize) -> Option<Range<usize>> {
    let before = name
        .start
        .checked_sub(1)
        .map_or(b'\n', |before| text[before]);
    if matches!(before, b';' | b'&' | b'?') && text.get(name.end) == Some(&b'=') {
        let length = text[at..]
            .iter()
            .take(1024)
            .take_while(|b| !b.is_ascii_whitespace() && !b";&\"'#<>`),{".contains(b))
            .count();
        return (length > 0).then_some(at..at + length);
    }
    if !begins_line(text, name.start) {
        return None;
    }
    let length = text[at..]
        .iter()
        .take(8192)
        .take_while(|b| !b.is_ascii_whitespace())
        .count();
    let mut end = at + length;
    let trailing = text[end..]
        .iter()
        .take_while(|b| matches!(b, b' ' | b'\t' | b'\r'))
        .count();
    let rest = text.get(end + trailing).copied().unwrap_or(b'\n');
    if !(rest == b'\n' || (trailing > 0 && rest == b'#')) {
        return None;
    }
    let terminated = length > 0 && matches!(text[end - 1], b',' | b';');
    end -= usize::from(terminated);
    let value = &text[at..end];
    // the end of a statement or of an argument is code, as is a call
    if value.is_empty()
        || matches!(value[value.len() - 1], b'{' | b'(' | b'[' | b'\\' | b':')
        || is_call(value)
    {
        return None;
    }
    let odd = value
        .iter()
        .any(|b| !(b.is_ascii_alphanumeric() || b"_.()[]:,\"'$@-+*/ ".contains(b)));
    // a quote that closes what was opened elsewhere
    let unquoted = value
        .iter()
        .rev()
        .take_while(|b| matches!(b, b'"' | b'\''))
        .count();
    let end = end - unquoted;
    let spaced = matches!(text[at - 1], b' ' | b'\t');
    let label = &text[name.clone()];
    let loud =
        label.iter().any(u8::is_ascii_uppercase) && !label.iter().any(u8::is_ascii_lowercase);
    let colon = text[name.end..at]
        .iter()
        .find(|b| !b.is_ascii_whitespace() && **b != b'"')
        == Some(&b':');
    (odd || (!terminated && (!spaced || loud || colon || is_paired(text, name.start))))
        .then_some(at..end)
}

/// Whether a line a little way above sets a user, as files of credentials do.
fn is_paired(text: &[u8], at: usize) -> bool {
    text[at.saturating_sub(120)..at]
        .split(|b| *b == b'\n')
        .any(|line| {
            (line.starts_with(b"user") || line.starts_with(b"login")) && line.contains(&b'=')
        })
}

/// Whether nothing but what settings begin with stands before on the line: `export`, `-`, `ENV`, a comment's sign.
fn begins_line(text: &[u8], at: usize) -> bool {
    const OPENINGS: &[&[u8]] = &[
        b"", b"export", b"set", b"setx", b"ENV", b"ARG", b"-", b"\"", b"--", b"*", b";", b"#",
        b"//", b"-e", b"env", b"$", b"+",
    ];
    let from = at.saturating_sub(24);
    let line = memchr::memrchr(b'\n', &text[from..at]).map_or(from, |newline| from + newline + 1);
    (line > from || from == 0)
        && text[line..at]
            .split(|b| b.is_ascii_whitespace())
            .all(|word| OPENINGS.contains(&word))
}

/// `name(…)`, `a.b`, `name[…]`.
fn is_call(value: &[u8]) -> bool {
    let word = value
        .iter()
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':'))
        .count();
    matches!(value.get(word), Some(b'(' | b'['))
        && word > 0
        && value[0].is_ascii_alphabetic()
        && matches!(value.last(), Some(b')' | b']' | b'(' | b'?'))
}

fn bare(text: &[u8], at: usize, found: &mut Found<'_>) -> Range<usize> {
    let mut end = found.bare_run.end(text, at, 8192, |b| !ends_bare(b));
    while end > at && matches!(text[end - 1], b'.' | b':' | b'!' | b'?') {
        end -= 1;
    }
    at..end
}

fn ends_bare(byte: u8) -> bool {
    byte <= b' '
        || matches!(
            byte,
            b'"' | b'\''
                | b'`'
                | b','
                | b';'
                | b')'
                | b'('
                | b'['
                | b']'
                | b'{'
                | b'}'
                | b'<'
                | b'>'
                | b'&'
                | b'\\'
                | b'|'
        )
}

/// The first byte from `at` on that is neither space nor tabulator.
pub(super) fn blanks(text: &[u8], mut at: usize) -> usize {
    while matches!(text.get(at), Some(b' ' | b'\t')) {
        at += 1;
    }
    at
}

fn trimmed(text: &[u8], range: Range<usize>) -> Range<usize> {
    let mut range = range;
    while range.start < range.end && text[range.start].is_ascii_whitespace() {
        range.start += 1;
    }
    while range.end > range.start && text[range.end - 1].is_ascii_whitespace() {
        range.end -= 1;
    }
    range
}
