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
    if value.len() >= 28 && value.iter().all(u8::is_ascii_hexdigit) {
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
    if (surprise(value) >= least || is_dense(value)) && in_words(value) * 2 < value.len() {
        Look::Random
    } else {
        Look::Words
    }
}

/// How many of the bytes are in words: four letters and more, after at most one capital, that follow each other as in a
/// language.
fn in_words(value: &[u8]) -> usize {
    let mut covered = 0;
    let mut start = 0;
    while start < value.len() {
        let mut end = start + 1;
        if value[start].is_ascii_alphabetic() {
            while end < value.len()
                && value[end].is_ascii_alphabetic()
                && continues(value, start, end)
            {
                end += 1;
            }
            if end - start >= 4 && surprise(&value[start..end]) < 4.6 {
                covered += end - start;
            }
        }
        start = end;
    }
    covered
}

/// Whether the letter at `at` belongs to the word that begins at `start`: small letters after any letter but the second
/// and further ones of a word in capitals; capitals after capitals.
fn continues(value: &[u8], start: usize, at: usize) -> bool {
    let before = value[at - 1];
    if value[at].is_ascii_lowercase() {
        before.is_ascii_lowercase() || at - 1 == start
    } else {
        before.is_ascii_uppercase()
    }
}

/// Letters and digits in such a mix as no name has, though their order may be one: `abcd1234EFGH5678`. In one piece, or
/// in groups with dashes.
fn is_dense(value: &[u8]) -> bool {
    let kept = value
        .iter()
        .rev()
        .skip_while(|b| matches!(b, b'=' | b'-' | b'_'))
        .count();
    let value = &value[..kept];
    let digits = value.iter().filter(|b| b.is_ascii_digit()).count();
    let letters = value.iter().filter(|b| b.is_ascii_alphabetic()).count();
    if digits < 5
        || letters < 4
        || digits * 5 < letters + digits
        || in_words(value) * 4 > value.len()
    {
        return false;
    }
    let odd = value.len() - digits - letters;
    let groups = || value.split(|b| *b == b'-');
    odd == 0
        || (value.len() > 15
            && odd <= 1 + usize::from(value.len() > 32)
            && value
                .iter()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'+')))
        || (value.len() > 19
            && groups().all(|group| group.len() > 3 && group.iter().all(u8::is_ascii_alphanumeric))
            && groups()
                .filter(|group| group.iter().any(u8::is_ascii_digit))
                .count()
                * 2
                > groups().count())
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
        for words in [
            "match1to2HasZero",
            "Ed25519SigningKey",
            "CHACHA20_POLY1305",
            "MSG_USERAUTH_SUCCESS",
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
