//! What a value looks like: words that a person wrote, or characters that a machine drew.

use super::pairs::COST;

/// What a value looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// Words, names, paths, code.
    Words,
    /// Decimal digits.
    Digits,
    /// Hexadecimal digits, of which some are letters and some are not.
    Hex,
    /// A UUID, or groups of its form.
    Uuid,
    /// Characters in no order that words have.
    Random,
}

/// Looks at a value of at least a few characters.
pub(crate) fn look(value: &[u8]) -> Look {
    let digits = value.iter().filter(|b| b.is_ascii_digit()).count();
    if digits == value.len() {
        return Look::Digits;
    }
    if digits > 0 && value.iter().all(u8::is_ascii_hexdigit) && value.len() >= 8 {
        return Look::Hex;
    }
    if is_uuid(value) {
        return Look::Uuid;
    }
    // short values need to be more surprising: there are more words that happen to be
    let least = match value.len() {
        0..=7 => 7.0,
        8..=11 => 6.4,
        12..=15 => 6.0,
        16..=19 => 5.7,
        _ => 5.45,
    };
    if surprise(value) >= least {
        Look::Random
    } else {
        Look::Words
    }
}

/// The mean cost, in bits, of each character after the one before it, by what names and words of source code are like.
/// Words have 3 to 5, random letters and digits 7 to 10.
pub(crate) fn surprise(value: &[u8]) -> f64 {
    if value.len() < 2 {
        return 0.0;
    }
    let total: u32 = value
        .windows(2)
        .map(|pair| u32::from(COST[symbol(pair[0])][symbol(pair[1])]))
        .sum();
    f64::from(total) / 16.0 / (value.len() - 1) as f64
}

fn symbol(byte: u8) -> usize {
    match byte {
        b'a'..=b'z' => usize::from(byte - b'a'),
        b'A'..=b'Z' => usize::from(byte - b'A') + 26,
        b'0'..=b'9' => 52,
        _ => 53,
    }
}

/// 8-4-4-4-12 hexadecimal digits.
pub(crate) fn is_uuid(value: &[u8]) -> bool {
    value.len() == 36
        && value.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_random_characters_look_different() {
        for words in [
            "getPasswordFromEnvironment",
            "client_secret_basic",
            "urn:ietf:params:oauth",
            "src/proto/h1/connection",
            "TLS_ECDHE_RSA_WITH_AES_256_CBC",
            "correct-horse-battery-staple",
        ] {
            assert_eq!(look(words.as_bytes()), Look::Words, "{words}");
        }
        for random in [
            "q9k2vHJZ4BTG6A8l2mNK3v9JH7tN1j",
            "zpczok4kqgnw5prpfy3ehiylbqvgbjfk",
            "SqLpa5sW0rD",
        ] {
            assert_eq!(look(random.as_bytes()), Look::Random, "{random}");
        }
        assert_eq!(look(b"0123456789abcdef"), Look::Hex);
        assert_eq!(look(b"0123456789012345"), Look::Digits);
        assert_eq!(look(b"123e4567-e89b-12d3-a456-426614174000"), Look::Uuid);
    }
}
