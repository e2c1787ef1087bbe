//! Regexes as Go writes them, for this crate's regex engine.
//!
//! The rules of gitleaks are for Go's `regexp`. The two syntaxes agree but for a few forms, which are written here as the
//! other side writes them: a brace that begins no repetition is itself, so is `[`, `&&`, `~~` or `--` in a class, `\<` and
//! `\>` are no word boundaries, and `\Q…\E` quotes.

/// The regex with those forms rewritten.
pub(super) fn translated(regex: &str) -> String {
    let mut out = String::with_capacity(regex.len() + 8);
    let mut rest = regex;
    let mut class = 0;
    while let Some(c) = rest.chars().next() {
        if let Some(quoted) = rest.strip_prefix("\\Q") {
            let end = quoted.find("\\E").unwrap_or(quoted.len());
            escape(&quoted[..end], &mut out);
            rest = quoted[end..].strip_prefix("\\E").unwrap_or("");
            continue;
        }
        if c == '\\' {
            let escaped = rest[1..].chars().next();
            let length = 1 + escaped.map_or(0, char::len_utf8);
            match escaped {
                Some(angle @ ('<' | '>')) => out.push(angle),
                Some('p' | 'P' | 'x') if rest[2..].starts_with('{') => {
                    let end = rest.find('}').map_or(rest.len(), |end| end + 1);
                    out.push_str(&rest[..end]);
                    rest = &rest[end..];
                    continue;
                }
                _ => out.push_str(&rest[..length]),
            }
            rest = &rest[length..];
            continue;
        }
        let step = if class > 0 {
            in_class(rest, &mut class, &mut out)
        } else {
            outside(rest, &mut class, &mut out)
        };
        rest = &rest[step..];
    }
    out
}

/// Writes what begins a text outside of a class; gives how much of it that was.
fn outside(rest: &str, class: &mut usize, out: &mut String) -> usize {
    if rest.starts_with('[') {
        *class = 1;
        // a bracket that comes first in a class is itself
        let opening =
            if rest.starts_with("[^]") || rest.starts_with("[^[") && !rest.starts_with("[^[:") {
                3
            } else if rest.starts_with("[]") || rest.starts_with("[[") && !rest.starts_with("[[:") {
                2
            } else if rest.starts_with("[^") {
                out.push_str("[^");
                return 2;
            } else {
                out.push('[');
                return 1;
            };
        out.push_str(&rest[..opening - 1]);
        out.push('\\');
        out.push_str(&rest[opening - 1..opening]);
        return opening;
    }
    let c = rest.chars().next().unwrap_or_default();
    if c == '{' && !is_repetition(rest) {
        out.push_str("\\{");
    } else if c == '}' && !closes_repetition(out) {
        out.push_str("\\}");
    } else {
        out.push(c);
    }
    c.len_utf8()
}

/// Writes what begins a text inside of a class; gives how much of it that was.
fn in_class(rest: &str, class: &mut usize, out: &mut String) -> usize {
    if rest.starts_with("[:") {
        if let Some(end) = rest.find(":]") {
            out.push_str(&rest[..end + 2]);
            return end + 2;
        }
    }
    for pair in ["&&", "~~", "--"] {
        if rest.starts_with(pair) {
            out.push('\\');
            out.push_str(&pair[..1]);
            return 1;
        }
    }
    let c = rest.chars().next().unwrap_or_default();
    match c {
        '[' => out.push_str("\\["),
        ']' => {
            *class = 0;
            out.push(']');
        }
        _ => out.push(c),
    }
    c.len_utf8()
}

/// `{2}`, `{2,}`, `{2,3}`.
fn is_repetition(text: &str) -> bool {
    let Some(end) = text.find('}') else {
        return false;
    };
    let inside = &text[1..end];
    let mut bounds = inside.splitn(2, ',');
    let first = bounds.next().unwrap_or_default();
    let second = bounds.next();
    !first.is_empty()
        && first.bytes().all(|b| b.is_ascii_digit())
        && second.is_none_or(|bound| bound.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether the brace that comes next closes one that was left as it is.
fn closes_repetition(out: &str) -> bool {
    out.rfind('{').is_some_and(|open| {
        !out[..open].ends_with('\\')
            && out[open + 1..]
                .bytes()
                .all(|b| b.is_ascii_digit() || b == b',')
    })
}

fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        if c.is_ascii_punctuation() {
            out.push('\\');
        }
        out.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_go_are_rewritten_and_others_are_not() {
        for (go, expected) in [
            (r"a{2}b{2,}c{2,3}", r"a{2}b{2,}c{2,3}"),
            (r"{{x}}", r"\{\{x\}\}"),
            (r"a{,3}", r"a\{,3\}"),
            (r"[[]x", r"[\[]x"),
            (r"[]x]", r"[\]x]"),
            (r"[^]x]", r"[^\]x]"),
            (r"[a[b]", r"[a\[b]"),
            (r"[[:alnum:]_]", r"[[:alnum:]_]"),
            (r"[a&&b]", r"[a\&&b]"),
            (r"\<a\>", r"<a>"),
            (r"\Qa.b\E.", r"a\.b."),
            (r"\x{41}\pL\p{Greek}", r"\x{41}\pL\p{Greek}"),
            (r"(?i)[\w.-]{0,50}?", r"(?i)[\w.-]{0,50}?"),
        ] {
            assert_eq!(translated(go), expected, "{go}");
        }
    }
}
