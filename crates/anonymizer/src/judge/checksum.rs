//! Check digits of the numbers that have them.

use sha2::{Digest, Sha256};

/// The check that a rule file names: a checksum, or `random`, which what is made of words does not pass.
pub(crate) fn by_name(name: &str) -> Option<fn(&[u8]) -> bool> {
    match name {
        "random" => Some(|value| super::value::is_random(value, 8)),
        "luhn" => Some(luhn),
        "iban" => Some(iban),
        "base58check" => Some(base58check),
        "bech32" => Some(bech32),
        _ => None,
    }
}

/// Luhn's check digit, over the ASCII digits of the text; other bytes are separators.
pub(crate) fn luhn(text: &[u8]) -> bool {
    let mut sum = 0;
    let mut count = 0;
    for digit in digits(text).rev() {
        let doubled = if count % 2 == 1 { digit * 2 } else { digit };
        sum += doubled / 10 + doubled % 10;
        count += 1;
    }
    count > 1 && sum % 10 == 0
}

fn digits(text: &[u8]) -> impl DoubleEndedIterator<Item = u32> + '_ {
    text.iter()
        .filter(|b| b.is_ascii_digit())
        .map(|b| u32::from(b - b'0'))
}

/// ISO 13616: the remainder by 97 of the number with its first four characters last is 1. Spaces are separators.
pub(crate) fn iban(text: &[u8]) -> bool {
    let characters: Vec<u8> = text
        .iter()
        .copied()
        .filter(u8::is_ascii_alphanumeric)
        .collect();
    if !(15..=34).contains(&characters.len()) {
        return false;
    }
    let mut remainder = 0u32;
    for byte in characters[4..].iter().chain(&characters[..4]) {
        let value = char::from(*byte).to_digit(36).unwrap_or(0);
        remainder = (remainder * if value > 9 { 100 } else { 10 } + value) % 97;
    }
    remainder == 1
}

/// Whether the digits, each times its weight, sum to a multiple of the modulus.
pub(crate) fn weighted(text: &[u8], weights: &[u32], modulus: u32) -> bool {
    let mut count = 0;
    let mut sum = 0;
    for (digit, weight) in digits(text).zip(weights) {
        sum += digit * weight;
        count += 1;
    }
    count == weights.len() && sum % modulus == 0
}

/// Brazil's CPF: two check digits, by 11.
pub(crate) fn cpf(text: &[u8]) -> bool {
    let digits: Vec<u32> = digits(text).collect();
    if digits.len() != 11 || digits.iter().all(|d| *d == digits[0]) {
        return false;
    }
    (9..11).all(|at| {
        let sum: u32 = digits[..at]
            .iter()
            .zip((2..=at as u32 + 1).rev())
            .map(|(d, w)| d * w)
            .sum();
        digits[at] == (sum * 10 % 11) % 10
    })
}

/// Verhoeff's check digit, of India's Aadhaar.
pub(crate) fn verhoeff(text: &[u8]) -> bool {
    const TIMES: [[usize; 10]; 10] = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [1, 2, 3, 4, 0, 6, 7, 8, 9, 5],
        [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
        [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
        [4, 0, 1, 2, 3, 9, 5, 6, 7, 8],
        [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
        [6, 5, 9, 8, 7, 1, 0, 4, 3, 2],
        [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
        [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
        [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
    ];
    const TURN: [usize; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let mut check = 0;
    let mut count = 0;
    for (at, digit) in digits(text).rev().enumerate() {
        let turned = (0..at % 8).fold(digit as usize, |digit, _| TURN[digit]);
        check = TIMES[check][turned];
        count += 1;
    }
    count > 0 && check == 0
}

/// Bitcoin's Base58Check: 21 bytes and the first four of their double SHA-256.
pub(crate) fn base58check(text: &[u8]) -> bool {
    const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let mut bytes = [0u8; 25];
    for &byte in text {
        let Some(mut carry) = ALPHABET.iter().position(|&known| known == byte) else {
            return false;
        };
        for place in bytes.iter_mut().rev() {
            carry += usize::from(*place) * 58;
            *place = (carry & 0xff) as u8;
            carry >>= 8;
        }
        if carry > 0 {
            return false;
        }
    }
    let digest = Sha256::digest(Sha256::digest(&bytes[..21]));
    digest[..4] == bytes[21..]
}

/// BIP 173 and BIP 350: Bech32 and Bech32m.
pub(crate) fn bech32(text: &[u8]) -> bool {
    const CHARACTERS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    const GENERATOR: [u32; 5] = [
        0x3b6a_57b2,
        0x2650_8e6d,
        0x1ea1_19fa,
        0x3d42_33dd,
        0x2a14_62b3,
    ];
    let text = text.to_ascii_lowercase();
    let Some(separator) = memchr::memrchr(b'1', &text) else {
        return false;
    };
    let (prefix, data) = (&text[..separator], &text[separator + 1..]);
    let mut check = 1u32;
    let mut step = |value: u32| {
        let top = check >> 25;
        check = ((check & 0x01ff_ffff) << 5) ^ value;
        for (bit, generator) in GENERATOR.iter().enumerate() {
            if top >> bit & 1 == 1 {
                check ^= generator;
            }
        }
    };
    prefix.iter().for_each(|b| step(u32::from(b >> 5)));
    step(0);
    prefix.iter().for_each(|b| step(u32::from(b & 31)));
    for byte in data {
        let Some(value) = CHARACTERS.iter().position(|known| known == byte) else {
            return false;
        };
        step(value as u32);
    }
    check == 1 || check == 0x2bc8_30a3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn luhn_knows_test_cards() {
        assert!(luhn(b"4111 1111 1111 1111"));
        assert!(luhn(b"378282246310005"));
        assert!(!luhn(b"4111 1111 1111 1112"));
    }

    #[test]
    fn iban_knows_the_examples_of_its_registry() {
        assert!(iban(b"DE89 3704 0044 0532 0130 00"));
        assert!(iban(b"GB29NWBK60161331926819"));
        assert!(!iban(b"DE89 3704 0044 0532 0130 01"));
    }

    #[test]
    fn national_ids_have_check_digits() {
        assert!(cpf(b"529.982.247-25"));
        assert!(!cpf(b"529.982.247-26"));
        assert!(!cpf(b"111.111.111-11"));
        assert!(verhoeff(b"2363"));
        assert!(!verhoeff(b"2364"));
        assert!(weighted(
            b"9434765919",
            &[10, 9, 8, 7, 6, 5, 4, 3, 2, 1],
            11
        ));
    }

    #[test]
    fn wallets_have_checksums() {
        // the first address there was, and the examples of BIP 173 and BIP 350
        assert!(base58check(b"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"));
        assert!(!base58check(b"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb"));
        assert!(bech32(b"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"));
        assert!(bech32(
            b"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"
        ));
        assert!(!bech32(b"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5"));
    }
}
