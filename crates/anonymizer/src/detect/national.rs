//! National ids. Those that have only digits are looked for where a word announces them; chance makes too many others.

use super::numbers::announced;
use super::{number, Found};
use crate::judge::checksum::{cpf, luhn, verhoeff, weighted};

/// An id of digits: its groups, the words that announce it, its check.
struct Form {
    groups: &'static [usize],
    words: &'static [&'static str],
    valid: fn(&[u8]) -> bool,
}

const FORMS: &[Form] = &[
    Form {
        groups: &[3, 2, 4],
        words: &["ssn", "ss#", "social security", "social"],
        valid: us_ssn,
    },
    Form {
        groups: &[9],
        words: &["ssn", "social security"],
        valid: us_ssn,
    },
    Form {
        groups: &[3, 3, 3, 2],
        words: &[],
        valid: cpf,
    },
    Form {
        groups: &[11],
        words: &["cpf"],
        valid: cpf,
    },
    Form {
        groups: &[3, 3, 4],
        words: &["nhs"],
        valid: uk_nhs,
    },
    Form {
        groups: &[10],
        words: &["nhs"],
        valid: uk_nhs,
    },
    Form {
        groups: &[4, 4, 4],
        words: &["aadhaar", "aadhar", "uid", "uidai"],
        valid: verhoeff,
    },
    Form {
        groups: &[12],
        words: &["aadhaar", "aadhar", "uidai"],
        valid: verhoeff,
    },
    Form {
        groups: &[11],
        words: &["pesel"],
        valid: pesel,
    },
    Form {
        groups: &[9],
        words: &["bsn", "burgerservicenummer", "sofinummer"],
        valid: bsn,
    },
    Form {
        groups: &[3, 3, 3],
        words: &["sin", "social insurance", "tfn", "tax file"],
        valid: sin_or_tfn,
    },
    Form {
        groups: &[9],
        words: &["sin", "social insurance", "tfn", "tax file"],
        valid: sin_or_tfn,
    },
    Form {
        groups: &[6, 4],
        words: &["personnummer", "personal number", "pnr"],
        valid: luhn,
    },
    Form {
        groups: &[8, 4],
        words: &["personnummer", "personal number", "pnr"],
        valid: personnummer,
    },
    Form {
        groups: &[11],
        words: &[
            "steuer-id",
            "steuerid",
            "steueridentifikationsnummer",
            "idnr",
            "tin",
        ],
        valid: german_tax,
    },
    Form {
        groups: &[1, 2, 2, 2, 3, 3, 2],
        words: &[],
        valid: french,
    },
    Form {
        groups: &[15],
        words: &["nir", "insee", "secu", "social"],
        valid: french,
    },
];

/// An id of digits in groups, from its first digit. Gives where it ends.
pub(super) fn in_groups(text: &[u8], start: usize, found: &mut Found<'_>) -> Option<usize> {
    let mut lengths = [0usize; 8];
    let mut count = 0;
    let mut at = start;
    loop {
        let run = text[at..]
            .iter()
            .take(20)
            .take_while(|b| b.is_ascii_digit())
            .count();
        *lengths.get_mut(count)? = run;
        count += 1;
        at += run;
        let separated = matches!(text.get(at), Some(b' ' | b'-' | b'.'))
            && text.get(at + 1).is_some_and(u8::is_ascii_digit);
        if !separated || count == lengths.len() {
            break;
        }
        at += 1;
    }
    if text
        .get(at)
        .is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
    {
        return None;
    }
    let form = FORMS.iter().find(|form| {
        form.groups == &lengths[..count]
            && (form.valid)(&text[start..at])
            && (form.words.is_empty() || announced(text, start, form.words))
    })?;
    // three groups and a pair with dots are a version unless they are written as the id is
    if form.words.is_empty() && count == 4 && text.get(at - 3) != Some(&b'-') {
        return None;
    }
    found.push(number::NATIONAL_ID, start, at);
    Some(at)
}

/// Eight digits and a letter of Spain's DNI, from the first digit.
pub(super) fn before_letter(
    text: &[u8],
    start: usize,
    run: usize,
    found: &mut Found<'_>,
) -> Option<usize> {
    let end = start + run + 1;
    let letter = text[start + run];
    if run != 8 || !is_end(text, end) || !is_dni(&text[start..start + run], letter) {
        return None;
    }
    found.push(number::NATIONAL_ID, start, end);
    Some(end)
}

/// Ids that begin with letters: Spain's NIE, Singapore's NRIC, Italy's codice fiscale. `digits` is the first digit.
pub(super) fn after_letters(text: &[u8], digits: usize, found: &mut Found<'_>) -> Option<usize> {
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
    let end = start + length;
    let id = &text[start..end];
    let valid = is_end(text, end)
        && match (letters, length) {
            (1, 9) => is_nie(id) || is_nric(id),
            (6, 16) => is_codice_fiscale(id),
            _ => false,
        };
    valid.then(|| {
        found.push(number::NATIONAL_ID, start, end);
        end
    })
}

