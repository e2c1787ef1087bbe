//! What a national id must be besides digits: its check digit, the date in it, numbers that were never given out.

use crate::judge::checksum::{luhn, verhoeff, weighted};

/// The number that the digits make; other bytes are separators.
pub(super) fn value(text: &[u8]) -> u64 {
    digits(text).fold(0, |sum, digit| sum * 10 + u64::from(digit))
}

fn digits(text: &[u8]) -> impl Iterator<Item = u32> + '_ {
    text.iter()
        .filter(|b| b.is_ascii_digit())
        .map(|b| u32::from(b - b'0'))
}

/// The sum of the digits, each times its weight; as many as there are weights.
fn sum(text: &[u8], weights: &[u32]) -> u32 {
    digits(text).zip(weights).map(|(d, w)| d * w).sum()
}

/// Day and month, the month without what some countries add to it for the century.
fn is_date(month: u32, day: u32) -> bool {
    (1..=12).contains(&month) && (1..=31).contains(&day)
}

fn digit(text: &[u8], at: usize) -> u32 {
    digits(text).nth(at).unwrap_or(0)
}

fn pair(text: &[u8], at: usize) -> u32 {
    digit(text, at) * 10 + digit(text, at + 1)
}

/// No check digit, but numbers that were never given out; and the numbers of advertisements.
pub(super) fn us_ssn_or_itin(id: &[u8]) -> bool {
    let number = value(id);
    let (area, group, serial) = (number / 1_000_000, number / 10_000 % 100, number % 10_000);
    let itin = area >= 900 && matches!(group, 50..=65 | 70..=88 | 90..=92 | 94..=99);
    let ssn = !matches!(area, 0 | 666 | 900..) && group != 0 && serial != 0;
    (ssn || itin) && !matches!(number, 123_456_789 | 78_051_120 | 987_654_321)
}

pub(super) fn uk_nhs(id: &[u8]) -> bool {
    weighted(id, &[10, 9, 8, 7, 6, 5, 4, 3, 2, 1], 11)
}

pub(super) fn aadhaar(id: &[u8]) -> bool {
    digit(id, 0) > 1 && verhoeff(id)
}

/// The month has 20, 40, 60 or 80 added for centuries other than the 20th.
pub(super) fn pesel(id: &[u8]) -> bool {
    is_date(pair(id, 2) % 20, pair(id, 4)) && weighted(id, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1], 10)
}

pub(super) fn bsn(id: &[u8]) -> bool {
    // the last digit counts minus one
    weighted(id, &[9, 8, 7, 6, 5, 4, 3, 2, 10], 11)
}

/// Canada's social insurance number, Australia's tax file and company numbers.
pub(super) fn sin_tfn_or_acn(id: &[u8]) -> bool {
    let acn = || (10 - sum(id, &[8, 7, 6, 5, 4, 3, 2, 1]) % 10) % 10 == digit(id, 8);
    luhn(id) || weighted(id, &[1, 4, 3, 7, 5, 8, 6, 9, 10], 11) || acn()
}

/// Australia's business number: one less in the first digit, by 89.
pub(super) fn abn(id: &[u8]) -> bool {
    const WEIGHTS: [u32; 11] = [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19];
    digit(id, 0) > 0 && (sum(id, &WEIGHTS) - WEIGHTS[0]) % 89 == 0
}

/// Australia's Medicare number: the ninth digit checks the eight before it.
pub(super) fn medicare(id: &[u8]) -> bool {
    (2..=6).contains(&digit(id, 0)) && sum(id, &[1, 3, 7, 9, 1, 3, 7, 9]) % 10 == digit(id, 8)
}

/// Ten digits, or twelve with the century, which Luhn's check leaves out. A day may have 60 added.
pub(super) fn personnummer(id: &[u8]) -> bool {
    let count = digits(id).count();
    let short = if count == 12 { &id[2..] } else { id };
    is_date(pair(short, 2), pair(short, 4) % 60) && luhn(short)
}

/// South Korea's resident registration number.
pub(super) fn rrn(id: &[u8]) -> bool {
    let check = (11 - sum(id, &[2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]) % 11) % 10;
    is_date(pair(id, 2), pair(id, 4)) && digit(id, 6) < 9 && check == digit(id, 12)
}

