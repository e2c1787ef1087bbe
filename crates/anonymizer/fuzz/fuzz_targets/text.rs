//! Any bytes: anonymized text is clean, and anonymizing it again changes nothing.
#![no_main]

use anonymizer::Anonymizer;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static ANONYMIZER: LazyLock<Anonymizer> = LazyLock::new(Anonymizer::new);

fuzz_target!(|bytes: &[u8]| {
    let (once, redactions) = ANONYMIZER.bytes(bytes);
    assert!(!redactions.is_empty() || once == String::from_utf8_lossy(bytes));
    let (twice, again) = ANONYMIZER.text(&once);
    assert!(again.is_empty() && twice == once);
    assert!(!ANONYMIZER.holds_secret(&once));
});
