//! Addresses of machines: IP and MAC.

use super::{number, Found};
use std::net::Ipv6Addr;

/// An IPv4 address, from its first digit. Gives where it ends, also where it is one that is left alone.
pub(super) fn v4(text: &[u8], start: usize, found: &mut Found<'_>) -> Option<usize> {
    let mut parts = [0u8; 4];
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
        let value = text[at..at + digits]
            .iter()
            .fold(0, |sum, b| sum * 10 + u32::from(b - b'0'));
        *part = u8::try_from(value).ok()?;
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
    if is_of_somebody(parts) && !is_version(text, start, parts) {
        found.push(number::IP, start, at);
    }
    Some(at)
}

/// Not loopback, unspecified, broadcast, of the documentation, or the address of every cloud's metadata.
fn is_of_somebody(parts: [u8; 4]) -> bool {
    !matches!(
        parts,
        [0 | 127, ..]
            | [192, 0, 2, _]
            | [198, 51, 100, _]
            | [203, 0, 113, _]
            | [255, ..]
            | [169, 254, 169, 254]
    )
}

/// Four small numbers, or a word that says version before them.
fn is_version(text: &[u8], start: usize, parts: [u8; 4]) -> bool {
    let before = text[start.saturating_sub(12)..start].to_ascii_lowercase();
    let small = parts.iter().all(|part| *part < 32)
        && (parts[0] < 10 || (parts[1..] == [0, 0, 0] && parts[0] != 10));
    small || before.ends_with(b"v") || memchr::memmem::find(&before, b"version").is_some()
}

/// An IPv6 or MAC address around the colon that comes first in it. Gives where it ends.
pub(super) fn at_colon(text: &[u8], colon: usize, found: &mut Found<'_>) -> Option<usize> {
    let next = *text.get(colon + 1)?;
    if next != b':' && !next.is_ascii_hexdigit() {
        return None;
    }
    let left = text[..colon]
        .iter()
        .rev()
        .take(5)
        .take_while(|b| b.is_ascii_hexdigit())
        .count();
    if left > 4 || (left == 0 && next != b':') {
        return None;
    }
    let start = colon - left;
    let before = start.checked_sub(1).map_or(b' ', |at| text[at]);
    if before.is_ascii_alphanumeric() || matches!(before, b'_' | b':') || before >= 0x80 {
        return None;
    }
    if left == 2 {
        if let Some(end) = mac(text, start, found) {
            return Some(end);
        }
    }
    v6(text, start, found)
}

fn v6(text: &[u8], start: usize, found: &mut Found<'_>) -> Option<usize> {
    let mut end = start
        + text[start..]
            .iter()
            .take(46)
            .take_while(|b| b.is_ascii_hexdigit() || matches!(b, b':' | b'.'))
            .count();
    while end > start
        && (text[end - 1] == b'.' || (text[end - 1] == b':' && !text[..end].ends_with(b"::")))
    {
        end -= 1;
    }
    let next = text.get(end).copied().unwrap_or(b' ');
    if next.is_ascii_alphanumeric() || matches!(next, b'_' | b':') {
        return None;
    }
    let written = std::str::from_utf8(&text[start..end]).ok()?;
    let address: Ipv6Addr = written.parse().ok()?;
    let groups = written.split(':').filter(|group| !group.is_empty());
    // `a::b` is a path in many languages
    let plain = groups.clone().count() < 3
        && !groups
            .clone()
            .any(|group| group.len() > 2 && group.bytes().any(|b| b.is_ascii_digit()));
    let embedded = match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, ..]
        | [0, 0, 0, 0, 0xffff, 0, ..]
        | [0, 0, 0, 0, 0, 0, ..]
        | [0x64, 0xff9b, 0, 0, 0, 0, ..] => Some([
            address.octets()[12],
            address.octets()[13],
            address.octets()[14],
            address.octets()[15],
        ]),
        _ => None,
    };
    if plain
        || address.is_loopback()
        || address.is_unspecified()
        || embedded.is_some_and(|parts| !is_of_somebody(parts))
    {
        return Some(end);
    }
    // the name of an interface goes with it: fe80::1%eth0
    if next == b'%' {
        end += 1 + text[end + 1..]
            .iter()
            .take(16)
            .take_while(|b| b.is_ascii_alphanumeric())
            .count();
    }
    found.push(number::IP, start, end);
    Some(end)
}

/// A MAC address in one of its three forms, from its first digit.
pub(super) fn mac(text: &[u8], start: usize, found: &mut Found<'_>) -> Option<usize> {
    let before = start.checked_sub(1).map_or(b' ', |at| text[at]);
    if before.is_ascii_alphanumeric() || matches!(before, b'_' | b'-' | b':' | b'.') {
        return None;
    }
    let hex = |from: usize, count: usize| {
        text.get(from..from + count)
            .is_some_and(|part| part.iter().all(u8::is_ascii_hexdigit))
    };
    let separator = *text.get(start + 2)?;
    let end = if matches!(separator, b':' | b'-') {
        let pairs = (0..6).all(|i| {
            hex(start + 3 * i, 2) && (i == 5 || text.get(start + 3 * i + 2) == Some(&separator))
        });
        pairs.then_some(start + 17)?
    } else {
        let quads = (0..3).all(|i| {
            hex(start + 5 * i, 4) && (i == 2 || text.get(start + 5 * i + 4) == Some(&b'.'))
        });
        quads.then_some(start + 14)?
    };
    let next = text.get(end).copied().unwrap_or(b' ');
    if next.is_ascii_alphanumeric() || matches!(next, b'_' | b':' | b'-') {
        return None;
    }
    let mut digits = text[start..end].iter().filter(|b| b.is_ascii_hexdigit());
    let first = *digits.next()?;
    // all zeros, and the address of everybody
    if digits.all(|b| b.eq_ignore_ascii_case(&first)) {
        return Some(end);
    }
    found.push(number::MAC, start, end);
    Some(end)
}