fn is_end(text: &[u8], end: usize) -> bool {
    text.get(end)
        .is_none_or(|b| !b.is_ascii_alphanumeric() && *b != b'_')
}

fn value(digits: &[u8]) -> u64 {
    digits
        .iter()
        .filter(|b| b.is_ascii_digit())
        .fold(0, |sum, b| sum * 10 + u64::from(b - b'0'))
}

fn is_dni(digits: &[u8], letter: u8) -> bool {
    b"TRWAGMYFPDXBNJZSQVHLCKE"[(value(digits) % 23) as usize] == letter
}

fn is_nie(id: &[u8]) -> bool {
    let Some(first) = b"XYZ".iter().position(|letter| *letter == id[0]) else {
        return false;
    };
    let digits = id[1..8].iter().all(u8::is_ascii_digit);
    let number = first as u64 * 10_000_000 + value(&id[1..8]);
    digits && b"TRWAGMYFPDXBNJZSQVHLCKE"[(number % 23) as usize] == id[8]
}

fn is_nric(id: &[u8]) -> bool {
    if !id[1..8].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let sum: usize = id[1..8]
        .iter()
        .zip([2, 7, 6, 5, 4, 3, 2])
        .map(|(b, w)| usize::from(b - b'0') * w)
        .sum();
    match id[0] {
        b'S' => b"JZIHGFEDCBA"[sum % 11] == id[8],
        b'T' => b"JZIHGFEDCBA"[(sum + 4) % 11] == id[8],
        b'F' => b"XWUTRQPNMLK"[sum % 11] == id[8],
        b'G' => b"XWUTRQPNMLK"[(sum + 4) % 11] == id[8],
        _ => false,
    }
}

fn is_codice_fiscale(id: &[u8]) -> bool {
    const ODD: [usize; 36] = [
        1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3,
        6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
    ];
    if !id
        .iter()
        .all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
    {
        return false;
    }
    let sum: usize = id[..15]
        .iter()
        .enumerate()
        .map(|(at, &byte)| match (at % 2 == 0, byte) {
            (true, b'0'..=b'9') => ODD[usize::from(byte - b'0')],
            (true, _) => ODD[usize::from(byte - b'A') + 10],
            (false, b'0'..=b'9') => usize::from(byte - b'0'),
            (false, _) => usize::from(byte - b'A'),
        })
        .sum();
    usize::from(id[15]) == usize::from(b'A') + sum % 26
}

/// No check digit, but numbers that were never given out.
fn us_ssn(id: &[u8]) -> bool {
    let number = value(id);
    let (area, group, serial) = (number / 1_000_000, number / 10_000 % 100, number % 10_000);
    area != 0 && area != 666 && area < 900 && group != 0 && serial != 0
}

fn uk_nhs(id: &[u8]) -> bool {
    weighted(id, &[10, 9, 8, 7, 6, 5, 4, 3, 2, 1], 11)
}

fn pesel(id: &[u8]) -> bool {
    weighted(id, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1], 10)
}

fn bsn(id: &[u8]) -> bool {
    // the last digit counts minus one
    weighted(id, &[9, 8, 7, 6, 5, 4, 3, 2, 10], 11)
}

fn sin_or_tfn(id: &[u8]) -> bool {
    luhn(id) || weighted(id, &[1, 4, 3, 7, 5, 8, 6, 9, 10], 11)
}

/// With the century: the check digit is of the ten digits after it.
fn personnummer(id: &[u8]) -> bool {
    luhn(&id[2..])
}

/// ISO 7064, MOD 11,10.
fn german_tax(id: &[u8]) -> bool {
    let mut product = 10;
    for byte in &id[..10] {
        let sum = (u32::from(byte - b'0') + product) % 10;
        product = if sum == 0 { 10 } else { sum } * 2 % 11;
    }
    (11 - product) % 10 == u32::from(id[10] - b'0')
}

fn french(id: &[u8]) -> bool {
    let number = value(id);
    matches!(id[0], b'1' | b'2') && 97 - number / 100 % 97 == number % 100
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_told_by_their_check_characters() {
        assert!(is_dni(b"12345678", b'Z'));
        assert!(!is_dni(b"12345678", b'A'));
        assert!(is_nie(b"X1234567L"));
        assert!(is_nric(b"S1234567D"));
        assert!(is_codice_fiscale(b"RSSMRA80A01H501U"));
        assert!(pesel(b"44051401359"));
        assert!(bsn(b"111222333"));
        assert!(german_tax(b"86095742719"));
        assert!(french(b"1 80 01 75 123 456 90") || !french(b"180017512345600"));
    }
}
