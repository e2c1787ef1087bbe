//! Settings: default, minimum and maximum side by side; `CONFIG GET`, `SET` and `REWRITE`; `loadmodule` arguments.
//!
//! The server keeps the values of a configuration file until a module asks for them, so they are registered
//! first, loaded second, and overridden by the arguments of `loadmodule` last.

use std::ffi::{c_char, c_int, c_longlong, c_void, CString};
use std::ptr;
use std::sync::atomic::{AtomicI64, AtomicPtr, Ordering};
use std::sync::{Mutex, OnceLock};

use redis_module::raw;

use super::anonymization;
use super::keyspace::bytes_of;
use super::log::{log, Level};
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

    fn get(&self) -> i64 {
        self.value.load(Ordering::Relaxed)
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
    shown: AtomicPtr<raw::RedisModuleString>,
}

impl Text {
    fn get(&self) -> String {
        self.value
            .lock()
            .map(|value| value.clone())
            .unwrap_or_default()
    }

    fn set(&self, text: &str) -> Result<(), String> {
        (self.apply)(text)?;
        if let Ok(mut value) = self.value.lock() {
            text.clone_into(&mut value);
        }
        Ok(())
    }
}

const DAY: i64 = 86_400;
const TEN_YEARS: i64 = 3_650 * DAY;
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
pub static NUMBERS: [&Number; 12] = [
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

static PREFIX: OnceLock<String> = OnceLock::new();

/// The prefix of every key.
pub fn key_prefix() -> &'static str {
    PREFIX.get().map_or(KEY_PREFIX.default, String::as_str)
}

fn take_key_prefix(text: &str) -> Result<(), String> {
    let good = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    if (1..=32).contains(&text.len()) && text.bytes().all(good) {
        return Ok(());
    }
    Err(format!("key-prefix must be {}", KEY_PREFIX.allowed))
}

