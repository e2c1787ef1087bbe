//! What stands where something was.

use crate::Kind;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// What every marker begins with. Text that holds a marker is not searched again.
pub(crate) const OPENING: &str = "<REDACTED";

/// No marker is longer: `<REDACTED_NATIONAL_ID:123456>`.
pub(crate) const LONGEST: usize = 29;

/// The key that pseudonyms are made with.
#[derive(Clone)]
pub(crate) struct PseudonymKey(Hmac<Sha256>);

impl std::fmt::Debug for PseudonymKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PseudonymKey(..)")
    }
}

impl PseudonymKey {
    pub(crate) fn new(key: &[u8]) -> PseudonymKey {
        PseudonymKey(
            <Hmac<Sha256> as Mac>::new_from_slice(key).expect("HMAC takes keys of any length"),
        )
    }

    /// The first 24 bits of HMAC-SHA-256 of the value.
    fn pseudonym(&self, value: &[u8]) -> u32 {
        let mut mac = self.0.clone();
        mac.update(value);
        let digest = mac.finalize().into_bytes();
        u32::from_be_bytes([0, digest[0], digest[1], digest[2]])
    }
}

/// Writes the marker of a value: `<REDACTED>`, `<REDACTED_EMAIL>`; with a key `<REDACTED:1f00aa>`.
pub(crate) fn write(out: &mut Vec<u8>, kind: Kind, value: &[u8], key: Option<&PseudonymKey>) {
    out.extend_from_slice(OPENING.as_bytes());
    if kind != Kind::Secret {
        out.push(b'_');
        out.extend(kind.as_str().bytes().map(|b| b.to_ascii_uppercase()));
    }
    if let Some(key) = key {
        out.extend_from_slice(format!(":{:06x}", key.pseudonym(value)).as_bytes());
    }
    out.push(b'>');
}

/// Whether the span shares a byte with a marker.
pub(crate) fn touched(text: &[u8], start: usize, end: usize) -> bool {
    let from = start.saturating_sub(LONGEST - 1);
    memchr::memmem::find_iter(&text[from..end], OPENING.as_bytes()).any(|at| {
        let at = from + at;
        match length(&text[at..]) {
            Some(length) => at + length > start,
            None => false,
        }
    })
}

/// The length of the marker that the text begins with.
pub(crate) fn length(text: &[u8]) -> Option<usize> {
    let rest = text.strip_prefix(OPENING.as_bytes())?;
    let end = rest.iter().take(LONGEST).position(|&b| b == b'>')?;
    let inside = &rest[..end];
    let plain = inside
        .iter()
        .all(|b| b.is_ascii_uppercase() || b.is_ascii_hexdigit() || matches!(b, b'_' | b':'));
    plain.then_some(OPENING.len() + end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_told_from_text() {
        let text = b"a <REDACTED_EMAIL> b";
        assert!(touched(text, 0, 18));
        assert!(touched(text, 3, 11));
        assert!(touched(text, 17, 18));
        assert!(!touched(text, 18, 20));
        assert!(!touched(text, 0, 2));
        assert!(!touched(b"<REDACTED or not", 2, 9));
    }

    #[test]
    fn no_marker_is_longer_than_the_longest() {
        let key = PseudonymKey::new(b"key");
        for kind in Kind::ALL {
            let mut out = Vec::new();
            write(&mut out, kind, b"value", Some(&key));
            assert!(out.len() <= LONGEST);
            assert_eq!(length(&out), Some(out.len()));
        }
    }

    #[test]
    fn equal_values_have_equal_pseudonyms() {
        let key = PseudonymKey::new(b"key");
        let marker = |value: &[u8]| {
            let mut out = Vec::new();
            write(&mut out, Kind::Secret, value, Some(&key));
            out
        };
        assert_eq!(marker(b"one"), marker(b"one"));
        assert_ne!(marker(b"one"), marker(b"two"));
    }
}
