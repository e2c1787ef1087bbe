//! Storing, judging and deleting patterns.

use super::history::{Entry, NewEntry};
use super::record::{find, sound, Creation, Found, Pattern, State, DATA};
use crate::memory::keys::pair;
use crate::memory::stored::json;
use crate::memory::{Effects, Error, Identifier, KeyKind, Plan, Result, View};

/// How many index entries a new pattern's write looks at.
const SAMPLE: usize = 16;
/// How many the write of a known one looks at, which adds none: looking costs more than much else of it.
const SAMPLE_AGAIN: usize = 8;
/// And of how many such writes one does.
const AGAIN_EVERY: u64 = 8;
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
    pub data: String,
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
    let (pattern_type, id) = (request.pattern_type.as_str(), request.id.as_str());
    let member = pair(pattern_type, id);
    let state_after = |before: &State| State {
        confidence: request.confidence.unwrap_or(before.confidence),
        usage_count: before.usage_count.saturating_add(1),
        version: before.version.saturating_add(1),
        created_at: before.created_at,
        updated_at: view.now,
    };
    // The entry of the history, where this is a change; the old data are in no other place.
    let found = find(view, &member, &mut |before, data| {
        let changes_data = data != request.data.as_bytes();
        let other_data = if changes_data {
            Some(sound(data)?)
        } else {
            None
        };
        let new = NewEntry {
            before,
            other_data,
            after: &state_after(before),
            reason: request.reason.as_deref(),
            user: request.user.as_deref(),
        };
        let is_change = changes_data || new.after.confidence != before.confidence;
        Some((changes_data, is_change.then(|| new.write())))
    })?;
    let version = found.as_ref().map_or(0, |found| found.state.version);
    if request
        .expected_version
        .is_some_and(|expected| expected != version)
    {
        return Ok(None);
    }
    let stored = Stored {
        version: version.saturating_add(1),
        created: found.is_none(),
    };
    let mut plan = Plan::new();
    match found {
        None => {
            let state = State {
                confidence: request.confidence.unwrap_or(0.0),
                usage_count: 0,
                version: stored.version,
                created_at: view.now,
                updated_at: view.now,
            };
            make_room(view, &mut plan, &member)?;
            let history = view.keys.history(&member);
            if view.store.kind(&history).is_some() {
                plan.start_anew(&history, KeyKind::List);
            }
            let creation = Creation {
                user: request.user.unwrap_or_default(),
                reason: request.reason,
            };
            let kept = Creation::read(view, &member)?;
            let mut fields = state.into_fields(pattern_type.into(), id.into(), request.data);
            fields.extend(creation.to_fields());
            put_over(view, &mut plan, view.keys.pattern(&member), fields, kept)?;
        }
        Some(found) => {
            let state = state_after(&found.state);
            clean_index(view, &mut plan, state.version)?;
            let (changes_data, entry) = found.data;
            let mut fields = state.fields_since(&found.state);
            let whole = changes_data && may_be_compact(request.data.len());
            if whole {
                fields = state.into_fields(pattern_type.into(), id.into(), request.data);
            } else if changes_data {
                fields.push((DATA.to_owned(), request.data));
            }
            let found = Found {
                state: found.state,
                data: entry,
                creation: found.creation,
            };
            write(view, &mut plan, &member, found, fields, whole)?;
        }
    }
    finish(view, &mut plan, member, request.ttl);
    Ok(Some((plan.seal(view)?, stored)))
}

/// Plans fields of a record, the `whole` of it or those that change, and its entry in the history, where there is one.
fn write(
    view: &View<'_>,
    plan: &mut Plan,
    member: &str,
    found: Found<Option<String>>,
    fields: Vec<(String, String)>,
    whole: bool,
) -> Result<()> {
    let key = view.keys.pattern(member);
    let Some(entry) = found.data else {
        plan.hash_set(key, fields);
        return Ok(());
    };
    let history = view.keys.history(member);
    let changes = view.store.list_len(&history)?;
    let mut entries = Vec::with_capacity(2);
    if let Some(creation) = &found.creation {
        let oldest = Entry::creation(found.state.created_at, creation.clone());
        entries.push(json(&oldest));
    }
    entries.push(entry);
    plan.list_push_all(history, entries, changes, view.settings.max_history);
    if whole {
        return put_over(view, plan, key, fields, found.creation);
    }
    plan.hash_set(key.clone(), fields);
    let gone = found.creation.iter().flat_map(Creation::to_fields);
    plan.hash_delete(key, gone.map(|(name, _)| name).collect());
    Ok(())
}

