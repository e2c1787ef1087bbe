//! Whether a value beside a name that says secret is one.

use super::look::{look, surprise, Look};
use super::name::Strength;
use super::placeholder;

/// How the value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// In quotes, or as a string of JSON.
    Quoted,
    /// Bare, as the value of a setting: `NAME=value` on a line of its own.
    Setting,
    /// Bare, where a name of code could stand as well.
    Bare,
    /// After white space only: `KEY value`.
    Apart,
}

/// Longer values are something else: documents, images.
const LONGEST: usize = 8192;

/// Whether the value of a name is a secret.
pub(crate) fn is_secret(value: &[u8], strength: Strength, written: Written) -> bool {
    if !(4..=LONGEST).contains(&value.len()) || value.iter().any(u8::is_ascii_control) {
        return false;
    }
    if placeholder::is_none(value) || is_between_literals(value) {
        return false;
    }
    if value.contains(&b' ') || looks_like_address(value) || placeholder::is_version(value) {
        return false;
    }
    match strength {
        Strength::Password => is_password(value, written),
        Strength::Strong => is_token(value, written),
        Strength::Weak => is_random(value, if written == Written::Apart { 15 } else { 11 }),
    }
}

/// A password may be a word; where code can stand, it must not look like a name.
fn is_password(value: &[u8], written: Written) -> bool {
    match written {
        Written::Quoted => !placeholder::names_itself(value) && has_content(value),
        Written::Setting => {
            !placeholder::names_itself(value) && has_content(value) && !is_code(value)
        }
        Written::Bare | Written::Apart => {
            value.len() >= 6
                && (look(value) != Look::Words || mixed(value))
                && !is_expression(value)
                && !is_identifier(value)
        }
    }
}

/// A token was made by a machine, or by somebody who wanted it to look so.
fn is_token(value: &[u8], written: Written) -> bool {
    if written == Written::Setting && is_code(value) {
        return false;
    }
    let code = written != Written::Quoted && written != Written::Setting;
    if value.len() < 8
        || (is_expression(value) && written != Written::Quoted)
        || (code && is_identifier(value))
    {
        return false;
    }
    match look(value) {
        Look::Random | Look::Uuid => true,
        Look::Hex => value.len() >= 10,
        Look::Digits => value.len() >= 16,
        Look::Words if written == Written::Apart => false,
        Look::Words => {
            (mixed(value) && surprise(value) >= 4.6)
                || (matches!(written, Written::Quoted | Written::Setting)
                    && has_odd_symbols(value)
                    && has_content(value))
        }
    }
}

/// Whether nothing but a machine makes such a value, of at least so many characters.
pub(crate) fn is_random(value: &[u8], least: usize) -> bool {
    if value.len() < least {
        return false;
    }
    let plain = value.iter().all(|b| {
        b.is_ascii_alphanumeric()
            || matches!(
                b,
                b'+' | b'/' | b'=' | b'_' | b'-' | b'.' | b'~' | b':' | b'%'
            )
    });
    plain
        && match look(value) {
            Look::Random => distinct(value) >= 6,
            Look::Hex => true,
            Look::Uuid => true,
            Look::Digits => value.len() >= 20,
            Look::Words => false,
        }
        && !placeholder::stands_for_a_value(value)
}

/// What stands between two literals that a quote was taken to open: `' . $name . '`, `" + name + "`.
fn is_between_literals(value: &[u8]) -> bool {
    let first = value[0];
    let inner = value
        .strip_prefix(b"'")
        .and_then(|value| value.strip_suffix(b"'"));
    value.starts_with(b".$")
        || (matches!(first, b'+' | b',' | b')' | b';')
            && value.iter().any(|b| matches!(b, b'(' | b'+' | b' ' | b',')))
        || inner.is_some_and(|inner| !inner.is_empty() && placeholder::is_template(inner))
}

/// A password has at least a letter or a digit.
fn has_content(value: &[u8]) -> bool {
    value.iter().any(u8::is_ascii_alphanumeric)
}

/// A type, an attribute, a call: `Option<String>`, `self.password`, `read(x)`.
fn is_code(value: &[u8]) -> bool {
    let kind = value[0].is_ascii_uppercase()
        && value.contains(&b'<')
        && (value.ends_with(b">") || value.ends_with(b"]>"));
    let attribute = is_dotted(value)
        || value.windows(2).any(|pair| {
            pair == b"->" || pair == b"::" || pair == b"()" || pair == b"||" || pair == b"?."
        });
    kind || attribute
}

/// Whether a name of code may look so: letters without digits, and not many.
fn is_identifier(value: &[u8]) -> bool {
    value.len() < 24 && value.iter().all(|b| b.is_ascii_alphabetic() || *b == b'_')
}

/// How many different bytes there are.
fn distinct(value: &[u8]) -> u32 {
    let mut seen = [0u64; 4];
    for &byte in value {
        seen[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }
    seen.iter().map(|bits| bits.count_ones()).sum()
}

/// Letters and digits, and not only a number at the end: `r2d2`, not `port80`.
fn mixed(value: &[u8]) -> bool {
    let changes = value
        .windows(2)
        .filter(|pair| pair[0].is_ascii_digit() != pair[1].is_ascii_digit())
        .count();
    changes >= 2 || (changes == 1 && value[0].is_ascii_digit())
}

/// Symbols that neither names nor paths nor sentences have in their middle.
fn has_odd_symbols(value: &[u8]) -> bool {
    const ODD: &[u8] = b"#!$%^&*@~?+{}>|";
    let kinds = ODD.iter().filter(|symbol| value.contains(symbol)).count();
    kinds > 2 || (kinds > 0 && value[0] != b'+' && !value.contains(&b'(') && !value.contains(&b'/'))
}

/// `a.b`, `a->b`, `a::b`, `$a`, `@a`, `a[0]`: code, not a value.
fn is_expression(value: &[u8]) -> bool {
    let first = value[0];
    if matches!(
        first,
        b'$' | b'@' | b'*' | b'&' | b'!' | b'%' | b'.' | b'-' | b'/' | b'\\'
    ) {
        return true;
    }
    is_dotted(value)
        || value
            .windows(2)
            .any(|pair| pair == b"->" || pair == b"::" || pair == b"()" || pair == b"?.")
        || (value[0].is_ascii_uppercase() && value.contains(&b'<'))
}

/// `a.b.c`, of names.
fn is_dotted(value: &[u8]) -> bool {
    value.contains(&b'.')
        && value.split(|&b| b == b'.').all(|part| {
            !part.is_empty()
                && !part[0].is_ascii_digit()
                && part.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_')
                && look(part) == Look::Words
        })
}

/// URLs and paths; the credentials in a URL are found by themselves.
fn looks_like_address(value: &[u8]) -> bool {
    memchr::memmem::find(value, b"://").is_some()
        || (matches!(value[0], b'/' | b'.' | b'~')
            && value.iter().filter(|&&b| b == b'/').count() > 1
            && look(value) == Look::Words)
}
