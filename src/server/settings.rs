//! Every setting: default, minimum and maximum side by side, what it means, and its value in force.

use std::ptr;
use std::sync::atomic::{AtomicI64, AtomicPtr, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};

use redis_module::raw;

use super::anonymization;
use crate::memory::Settings;

/// A setting that is a whole number.
pub struct Number {
    /// Its name.
    pub name: &'static str,
    /// Its value where nobody sets it.
    pub default: i64,
    /// The least that it may be.
    pub least: i64,
    /// The most that it may be.
    pub most: i64,
    /// What it means, and its unit.
    pub meaning: &'static str,
    value: AtomicI64,
}

impl Number {
    const fn new(
        name: &'static str,
        default: i64,
        least: i64,
        most: i64,
        meaning: &'static str,
    ) -> Self {
        Number {
            name,
            default,
            least,
            most,
            meaning,
            value: AtomicI64::new(default),
        }
    }

    /// Its value in force.
    pub fn get(&self) -> i64 {
        self.value.load(Ordering::Relaxed)
    }

    /// Takes a value into force that lies within the bounds.
    pub fn set(&self, value: i64) {
        self.value.store(value, Ordering::Relaxed);
    }
}

/// A setting that is text.
pub struct Text {
    /// Its name.
    pub name: &'static str,
    /// Its value where nobody sets it.
    pub default: &'static str,
    /// Whether it can be set at load only.
    pub at_load: bool,
    /// Whether it is kept out of the log.
    pub secret: bool,
    /// What it may be.
    pub allowed: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// Takes a new value into force, or says what is wrong with it.
    apply: fn(&str) -> Result<(), String>,
    value: Mutex<String>,
    /// What `CONFIG GET` is handed: a string of the server's that stays ours.
    pub(super) shown: AtomicPtr<raw::RedisModuleString>,
}

impl Text {
    /// Its value in force.
    pub fn get(&self) -> String {
        self.value
            .lock()
            .map(|value| value.clone())
            .unwrap_or_default()
    }

    /// Takes a value into force, or says what is wrong with it.
    pub fn set(&self, text: &str) -> Result<(), String> {
        (self.apply)(text)?;
        if let Ok(mut value) = self.value.lock() {
            text.clone_into(&mut value);
        }
        Ok(())
    }

    /// Goes back to the default, which needs no taking into force.
    pub fn reset(&self) {
        if let Ok(mut value) = self.value.lock() {
            self.default.clone_into(&mut value);
        }
    }
}

const DAY: i64 = 86_400;
const TEN_YEARS: i64 = 3_650 * DAY;
const KIB: i64 = 1 << 10;
const MIB: i64 = 1 << 20;

static DEFAULT_TTL: Number = Number::new(
    "default-ttl",
    90 * DAY,
    1,
    TEN_YEARS,
    "TTL that a write gives to a key, in seconds",
);
static MAX_HISTORY: Number = Number::new(
    "max-history",
    1_000,
    1,
    1_000_000,
    "changes kept of one pattern",
);
static MAX_ISSUES: Number = Number::new(
    "max-issues",
    10_000,
    1,
    1_000_000,
    "issues kept of one repo; the least trending leaves first",
);
static MAX_FIXES: Number = Number::new(
    "max-fixes",
    1_000,
    1,
    1_000_000,
    "fix outcomes kept in the list of one repo",
);
static MAX_SESSIONS: Number = Number::new(
    "max-sessions",
    500,
    1,
    1_000_000,
    "sessions kept in the list of one repo",
);
static MAX_PATTERNS: Number = Number::new(
    "max-patterns",
    10_000,
    1,
    1_000_000,
    "patterns that one repo may hold; one more is refused",
);
static MAX_FIX_STATS: Number = Number::new(
    "max-fix-stats",
    2_000,
    2,
    1_000_000,
    "rows of fix statistics kept of one repo; the least recently used leaves first",
);
static MAX_DAILY_SERIES: Number = Number::new(
    "max-daily-series",
    1_000,
    1,
    1_000_000,
    "different counters of one day of one repo; further ones count as (other)",
);
static MAX_PAYLOAD: Number = Number::new(
    "max-payload",
    MIB,
    1_024,
    64 * MIB,
    "largest JSON or text argument, in bytes",
);
static BACKGROUND_THRESHOLD: Number = Number::new(
    "background-threshold",
    32 * KIB,
    KIB,
    1_024 * MIB,
    "size from which arguments are anonymized on a thread, in bytes",
);
static MAX_IMPORT: Number = Number::new(
    "max-import",
    64 * MIB,
    1_024,
    512 * MIB,
    "largest document for PATTERN.IMPORT, in bytes",
);
static TREND_HALF_LIFE: Number = Number::new(
    "trend-half-life",
    14 * DAY,
    1,
    TEN_YEARS,
    "half-life of an issue's trend, in seconds",
);
static FIX_HALF_LIFE: Number = Number::new(
    "fix-half-life",
    30 * DAY,
    1,
    TEN_YEARS,
    "half-life of a fix outcome in the recent rate and the bounds, in seconds",
);

