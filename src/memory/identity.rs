//! Repos and identifiers: names that cannot hold what a name must not hold.

use std::fmt;
use std::sync::Mutex;

use anonymizer::Anonymizer;

use super::{Error, Result};

/// The longest repo, in bytes.
pub const REPO_BYTES: usize = 512;
/// The longest identifier, in bytes.
pub const IDENTIFIER_BYTES: usize = 256;

/// Names that were found to be good, so that a name that comes again need not be looked at again: of types, rules and
/// repos there are few, and the same ones come all the time. Good is only what the rules of one anonymizer say, so
/// another one needs another of these.
///
/// Each name has one place, which it shares with others; who came last has it.
#[derive(Debug, Default)]
pub struct GoodNames {
    places: Mutex<Vec<Box<str>>>,
}

impl GoodNames {
    const PLACES: usize = 1_024;

    fn place_of(name: &[u8]) -> usize {
        let mix =
            |hash: u64, word: u64| (hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
        let mut words = name.chunks_exact(8);
        let mut hash = name.len() as u64;
        for word in &mut words {
            hash = mix(
                hash,
                u64::from_le_bytes(word.try_into().unwrap_or_default()),
            );
        }
        for byte in words.remainder() {
            hash = mix(hash, u64::from(*byte));
        }
        (hash >> 54) as usize % Self::PLACES
    }

    /// Whether a name was found to be good. Where another thread looks too, nothing is known.
    fn knows(&self, name: &[u8]) -> bool {
        let places = self.places.try_lock();
        places.is_ok_and(|places| {
            let known = places.get(Self::place_of(name));
            known.is_some_and(|known| known.as_bytes() == name)
        })
    }

    fn learn(&self, name: &str) {
        if let Ok(mut places) = self.places.try_lock() {
            if places.is_empty() {
                places.resize(Self::PLACES, Box::default());
            }
            places[Self::place_of(name.as_bytes())] = name.into();
        }
    }
}

/// What names are checked against.
#[derive(Debug, Clone, Copy)]
pub struct Checks<'a> {
    /// Finds secrets.
    pub anonymizer: &'a Anonymizer,
    /// The names that it found none in.
    pub good: &'a GoodNames,
}

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

    /// The same, where the name may be known.
    pub fn check(bytes: &'a [u8], checks: Checks<'_>) -> Result<Self> {
        // An identifier may hold braces, and what is longer than one may be a repo.
        let braces = bytes.iter().any(|byte| matches!(byte, b'{' | b'}'));
        match known(bytes, checks).filter(|_| !braces) {
            Some(text) => Ok(Repo(text)),
            None => Repo::parse(bytes, checks.anonymizer).inspect(|repo| checks.good.learn(repo.0)),
        }
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

    /// The same, where the identifier may be known.
    pub fn check(argument: &str, bytes: &'a [u8], checks: Checks<'_>) -> Result<Self> {
        match known(bytes, checks).filter(|text| text.len() <= IDENTIFIER_BYTES) {
            Some(text) => Ok(Identifier(text)),
            None => Identifier::parse(argument, bytes, checks.anonymizer)
                .inspect(|identifier| checks.good.learn(identifier.0)),
        }
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

/// A name that is known to be good.
fn known<'a>(bytes: &'a [u8], checks: Checks<'_>) -> Option<&'a str> {
    // A place that nobody has holds the empty name, which is none.
    if bytes.is_empty() || !checks.good.knows(bytes) {
        return None;
    }
    std::str::from_utf8(bytes).ok()
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
    fn a_name_that_is_known_is_taken_again_and_only_for_what_it_may_be() {
        let (anonymizer, good) = (Anonymizer::new(), GoodNames::default());
        let checks = Checks {
            anonymizer: &anonymizer,
            good: &good,
        };
        let long = "x".repeat(IDENTIFIER_BYTES + 1);
        for _ in 0..2 {
            assert!(Identifier::check("type", b"a{b}", checks).is_ok());
            assert!(Repo::check(b"a{b}", checks).is_err());
            assert!(Repo::check(long.as_bytes(), checks).is_ok());
            assert!(Identifier::check("type", long.as_bytes(), checks).is_err());
            for bad in [
                &b""[..],
                b"a\nb",
                b"\xff",
                b"https://user:EXAMPLE-token-x9@git.acme.dev/x",
            ] {
                assert!(Identifier::check("type", bad, checks).is_err());
                assert!(Repo::check(bad, checks).is_err());
            }
            for n in 0..5_000 {
                let name = format!("rule-{n}");
                assert_eq!(
                    Identifier::check("rule", name.as_bytes(), checks)
                        .unwrap()
                        .as_str(),
                    name
                );
            }
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
