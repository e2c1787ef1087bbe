//! Numbers with a form or a check digit, and e-mail addresses: one pass over the text finds where one may begin.

use super::{bank, email, ip, national, phone, wallet, Found};
use std::ops::Range;

/// What a byte may be the first sign of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    Nothing,
    Digit,
    /// Of IPv6 and MAC addresses.
    Colon,
    /// Of international phone numbers.
    Plus,
    /// Of e-mail addresses.
    At,
}

const SIGNS: [Sign; 256] = {
    let mut signs = [Sign::Nothing; 256];
    let mut digit = b'0';
    while digit <= b'9' {
        signs[digit as usize] = Sign::Digit;
        digit += 1;
    }
    signs[b':' as usize] = Sign::Colon;
    signs[b'+' as usize] = Sign::Plus;
    signs[b'@' as usize] = Sign::At;
    signs
};

/// Looks at each number that begins in `hits`.
pub(crate) fn scan(text: &[u8], hits: Range<usize>, found: &mut Found<'_>) {
    let mut at = hits.start;
    while at < hits.end {
        let Some(step) = text[at..hits.end]
            .iter()
            .position(|&b| SIGNS[usize::from(b)] != Sign::Nothing)
        else {
            return;
        };
        at += step;
        at = match SIGNS[usize::from(text[at])] {
            Sign::Colon => ip::at_colon(text, at, found).unwrap_or(at + 1),
            Sign::Plus => phone::international(text, at, found).unwrap_or(at + 1),
            Sign::At => {
                email::around(text, at, found);
                at + 1
            }
            Sign::Digit | Sign::Nothing => at_digits(text, at, found),
        };
    }
}

/// `at` is the first digit of a run. Gives where to go on.
fn at_digits(text: &[u8], at: usize, found: &mut Found<'_>) -> usize {
    let run = text[at..].iter().take_while(|b| b.is_ascii_digit()).count();
    let before = at.checked_sub(1).map_or(b' ', |before| text[before]);
    if before.is_ascii_alphabetic() {
        let letters = text[..at]
            .iter()
            .rev()
            .take(4)
            .take_while(|b| b.is_ascii_hexdigit())
            .count();
        return bank::iban(text, at, run, found)
            .or_else(|| ip::mac(text, at - letters, found))
            .or_else(|| national::after_letters(text, at, found))
            .unwrap_or(at + run);
    }
    if matches!(before, b'_' | b'.') || before >= 0x80 {
        return at + run;
    }
    let after = text.get(at + run).copied().unwrap_or(b' ');
    if after.is_ascii_alphabetic() || after == b'_' {
        return wallet::base58(text, at, found)
            .or_else(|| ip::mac(text, at, found))
            .or_else(|| national::with_letters(text, at, run, found))
            .or_else(|| national::before_letter(text, at, run, found))
            .unwrap_or(at + run);
    }
    let next = text.get(at + run + 1).copied().unwrap_or(b' ');
    if matches!((run, after), (7 | 8, b'-') | (6, b'-' | b'+') | (2, b' ')) {
        if let Some(end) = national::with_letters(text, at, run, found) {
            return end;
        }
    }
    let goes_on = matches!(after, b'.' | b'-' | b' ' | b')')
        && (next.is_ascii_hexdigit() || matches!(next, b' ' | b'('));
    // most numbers are short and alone
    if run < 8 && !goes_on && !(before == b'(' && after == b')') {
        return at + run;
    }
    let end = match run {
        1..=3 => ip::v4(text, at, found)
            .or_else(|| bank::card(text, at, found))
            .or_else(|| national::in_groups(text, at, found))
            .or_else(|| phone::national(text, at, run, found))
            .or_else(|| ip::mac(text, at, found)),
        4..=19 => bank::card(text, at, found)
            .or_else(|| national::in_groups(text, at, found))
            .or_else(|| phone::national(text, at, run, found))
            .or_else(|| ip::mac(text, at, found)),
        _ => None,
    };
    end.unwrap_or(at + run)
}

/// Whether one of the words (in lower case) stands in the 48 bytes before.
pub(super) fn announced(text: &[u8], at: usize, words: &[&str]) -> bool {
    let before = text[at.saturating_sub(48)..at].to_ascii_lowercase();
    words.iter().any(|word| {
        memchr::memmem::rfind_iter(&before, word.as_bytes()).any(|start| {
            let end = start + word.len();
            let begins = start == 0 || !before[start - 1].is_ascii_alphanumeric();
            begins
                && before
                    .get(end)
                    .is_none_or(|b| !b.is_ascii_lowercase() || *b == b's')
        })
    })
}
