//! Any text as a rule file: it is refused with one line of ASCII, or it works.
#![no_main]

use anonymizer::Anonymizer;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match Anonymizer::builder_without_built_in_rules().rules(text).build() {
        Ok(anonymizer) => drop(anonymizer.text("token = 0123456789abcdef")),
        Err(error) => {
            let message = error.to_string();
            assert!(message.is_ascii() && !message.contains('\n'));
        }
    }
});
