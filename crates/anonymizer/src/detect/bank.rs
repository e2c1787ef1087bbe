//! Payment cards and bank accounts.

use super::{number, Found};
use crate::judge::checksum;

/// 12 to 19 digits, together or in groups, with a known issuer and Luhn's check digit. Gives where the number ends.
pub(super) fn card(text: &[u8], start: usize, found: &mut Found<'_>) -> Option<usize> {
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
    let goes_on = next == b'.' && text.get(end + 1).is_some_and(u8::is_ascii_digit);
    if !(13..=19).contains(&digits)
        || next.is_ascii_alphanumeric()
        || matches!(next, b'_' | b'-')
        || goes_on
    {
        return None;
    }
    let before = start.checked_sub(1).map_or(b' ', |at| text[at]);
    if matches!(before, b'-' | b'+' | b'/' | b'#' | b'=') && separator.is_none() && before != b'=' {
        return None;
    }
    let number = &text[start..end];
    let issuer = match number[0] {
        b'4' => matches!(digits, 13 | 16 | 19),
        b'5' | b'2' => digits == 16,
        b'3' => matches!(digits, 14..=16),
        b'6' => matches!(digits, 16..=19),
        b'1' => digits == 15 && number.starts_with(b"1"),
        _ => false,
    };
    if !issuer || !grouped(number) || !checksum::luhn(number) {
        return None;
    }
    found.push(number::CARD, start, end);
    Some(end)
}

/// Whether groups have at least three digits, as those of cards do.
fn grouped(number: &[u8]) -> bool {
    number
        .split(|b| !b.is_ascii_digit())
        .all(|group| group.len() >= 3)
}

/// Countries and the lengths of their account numbers, of the registry of ISO 13616.
const LENGTHS: &[(&[u8; 2], usize)] = &[
    (b"AD", 24),
    (b"AE", 23),
    (b"AL", 28),
    (b"AT", 20),
    (b"AZ", 28),
    (b"BA", 20),
    (b"BE", 16),
    (b"BG", 22),
    (b"BH", 22),
    (b"BI", 27),
    (b"BR", 29),
    (b"BY", 28),
    (b"CH", 21),
    (b"CR", 22),
    (b"CY", 28),
    (b"CZ", 24),
    (b"DE", 22),
    (b"DJ", 27),
    (b"DK", 18),
    (b"DO", 28),
    (b"EE", 20),
    (b"EG", 29),
    (b"ES", 24),
    (b"FI", 18),
    (b"FK", 18),
    (b"FO", 18),
    (b"FR", 27),
    (b"GB", 22),
    (b"GE", 22),
    (b"GI", 23),
    (b"GL", 18),
    (b"GR", 27),
    (b"GT", 28),
    (b"HN", 28),
    (b"HR", 21),
    (b"HU", 28),
    (b"IE", 22),
    (b"IL", 23),
    (b"IQ", 23),
    (b"IS", 26),
    (b"IT", 27),
    (b"JO", 30),
    (b"KW", 30),
    (b"KZ", 20),
    (b"LB", 28),
    (b"LC", 32),
    (b"LI", 21),
    (b"LT", 20),
    (b"LU", 20),
    (b"LV", 21),
    (b"LY", 25),
    (b"MC", 27),
    (b"MD", 24),
    (b"ME", 22),
    (b"MK", 19),
    (b"MN", 20),
    (b"MR", 27),
    (b"MT", 31),
    (b"MU", 30),
    (b"NI", 28),
    (b"NL", 18),
    (b"NO", 15),
    (b"OM", 23),
    (b"PK", 24),
    (b"PL", 28),
    (b"PS", 29),
    (b"PT", 25),
    (b"QA", 29),
    (b"RO", 24),
    (b"RS", 22),
    (b"RU", 33),
    (b"SA", 24),
    (b"SC", 31),
    (b"SD", 18),
    (b"SE", 24),
    (b"SI", 19),
    (b"SK", 24),
    (b"SM", 27),
    (b"SO", 23),
    (b"ST", 25),
    (b"SV", 28),
    (b"TL", 23),
    (b"TN", 24),
    (b"TR", 26),
    (b"UA", 29),
    (b"VA", 22),
    (b"VG", 24),
    (b"XK", 20),
    (b"YE", 30),
];

/// An account number whose check digits, a run of `run` digits or the beginning of one, are at `digits`.
pub(super) fn iban(text: &[u8], digits: usize, run: usize, found: &mut Found<'_>) -> Option<usize> {
    if digits < 2 || run < 2 {
        return None;
    }
    let start = digits - 2;
    if start > 0 && (text[start - 1].is_ascii_alphanumeric() || text[start - 1] == b'_') {
        return None;
    }
    let country = [
        text[start].to_ascii_uppercase(),
        text[start + 1].to_ascii_uppercase(),
    ];
    let (_, length) = LENGTHS.iter().find(|(known, _)| **known == country)?;
    let mut count = 0;
    let mut end = start;
    while count < *length {
        match text.get(end)? {
            b if b.is_ascii_alphanumeric() => count += 1,
            b' ' | b'-' if text[end - 1].is_ascii_alphanumeric() => {}
            _ => return None,
        }
        end += 1;
    }
    let letters = || text[start..end].iter().filter(|b| b.is_ascii_alphabetic());
    if letters().any(u8::is_ascii_lowercase) && letters().any(u8::is_ascii_uppercase) {
        return None;
    }
    let ends = text
        .get(end)
        .is_none_or(|b| !b.is_ascii_alphanumeric() && *b != b'_');
    if !ends || !checksum::iban(&text[start..end]) {
        return None;
    }
    found.push(number::IBAN, start, end);
    Some(end)
}
