//! Check digits of the numbers that have them.

/// The check that a rule file names.
pub(crate) fn by_name(name: &str) -> Option<fn(&[u8]) -> bool> {
    match name {
        "luhn" => Some(luhn),
        _ => None,
    }
}

/// Luhn's check digit, over the ASCII digits of the text; other bytes are separators.
pub(crate) fn luhn(text: &[u8]) -> bool {
    let mut sum = 0;
    let mut count = 0;
    for digit in text
        .iter()
        .rev()
        .filter(|b| b.is_ascii_digit())
        .map(|b| u32::from(b - b'0'))
    {
        let doubled = if count % 2 == 1 { digit * 2 } else { digit };
        sum += doubled / 10 + doubled % 10;
        count += 1;
    }
    count > 1 && sum % 10 == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn luhn_knows_test_cards() {
        assert!(luhn(b"4111 1111 1111 1111"));
        assert!(luhn(b"378282246310005"));
        assert!(!luhn(b"4111 1111 1111 1112"));
    }
}
