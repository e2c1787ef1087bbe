//! Values that stand for a value: `<your-token>`, `${SECRET}`, `changeme`, `xxxxxxxx`.

/// Words that only a placeholder holds, in lower case.
const WORDS: &[&str] = &[
    "changeme",
    "change_me",
    "change-me",
    "placeholder",
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
