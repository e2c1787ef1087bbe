//! Counters that a person would chart, kept since the module was loaded.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anonymizer::{Anonymizer, Kind, Redactions};

/// A counter.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    const fn new() -> Self {
        Counter(AtomicU64::new(0))
    }

    /// Adds to it.
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    fn reset(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// Its value.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Commands that were run.
pub static COMMANDS: Counter = Counter::new();
/// Commands that were refused, by the kind of error.
pub static REFUSALS: [(&str, Counter); 6] = [
    ("argument", Counter::new()),
    ("usage", Counter::new()),
    ("wrong_type", Counter::new()),
    ("try_again", Counter::new()),
    ("state", Counter::new()),
    ("internal", Counter::new()),
];
/// Effects that were carried out.
pub static EFFECTS: Counter = Counter::new();
/// Commands whose arguments were anonymized on a thread.
pub static IN_BACKGROUND: Counter = Counter::new();
/// Records that left to make room for others.
pub static EVICTIONS: Counter = Counter::new();
/// Records that could not be read and were passed over.
pub static CORRUPT_RECORDS: Counter = Counter::new();
/// Panics that became an error reply.
pub static PANICS: Counter = Counter::new();

/// Redactions by kind.
static REDACTIONS: [Counter; Kind::ALL.len()] = [const { Counter::new() }; Kind::ALL.len()];
/// Redactions by the id of the rule; only of rules that found something.
static REDACTIONS_BY_RULE: Mutex<Vec<(String, u64)>> = Mutex::new(Vec::new());

/// Begins to count, or begins anew: the C library may keep an unloaded module, and its statics, for the next load.
pub fn begin() {
    let alone = [
        &COMMANDS,
        &EFFECTS,
        &IN_BACKGROUND,
        &EVICTIONS,
        &CORRUPT_RECORDS,
        &PANICS,
    ];
    let refusals = REFUSALS.iter().map(|(_, counter)| counter);
    let all = alone.into_iter().chain(refusals).chain(&REDACTIONS);
    all.for_each(Counter::reset);
    // What it holds is given back.
    *lock(&REDACTIONS_BY_RULE) = Vec::new();
}

fn lock(by_rule: &Mutex<Vec<(String, u64)>>) -> MutexGuard<'_, Vec<(String, u64)>> {
    by_rule.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts a refusal.
pub fn refused(kind: &str) {
    for (name, counter) in &REFUSALS {
        if *name == kind {
            counter.add(1);
        }
    }
}

/// Counts redactions.
pub fn redacted(anonymizer: &Anonymizer, redactions: &Redactions) {
    if redactions.is_empty() {
        return;
    }
    let mut by_rule = lock(&REDACTIONS_BY_RULE);
    for (rule, count) in redactions.iter() {
        let Some(rule) = anonymizer.rules().get(rule) else {
            continue;
        };
        if let Some(kind) = Kind::ALL.iter().position(|kind| *kind == rule.kind()) {
            REDACTIONS[kind].add(count);
        }
        match by_rule.binary_search_by(|(id, _)| id.as_str().cmp(rule.id())) {
            Ok(found) => by_rule[found].1 += count,
            Err(place) => by_rule.insert(place, (rule.id().to_owned(), count)),
        }
    }
}

/// Redactions by kind.
pub fn redactions() -> impl Iterator<Item = (Kind, u64)> {
    Kind::ALL
        .iter()
        .copied()
        .zip(REDACTIONS.iter().map(Counter::get))
}

/// Redactions by the id of the rule, in the order of the ids.
pub fn redactions_by_rule() -> Vec<(String, u64)> {
    lock(&REDACTIONS_BY_RULE).clone()
}
