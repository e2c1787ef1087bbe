//! Values that stand for a value: `<your-token>`, `${SECRET}`, `changeme`, `xxxxxxxx`.

/// Words that only a placeholder holds, in lower case.
const WORDS: &[&str] = &[
    "changeme",
    "change_me",
    "change-me",
    "placeholder",
    "place_holder",
    "redacted",
    "insert_",
    "replace_",
    "replace-",
    "replaceme",
    "your_",
    "your-",
    "yourpass",
    "yoursecret",
    "yourtoken",
    "yourapi",
    "yourkey",
    "my_secret",
    "my-secret",
    "notasecret",
    "not_a_secret",
    "dummy",
    "undefined",
    "xxxxx",
    "*****",
    ".....",
];

/// Whether a value is no value at all. For the values of every built-in rule, so it must not be fooled by the chance
/// neighbours of letters in a random token.
pub(crate) fn stands_for_a_value(value: &[u8]) -> bool {
    if value.len() >= 4 && one_byte_over_and_over(value) {
        return true;
    }
    let lower = value.to_ascii_lowercase();
    WORDS
        .iter()
        .any(|word| memchr::memmem::find(&lower, word.as_bytes()).is_some())
}

/// Whether the value is filled in elsewhere: `${NAME}`, `{{ name }}`, `%(name)s`, `<name>`, `$NAME`.
pub(crate) fn is_template(value: &[u8]) -> bool {
    let first = value[0];
    let last = value[value.len() - 1];
    let inside = |byte: &u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b' ' | b':')
    };
    (first == b'<' && last == b'>')
        || (first == b'[' && last == b']')
        || (first == b'{' && last == b'}' && value[1..value.len() - 1].iter().all(inside))
        || (first == b'%' && (last == b'%' || last == b's' || last == b'd'))
        || value.windows(2).any(|pair| {
            matches!(pair, b"${" | b"{{" | b"$(" | b"%(" | b"#{" | b"<%") && value.len() > 3
        }) && value.iter().any(|b| matches!(b, b'}' | b')' | b'>'))
        || (first == b'$'
            && value.len() > 1
            && value[1..].iter().all(|b| {
                b.is_ascii_alphanumeric() || matches!(b, b'_' | b'[' | b']' | b'>' | b'-')
            }))
}

/// Values that only repeat what the name says, or say that there is none.
pub(crate) fn names_itself(value: &[u8]) -> bool {
    const NAMES: &[&str] = &[
        "password",
        "passwd",
        "pass",
        "pwd",
        "passphrase",
        "secret",
        "token",
        "none",
        "null",
        "nil",
        "true",
        "false",
        "string",
        "text",
        "hidden",
        "required",
        "optional",
        "unknown",
        "empty",
        "basic",
        "bearer",
        "plain",
        "login",
        "username",
        "user",
        "value",
        "default",
        "username:password",
        "user:pass",
        "current-password",
        "new-password",
        "off",
        "prompt",
        "input",
        "field",
    ];
    let lower = value.to_ascii_lowercase();
    let words = || lower.split(|b| matches!(b, b'-' | b'_' | b'/' | b'.'));
    NAMES.iter().any(|name| name.as_bytes() == lower)
        || (words().count() > 1
            && words().any(|word| {
                matches!(
                    word,
                    b"password" | b"passwd" | b"pass" | b"pwd" | b"passphrase"
                )
            }))
}

/// Digits and dots, as versions have them: `1.2.1`, `^4.0.0`, `331.1`.
pub(crate) fn is_version(value: &[u8]) -> bool {
    value.contains(&b'.')
        && value
            .iter()
            .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'^' | b'~' | b'v' | b'x' | b'='))
}

/// Whether more than half of the value is a single byte.
fn one_byte_over_and_over(value: &[u8]) -> bool {
    let mut run = 1;
    let mut longest = 1;
    for pair in value.windows(2) {
        run = if pair[0] == pair[1] { run + 1 } else { 1 };
        longest = longest.max(run);
    }
    longest * 2 > value.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_told_from_values() {
        for value in [
            "xxxxxxxxxxxx",
            "00000000",
            "YOUR_API_KEY",
            "change-me",
            "ghp_XXXXXXXXXXXXXXXXXXXX",
        ] {
            assert!(stands_for_a_value(value.as_bytes()), "{value}");
        }
        for value in ["hunter2", "ghp_EXAMPLEexample0123456789abcdefABCDEF", "abc"] {
            assert!(!stands_for_a_value(value.as_bytes()), "{value}");
        }
    }
}
