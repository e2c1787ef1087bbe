//! Any bytes as stored records: every report is answered, every write heals or is refused, and what is exported goes in
//! again or is refused.
#![no_main]

mod reports;

use libfuzzer_sys::fuzz_target;
use pattern_memory::memory::testing::Memory;

// Each line is a record: a letter for the key, then a field and a value, separated by a tab, or an element.
fuzz_target!(|bytes: &[u8]| {
    let memory = reports::filled();
    let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    let elements = |letter: u8| -> Vec<&[u8]> {
        lines
            .iter()
            .filter_map(|line| line.split_first())
            .filter(|(first, _)| **first == letter)
            .map(|(_, rest)| rest)
            .collect()
    };
    let fields = |letter: u8| -> Vec<(&[u8], &[u8])> {
        let parts = |line: &'_ &[u8]| line.iter().position(|byte| *byte == b'\t');
        elements(letter)
            .into_iter()
            .map(|line| {
                parts(&line).map_or((line, &b""[..]), |tab| (&line[..tab], &line[tab + 1..]))
            })
            .collect()
    };
    let day = format!("pm:{{r}}:day:{}", memory.now.day());
    let hashes = [
        (b'p', "pm:{r}:pattern:naming:default"),
        (b'i', "pm:{r}:issues"),
        (b's', "pm:{r}:fixes:stats"),
        (b'k', "pm:{r}:fixes:ids"),
        (b'm', "pm:{r}:meta"),
        (b'd', day.as_str()),
    ];
    for (letter, key) in hashes {
        plant(&fields(letter), |planted| memory.plant_hash(key, planted));
    }
    let lists = [
        (b'h', "pm:{r}:history:naming:default"),
        (b'f', "pm:{r}:fixes"),
        (b'e', "pm:{r}:sessions"),
    ];
    for (letter, key) in lists {
        plant(&elements(letter), |planted| memory.plant_list(key, planted));
    }
    plant(&elements(b'x'), |planted| {
        memory.plant_set("pm:{r}:patterns", planted)
    });
    let ranking: Vec<(&[u8], f64)> = fields(b't')
        .into_iter()
        .filter_map(|(score, member)| {
            Some((member, std::str::from_utf8(score).ok()?.parse().ok()?))
        })
        .filter(|(_, score): &(_, f64)| !score.is_nan())
        .collect();
    plant(&ranking, |planted| {
        memory.plant_ranking("pm:{r}:issues:trend", planted)
    });

    reports::every_report(&memory);
    reports::export(&memory);
    reports::every_write(&memory);
    reports::every_report(&memory);
    let export = reports::export(&memory);
    let elsewhere = Memory::empty();
    match reports::run(&elsewhere, &["PATTERN.IMPORT", "r", &export]) {
        Ok(_) => reports::every_report(&elsewhere),
        Err(error) => reports::is_well_put(&error),
    }
});

/// Leaves a key as it was filled where nothing is to be planted.
fn plant<T>(items: &[T], plant: impl FnOnce(&[T])) {
    if !items.is_empty() {
        plant(items);
    }
}
