//! Any bytes read as JSON: what is anonymized is JSON still, and clean.
#![no_main]

use anonymizer::{Anonymizer, Json};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static ANONYMIZER: LazyLock<Anonymizer> = LazyLock::new(Anonymizer::new);

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut document) = Json::parse(bytes, 64) else { return };
    ANONYMIZER.json(&mut document);
    let mut again = document.clone();
    assert!(ANONYMIZER.json(&mut again).is_empty());
    assert_eq!(Json::parse(document.to_string().as_bytes(), 64), Ok(document));
});