pub(super) fn thai(id: &[u8]) -> bool {
    let check = (11 - sum(id, &[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11) % 10;
    digit(id, 0) > 0 && check == digit(id, 12)
}

/// Turkey's identity number: two check digits.
pub(super) fn tckn(id: &[u8]) -> bool {
    let odd = sum(id, &[1, 0, 1, 0, 1, 0, 1, 0, 1]);
    let even = sum(id, &[0, 1, 0, 1, 0, 1, 0, 1]);
    digit(id, 0) > 0
        && (odd * 7 + 10 * even - even) % 10 == digit(id, 9)
        && sum(id, &[1; 10]) % 10 == digit(id, 10)
}

/// ISO 7064, MOD 11,10.
pub(super) fn german_tax(id: &[u8]) -> bool {
    let mut product = 10;
    for digit in digits(id).take(10) {
        let sum = (digit + product) % 10;
        product = if sum == 0 { 10 } else { sum } * 2 % 11;
    }
    (11 - product) % 10 == digit(id, 10)
}

pub(super) fn french(id: &[u8]) -> bool {
    let number = value(id);
    matches!(id[0], b'1' | b'2') && 97 - number / 100 % 97 == number % 100
}

/// The routing number of a bank in the United States.
pub(super) fn routing(id: &[u8]) -> bool {
    weighted(id, &[3, 7, 1, 3, 7, 1, 3, 7, 1], 10)
}

/// The number of a provider of health care in the United States: Luhn's check with 80840 before it.
pub(super) fn npi(id: &[u8]) -> bool {
    let mut whole = b"80840".to_vec();
    whole.extend_from_slice(id);
    matches!(id[0], b'1' | b'2') && luhn(&whole)
}

/// Spain's DNI.
pub(super) fn dni(digits: &[u8], letter: u8) -> bool {
    b"TRWAGMYFPDXBNJZSQVHLCKE"[(value(digits) % 23) as usize] == letter
}

/// Spain's NIE: a letter, seven digits, the letter of a DNI.
pub(super) fn nie(id: &[u8]) -> bool {
    let Some(first) = b"XYZ".iter().position(|letter| *letter == id[0]) else {
        return false;
    };
    let (number, letter) = (&id[1..8], id[id.len() - 1]);
    let number_of_dni = first as u64 * 10_000_000 + value(number);
    number.iter().all(u8::is_ascii_digit)
        && b"TRWAGMYFPDXBNJZSQVHLCKE"[(number_of_dni % 23) as usize] == letter
}

/// Singapore's NRIC and FIN.
pub(super) fn nric(id: &[u8]) -> bool {
    if !id[1..8].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let sum = sum(&id[1..8], &[2, 7, 6, 5, 4, 3, 2]) as usize;
    match id[0] {
        b'S' => b"JZIHGFEDCBA"[sum % 11] == id[8],
        b'T' => b"JZIHGFEDCBA"[(sum + 4) % 11] == id[8],
        b'F' => b"XWUTRQPNMLK"[sum % 11] == id[8],
        b'G' => b"XWUTRQPNMLK"[(sum + 4) % 11] == id[8],
        _ => false,
    }
}

/// Italy's codice fiscale.
pub(super) fn codice_fiscale(id: &[u8]) -> bool {
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

/// India's permanent account number: the fourth letter says whose it is.
pub(super) fn pan(id: &[u8]) -> bool {
    id[..5].iter().all(u8::is_ascii_uppercase)
        && b"ABCFGHLJPT".contains(&id[3])
        && id[5..9].iter().all(u8::is_ascii_digit)
        && value(&id[5..9]) > 0
        && id[9].is_ascii_uppercase()
}

/// India's goods and services tax number: a state, a PAN, an ordinal, `Z`, and a check character by 36.
pub(super) fn gstin(id: &[u8]) -> bool {
    let code = |byte: u8| char::from(byte).to_digit(36).unwrap_or(0);
    let sum: u32 = id[..14]
        .iter()
        .enumerate()
        .map(|(at, &byte)| {
            let product = code(byte) * (1 + at as u32 % 2);
            product / 36 + product % 36
        })
        .sum();
    pan(&id[2..12]) && id[13] == b'Z' && (36 - sum % 36) % 36 == code(id[14])
}

/// The United Kingdom's national insurance number: prefixes that are given out, six digits, `A` to `D`.
pub(super) fn nino(prefix: &[u8], suffix: u8) -> bool {
    const NEVER: &[&[u8]] = &[b"BG", b"GB", b"KN", b"NK", b"NT", b"TN", b"ZZ"];
    let never_first = b"DFIQUV";
    let never_second = b"DFIOQUV";
    prefix.iter().all(u8::is_ascii_uppercase)
        && !never_first.contains(&prefix[0])
        && !never_second.contains(&prefix[1])
        && !NEVER.contains(&prefix)
        && (b'A'..=b'D').contains(&suffix)
}

/// The number of a prescriber in the United States.
pub(super) fn dea(id: &[u8]) -> bool {
    let number = &id[2..9];
    b"ABCDEFGHJKLMPRSTUX".contains(&id[0])
        && number.iter().all(u8::is_ascii_digit)
        && sum(number, &[1, 2, 1, 2, 1, 2]) % 10 == digit(number, 6)
}

/// Finland's identity code: a date, the sign of the century, a number, a check character by 31.
pub(super) fn finnish(id: &[u8]) -> bool {
    let (date, number, check) = (&id[..6], &id[7..10], id[10]);
    let whole = value(date) * 1000 + value(number);
    date.iter().chain(number).all(u8::is_ascii_digit)
        && is_date(pair(date, 2), pair(date, 0))
        && b"0123456789ABCDEFHJKLMNPRSTUVWXY"[(whole % 31) as usize] == check
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_told_by_their_check_characters() {
        assert!(dni(b"12345678", b'Z'));
        assert!(!dni(b"12345678", b'A'));
        assert!(nie(b"X1234567L"));
        assert!(nric(b"S1234567D"));
        assert!(codice_fiscale(b"RSSMRA80A01H501U"));
        assert!(pesel(b"44051401359"));
        assert!(!pesel(b"44991401358"));
        assert!(bsn(b"111222333"));
        assert!(german_tax(b"86095742719"));
        // the example of the Australian Business Register
        assert!(abn(b"51 824 753 556"));
        assert!(!abn(b"51 824 753 557"));
        assert!(tckn(b"10000000146"));
        assert!(finnish(b"131052-308T"));
        assert!(!finnish(b"131052-308U"));
        assert!(personnummer(b"811218-9876"));
        assert!(routing(b"021000021"));
        assert!(npi(b"1234567893"));
        assert!(pan(b"AAAPL1234C"));
        assert!(gstin(b"27AAPFU0939F1ZV"));
        assert!(nino(b"AB", b'C'));
        assert!(!nino(b"GB", b'C'));
        assert!(us_ssn_or_itin(b"912-70-1234"));
        assert!(!us_ssn_or_itin(b"666-12-3456"));
    }

    #[test]
    fn a_year_of_check_characters_is_french() {
        let number = 1_850_175_123_456_u64;
        let id = format!("{number}{:02}", 97 - number % 97);
        assert!(french(id.as_bytes()));
        assert!(!french(b"185017512345600"));
    }
}
