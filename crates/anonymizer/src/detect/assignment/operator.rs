//! What stands between a name and its value.

use super::blanks;
use std::ops::Range;

/// What ties a value to a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    /// `=`, `:`, `=>`, `:=`, `==`, `.=` …
    Sign,
    /// `,` between two literals.
    Comma,
    /// `(`: the value is the argument.
    Call,
    /// `is`, `to`, `by`, in prose and SQL.
    Verb,
    /// White space only: `--password VALUE`, `PASSWORD 'VALUE'`.
    Nothing,
    /// `<name>VALUE</name>`.
    Element,
}

/// What follows the name, and where the value begins.
pub(super) fn after(text: &[u8], name: &Range<usize>) -> Option<(Operator, usize)> {
    if name.start > 0 && text[name.start - 1] == b'<' {
        return element(text, name.end);
    }
    let mut at = closers(text, name.end);
    let closed = at > name.end;
    at = blanks(text, at);
    at = attribute(text, at);
    if let Some(value) = sign(text, at) {
        return Some((Operator::Sign, value));
    }
    if let Some(annotated) = annotation(text, at) {
        if let Some(value) = sign(text, annotated) {
            return Some((Operator::Sign, value));
        }
    }
    match text.get(at)? {
        b',' if closed => return Some((Operator::Comma, blanks(text, at + 1))),
        b'(' if at == name.end => return Some((Operator::Call, at + 1)),
        _ => {}
    }
    for verb in [&b"is set to "[..], b"is ", b"was ", b"to ", b"as ", b"= "] {
        if at > name.end
            && text[at..].len() > verb.len()
            && text[at..at + verb.len()].eq_ignore_ascii_case(verb)
        {
            let value = blanks(text, at + verb.len());
            return Some((
                Operator::Verb,
                if text.get(value) == Some(&b':') {
                    blanks(text, value + 1)
                } else {
                    value
                },
            ));
        }
    }
    (at > name.end && !closed).then_some((Operator::Nothing, at))
}

/// The content of `<name …>`.
fn element(text: &[u8], at: usize) -> Option<(Operator, usize)> {
    let end = text[at..]
        .iter()
        .take(80)
        .position(|&b| matches!(b, b'>' | b'\n' | b'<'))?;
    let close = at + end;
    (text[close] == b'>' && text[close - 1] != b'/').then_some((Operator::Element, close + 1))
}

/// Steps over what closes a name in quotes or brackets, escaped or not.
fn closers(text: &[u8], at: usize) -> usize {
    let mut end = at;
    while end < at + 12 {
        match text.get(end) {
            Some(b'"' | b'\'' | b'`' | b']' | b'[' | b')' | b'\\' | b'}' | b'*') => end += 1,
            Some(b'&') if text[end..].starts_with(b"&quot;") => end += 6,
            _ => break,
        }
    }
    end
}

/// Steps over the `value` of `<add key="NAME" value="…">` and of `{name: "NAME", value: "…"}`.
fn attribute(text: &[u8], at: usize) -> usize {
    let mut start = at;
    while matches!(
        text.get(start),
        Some(b',' | b' ' | b'\n' | b'\r' | b'\t' | b'"' | b'\'')
    ) && start < at + 40
    {
        start += 1;
    }
    let word = text
        .get(start..start + 5)
        .is_some_and(|word| word.eq_ignore_ascii_case(b"value"));
    if word && start > at && matches!(text.get(start + 5), Some(b'=' | b':' | b'"' | b'\'' | b' '))
    {
        let end = start + 5;
        return blanks(text, end + usize::from(matches!(text[end], b'"' | b'\'')));
    }
    if word && start == at && text.get(start + 5) == Some(&b'=') {
        return start + 5;
    }
    at
}

/// A sign of assignment or comparison, and where the value after it begins.
fn sign(text: &[u8], at: usize) -> Option<usize> {
    let rest = &text[at..];
    if rest.starts_with(b"%3D") || rest.starts_with(b"%3d") {
        return Some(at + 3);
    }
    let length = rest
        .iter()
        .take(5)
        .take_while(|b| {
            matches!(
                b,
                b'=' | b':' | b'>' | b'?' | b'!' | b'+' | b'|' | b'.' | b'-' | b'~' | b'<'
            )
        })
        .count();
    let run = &rest[..length];
    let assigns = run.contains(&b'=')
        || run == b":"
        || run == b"->"
        || run == b"<-"
        || run == b"||"
        || run == b"??"
        || run == b"::";
    // `::` is a path unless an equals sign follows
    if !assigns || run == b"::" || run == b"<=" || run == b">=" {
        return None;
    }
    let mut value = blanks(text, at + length);
    // a value may stand on the next line, indented
    if matches!(text.get(value), Some(b'\n' | b'\r')) {
        let below = value
            + text[value..]
                .iter()
                .take(80)
                .take_while(|b| b.is_ascii_whitespace())
                .count();
        if matches!(text.get(below), Some(b'"' | b'\'' | b'`')) {
            value = below;
        }
    }
    Some(value)
}

/// Steps over a type: `: str`, `string`, `: Option<&str>`.
fn annotation(text: &[u8], at: usize) -> Option<usize> {
    let mut start = at;
    if text.get(start) == Some(&b':') {
        start = blanks(text, start + 1);
    }
    let length = text[start..]
        .iter()
        .take(40)
        .take_while(|b| {
            b.is_ascii_alphanumeric()
                || matches!(
                    b,
                    b'_' | b'.'
                        | b'<'
                        | b'>'
                        | b'['
                        | b']'
                        | b'&'
                        | b'\''
                        | b'*'
                        | b'?'
                        | b'|'
                        | b' '
                )
        })
        .count();
    (length > 0).then_some(start + length)
}
