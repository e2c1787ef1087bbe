//! The redaction rules in force, and loading them again.

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::SystemTime;

use anonymizer::Anonymizer;

use crate::memory::{Checks, GoodNames, Timestamp};

/// The largest file of rules that is read, in bytes.
const RULES_FILE_BYTES: u64 = 8 << 20;

/// Where rules come from, beside those built in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Source {
    rules_file: String,
    redaction_key: String,
}

static SOURCE: Mutex<Option<Source>> = Mutex::new(None);
static CURRENT: RwLock<Option<Arc<InForce>>> = RwLock::new(None);

/// The rules in force.
#[derive(Debug)]
pub struct InForce {
    /// The rules.
    pub anonymizer: Anonymizer,
    /// Names that they found no secret in.
    pub good: GoodNames,
    since: Timestamp,
}

impl InForce {
    /// What names are checked against.
    pub fn checks(&self) -> Checks<'_> {
        Checks {
            anonymizer: &self.anonymizer,
            good: &self.good,
        }
    }
}

/// The rules in force.
pub fn current() -> Arc<InForce> {
    let current = CURRENT.read().unwrap_or_else(PoisonError::into_inner);
    match &*current {
        Some(in_force) => Arc::clone(in_force),
        None => {
            drop(current);
            install(Anonymizer::new())
        }
    }
}

/// When the rules in force were loaded.
pub fn loaded_at() -> Option<Timestamp> {
    let current = CURRENT.read().unwrap_or_else(PoisonError::into_inner);
    current.as_ref().map(|in_force| in_force.since)
}

/// The user's file of rules; `None` where there is none.
pub fn rules_file() -> Option<String> {
    let source = SOURCE.lock().unwrap_or_else(PoisonError::into_inner);
    let file = source.as_ref().map(|source| source.rules_file.clone());
    file.filter(|file| !file.is_empty())
}

/// Takes another file of rules into force; where it is refused, the rules in force stay.
pub fn take_rules_file(path: &str) -> Result<(), String> {
    change(|source| path.clone_into(&mut source.rules_file))
}

/// Takes another key of pseudonyms into force.
pub fn take_redaction_key(key: &str) -> Result<(), String> {
    change(|source| key.clone_into(&mut source.redaction_key))
}

/// Reads the file of rules again; where it is refused, the rules in force stay.
pub fn reload() -> Result<(), String> {
    let source = SOURCE
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    build(&source.unwrap_or_default()).map(|built| drop(install(built)))
}

/// Lets go of the rules; nothing of the module runs afterwards.
pub fn unload() {
    *CURRENT.write().unwrap_or_else(PoisonError::into_inner) = None;
    *SOURCE.lock().unwrap_or_else(PoisonError::into_inner) = None;
}

fn change(change: impl FnOnce(&mut Source)) -> Result<(), String> {
    let mut slot = SOURCE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut source = slot.clone().unwrap_or_default();
    change(&mut source);
    if slot.as_ref() == Some(&source) {
        return Ok(());
    }
    // Nothing is built before the first command where there is nothing to build beyond the rules built in.
    if source != Source::default() || slot.is_some() {
        drop(install(build(&source)?));
    }
    *slot = Some(source);
    Ok(())
}

fn build(source: &Source) -> Result<Anonymizer, String> {
    let mut builder = Anonymizer::builder();
    if !source.rules_file.is_empty() {
        builder = builder.rules(&read(&source.rules_file)?);
    }
    if !source.redaction_key.is_empty() {
        builder = builder.pseudonym_key(source.redaction_key.as_bytes());
    }
    builder
        .build()
        .map_err(|error| format!("rules-file: {error}"))
}

fn read(path: &str) -> Result<String, String> {
    let size = std::fs::metadata(path)
        .map_err(|error| format!("rules-file cannot be read: {}", error.kind()))?;
    if !size.is_file() || size.len() > RULES_FILE_BYTES {
        return Err(format!(
            "rules-file must be a file of at most {RULES_FILE_BYTES} bytes"
        ));
    }
    std::fs::read_to_string(path)
        .map_err(|error| format!("rules-file cannot be read: {}", error.kind()))
}

fn install(anonymizer: Anonymizer) -> Arc<InForce> {
    let since_1970 = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let since = Timestamp::from_ms(i64::try_from(since_1970.as_millis()).unwrap_or(0));
    let in_force = Arc::new(InForce {
        anonymizer,
        good: GoodNames::default(),
        since,
    });
    let mut current = CURRENT.write().unwrap_or_else(PoisonError::into_inner);
    *current = Some(Arc::clone(&in_force));
    in_force
}
