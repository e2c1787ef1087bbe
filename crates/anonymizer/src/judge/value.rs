//! Whether a value beside a name that says secret is one.

use super::entropy::shannon;
use super::name::Strength;
use super::placeholder;

/// How the value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// In quotes, or as a string of JSON.
    Quoted,
    /// Bare, where a name of code could stand as well.
    Bare,
}

/// Whether the value is a secret.
pub(crate) fn is_secret(value: &[u8], strength: Strength, written: Written) -> bool {
    if value.len() < 4 || value.len() > 4096 || value.iter().any(u8::is_ascii_control) {
        return false;
    }
    if placeholder::stands_for_a_value(value) || is_template(value) {
        return false;
    }
    let digits = value.iter().filter(|b| b.is_ascii_digit()).count();
    let letters = value.iter().filter(|b| b.is_ascii_alphabetic()).count();
    let spaces = value.contains(&b' ');
    match (strength, written) {
        (Strength::Password, Written::Quoted) => !spaces,
        (Strength::Password, Written::Bare) => !spaces && digits > 0 && letters > 0,
        (Strength::Strong, _) => {
            !spaces && value.len() >= 8 && digits > 0 && letters > 0 && shannon(value) >= 2.8
        }
        (Strength::Weak, _) => {
            !spaces && value.len() >= 16 && digits > 1 && letters > 1 && shannon(value) >= 3.2
        }
    }
}

/// Whether the value is filled in elsewhere: `${NAME}`, `{{ name }}`, `%(name)s`, `<name>`, `$NAME`.
fn is_template(value: &[u8]) -> bool {
    let first = value[0];
    let last = value[value.len() - 1];
    (first == b'<' && last == b'>')
        || (first == b'[' && last == b']')
        || (first == b'{' && last == b'}')
        || (first == b'%' && (last == b'%' || last == b's'))
        || value.windows(2).any(|pair| {
            pair == b"${" || pair == b"{{" || pair == b"$(" || pair == b"%(" || pair == b"#{"
        })
        || (first == b'$'
            && value[1..]
                .iter()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_'))
}
