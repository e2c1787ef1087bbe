//! Numbers with a form or a check digit: IP addresses, payment cards.

use super::{number, Found};
use crate::judge::checksum::luhn;
use std::ops::Range;

/// Looks at each run of digits that begins in `hits`.
pub(crate) fn scan(text: &[u8], hits: Range<usize>, found: &mut Found<'_>) {
    let mut at = hits.start;
    while at < hits.end {
        if !text[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let run = text[at..].iter().take_while(|b| b.is_ascii_digit()).count();
        let free = at == 0
            || !(text[at - 1].is_ascii_alphanumeric() || matches!(text[at - 1], b'_' | b'.'));
        if !free {
            at += run;
            continue;
        }
        let end = match run {
            1..=3 => ip_v4(text, at, found),
            4..=19 => card(text, at, found),
            _ => None,
        };
        at = end.unwrap_or(at + run);
    }
}

fn ip_v4(text: &[u8], start: usize, found: &mut Found<'_>) -> Option<usize> {
    let mut parts = [0u32; 4];
    let mut at = start;
    for (i, part) in parts.iter_mut().enumerate() {
        if i > 0 {
            if text.get(at) != Some(&b'.') {
                return None;
            }
            at += 1;
        }
        let digits = text[at..]
            .iter()
            .take(4)
            .take_while(|b| b.is_ascii_digit())
            .count();
        if digits == 0 || digits > 3 || (digits > 1 && text[at] == b'0') {
            return None;
        }
        *part = text[at..at + digits]
            .iter()
            .fold(0, |sum, b| sum * 10 + u32::from(b - b'0'));
        if *part > 255 {
            return None;
        }
        at += digits;
    }
    let next = text.get(at).copied().unwrap_or(b' ');
    let next_but_one = text.get(at + 1).copied().unwrap_or(b' ');
    if next.is_ascii_alphanumeric()
        || matches!(next, b'_' | b'-')
        || (next == b'.' && next_but_one.is_ascii_alphanumeric())
    {
        return None;
    }
    let public = match parts {
        [0 | 127, ..] | [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] | [255, ..] => false,
        // versions: 1.2.3.4, 4.0.0.0
        [a, b, c, d] => a > 9 || b > 30 || c > 30 || d > 30,
    };
    if !public {
        return Some(at);
    }
    found.push(number::IP, start, at);
    Some(at)
}

/// 13 to 19 digits, together or in groups, with a known issuer and Luhn's check digit.
fn card(text: &[u8], start: usize, found: &mut Found<'_>) -> Option<usize> {
    let mut digits = 0;
    let mut end = start;
    let mut separator = None;
    for at in start..text.len().min(start + 24) {
        match text[at] {
            b'0'..=b'9' => {
                digits += 1;
                end = at + 1;
            }
            b @ (b' ' | b'-')
                if *separator.get_or_insert(b) == b && text[at - 1].is_ascii_digit() => {}
            _ => break,
        }
    }
    let next = text.get(end).copied().unwrap_or(b' ');
    if !(13..=19).contains(&digits)
        || next.is_ascii_alphanumeric()
        || matches!(next, b'_' | b'.' | b'-')
    {
        return None;
    }
    let number = &text[start..end];
    let issuer = match number[0] {
        b'4' => matches!(digits, 13 | 16 | 19),
        b'5' | b'2' => digits == 16,
        b'3' => matches!(digits, 14..=16),
        b'6' => matches!(digits, 16..=19),
        _ => false,
    };
    if !issuer || !luhn(number) {
        return None;
    }
    found.push(number::CARD, start, end);
    Some(end)
}
