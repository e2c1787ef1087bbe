//! Repos and identifiers: names that cannot hold what a name must not hold.

use std::fmt;

use anonymizer::Anonymizer;

use super::{Error, Result};

/// The longest repo, in bytes.
pub const REPO_BYTES: usize = 512;
/// The longest identifier, in bytes.
pub const IDENTIFIER_BYTES: usize = 256;

/// The name of a repo: 1 to 512 bytes of UTF-8 without control characters, `{` and `}`, and without a secret.
///
/// Braces would move the hash tag of the repo's keys to another slot than the one of the bare name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repo<'a>(&'a str);

impl<'a> Repo<'a> {
    /// Takes a name as a client sent it.
    pub fn parse(bytes: &'a [u8], anonymizer: &Anonymizer) -> Result<Self> {
        let text = name("repo", bytes, REPO_BYTES, anonymizer)?;
        if text.contains(['{', '}']) {
            return Err(Error::argument("repo", "not contain { or }"));
        }
        Ok(Repo(text))
    }

    /// The name.
    pub fn as_str(self) -> &'a str {
        self.0
    }
}

impl fmt::Display for Repo<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// A type, id, rule, severity or key: 1 to 256 bytes of UTF-8 without control characters and without a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identifier<'a>(&'a str);

impl<'a> Identifier<'a> {
    /// Takes an identifier as a client sent it; `argument` is what an error calls it.
    pub fn parse(argument: &str, bytes: &'a [u8], anonymizer: &Anonymizer) -> Result<Self> {
        name(argument, bytes, IDENTIFIER_BYTES, anonymizer).map(Identifier)
    }

    /// An identifier that the module itself made, or that was checked before.
    pub const fn own(text: &'a str) -> Self {
        Identifier(text)
    }

    /// The identifier.
    pub fn as_str(self) -> &'a str {
        self.0
    }
}

fn name<'a>(
    argument: &str,
    bytes: &'a [u8],
    longest: usize,
    anonymizer: &Anonymizer,
) -> Result<&'a str> {
    let refuse = |must: String| Err(Error::argument(argument.to_owned(), must));
    if bytes.is_empty() || bytes.len() > longest {
        return refuse(format!("be 1 to {longest} bytes long"));
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return refuse("be valid UTF-8".into());
    };
    let plain = bytes.iter().all(|byte| (b' '..=b'~').contains(byte));
    if !plain && text.chars().any(char::is_control) {
        return refuse("not contain control characters".into());
    }
    if anonymizer.holds_secret(text) {
        return refuse("not hold a secret: give it a name without credentials".into());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repo(bytes: &[u8]) -> Result<String> {
        Repo::parse(bytes, &Anonymizer::new()).map(|r| r.to_string())
    }

    #[test]
    fn ordinary_names_of_repositories_are_taken() {
        for name in [
            "github.com/acme/web",
            "git@github.com:acme/web",
            "/home/someone/project",
            "C:\\src\\x",
            "a",
            "ünïcode 🦀",
        ] {
            assert_eq!(repo(name.as_bytes()).as_deref(), Ok(name));
        }
    }

    #[test]
    fn names_that_cannot_be_keys_are_refused() {
        let long = "x".repeat(REPO_BYTES + 1);
        for name in [
            &b""[..],
            long.as_bytes(),
            b"a{b",
            b"a}b",
            b"a\nb",
            b"a\0b",
            b"a\x7fb",
            b"\xff",
        ] {
            assert!(repo(name).is_err());
        }
    }

    #[test]
    fn a_repo_with_credentials_is_refused_without_repeating_them() {
        let error = repo(b"https://user:EXAMPLE-token-x9@git.acme.dev/x").unwrap_err();
        assert_eq!(
            error.to_string(),
            "ERR repo must not hold a secret: give it a name without credentials"
        );
    }
}
