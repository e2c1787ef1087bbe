//! Storing, judging and deleting patterns.

use serde_json::value::RawValue;

use super::history::Entry;
use super::record::{read, Creation, Pattern};
use crate::memory::keys::pair;
use crate::memory::stored::json;
use crate::memory::{Effects, Error, Identifier, KeyKind, Plan, Result, View};

/// How many index entries a new pattern's write looks at.
const SAMPLE: usize = 16;
/// How many the write of a known one looks at, which adds no entry: looking costs more than all else of it.
const SAMPLE_AGAIN: usize = 4;
/// How many it looks at where the repo is full: finding one dead makes room.
const SAMPLE_WHEN_FULL: usize = 1_000;

/// What to store.
#[derive(Debug)]
pub struct StoreRequest<'a> {
    /// The type of the record.
    pub pattern_type: Identifier<'a>,
    /// Its id.
    pub id: Identifier<'a>,
    /// The anonymized, canonical JSON.
    pub data: Box<RawValue>,
    /// The confidence, where one is given.
    pub confidence: Option<f64>,
    /// Why, anonymized.
    pub reason: Option<String>,
    /// The version that the record must have; 0: it must not exist.
    pub expected_version: Option<u64>,
    /// How long the record and its history are to live, in milliseconds.
    pub ttl: Option<i64>,
    /// The ACL user who stores.
    pub user: Option<String>,
}

/// What a store did.
#[derive(Debug, PartialEq, Eq)]
pub struct Stored {
    /// The version of the record now.
    pub version: u64,
    /// Whether the record is new.
    pub created: bool,
}

/// Stores a pattern; `None` where it does not have the version expected.
pub fn store(view: &View<'_>, request: StoreRequest<'_>) -> Result<Option<(Effects, Stored)>> {
    let before = read(view, request.pattern_type.as_str(), request.id.as_str())?;
    let version = before.as_ref().map_or(0, |record| record.version);
    if request
        .expected_version
        .is_some_and(|expected| expected != version)
    {
        return Ok(None);
    }
    let record = match &before {
        None => Pattern {
            pattern_type: request.pattern_type.as_str().to_owned(),
            id: request.id.as_str().to_owned(),
            pattern_data: request.data,
            confidence: request.confidence.unwrap_or(0.0),
            usage_count: 0,
            version: 1,
            created_at: view.now,
            updated_at: view.now,
        },
        Some(before) => Pattern {
            pattern_type: before.pattern_type.clone(),
            id: before.id.clone(),
            pattern_data: request.data,
            confidence: request.confidence.unwrap_or(before.confidence),
            usage_count: before.usage_count.saturating_add(1),
            version: version.saturating_add(1),
            created_at: before.created_at,
            updated_at: view.now,
        },
    };
    let changed = before.as_ref().is_none_or(|before| {
        before.confidence != record.confidence
            || before.pattern_data.get() != record.pattern_data.get()
    });
    let entry = changed.then(|| Entry::of(before.as_ref(), &record, request.reason, request.user));
    let stored = Stored {
        version: record.version,
        created: before.is_none(),
    };

    let mut plan = Plan::new();
    if stored.created {
        make_room(view, &mut plan, &record.member())?;
    } else {
        let dead = dead_among(
            view,
            view.store.sample(&view.keys.patterns(), SAMPLE_AGAIN)?,
        );
        plan.set_remove(view.keys.patterns(), dead);
    }
    write(
        view,
        &mut plan,
        before.as_ref(),
        &record,
        entry,
        request.ttl,
    )?;
    Ok(Some((plan.seal(view)?, stored)))
}

/// Plans a record, its index entry and the newest entry of its history.
fn write(
    view: &View<'_>,
    plan: &mut Plan,
    before: Option<&Pattern>,
    record: &Pattern,
    entry: Option<Entry>,
    ttl: Option<i64>,
) -> Result<()> {
    let member = record.member();
    let (key, history) = (view.keys.pattern(&member), view.keys.history(&member));
    match (before, entry) {
        (None, entry) => {
            if view.store.kind(&history).is_some() {
                plan.start_anew(&history, KeyKind::List);
            }
            let creation = entry.and_then(|entry| entry.as_creation(record));
            put(view, plan, record, creation.as_ref())?;
        }
        (Some(before), None) => {
            plan.hash_set(key.clone(), record.fields_since(before));
        }
        (Some(before), Some(entry)) => {
            let creation = Creation::read(view, &member)?;
            let oldest = creation.map(|creation| Entry::creation(before, creation));
            let most = view.settings.max_history;
            let entries = oldest.iter().chain([&entry]);
            let changes = view.store.list_len(&history)?;
            plan.list_push_all(history.clone(), entries.map(json).collect(), changes, most);
            let same_data = before.pattern_data.get() == record.pattern_data.get();
            if same_data || record.pattern_data.get().len() <= COMPACT_ANYWAY {
                plan.hash_set(key.clone(), record.fields_since(before));
                forget_creation(view, plan, &member)?;
            } else {
                put(view, plan, record, None)?;
            }
        }
    }
    match ttl {
        Some(ttl) => {
            plan.live_exactly(&key, KeyKind::Hash, ttl);
            plan.live_exactly(&history, KeyKind::List, ttl);
        }
        None => plan.follow(&history, KeyKind::List),
    }
    index(view, plan, vec![member]);
    Ok(())
}

