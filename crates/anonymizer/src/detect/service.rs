//! A value that nothing but a machine makes, right after the name of a service whose keys it may be:
//! `acme 0a1b2c…`, `ACME_CLIENT_ID=…`.

use super::near::{in_value, random_part, run_end, LONG};
use super::{number, Found};
use std::ops::Range;

/// Names of services with keys and tokens, in lower case, separated by white space.
const NAMES: &str = include_str!("services.txt");

/// How far after the name the value may begin, and how short it may be.
const REACH: usize = 28;
const SHORTEST: usize = 20;

/// The names that are keywords: those that are not words of every text.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    NAMES.split_ascii_whitespace()
}

/// Whether what follows the full stop is a property, `login` or `token`, not the end of a domain.
fn is_property(text: &[u8]) -> bool {
    [
        "login", "token", "key", "secret", "pass", "auth", "api", "client",
    ]
    .iter()
    .any(|word| text.starts_with(word.as_bytes()))
}

/// `name` is the place of the name of a service.
pub(super) fn after(text: &[u8], name: Range<usize>, found: &mut Found<'_>) {
    let begins = name
        .start
        .checked_sub(1)
        .is_none_or(|before| !text[before].is_ascii_alphanumeric());
    if !begins || name.end < found.values_until {
        return;
    }
    let limit = text.len().min(name.end + REACH);
    let mut at = name.end;
    while at < limit {
        let byte = text[at];
        // a URL or a path: what is random in it is an id
        if matches!(byte, b'/' | b'\n' | b'@' | b'#')
            || (at == name.end && byte == b'.' && !is_property(&text[at + 1..]))
        {
            return;
        }
        if !in_value(byte) || byte == b':' {
            at += 1;
            continue;
        }
        let end = run_end(text, at, found);
        // a long run is judged once, however many names are in it
        if end - at > LONG {
            if end <= found.long_runs_until {
                return;
            }
            found.long_runs_until = end;
        }
        if text.get(end) == Some(&b'@') || text[at..end].windows(2).any(|pair| pair == b"//") {
            return;
        }
        if end - at >= SHORTEST && !(at == name.end && byte == b'_') {
            if let Some(value) = random_part(text, at..end).filter(|value| value.len() >= SHORTEST)
            {
                found.values_until = value.end;
                found.push(number::SERVICE, value.start, value.end);
                return;
            }
        }
        at = end.max(at + 1);
    }
}
