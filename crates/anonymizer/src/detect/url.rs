//! Credentials in the authority of a URL: `scheme://user:password@host`.

use super::{number, Found};
use crate::judge::look::{look, Look};
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
    if password.is_empty() || is_placeholder(password) || is_example(password, &authority[at + 1..])
    {
        return;
    }
    let database = is_database(&text[..separator.start]);
    if !database && names_itself(password) {
        return;
    }
    if database {
        // where a database is, and who its user is, is as good as half of the password
        found.push(number::URL_CREDENTIALS, start, start + authority.len());
        return;
    }
    // a user that no person chose is a part of the secret
    let of_machine = colon > 7 && look(&user[..colon]) != Look::Words;
    found.push(
        number::URL_CREDENTIALS,
        if of_machine { start } else { start + colon + 1 },
        start + at,
    );
}

/// Whether the text ends with the scheme of a database or a queue.
fn is_database(text: &[u8]) -> bool {
    const SCHEMES: &[&str] = &[
        "mongodb",
        "srv",
        "postgres",
        "postgresql",
        "mysql",
        "mariadb",
        "redis",
        "rediss",
        "amqp",
        "amqps",
        "sqlserver",
        "mssql",
        "clickhouse",
        "oracle",
        "cockroachdb",
        "cloudinary",
        "cassandra",
        "neo4j",
        "psycopg2",
        "pymysql",
        "asyncpg",
        "jdbc",
    ];
    let length = text
        .iter()
        .rev()
        .take(24)
        .take_while(|b| b.is_ascii_alphanumeric())
        .count();
    let scheme = text[text.len() - length..].to_ascii_lowercase();
    SCHEMES.iter().any(|known| known.as_bytes() == scheme)
}

/// The word itself, at a host that is nobody's: `user:pass@localhost`.
fn is_example(password: &[u8], host: &[u8]) -> bool {
    const HOSTS: &[&[u8]] = &[
        b"localhost",
        b"127.0.0.1",
        b"host",
        b"foo",
        b"hostname",
        b"server",
        b"wherever",
        b"0.0.0.0",
    ];
    let name = host.iter().take_while(|b| **b != b':').count();
    matches!(password, b"pass" | b"password" | b"tiger") && HOSTS.contains(&&host[..name])
}

fn ends_authority(byte: u8) -> bool {
    byte <= b' '
        || byte == 0x7f
        || matches!(
            byte,
            b'/' | b'?' | b'#' | b'"' | b'\'' | b'<' | b'>' | b'`' | b'\\' | b'|' | b'^'
        )
}

/// The word that stands for the value, in a URL that is not of a database.
fn names_itself(password: &[u8]) -> bool {
    matches!(
        password.to_ascii_lowercase().as_slice(),
        b"passwd" | b"pwd" | b"secret" | b"token" | b"xxxx" | b"port"
    )
}

fn is_placeholder(password: &[u8]) -> bool {
    placeholder::stands_for_a_value(password)
        || password.len() < 4
        || password
            .iter()
            .any(|b| matches!(b, b'{' | b'}' | b'[' | b']' | b'$' | b'(' | b')'))
        || (password[0] == b'%'
            && (password.len() < 3
                || !password[1].is_ascii_hexdigit()
                || !password[2].is_ascii_hexdigit()))
}
