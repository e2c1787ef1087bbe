//! A value that nothing but a machine makes, a short way after a word that says secret: `acme SECRET: 0a1b…`,
//! `acme-key-0a1b…`, a call whose third argument it is.

use super::{number, Found};
use crate::judge::look::{look, Look};
use crate::judge::{name, placeholder, value};
use std::ops::Range;

/// How far after the name the value may begin.
const REACH: usize = 40;
/// Runs that are not looked at again, in bytes; the most that are looked at; and how many of their parts are.
pub(super) const LONG: usize = 96;
const LONGEST: usize = 4096;
const PARTS: usize = 8;
/// The longest name of a value on another line.
const LONGEST_NAME: usize = 40;
/// What is shorter may be a name by chance.
const SHORTEST: usize = 15;

/// Looks from the end of the keyword on, in the rest of the name and after it.
pub(super) fn after(
    text: &[u8],
    keyword: Range<usize>,
    name: &Range<usize>,
    found: &mut Found<'_>,
) {
    if !is_word(text, &keyword)
        || is_file(text, name)
        || name::is_of_something_else(&text[name.clone()])
    {
        return;
    }
    let limit = text.len().min(name.end + REACH);
    let mut at = keyword.end;
    let mut lines = 0;
    while at < limit {
        let byte = text[at];
        if !in_value(byte) {
            // a word in brackets at the end of a line ends a sentence; what is so long is no name of what is below
            if byte == b'\n' && (text[at - 1] == b')' || name.len() > LONGEST_NAME) {
                return;
            }
            lines += u32::from(byte == b'\n');
            if lines > 2 {
                return;
            }
            at += 1;
            continue;
        }
        let end = run_end(text, at, found);
        if end - at >= SHORTEST && (at != keyword.end || !byte.is_ascii_alphanumeric()) {
            if let Some(value) = random_part(text, at..end).filter(|value| !is_key(text, value)) {
                found.values_until = value.end;
                found.push(number::NEAR, value.start, value.end);
                return;
            }
            // a long run is judged once, however many keywords are in it
            if end - at > LONG {
                found.values_until = end;
                return;
            }
        }
        at = end;
    }
}

/// Whether the value is the key of another one in JSON.
fn is_key(text: &[u8], value: &Range<usize>) -> bool {
    matches!(text.get(value.end..value.end + 2), Some(b"\":" | b"':"))
}

/// Where the run of characters of a value ends, with the padding of Base64.
pub(super) fn run_end(text: &[u8], at: usize, found: &mut Found<'_>) -> usize {
    let end = found.value_run.end(text, at, LONGEST, in_value);
    end + text[end..]
        .iter()
        .take(2)
        .take_while(|b| **b == b'=')
        .count()
}

/// Whether the keyword is a word of its own: `boxKEY`, `api_key`, `PRIVATEkey`, not `keyboard` or `author`.
fn is_word(text: &[u8], keyword: &Range<usize>) -> bool {
    let loud = text[keyword.start..keyword.end]
        .iter()
        .all(|b| !b.is_ascii_lowercase());
    let before = keyword.start.checked_sub(1).map_or(b' ', |at| text[at]);
    let begins = !before.is_ascii_alphabetic()
        || (before.is_ascii_lowercase() && text[keyword.start].is_ascii_uppercase())
        || is_glued_key(text, keyword)
        || (keyword.end - keyword.start > 4 && !text[keyword.start].is_ascii_uppercase())
        || text[..keyword.start].len() >= 3
            && text[keyword.start - 3..keyword.start].eq_ignore_ascii_case(b"api")
        || loud
            && KEYWORDS_BEFORE
                .iter()
                .any(|word| text[..keyword.start].ends_with(word));
    let mut end = keyword.end;
    if matches!(text.get(end), Some(b's' | b'S')) {
        end += 1;
    }
    let after = text.get(end).copied().unwrap_or(b' ');
    let ends = !after.is_ascii_alphabetic()
        || (loud && after.is_ascii_lowercase())
        || (!loud && after.is_ascii_uppercase());
    begins && ends
}

