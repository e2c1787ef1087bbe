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

/// Whether there is no value: something stands in its place, or a template fills it in.
pub(crate) fn is_none(value: &[u8]) -> bool {
    stands_for_a_value(value) || is_template(value)
}

/// Whether something stands in the place of a value.
pub(crate) fn stands_for_a_value(value: &[u8]) -> bool {
    (value.len() >= 4 && longest_run(value, |_| true) * 2 > value.len())
        || is_zero(value)
        || is_in_runs(value, 2)
        || value == ALPHABET
        || is_blanked_out(value)
}

const ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyz";

/// Whether a token with a vendor's prefix is a form to be filled in. It must not be fooled by the chance neighbours of
/// letters in a random token, nor by a token that somebody made up of one letter.
pub(crate) fn is_blanked_out(value: &[u8]) -> bool {
    if longest_run(value, |_| true) * 100 > value.len() * 88 || is_in_runs(value, 4) {
        return true;
    }
    if longest_run(value, |byte| {
        matches!(byte, b'x' | b'X' | b'0' | b'*' | b'.' | b'-' | b'_' | b'#')
    }) * 2
        > value.len()
    {
        return true;
    }
    // no placeholder is long
    if value.len() > 256 {
        return false;
    }
    let lower = value.to_ascii_lowercase();
    WORDS
        .iter()
        .any(|word| memchr::memmem::find(&lower, word.as_bytes()).is_some())
}

/// Zeros, in groups or not.
fn is_zero(value: &[u8]) -> bool {
    value.iter().all(|b| matches!(b, b'0' | b'-'))
}

/// The longest run of one byte that is among those.
fn longest_run(value: &[u8], among: impl Fn(u8) -> bool) -> usize {
    let mut longest = 0;
    let mut run = 0;
    let mut last = None;
    for &byte in value {
        run = if !among(byte) {
            0
        } else if last == Some(byte) {
            run + 1
        } else {
            1
        };
        last = Some(byte);
        longest = longest.max(run);
    }
    longest
}

/// Whether most of the value is long runs of one byte, at least so many: `ssssssssss-8888888888-hhhhhhhhhh`.
fn is_in_runs(value: &[u8], least: usize) -> bool {
    let runs = || {
        value
            .chunk_by(|a, b| a == b)
            .map(<[u8]>::len)
            .filter(|run| *run > 8)
    };
    runs().count() >= least && runs().sum::<usize>() * 5 > value.len() * 4
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
        || has_slot(value)
        || (first == b'$'
            && value.len() > 1
            && value[1..].iter().all(|b| {
                b.is_ascii_alphanumeric() || matches!(b, b'_' | b'[' | b']' | b'>' | b'-')
            }))
}

/// Whether a slot of a template is in the value: `${…}`, `{{…}}`, `$(…)`, `%(…)`, `#{…}`, `<%…%>`.
fn has_slot(value: &[u8]) -> bool {
    (0..value.len().saturating_sub(1)).any(|at| {
        let closing: &[u8] = match &value[at..at + 2] {
            b"${" | b"#{" => b"}",
            b"{{" => b"}}",
            b"$(" | b"%(" => b")",
            b"<%" => b"%>",
            _ => return false,
        };
        let rest = &value[at + 2..];
        memchr::memmem::find(rest, closing).is_some_and(|end| {
            rest[..end]
                .iter()
                .all(|b| b.is_ascii_alphanumeric() || b" _.:-|\"'/@,?[]()%=\\".contains(b))
        })
    })
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
