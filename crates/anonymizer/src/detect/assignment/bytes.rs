//! A value as an array of bytes: `[]byte{0x1f, 139, …}`, `bytes([31, 139, …])`.

use std::ops::Range;

/// The fewest numbers that a secret has, the fewest of them that differ, and the longest text of them all.
const FEWEST: usize = 12;
const FEWEST_DIFFERENT: usize = 8;
const LONGEST: usize = 4096;
/// How long the type before the bracket may be.
const LONGEST_TYPE: usize = 24;

/// The numbers in the brackets that begin at `at` or after a type there.
pub(super) fn at(text: &[u8], at: usize) -> Option<Range<usize>> {
    // most values begin with a quote or a word that no bracket follows
    if matches!(text.get(at), Some(b'"' | b'\'' | b'`') | None) {
        return None;
    }
    let head = text[at..]
        .iter()
        .take(LONGEST_TYPE)
        .take_while(|b| b.is_ascii_alphanumeric() || b" _:<>[]()&*".contains(b))
        .count();
    // the bracket before the first number may be one that a type has too
    let opening = at
        + match text.get(at + head) {
            Some(b'{') => head,
            _ => text[at..at + head]
                .iter()
                .rposition(|b| matches!(b, b'[' | b'('))?,
        };
    let start = opening + 1;
    let mut end = start;
    let mut count = 0;
    let mut different = [0u64; 4];
    for word in text[start..text.len().min(start + LONGEST)].split(|b| *b == b',') {
        let trimmed = word.trim_ascii();
        let last = trimmed
            .iter()
            .position(|b| !b.is_ascii_alphanumeric())
            .unwrap_or(trimmed.len());
        let Some(number) = number(&trimmed[..last]) else {
            break;
        };
        different[usize::from(number >> 6)] |= 1 << (number & 63);
        count += 1;
        end = word.as_ptr() as usize - text.as_ptr() as usize + word.len();
        if last < trimmed.len() {
            // the closing bracket, or the line's end
            end = trimmed.as_ptr() as usize - text.as_ptr() as usize + last;
            break;
        }
    }
    let different: u32 = different.iter().map(|bits| bits.count_ones()).sum();
    (count >= FEWEST && different as usize >= FEWEST_DIFFERENT).then_some(start..end)
}

/// A small number, in the ways of C: decimal, `0x1f`, octal. Its last byte.
fn number(word: &[u8]) -> Option<u8> {
    if word.len() > 8 {
        return None;
    }
    let text = std::str::from_utf8(word).ok()?.to_ascii_lowercase();
    let text = text.trim_end_matches("u8");
    let number = match text.strip_prefix("0x") {
        Some(digits) => u16::from_str_radix(digits, 16),
        None if text.starts_with('0') && text.len() > 1 => u16::from_str_radix(text, 8),
        None => text.parse(),
    };
    Some(number.ok()? as u8)
}
