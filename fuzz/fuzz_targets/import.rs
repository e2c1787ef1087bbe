//! Any text as a document to import: it is refused in one line of ASCII, or it comes in, every report is answered, and
//! what is exported then is exported again after it came in elsewhere.
#![no_main]

mod reports;

use libfuzzer_sys::fuzz_target;
use pattern_memory::memory::testing::Memory;

fuzz_target!(|document: &str| {
    for (memory, mode) in [
        (reports::filled(), "MERGE"),
        (reports::filled(), "REPLACE"),
        (Memory::empty(), "MERGE"),
    ] {
        match reports::run(&memory, &["PATTERN.IMPORT", "r", document, mode]) {
            Ok(_) => {}
            Err(error) => return reports::is_well_put(&error),
        }
        reports::every_report(&memory);
        let export = reports::export(&memory);
        let elsewhere = Memory::empty();
        reports::run(&elsewhere, &["PATTERN.IMPORT", "r", &export, "REPLACE"])
            .expect("what was exported comes in");
        assert_eq!(reports::export(&elsewhere), export);
        reports::every_write(&memory);
        reports::every_report(&memory);
    }
});
