//! Globs as the server's `SCAN` and `KEYS` read them: `*`, `?`, `[a-c]`, `[^x]`, and `\` before what stands for itself;
//! byte by byte.

/// Whether the text matches the glob. Takes at most the product of both lengths.
pub fn matches(glob: &[u8], text: &[u8]) -> bool {
    let (mut glob, mut text) = (glob, text);
    // Where to go on should what follows the last `*` not match: the glob after it, and the text it has not taken yet.
    let mut star: Option<(&[u8], &[u8])> = None;
    loop {
        if let [b'*', rest @ ..] = glob {
            star = Some((rest, text));
            glob = rest;
            continue;
        }
        let step = match (glob, text) {
            ([], []) => return true,
            ([], _) | (_, []) => None,
            (_, [byte, after @ ..]) => one(glob, *byte).map(|rest| (rest, after)),
        };
        (glob, text) = match (step, star) {
            (Some(next), _) => next,
            (None, Some((rest, [_, shorter @ ..]))) => {
                star = Some((rest, shorter));
                (rest, shorter)
            }
            (None, _) => return false,
        };
    }
}

/// The rest of a glob that does not begin with `*`, where its beginning matches this byte.
fn one(glob: &[u8], byte: u8) -> Option<&[u8]> {
    match glob {
        [b'?', rest @ ..] => Some(rest),
        [b'[', b'^', class @ ..] => {
            let (is_in, rest) = class_has(class, byte);
            (!is_in).then_some(rest)
        }
        [b'[', class @ ..] => {
            let (is_in, rest) = class_has(class, byte);
            is_in.then_some(rest)
        }
        [b'\\', literal, rest @ ..] | [literal, rest @ ..] => (*literal == byte).then_some(rest),
        [] => None,
    }
}

/// Whether a class has this byte, and what follows the class, which ends with the glob where it is not closed.
fn class_has(class: &[u8], byte: u8) -> (bool, &[u8]) {
    let (mut class, mut found) = (class, false);
    loop {
        let (is_it, rest) = match class {
            [] => return (found, class),
            [b'\\', literal, rest @ ..] => (*literal == byte, rest),
            [b']', rest @ ..] => return (found, rest),
            [start, b'-', end, rest @ ..] => {
                let (low, high) = (start.min(end), start.max(end));
                ((low..=high).contains(&&byte), rest)
            }
            [literal, rest @ ..] => (*literal == byte, rest),
        };
        found |= is_it;
        class = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn each_sign_matches_what_it_stands_for() {
        for (glob, yes, no) in [
            ("", &[""] as &[&str], &["a"] as &[&str]),
            ("*", &["", "a", "abc"], &[]),
            ("a*c", &["ac", "abc", "abcc"], &["a", "ab", "acb"]),
            ("*b*b*", &["bb", "abcb"], &["b", "abc"]),
            ("a?c", &["abc"], &["ac", "abbc"]),
            ("[a-c]x", &["ax", "cx"], &["dx", "x"]),
            ("[c-a]", &["b"], &["d"]),
            ("[^a-c]", &["d"], &["a", ""]),
            ("[a\\]]", &["a", "]"], &["\\"]),
            ("[ab", &["a", "b"], &["c", "[ab"]),
            ("\\*", &["*"], &["a"]),
            ("a\\", &["a\\"], &["a"]),
            ("é?", &["éa"], &["é"]),
        ] {
            for text in yes {
                assert!(
                    matches(glob.as_bytes(), text.as_bytes()),
                    "{glob} and {text}"
                );
            }
            for text in no {
                assert!(
                    !matches(glob.as_bytes(), text.as_bytes()),
                    "{glob} and {text}"
                );
            }
        }
    }

    #[test]
    fn many_stars_take_no_longer_than_the_product_of_the_lengths() {
        let glob = "*a".repeat(120) + "b";
        assert!(!matches(glob.as_bytes(), "a".repeat(512).as_bytes()));
    }
}
