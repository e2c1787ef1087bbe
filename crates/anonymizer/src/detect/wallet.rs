//! Addresses of crypto wallets.

use super::{number, Found};
use crate::judge::checksum;

/// An address of Bitcoin that begins with 1 or 3, from its first digit. Gives where it ends.
pub(super) fn base58(text: &[u8], start: usize, found: &mut Found<'_>) -> Option<usize> {
    if !matches!(text[start], b'1' | b'3') {
        return None;
    }
    let length = text[start..]
        .iter()
        .take(36)
        .take_while(|b| b.is_ascii_alphanumeric())
        .count();
    let end = start + length;
    if !(26..=35).contains(&length)
        || text.get(end) == Some(&b'_')
        || !checksum::base58check(&text[start..end])
    {
        return None;
    }
    found.push(number::WALLET, start, end);
    Some(end)
}

/// An address in Bech32, of which `start` is the place of `bc1`, `tb1` or `ltc1`.
pub(super) fn bech32(text: &[u8], start: usize, found: &mut Found<'_>) {
    if start > 0 && text[start - 1].is_ascii_alphanumeric() {
        return;
    }
    let length = text[start..]
        .iter()
        .take(92)
        .take_while(|b| b.is_ascii_alphanumeric())
        .count();
    let end = start + length;
    if (26..=90).contains(&length) && checksum::bech32(&text[start..end]) {
        found.push(number::WALLET, start, end);
    }
}