/// Every setting that is a number.
pub static NUMBERS: [&Number; 13] = [
    &DEFAULT_TTL,
    &MAX_HISTORY,
    &MAX_ISSUES,
    &MAX_FIXES,
    &MAX_SESSIONS,
    &MAX_PATTERNS,
    &MAX_FIX_STATS,
    &MAX_DAILY_SERIES,
    &MAX_PAYLOAD,
    &MAX_IMPORT,
    &BACKGROUND_THRESHOLD,
    &TREND_HALF_LIFE,
    &FIX_HALF_LIFE,
];

static KEY_PREFIX: Text = Text {
    name: "key-prefix",
    default: "pm",
    at_load: true,
    secret: false,
    allowed: "1 to 32 of A-Z a-z 0-9 . _ -",
    meaning: "what every key starts with; can be set at load only",
    apply: take_key_prefix,
    value: Mutex::new(String::new()),
    shown: AtomicPtr::new(ptr::null_mut()),
};
static RULES_FILE: Text = Text {
    name: "rules-file",
    default: "",
    at_load: false,
    secret: false,
    allowed: "the path of a readable file of rules, or empty",
    meaning: "file of further redaction rules, in the format of gitleaks",
    apply: anonymization::take_rules_file,
    value: Mutex::new(String::new()),
    shown: AtomicPtr::new(ptr::null_mut()),
};
static REDACTION_KEY: Text = Text {
    name: "redaction-key",
    default: "",
    at_load: false,
    secret: true,
    allowed: "any text, or empty",
    meaning: "key of the pseudonyms in redaction markers; empty: none",
    apply: anonymization::take_redaction_key,
    value: Mutex::new(String::new()),
    shown: AtomicPtr::new(ptr::null_mut()),
};

/// Every setting that is text.
pub static TEXTS: [&Text; 3] = [&KEY_PREFIX, &RULES_FILE, &REDACTION_KEY];

fn take_key_prefix(text: &str) -> Result<(), String> {
    let good = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    if (1..=32).contains(&text.len()) && text.bytes().all(good) {
        return Ok(());
    }
    Err(format!("key-prefix must be {}", KEY_PREFIX.allowed))
}

static PREFIX: RwLock<&'static str> = RwLock::new("pm");

/// Fixes the prefix of every key for as long as the module is loaded. The library stays in the server's memory when the
/// module is unloaded, so that another load may find another one here.
pub fn fix_key_prefix() {
    let wanted = KEY_PREFIX.get();
    let mut prefix = PREFIX.write().unwrap_or_else(PoisonError::into_inner);
    if *prefix != wanted {
        // A few bytes for each change of mind of an operator.
        *prefix = wanted.leak();
    }
}

/// The prefix of every key.
pub fn key_prefix() -> &'static str {
    *PREFIX.read().unwrap_or_else(PoisonError::into_inner)
}

/// From how many bytes of arguments on a command is anonymized on a thread.
pub fn background_threshold() -> usize {
    usize::try_from(BACKGROUND_THRESHOLD.get()).unwrap_or(usize::MAX)
}

/// The settings in force.
pub fn in_force() -> Settings {
    let size = |number: &Number| usize::try_from(number.get()).unwrap_or(usize::MAX);
    Settings {
        default_ttl: DEFAULT_TTL.get().saturating_mul(1_000),
        max_history: size(&MAX_HISTORY),
        max_issues: size(&MAX_ISSUES),
        max_fixes: size(&MAX_FIXES),
        max_sessions: size(&MAX_SESSIONS),
        max_patterns: size(&MAX_PATTERNS),
        max_fix_stats: size(&MAX_FIX_STATS),
        max_daily_series: size(&MAX_DAILY_SERIES),
        max_payload: size(&MAX_PAYLOAD),
        max_import: size(&MAX_IMPORT),
        trend_half_life: TREND_HALF_LIFE.get() as f64,
        fix_half_life: FIX_HALF_LIFE.get() as f64,
    }
}