/// Whether the keyword is `key` at the end of a name of one word: `acmekey`.
fn is_glued_key(text: &[u8], keyword: &Range<usize>) -> bool {
    let glued = text[..keyword.start]
        .iter()
        .rev()
        .take(20)
        .take_while(|b| b.is_ascii_lowercase())
        .count();
    text[keyword.clone()] == *b"key" && glued > 3
}

/// What may stand before a word in capitals without a separator: `ACCESSKEY`.
const KEYWORDS_BEFORE: &[&[u8]] = &[b"ACCESS", b"SECRET", b"PRIVATE", b"API", b"AUTH", b"CLIENT"];

/// Whether the name is of a file, or part of a path: what stands beside it is a checksum.
fn is_file(text: &[u8], name: &Range<usize>) -> bool {
    let before = name.start.checked_sub(1).map_or(b' ', |at| text[at]);
    let extension = text[name.clone()]
        .iter()
        .rev()
        .take(5)
        .position(|&b| b == b'.');
    matches!(before, b'/' | b'\\' | b'&')
        || extension.is_some_and(|length| {
            length > 0
                && text[name.end - length..name.end]
                    .iter()
                    .all(u8::is_ascii_lowercase)
        })
}

/// The run of characters, or the part of it after a separator that is random by itself.
pub(super) fn random_part(text: &[u8], run: Range<usize>) -> Option<Range<usize>> {
    if is_public(&text[run.clone()]) || (run.start > 0 && text[run.start - 1] == b'/') {
        return None;
    }
    let mut end = run.end;
    while end > run.start && matches!(text[end - 1], b'.' | b':') {
        end -= 1;
    }
    let mut start = run.start;
    for _ in 0..PARTS {
        if end - start < SHORTEST {
            break;
        }
        let value = &text[start..end];
        // what follows a slash is a part of a path: the id of a commit, of a page
        let path = start > 0 && text[start - 1] == b'/';
        if text[start].is_ascii_alphanumeric()
            && !path
            && is_secret(value)
            && !placeholder::stands_for_a_value(value)
            && !is_fraction(text, start)
        {
            return Some(start..end);
        }
        let separator = value
            .iter()
            .take(48)
            .position(|b| matches!(b, b'-' | b'_' | b'.' | b':' | b'/'))?;
        start += separator + 1;
    }
    None
}

/// Whether digits before a point go before: `3.14159`.
fn is_fraction(text: &[u8], start: usize) -> bool {
    start > 1
        && text[start - 1] == b'.'
        && text[start - 2].is_ascii_digit()
        && text[start].is_ascii_digit()
}

/// Public keys of SSH and PGP, fingerprints, and the constant of the WebSocket protocol.
fn is_public(value: &[u8]) -> bool {
    value.starts_with(b"AAAA")
        || value.starts_with(b"mDME")
        || value.starts_with(b"mQ")
        || value.starts_with(b"SHA256:")
        || value.starts_with(b"MD5:")
        || value == b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
}

fn is_secret(value: &[u8]) -> bool {
    if value.len() >= LONGEST {
        return false;
    }
    let separators = value
        .iter()
        .filter(|b| matches!(b, b'/' | b'.' | b':' | b'-' | b'_'))
        .count();
    match look(value) {
        Look::Random => {
            separators * 6 <= value.len()
                && memchr::memmem::find(value, b"::").is_none()
                && value::is_random(value, SHORTEST)
        }
        Look::Hex => value::is_random(value, SHORTEST),
        Look::Uuid => value::is_random(value, SHORTEST),
        Look::Digits => value.len() >= 20 && value::is_random(value, SHORTEST),
        Look::Words => false,
    }
}

pub(super) fn in_value(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'_' | b'-' | b'.' | b'~' | b':')
}