/// Plans how long a record and its history are to live, and that the index knows the record.
fn finish(view: &View<'_>, plan: &mut Plan, member: String, ttl: Option<i64>) {
    let history = view.keys.history(&member);
    match ttl {
        Some(ttl) => {
            plan.live_exactly(&view.keys.pattern(&member), KeyKind::Hash, ttl);
            plan.live_exactly(&history, KeyKind::List, ttl);
        }
        None => plan.follow(&history, KeyKind::List),
    }
    index(view, plan, vec![member]);
}

/// A hash of values up to this length is compact however it is written: the servers' `hash-max-listpack-value`.
const COMPACT_ANYWAY: usize = 64;
/// A hash with a value longer than this is none of the small ones whose overhead matters, and `HSET` costs a third less.
const MOST_COMPACT: usize = 256;

/// Whether a hash whose longest value has so many bytes is compact only if it is written that way.
fn may_be_compact(longest: usize) -> bool {
    (COMPACT_ANYWAY + 1..=MOST_COMPACT).contains(&longest)
}

/// Plans a whole record.
pub fn put(
    view: &View<'_>,
    plan: &mut Plan,
    record: Pattern,
    creation: Option<Creation>,
) -> Result<()> {
    let member = record.member();
    let key = view.keys.pattern(&member);
    let kept = Creation::read(view, &member)?;
    let mut fields = record.into_fields();
    fields.extend(creation.iter().flat_map(Creation::to_fields));
    put_over(view, plan, key, fields, kept)
}

/// Plans all fields of a record whose hash keeps this creation: compact, unless it is large or somebody keeps fields of
/// their own in it.
fn put_over(
    view: &View<'_>,
    plan: &mut Plan,
    key: String,
    fields: Vec<(String, String)>,
    kept: Option<Creation>,
) -> Result<()> {
    let kept = kept.iter().flat_map(Creation::to_fields);
    let mut kept: Vec<String> = kept.map(|(name, _)| name).collect();
    let longest = fields.iter().map(|(_, value)| value.len()).max();
    if longest.is_some_and(may_be_compact)
        && view.store.hash_len(&key)? <= Pattern::FIELDS + kept.len()
    {
        plan.hash_replace(key, fields);
    } else {
        kept.retain(|name| fields.iter().all(|(field, _)| field != name));
        plan.hash_set(key.clone(), fields);
        plan.hash_delete(key, kept);
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

/// Looks for dead index entries at some of the writes of a record.
fn clean_index(view: &View<'_>, plan: &mut Plan, version: u64) -> Result<()> {
    if version % AGAIN_EVERY == 0 {
        let index = view.keys.patterns();
        let dead = dead_among(view, view.store.sample(&index, SAMPLE_AGAIN)?);
        plan.set_remove(index, dead);
    }
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
    let (pattern_type, id) = (pattern_type.as_str(), id.as_str());
    let member = pair(pattern_type, id);
    let state_after = |before: &State| State {
        confidence,
        version: before.version.saturating_add(1),
        updated_at: view.now,
        ..*before
    };
    let found = find(view, &member, &mut |before, data| {
        sound(data)?;
        let new = NewEntry {
            before,
            other_data: None,
            after: &state_after(before),
            reason: reason.as_deref(),
            user: user.as_deref(),
        };
        Some(Some(new.write()))
    })?;
    let Some(found) = found else {
        return Ok(None);
    };
    let state = state_after(&found.state);
    let mut plan = Plan::new();
    clean_index(view, &mut plan, state.version)?;
    let fields = state.fields_since(&found.state);
    write(view, &mut plan, &member, found, fields, false)?;
    finish(view, &mut plan, member, None);
    Ok(Some((plan.seal(view)?, state.version)))
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
