//! National ids with letters in them.

use super::check;
use crate::detect::numbers::announced;
use crate::detect::{number, Found};

/// Ids that begin with a run of digits and go on with letters: Spain's DNI, India's GSTIN, Medicare's in the United
/// States. `start` is the first digit. Gives where the id ends.
pub(in crate::detect) fn before_letter(
    text: &[u8],
    start: usize,
    run: usize,
    found: &mut Found<'_>,
) -> Option<usize> {
    let letter = start + run;
    let (end, valid) = match run {
        8 => (letter + 1, check::dni(&text[start..letter], text[letter])),
        2 => (
            start + 15,
            text.get(start..start + 15).is_some_and(check::gstin),
        ),
        1 => {
            let length = text[start..]
                .iter()
                .take(14)
                .take_while(|b| b.is_ascii_alphanumeric() || **b == b'-')
                .count();
            let id = &text[start..start + length];
            let dashes = id.iter().filter(|b| **b == b'-').count();
            let told = dashes == 2 || announced(text, start, &["medicare", "mbi"]);
            (start + length, told && is_medicare(id))
        }
        _ => return None,
    };
    (valid && is_end(text, end)).then(|| {
        found.push(number::NATIONAL_ID, start, end);
        end
    })
}

/// Ids that begin with letters: Spain's NIE, Singapore's NRIC, Italy's codice fiscale, India's PAN, the United Kingdom's
/// national insurance number, the prescribers' of the United States. `digits` is the first digit.
pub(in crate::detect) fn after_letters(
    text: &[u8],
    digits: usize,
    found: &mut Found<'_>,
) -> Option<usize> {
    let letters = text[..digits]
        .iter()
        .rev()
        .take(7)
        .take_while(|b| b.is_ascii_uppercase())
        .count();
    let start = digits - letters;
    if start > 0 && (text[start - 1].is_ascii_alphanumeric() || text[start - 1] == b'_') {
        return None;
    }
    let length = text[start..]
        .iter()
        .take(17)
        .take_while(|b| b.is_ascii_alphanumeric())
        .count();
    let mut end = start + length;
    let id = &text[start..end];
    let number = id[letters..].iter().all(u8::is_ascii_digit);
    let numbered = |words: &[&str]| number && announced(text, start, words);
    let valid = match (letters, length) {
        (1, 9) => check::nie(id) || check::nric(id) || numbered(PASSPORTS),
        // with a dash before the last letter
        (1, 8) if text.get(end) == Some(&b'-') => {
            end += 2;
            text.get(start..end).is_some_and(check::nie)
        }
        (6, 16) => check::codice_fiscale(id),
        (5, 10) => check::pan(id),
        (2, 9) => {
            let digits = id[2..8].iter().all(u8::is_ascii_digit);
            (digits && check::nino(&id[..2], id[8])) || check::dea(id) || numbered(PASSPORTS)
        }
        (1 | 2, 8 | 10) => numbered(PASSPORTS),
        (3, 10) => numbered(&["voter", "epic", "elector"]),
        _ => false,
    };
    (valid && is_end(text, end)).then(|| {
        found.push(number::NATIONAL_ID, start, end);
        end
    })
}

const PASSPORTS: &[&str] = &[
    "passport",
    "license",
    "licence",
    "identity card",
    "id card",
    "driver",
];

/// Ids of digits with a letter after a dash or a space: `12345678-Z`, `131052-308T`, `AB 12 34 56 C`. `start` is the
/// first digit of a run. Gives where the id ends.
pub(in crate::detect) fn with_letters(
    text: &[u8],
    start: usize,
    run: usize,
    found: &mut Found<'_>,
) -> Option<usize> {
    let (from, end) = match run {
        8 | 7 => {
            let end = start + run + 2;
            let letter = *text.get(end - 1)?;
            let valid = text[start + run] == b'-' && check::dni(&text[start..start + run], letter);
            valid.then_some((start, end))?
        }
        6 => {
            let id = text.get(start..start + 11)?;
            let century = b"-+ABCDEFYXWVU".contains(&id[6]);
            (century && check::finnish(id)).then_some((start, start + 11))?
        }
        2 => {
            let from = start.checked_sub(3)?;
            let id = text.get(from..from + 13)?;
            let groups = [id[2], id[5], id[8], id[11]];
            let digits = [3, 4, 6, 7, 9, 10]
                .iter()
                .all(|at| id[*at].is_ascii_digit());
            (digits && groups == [b' '; 4] && check::nino(&id[..2], id[12]))
                .then_some((from, from + 13))?
        }
        _ => return None,
    };
    is_end(text, end).then(|| {
        found.push(number::NATIONAL_ID, from, end);
        end
    })
}

/// Eleven characters of which the place decides whether they are digits or letters, with two dashes or none.
fn is_medicare(id: &[u8]) -> bool {
    const LETTERS: &[u8] = b"ACDEFGHJKMNPQRTUVWXY";
    let mut places = b"caxdaxdaadd".iter();
    let mut count = 0;
    for &byte in id.iter().filter(|b| **b != b'-') {
        let fits = match places.next() {
            Some(b'c') => matches!(byte, b'1'..=b'9'),
            Some(b'd') => byte.is_ascii_digit(),
            Some(b'a') => LETTERS.contains(&byte),
            Some(_) => byte.is_ascii_digit() || LETTERS.contains(&byte),
            None => false,
        };
        if !fits {
            return false;
        }
        count += 1;
    }
    count == 11
}

fn is_end(text: &[u8], end: usize) -> bool {
    text.get(end)
        .is_none_or(|b| !b.is_ascii_alphanumeric() && *b != b'_')
}
