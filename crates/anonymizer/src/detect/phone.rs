//! Phone numbers.

use super::numbers::announced;
use super::{number, Found};

/// Words that announce one.
const WORDS: &[&str] = &[
    "phone",
    "tel",
    "telephone",
    "mobile",
    "cell",
    "call",
    "fax",
    "whatsapp",
    "number",
    "contact",
    "sms",
    "text me",
    "handy",
    "dial",
];

/// A number with a country's code: `+` and 8 to 15 digits in groups. Gives where it ends.
pub(super) fn international(text: &[u8], plus: usize, found: &mut Found<'_>) -> Option<usize> {
    let before = plus.checked_sub(1).map_or(b' ', |at| text[at]);
    let first = *text.get(plus + 1)?;
    if !(b'1'..=b'9').contains(&first)
        || before.is_ascii_alphanumeric()
        || matches!(before, b')' | b']' | b'_' | b'+' | b'/' | b'=' | b'.')
        || before >= 0x80
    {
        return None;
    }
    let (end, digits, groups) = groups(text, plus + 1);
    if !(8..=15).contains(&digits) || (groups == 1 && digits < 10) || !ends(text, end) {
        return None;
    }
    // a signed number in code stands after an operator and has no groups
    if groups == 1 && !announced(text, plus, WORDS) && matches!(before, b',' | b'(' | b'[') {
        return None;
    }
    found.push(number::PHONE, plus, end);
    Some(end)
}

/// A number without a country's code, from its first digit, which begins a run of `run` digits.
pub(super) fn national(
    text: &[u8],
    start: usize,
    run: usize,
    found: &mut Found<'_>,
) -> Option<usize> {
    let before = start.checked_sub(1).map_or(b' ', |at| text[at]);
    if matches!(before, b'-' | b'/' | b'#' | b'$' | b'=' | b'+') {
        return None;
    }
    let (end, digits, groups) = groups(text, start);
    if !ends(text, end) {
        return None;
    }
    let in_brackets = before == b'(' && text.get(start + run) == Some(&b')');
    let north_american = digits == 10
        && run == 3
        && groups == 3
        && (b'2'..=b'9').contains(&text[start])
        && text[start..end]
            .iter()
            .filter(|b| b.is_ascii_digit())
            .nth(3)
            .is_some_and(|d| (b'2'..=b'9').contains(d))
        && last_group(text, end) == 4;
    let from = if in_brackets { start - 1 } else { start };
    let plausible = (in_brackets && north_american)
        || (north_american && text[start + 3] == b'-' && text[end - 5] == b'-')
        || ((9..=11).contains(&digits)
            && announced(text, from, WORDS)
            && (text[start] == b'0'
                || groups > 1
                || (digits == 11 && text[start] == b'1')
                || (digits == 10 && text[start] > b'1')));
    if !plausible {
        return None;
    }
    found.push(number::PHONE, from, end);
    Some(end)
}

/// Digits in groups, with single separators, and the area in brackets: where they end, how many, in how many groups.
fn groups(text: &[u8], start: usize) -> (usize, usize, usize) {
    let mut at = start;
    let mut end = start;
    let mut digits = 0;
    let mut groups = 0;
    while at < text.len() && at < start + 26 {
        let byte = text[at];
        if byte.is_ascii_digit() {
            if at == start || !text[at - 1].is_ascii_digit() {
                groups += 1;
            }
            digits += 1;
            end = at + 1;
        } else {
            let separates = matches!(byte, b' ' | b'-' | b'.' | b'(' | b')') && at - end < 2;
            if !separates {
                break;
            }
        }
        at += 1;
    }
    (end, digits, groups)
}

fn last_group(text: &[u8], end: usize) -> usize {
    text[..end]
        .iter()
        .rev()
        .take_while(|b| b.is_ascii_digit())
        .count()
}

fn ends(text: &[u8], end: usize) -> bool {
    let next = text.get(end).copied().unwrap_or(b' ');
    let next_but_one = text.get(end + 1).copied().unwrap_or(b' ');
    !(next.is_ascii_alphanumeric()
        || matches!(next, b'_' | b'-' | b'/' | b':' | b'%')
        || (matches!(next, b'.' | b',') && next_but_one.is_ascii_digit()))
}
