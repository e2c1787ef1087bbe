//! Any text as the parts of a key's name, the field of a counter, a day, an instant or a count: what is taken comes back
//! as it was, and what was written is taken.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pattern_memory::memory::days::{number, Series};
use pattern_memory::memory::keys::{escape, pair, split_pair, unescape};
use pattern_memory::memory::{Day, Timestamp};

fuzz_target!(|parts: (&str, &str)| {
    let (first, second) = parts;
    for part in [first, second] {
        assert!(!escape(part).contains(':'));
        assert_eq!(unescape(&escape(part)), part);
    }
    let member = pair(first, second);
    let (found_first, found_second) = split_pair(&member).expect("what was paired comes apart");
    assert_eq!(
        (found_first.as_ref(), found_second.as_ref()),
        (first, second)
    );

    if let Some((left, right)) = split_pair(first) {
        // Parts that were not escaped as we do it are another name then, but the same parts.
        let again = pair(&left, &right);
        assert_eq!(split_pair(&again), Some((left.clone(), right.clone())));
    }
    for text in [first, second, &member] {
        if let Some(series) = Series::parse(text) {
            let name = series.name();
            assert_eq!(Series::parse(&name), Some(series));
        }
        if let Some(day) = Day::parse(text) {
            assert_eq!(day.to_string(), text);
        }
        if let Some(at) = Timestamp::read(text.as_bytes()) {
            assert_eq!(at.to_string(), text);
        }
        if let Some(at) = Timestamp::parse(text) {
            assert_eq!(Timestamp::parse(&at.to_string()), Some(at));
        }
        if let Some(n) = number(text.as_bytes()) {
            assert_eq!(text.trim_start_matches('+').parse(), Ok(n));
        }
    }
});
