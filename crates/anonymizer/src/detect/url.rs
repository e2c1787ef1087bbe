//! Credentials in the authority of a URL: `scheme://user:password@host`.

use super::{number, Found};
use crate::judge::placeholder;
use std::ops::Range;

/// `separator` is the place of `://`.
pub(super) fn around(text: &[u8], separator: Range<usize>, found: &mut Found<'_>) {
    if separator.start == 0 || !text[separator.start - 1].is_ascii_alphanumeric() {
        return;
    }
    let start = separator.end;
    let authority = text[start..]
        .iter()
        .take(512)
        .take_while(|b| !ends_authority(**b))
        .count();
    let authority = &text[start..start + authority];
    // a password may hold an @ that nobody escaped, so the last one is before the host
    let Some(at) = memchr::memrchr(b'@', authority) else {
        return;
    };
    if at + 1 == authority.len()
        || !(authority[at + 1].is_ascii_alphanumeric()
            || matches!(authority[at + 1], b'[' | b'$' | b'{' | b'%'))
    {
        return;
    }
    let user = &authority[..at];
    let Some(colon) = memchr::memchr(b':', user) else {
        // a lone user is a secret where it looks like a token
        let digits = user.iter().filter(|b| b.is_ascii_digit()).count();
        if user.len() >= 16
            && digits > 1
            && !placeholder::stands_for_a_value(user)
            && user
                .iter()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
        {
            found.push(number::URL_CREDENTIALS, start, start + at);
        }
        return;
    };
    let password = &user[colon + 1..];
    if password.is_empty() || is_placeholder(password) {
        return;
    }
    found.push(number::URL_CREDENTIALS, start + colon + 1, start + at);
}

fn ends_authority(byte: u8) -> bool {
    byte <= b' '
        || byte == 0x7f
        || matches!(
            byte,
            b'/' | b'?' | b'#' | b'"' | b'\'' | b'<' | b'>' | b'`' | b'\\' | b'|' | b'^'
        )
}

fn is_placeholder(password: &[u8]) -> bool {
    let lower = password.to_ascii_lowercase();
    placeholder::stands_for_a_value(password)
        || matches!(
            lower.as_slice(),
            b"password"
                | b"pass"
                | b"passwd"
                | b"pwd"
                | b"pw"
                | b"secret"
                | b"token"
                | b"x"
                | b"xxx"
                | b"xxxx"
                | b"***"
                | b"port"
        )
        || password
            .iter()
            .any(|b| matches!(b, b'{' | b'}' | b'[' | b']' | b'$' | b'(' | b')'))
        || (password[0] == b'%'
            && (password.len() < 3
                || !password[1].is_ascii_hexdigit()
                || !password[2].is_ascii_hexdigit()))
}