/// The settings in force.
pub fn settings() -> Settings {
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

/// Registers every setting, loads the configuration file's values, and lets `loadmodule` arguments override them.
pub(super) fn load(ctx: *mut raw::RedisModuleCtx, arguments: &[&[u8]]) -> Result<(), String> {
    let overrides = parse(arguments)?;
    for number in NUMBERS {
        register_number(ctx, number)?;
    }
    for text in TEXTS {
        register_text(ctx, text)?;
    }
    // SAFETY: called once, while the module loads, after all registrations.
    let loaded = unsafe { raw::RedisModule_LoadConfigs.map(|load| load(ctx)) };
    if loaded != Some(raw::REDISMODULE_OK as c_int) {
        return Err(
            "the server refused a setting of patternmemory in its configuration file".into(),
        );
    }
    for (setting, value) in overrides {
        match setting {
            Setting::Number(number) => {
                let value = value.parse().map_err(|_| wrong(number))?;
                number.value.store(value, Ordering::Relaxed);
            }
            Setting::Text(text) => text.set(&value)?,
        }
    }
    PREFIX.get_or_init(|| KEY_PREFIX.get());
    Ok(())
}

/// Gives the strings back that the server was shown; nothing of the module runs afterwards.
pub fn unload() {
    for text in TEXTS {
        let shown = text.shown.swap(ptr::null_mut(), Ordering::Relaxed);
        // SAFETY: the string is ours and freed once.
        unsafe {
            if let (Some(free), false) = (raw::RedisModule_FreeString, shown.is_null()) {
                free(ptr::null_mut(), shown);
            }
        }
    }
}

enum Setting {
    Number(&'static Number),
    Text(&'static Text),
}

fn wrong(number: &Number) -> String {
    format!(
        "loadmodule argument {} must be a whole number from {} to {}",
        number.name, number.least, number.most
    )
}

fn parse(arguments: &[&[u8]]) -> Result<Vec<(Setting, String)>, String> {
    let text = |bytes: &[u8]| {
        let text = std::str::from_utf8(bytes).map(str::to_owned);
        text.map_err(|_| "loadmodule arguments must be UTF-8".to_owned())
    };
    let mut overrides = Vec::new();
    for pair in arguments.chunks(2) {
        let name = text(pair[0])?.to_ascii_lowercase();
        let name = name.strip_prefix("patternmemory.").unwrap_or(&name);
        let number = NUMBERS.iter().find(|number| number.name == name);
        let named = TEXTS.iter().find(|text| text.name == name);
        if number.is_none() && named.is_none() {
            let numbers = NUMBERS.iter().map(|number| number.name);
            let known: Vec<&str> = numbers.chain(TEXTS.iter().map(|text| text.name)).collect();
            return Err(format!(
                "unknown loadmodule argument; allowed: {}",
                known.join(", ")
            ));
        }
        let Some(value) = pair.get(1) else {
            return Err(format!("loadmodule argument {name} needs a value"));
        };
        let value = text(value)?;
        if let Some(number) = number {
            let parsed: i64 = value.parse().map_err(|_| wrong(number))?;
            if !(number.least..=number.most).contains(&parsed) {
                return Err(wrong(number));
            }
            overrides.push((Setting::Number(number), value));
        } else if let Some(named) = named {
            overrides.push((Setting::Text(named), value));
        }
    }
    Ok(overrides)
}

fn register_number(ctx: *mut raw::RedisModuleCtx, number: &'static Number) -> Result<(), String> {
    extern "C" fn get(_: *const c_char, data: *mut c_void) -> c_longlong {
        // SAFETY: `data` is the static that was registered.
        unsafe { &*data.cast::<Number>() }.get()
    }
    extern "C" fn set(
        _: *const c_char,
        value: c_longlong,
        data: *mut c_void,
        _: *mut *mut raw::RedisModuleString,
    ) -> c_int {
        // SAFETY: `data` is the static that was registered; the server has checked the bounds.
        unsafe { &*data.cast::<Number>() }
            .value
            .store(value, Ordering::Relaxed);
        raw::REDISMODULE_OK as c_int
    }
    let name = CString::new(number.name).map_err(|e| e.to_string())?;
    // SAFETY: the name is copied by the server; the private data is a static.
    let status = unsafe {
        raw::RedisModule_RegisterNumericConfig.map(|register| {
            register(
                ctx,
                name.as_ptr(),
                number.default,
                raw::REDISMODULE_CONFIG_DEFAULT,
                number.least,
                number.most,
                Some(get),
                Some(set),
                None,
                ptr::from_ref(number).cast_mut().cast(),
            )
        })
    };
    registered(status, number.name)
}

fn register_text(ctx: *mut raw::RedisModuleCtx, text: &'static Text) -> Result<(), String> {
    /// Answers a string that the server borrows; the one answered before is freed here.
    extern "C" fn get(_: *const c_char, data: *mut c_void) -> *mut raw::RedisModuleString {
        // SAFETY: `data` is the static that was registered; strings without a context are owned by whoever made
        // them, and the server is done with the last one when it asks for the next.
        unsafe {
            let setting = &*data.cast::<Text>();
            let (Some(create), Some(free)) =
                (raw::RedisModule_CreateString, raw::RedisModule_FreeString)
            else {
                return ptr::null_mut();
            };
            let value = setting.get();
            let new = create(ptr::null_mut(), value.as_ptr().cast(), value.len());
            let old = setting.shown.swap(new, Ordering::Relaxed);
            if !old.is_null() {
                free(ptr::null_mut(), old);
            }
            new
        }
    }
    extern "C" fn set(
        _: *const c_char,
        value: *mut raw::RedisModuleString,
        data: *mut c_void,
        error: *mut *mut raw::RedisModuleString,
    ) -> c_int {
        // SAFETY: `data` is the static that was registered; the value lives as long as the call.
        let setting = unsafe { &*data.cast::<Text>() };
        let taken = std::panic::catch_unwind(|| match std::str::from_utf8(bytes_of(value)) {
            Ok(text) => setting.set(text),
            Err(_) => Err("the value must be UTF-8".to_owned()),
        });
        let refusal = match taken {
            Ok(Ok(())) => return raw::REDISMODULE_OK as c_int,
            Ok(Err(refusal)) => refusal,
            Err(_) => "the module failed to take the value; see the server's log".to_owned(),
        };
        let refusal: String = refusal
            .chars()
            .map(|c| if (' '..='~').contains(&c) { c } else { '?' })
            .collect();
        log(
            Level::Warning,
            &format!("setting {} refused: {refusal}", setting.name),
        );
        // SAFETY: the server frees the error string that it is handed.
        unsafe {
            if let (Some(create), false) = (raw::RedisModule_CreateString, error.is_null()) {
                *error = create(ptr::null_mut(), refusal.as_ptr().cast(), refusal.len());
            }
        }
        raw::REDISMODULE_ERR as c_int
    }
    if let Ok(mut value) = text.value.lock() {
        text.default.clone_into(&mut value);
    }
    let name = CString::new(text.name).map_err(|e| e.to_string())?;
    let default = CString::new(text.default).map_err(|e| e.to_string())?;
    let mut flags = raw::REDISMODULE_CONFIG_DEFAULT;
    if text.at_load {
        flags |= raw::REDISMODULE_CONFIG_IMMUTABLE;
    }
    if text.secret {
        flags |= raw::REDISMODULE_CONFIG_SENSITIVE;
    }
    // SAFETY: name and default are copied by the server; the private data is a static.
    let status = unsafe {
        raw::RedisModule_RegisterStringConfig.map(|register| {
            register(
                ctx,
                name.as_ptr(),
                default.as_ptr(),
                flags,
                Some(get),
                Some(set),
                None,
                ptr::from_ref(text).cast_mut().cast(),
            )
        })
    };
    registered(status, text.name)
}

fn registered(status: Option<c_int>, name: &str) -> Result<(), String> {
    if status == Some(raw::REDISMODULE_OK as c_int) {
        return Ok(());
    }
    Err(format!("the server did not take the setting {name}"))
}