/// A hash of values up to this length is compact however it is written: the servers' `hash-max-listpack-value`.
const COMPACT_ANYWAY: usize = 64;
/// A hash with a value longer than this is none of the small ones whose overhead matters, and `HSET` costs a third less.
const MOST_COMPACT: usize = 256;

fn is_worth_compacting(fields: &[(String, String)]) -> bool {
    let longest = fields.iter().map(|(_, value)| value.len()).max();
    longest.is_some_and(|longest| (COMPACT_ANYWAY + 1..=MOST_COMPACT).contains(&longest))
}

/// Plans a whole record: compact, unless it is large or somebody keeps fields of their own in its hash.
pub fn put(
    view: &View<'_>,
    plan: &mut Plan,
    record: &Pattern,
    creation: Option<&Creation>,
) -> Result<()> {
    let member = record.member();
    let key = view.keys.pattern(&member);
    let mut fields = record.to_fields();
    let ours = fields.len();
    fields.extend(creation.iter().flat_map(|creation| creation.to_fields()));
    let kept = Creation::read(view, &member)?;
    let kept = ours + kept.map_or(0, |kept| kept.to_fields().len());
    let is_ours = view.store.hash_len(&key)? <= kept;
    if is_ours && is_worth_compacting(&fields) {
        plan.hash_replace(key, fields);
    } else {
        plan.hash_set(key, fields);
        if creation.is_none() {
            forget_creation(view, plan, &member)?;
        }
    }
    Ok(())
}

/// Plans that the record does not keep its creation any more.
fn forget_creation(view: &View<'_>, plan: &mut Plan, member: &str) -> Result<()> {
    if let Some(creation) = Creation::read(view, member)? {
        let names = creation.to_fields().into_iter().map(|(name, _)| name);
        plan.hash_delete(view.keys.pattern(member), names.collect());
    }
    Ok(())
}

/// Plans that the index knows members, and lives as long as they do.
pub fn index(view: &View<'_>, plan: &mut Plan, members: Vec<String>) {
    let index = view.keys.patterns();
    plan.set_add(index.clone(), members);
    plan.follow(&index, KeyKind::Set);
}

/// Looks for dead index entries, and refuses a new record where the repo is full of living ones.
fn make_room(view: &View<'_>, plan: &mut Plan, member: &str) -> Result<()> {
    let index = view.keys.patterns();
    let held = view.store.set_len(&index)?;
    let most = view.settings.max_patterns;
    let sample = if held < most {
        SAMPLE
    } else {
        SAMPLE_WHEN_FULL
    };
    let mut dead = dead_among(view, view.store.sample(&index, sample)?);
    let known = dead.iter().position(|dead| dead == member);
    // A record that could not be read is in the index already.
    let replaces = view.store.kind(&view.keys.pattern(member)).is_some();
    if held - dead.len() >= most && !replaces {
        return Err(full(most));
    }
    known.map(|position| dead.swap_remove(position));
    plan.set_remove(index, dead);
    Ok(())
}

/// The refusal of one pattern more than a repo may hold.
pub fn full(most: usize) -> Error {
    Error::refused(format!(
        "this repo holds {most} patterns, as many as patternmemory.max-patterns allows: delete some or raise it"
    ))
}

/// The members whose record has expired.
fn dead_among(view: &View<'_>, members: Vec<Vec<u8>>) -> Vec<String> {
    members
        .into_iter()
        .filter_map(|member| String::from_utf8(member).ok())
        .filter(|member| view.store.kind(&view.keys.pattern(member)).is_none())
        .collect()
}

/// Sets the confidence of a record, which is a change even to what it was; `None` where there is no record.
pub fn set_confidence(
    view: &View<'_>,
    pattern_type: Identifier<'_>,
    id: Identifier<'_>,
    confidence: f64,
    reason: Option<String>,
    user: Option<String>,
) -> Result<Option<(Effects, u64)>> {
    let Some(before) = read(view, pattern_type.as_str(), id.as_str())? else {
        return Ok(None);
    };
    let record = Pattern {
        confidence,
        version: before.version.saturating_add(1),
        updated_at: view.now,
        ..before.clone()
    };
    let entry = Entry::of(Some(&before), &record, reason, user);
    let mut plan = Plan::new();
    let dead = dead_among(
        view,
        view.store.sample(&view.keys.patterns(), SAMPLE_AGAIN)?,
    );
    plan.set_remove(view.keys.patterns(), dead);
    write(view, &mut plan, Some(&before), &record, Some(entry), None)?;
    Ok(Some((plan.seal(view)?, record.version)))
}

/// Removes a record, its index entry and its history; answers how many records were removed.
pub fn delete(
    view: &View<'_>,
    pattern_type: Identifier<'_>,
    id: Identifier<'_>,
) -> Result<(Effects, i64)> {
    let member = pair(pattern_type.as_str(), id.as_str());
    let (key, history) = (view.keys.pattern(&member), view.keys.history(&member));
    let there = |key: &str| view.store.kind(key).is_some();
    let removed = i64::from(there(&key));
    let mut plan = Plan::new();
    plan.expect_kind(key.clone(), KeyKind::Hash);
    plan.expect_kind(history.clone(), KeyKind::List);
    let gone: Vec<String> = [key, history].into_iter().filter(|k| there(k)).collect();
    if there(&view.keys.patterns()) {
        plan.set_remove(view.keys.patterns(), vec![member]);
    }
    plan.delete(gone);
    Ok((plan.seal(view)?, removed))
}
