//! String literals.

use std::ops::Range;

/// A literal: what is between the quotes, and the byte after the closing one.
pub(super) struct Quoted {
    pub value: Range<usize>,
    pub after: usize,
}

const LONGEST: usize = 8192;

/// The literal that begins at `at`: in quotes of any sort, with the prefixes of many languages (`b"`, `r#"`, `@"`, `f'`), in
/// triple quotes, or in quotes that are escaped because they stand in another literal (`\"`, `&quot;`).
pub(super) fn at(text: &[u8], at: usize) -> Option<Quoted> {
    let mut start = at;
    while start < at + 3
        && matches!(
            text.get(start),
            Some(
                b'b' | b'B'
                    | b'u'
                    | b'U'
                    | b'r'
                    | b'R'
                    | b'f'
                    | b'F'
                    | b'L'
                    | b'@'
                    | b'$'
                    | b'#'
                    | b'&'
                    | b'8'
            )
        )
    {
        start += 1;
    }
    if let Some(quoted) = delimited(text, start) {
        return Some(quoted);
    }
    delimited(text, at)
}

fn delimited(text: &[u8], at: usize) -> Option<Quoted> {
    let rest = &text[at.min(text.len())..];
    let escapes = rest.iter().take(8).take_while(|&&b| b == b'\\').count();
    let length = match rest.get(escapes)? {
        b'"' if escapes == 0 && rest.starts_with(b"\"\"\"") => 3,
        b'\'' if escapes == 0 && rest.starts_with(b"'''") => 3,
        b'"' | b'\'' | b'`' => escapes + 1,
        b'&' if escapes == 0 && rest.starts_with(b"&quot;") => 6,
        b'&' if escapes == 0 && rest.starts_with(b"&#39;") => 5,
        _ => return None,
    };
    let delimiter = &rest[..length];
    let inside = &rest[length..rest.len().min(length + LONGEST)];
    let end = closing(inside, delimiter)?;
    let start = at + length;
    Some(Quoted {
        value: start..start + end,
        after: start + end + length,
    })
}

/// Where the delimiter stands again: on the same line, but for triple quotes and backticks, and not escaped further.
fn closing(inside: &[u8], delimiter: &[u8]) -> Option<usize> {
    let lines = delimiter.len() == 3 || delimiter == b"`";
    let quote = *delimiter.last()?;
    let mut from = 0;
    loop {
        let at = from + memchr::memmem::find(&inside[from..], delimiter)?;
        if !lines && memchr::memchr(b'\n', &inside[from..at]).is_some() {
            return None;
        }
        let escaped = quote != b';'
            && inside[..at]
                .iter()
                .rev()
                .take_while(|&&b| b == b'\\')
                .count()
                % 2
                == 1;
        if !escaped {
            return Some(at);
        }
        from = at + 1;
    }
}
