//! Whether the name beside a value says that the value is a secret.
//!
//! A name is read as words. Its head is the last one, but for words that say which one it is (`_PROD`, `2`, `_BASE64`):
//! `client_secret` is a secret, `secret_name` is a name.

/// How much a name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Strength {
    /// Something that may be a secret: `key`, `auth`. Only a value that looks random is one.
    Weak,
    /// A secret made by a machine: `api_key`, `access_token`.
    Strong,
    /// A secret that a person may have made up.
    Password,
}

const PASSWORDS: &[&str] = &[
    "password",
    "passwd",
    "passwort",
    "passphrase",
    "passcode",
    "pwd",
    "pswd",
    "passwrd",
    "kennwort",
    "senha",
    "contrasena",
    "motdepasse",
];
const SECRETS: &[&str] = &[
    "secret",
    "secrete",
    "token",
    "apikey",
    "credential",
    "credentials",
    "secrets",
    "tokens",
    "salt",
];
const WEAK: &[&str] = &[
    "auth",
    "authorization",
    "cred",
    "creds",
    "private",
    "pin",
    "otp",
    "signature",
    "authentication",
];
/// Words that make a secret of a key.
const KEY_OF: &[&str] = &[
    "api",
    "access",
    "secret",
    "private",
    "auth",
    "encryption",
    "encrypt",
    "signing",
    "master",
    "account",
    "storage",
    "shared",
    "license",
    "service",
    "ssh",
    "aws",
    "consumer",
    "client",
    "server",
    "integration",
    "subscription",
    "admin",
    "deploy",
    "webhook",
    "hmac",
    "sas",
    "jwt",
    "app",
    "aes",
    "des",
    "rsa",
    "cipher",
];
/// Words that end as a key does.
const NO_KEYS: &[&str] = &[
    "donkey", "monkey", "turkey", "hockey", "jockey", "whiskey", "hotkey", "hotkeys", "rekey",
];
/// Words that make a password of a pass.
const PASS_OF: &[&str] = &[
    "db", "database", "user", "usr", "admin", "root", "smtp", "mail", "email", "imap", "ftp",
    "sftp", "my", "ssh", "login", "http", "https", "proxy", "auth", "basic", "pg", "postgres",
    "mysql", "redis", "mongo", "rabbitmq", "amqp", "sql", "server", "client", "api", "key",
    "keystore", "store", "cert", "ssl", "tls", "vault", "ldap", "bind", "sudo", "su", "wifi",
    "wpa", "account", "app", "service", "jdbc", "odbc", "web", "vpn", "test",
];
/// Words that make something else of a key.
const KEY_BUT: &[&str] = &[
    "public",
    "primary",
    "foreign",
    "sort",
    "cache",
    "partition",
    "pub",
    "unique",
    "index",
    "group",
    "hot",
    "row",
    "column",
    "dict",
    "map",
    "object",
];
/// Words after the head that leave it the head.
const TAILS: &[&str] = &[
    "prod",
    "production",
    "dev",
    "development",
    "test",
    "testing",
    "staging",
    "stage",
    "live",
    "sandbox",
    "default",
    "value",
    "string",
    "str",
    "b64",
    "base",
    "hex",
    "raw",
    "env",
    "var",
    "text",
    "txt",
    "plain",
    "plaintext",
    "clear",
    "old",
    "new",
    "current",
    "primary",
    "secondary",
    "backup",
    "main",
    "local",
    "v",
    "secure",
    "sec",
    "enc",
    "encrypted",
    "here",
];

/// The most words of a name that are read, from its end.
const MOST_WORDS: usize = 8;

/// What a name says of its value; nothing where it says nothing.
pub(crate) fn strength(name: &[u8]) -> Option<Strength> {
    let mut words = [[0u8; 16]; MOST_WORDS];
    let mut lengths = [0usize; MOST_WORDS];
    let mut count = 0;
    let mut end = name.len();
    while end > 0 && count < MOST_WORDS {
        let (from, to) = last_word(&name[..end]);
        if from == to {
            break;
        }
        let word = &name[from..to];
        // what is longer than any word we know is told by its end
        let kept = &word[word.len().saturating_sub(16)..];
        for (slot, byte) in words[count].iter_mut().zip(kept) {
            *slot = byte.to_ascii_lowercase();
        }
        lengths[count] = kept.len();
        count += 1;
        end = from;
    }
    let word = |at: usize| std::str::from_utf8(&words[at][..lengths[at]]).unwrap_or_default();
    let head = (0..count).find(|&at| !is_tail(word(at)))?;
    let before = || (head + 1..count).map(word);
    of_head(word(head), before)
}

