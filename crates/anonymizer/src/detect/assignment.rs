//! A name that says secret, and the value that it is given, in the syntaxes of many languages and formats.

use super::{number, Found};
use crate::judge::name::{self, Strength};
use crate::judge::value::{self, Written};
use std::ops::Range;

const LONGEST_NAME: usize = 64;

/// `keyword` is a part of a name.
pub(super) fn around(text: &[u8], keyword: Range<usize>, found: &mut Found<'_>) {
    if keyword.start < found.names_until {
        return;
    }
    let left = text[..keyword.start]
        .iter()
        .rev()
        .take(LONGEST_NAME)
        .take_while(|b| in_name(**b))
        .count();
    let right = text[keyword.end..]
        .iter()
        .take(LONGEST_NAME)
        .take_while(|b| in_name(**b))
        .count();
    let name = keyword.start - left..keyword.end + right;
    found.names_until = name.end;
    let Some(strength) = name::strength(&text[name.clone()]) else {
        return;
    };
    let Some((value, written)) = value_after(text, name.end) else {
        return;
    };
    if value::is_secret(&text[value.clone()], strength, written)
        && !is_reference(text, &value, written, strength)
    {
        found.push(number::ASSIGNMENT, value.start, value.end);
    }
}

fn in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// Steps over closing quotes and brackets, an annotation of a type and the sign of assignment.
fn value_after(text: &[u8], name_end: usize) -> Option<(Range<usize>, Written)> {
    let mut at = name_end;
    while matches!(text.get(at), Some(b'"' | b'\'' | b'`' | b']' | b')')) && at < name_end + 3 {
        at += 1;
    }
    at = blanks(text, at);
    let operator = at;
    while matches!(
        text.get(at),
        Some(b'=' | b':' | b'>' | b',' | b'?' | b'!' | b'+')
    ) && at < operator + 4
    {
        at += 1;
    }
    if at == operator {
        return None;
    }
    at = blanks(text, at);
    let quote = *text.get(at)?;
    if matches!(quote, b'"' | b'\'' | b'`') {
        let start = at + 1;
        let length = text[start..]
            .iter()
            .take(4096)
            .position(|&b| b == quote || b == b'\n')?;
        return (text[start + length] == quote).then_some((start..start + length, Written::Quoted));
    }
    if text[operator] == b',' {
        return None;
    }
    let length = text[at..]
        .iter()
        .take(4096)
        .take_while(|b| !ends_bare(**b))
        .count();
    Some((at..at + length, Written::Bare))
}

fn blanks(text: &[u8], mut at: usize) -> usize {
    while matches!(text.get(at), Some(b' ' | b'\t')) {
        at += 1;
    }
    at
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
        )
}

/// Whether a bare value is code: a call, an index, an attribute.
fn is_reference(text: &[u8], value: &Range<usize>, written: Written, strength: Strength) -> bool {
    let next = text.get(value.end).copied().unwrap_or(b'\n');
    if written == Written::Quoted {
        return false;
    }
    let bytes = &text[value.clone()];
    matches!(next, b'(' | b'[' | b'{')
        || bytes
            .first()
            .is_some_and(|b| matches!(b, b'$' | b'@' | b'*' | b'&'))
        || (strength != Strength::Password && bytes.contains(&b'.') && !bytes.starts_with(b"ey"))
}
