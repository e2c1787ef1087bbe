//! E-mail addresses.

use super::{number, Found};

/// What looks like a top-level domain but ends the name of a file: `icon@2x.png`.
const FILES: &[&str] = &[
    "png", "jpg", "jpeg", "gif", "svg", "webp", "js", "mjs", "cjs", "ts", "css", "scss", "html",
    "py", "json", "md", "so", "service", "local", "internal",
];
/// Accounts of machines, which name nobody.
const MACHINES: &[&str] = &[
    "git",
    "hg",
    "svn",
    "noreply",
    "no-reply",
    "donotreply",
    "do-not-reply",
];

/// `at` is the place of the `@`.
pub(super) fn around(text: &[u8], at: usize, found: &mut Found<'_>) {
    let local = text[..at]
        .iter()
        .rev()
        .take(65)
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'%' | b'+' | b'-'))
        .count();
    if local == 0 || local > 64 {
        return;
    }
    let mut start = at - local;
    while start < at && !text[start].is_ascii_alphanumeric() {
        start += 1;
    }
    if start == at || text[at - 1] == b'.' || in_url(text, start) {
        return;
    }
    let Some(end) = domain_end(text, at + 1) else {
        return;
    };
    if MACHINES
        .iter()
        .any(|machine| text[start..at].eq_ignore_ascii_case(machine.as_bytes()))
    {
        return;
    }
    found.push(number::EMAIL, start, end);
}

/// Where the domain that begins at `from` ends: at least two labels, the last one of letters.
fn domain_end(text: &[u8], from: usize) -> Option<usize> {
    let mut end = from;
    let mut last_label = from;
    let mut labels = 0;
    while end < text.len() && end - from < 254 {
        match text[end] {
            b'.' if end > last_label
                && text.get(end + 1).is_some_and(u8::is_ascii_alphanumeric) =>
            {
                labels += 1;
                last_label = end + 1;
            }
            b if b.is_ascii_alphanumeric() || b == b'-' => {}
            _ => break,
        }
        end += 1;
    }
    while end > last_label && text[end - 1] == b'-' {
        end -= 1;
    }
    let top = &text[last_label..end];
    let plausible =
        labels > 0 && (2..=24).contains(&top.len()) && top.iter().all(u8::is_ascii_alphabetic);
    if !plausible
        || FILES
            .iter()
            .any(|file| top.eq_ignore_ascii_case(file.as_bytes()))
    {
        return None;
    }
    (text.get(end) != Some(&b'(')).then_some(end)
}

/// Whether the text before is the scheme and the user of a URL, of which the detector of URLs takes care.
fn in_url(text: &[u8], start: usize) -> bool {
    let before = &text[start.saturating_sub(200)..start];
    let word = before.iter().rposition(|b| {
        b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'<' | b'>' | b',' | b';' | b'(')
    });
    let before = &before[word.map_or(0, |at| at + 1)..];
    memchr::memmem::rfind(before, b"://").is_some_and(|at| {
        !before[at + 3..]
            .iter()
            .any(|b| matches!(b, b'/' | b'?' | b'#'))
    })
}