/// Whether the name is of something else, though a word in it says secret: `key_vault_name`, `tokenUrl`.
pub(crate) fn is_of_something_else(name: &[u8]) -> bool {
    const HEADS: &[&str] = &[
        "name",
        "names",
        "chars",
        "characters",
        "charset",
        "alphabet",
        "url",
        "uri",
        "path",
        "file",
        "filename",
        "dir",
        "type",
        "types",
        "version",
        "digest",
        "checksum",
        "fingerprint",
        "commit",
        "revision",
        "length",
        "size",
        "count",
        "index",
        "format",
        "regex",
        "pattern",
        "label",
        "title",
        "prefix",
        "suffix",
        "algorithm",
        "alg",
        "mode",
        "host",
        "port",
        "endpoint",
        "description",
        "integrity",
    ];
    let (from, to) = last_word(name);
    let head = name[from..to].to_ascii_lowercase();
    HEADS.iter().any(|known| known.as_bytes() == head)
}

fn is_tail(word: &str) -> bool {
    word.bytes().all(|b| b.is_ascii_digit()) || TAILS.contains(&word)
}

fn of_head<'w, I: Iterator<Item = &'w str>>(
    head: &str,
    before: impl Fn() -> I,
) -> Option<Strength> {
    if head == "pass" && before().next().is_some_and(|word| !PASS_OF.contains(&word)) {
        return None;
    }
    if PASSWORDS.iter().any(|word| head.ends_with(word))
        || matches!(head, "pass" | "pw")
        || head.ends_with("dbpass")
    {
        return Some(Strength::Password);
    }
    if SECRETS.iter().any(|word| head.ends_with(word)) {
        return Some(Strength::Strong);
    }
    if let Some(glued) = head
        .strip_suffix("key")
        .or_else(|| head.strip_suffix("keys"))
    {
        if KEY_BUT.iter().any(|word| glued.ends_with(word))
            || before().next().is_some_and(|word| KEY_BUT.contains(&word))
        {
            return None;
        }
        if KEY_OF.iter().any(|word| glued.ends_with(word))
            || before().any(|word| KEY_OF.contains(&word))
        {
            return Some(Strength::Strong);
        }
        // acmekey, but not monkey
        return (glued.is_empty() || glued.len() > 3 && !NO_KEYS.contains(&head))
            .then_some(Strength::Weak);
    }
    WEAK.contains(&head).then_some(Strength::Weak)
}

/// Where the last word of a name is: letters up to a change from lower to upper case, or digits.
fn last_word(name: &[u8]) -> (usize, usize) {
    let mut to = name.len();
    while to > 0 && !name[to - 1].is_ascii_alphanumeric() {
        to -= 1;
    }
    let mut from = to;
    while from > 0 {
        let byte = name[from - 1];
        if !byte.is_ascii_alphanumeric() {
            break;
        }
        if from < to {
            let next = name[from];
            if byte.is_ascii_digit() != next.is_ascii_digit() {
                break;
            }
            // aB: a word begins at B. ABc: a word begins at B.
            if byte.is_ascii_lowercase() && next.is_ascii_uppercase() {
                break;
            }
            if byte.is_ascii_uppercase()
                && next.is_ascii_uppercase()
                && from + 1 < to
                && name[from + 1].is_ascii_lowercase()
            {
                break;
            }
        }
        from -= 1;
    }
    (from, to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_how_secret_their_value_is() {
        for (name, expected) in [
            ("password", Some(Strength::Password)),
            ("DB_PASSWORD_PROD", Some(Strength::Password)),
            ("mypassword2", Some(Strength::Password)),
            ("userPwd", Some(Strength::Password)),
            ("clientSecret", Some(Strength::Strong)),
            ("AWS_SECRET_ACCESS_KEY", Some(Strength::Strong)),
            ("apiKey", Some(Strength::Strong)),
            ("APIKey", Some(Strength::Strong)),
            ("accesskey", Some(Strength::Strong)),
            ("github-token", Some(Strength::Strong)),
            ("key", Some(Strength::Weak)),
            ("sort_key", None),
            ("primaryKey", None),
            ("PUBLIC_KEY", None),
            ("secret_name", None),
            ("token_count", None),
            ("tokenizer", None),
            ("password_field", None),
            ("monkey", None),
            ("", None),
            ("__", None),
        ] {
            assert_eq!(strength(name.as_bytes()), expected, "{name}");
        }
    }
}
