//! Patterns: records with an id, a version and a confidence, and what changed in them.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::answer::Room;
use super::history::{self, Change, Decoder, Entry};
use super::keys::{pair, split_pair};
use super::{Effects, Error, Identifier, KeyKind, Plan, Result, Timestamp, View};

/// The id of a record whose store named none.
pub const DEFAULT_ID: &str = "default";
/// Below this confidence a pattern is to be reviewed.
pub const LOW_CONFIDENCE: f64 = 0.6;
/// From this confidence on a pattern is well established.
pub const HIGH_CONFIDENCE: f64 = 0.8;
/// How many index entries a pattern write looks at.
const SAMPLE: usize = 16;

/// A pattern, as it is answered and exported.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Pattern {
    /// Its type.
    pub pattern_type: String,
    /// Its id within the type.
    pub id: String,
    /// Its data: anonymized, canonical JSON.
    pub pattern_data: Box<RawValue>,
    /// How sure the agents are of it, 0 to 1.
    pub confidence: f64,
    /// How often it was stored again.
    pub usage_count: u64,
    /// How often it was written.
    pub version: u64,
    /// When it was first stored.
    pub created_at: Timestamp,
    /// When it was last written.
    pub updated_at: Timestamp,
}

const FIELDS: [&str; 6] = [
    "pattern_data",
    "confidence",
    "usage_count",
    "version",
    "created_at",
    "updated_at",
];

impl Pattern {
    fn from_fields(pattern_type: &str, id: &str, fields: Vec<Option<Vec<u8>>>) -> Option<Self> {
        let mut fields = fields.into_iter().map(|v| String::from_utf8(v?).ok());
        let mut next = || fields.next().flatten();
        Some(Pattern {
            pattern_type: pattern_type.to_owned(),
            id: id.to_owned(),
            pattern_data: RawValue::from_string(next()?).ok()?,
            confidence: confidence(&next()?)?,
            usage_count: next()?.parse().ok()?,
            version: next()?.parse().ok()?,
            created_at: Timestamp::parse(&next()?)?,
            updated_at: Timestamp::parse(&next()?)?,
        })
    }

    /// The fields of its hash.
    pub fn to_fields(&self) -> Vec<(String, String)> {
        let field = |name: &str, value: String| (name.to_owned(), value);
        vec![
            field("pattern_type", self.pattern_type.clone()),
            field("id", self.id.clone()),
            field("pattern_data", self.pattern_data.get().to_owned()),
            field("confidence", self.confidence.to_string()),
            field("usage_count", self.usage_count.to_string()),
            field("version", self.version.to_string()),
            field("created_at", self.created_at.to_string()),
            field("updated_at", self.updated_at.to_string()),
        ]
    }

    /// Its member in the index.
    pub fn member(&self) -> String {
        pair(&self.pattern_type, &self.id)
    }
}

/// Reads a confidence: a number from 0 to 1.
pub fn confidence(text: &str) -> Option<f64> {
    let number: f64 = text.parse().ok()?;
    // Adding zero makes -0 into 0.
    (0.0..=1.0).contains(&number).then_some(number + 0.0)
}

/// The id that `AUTO` stands for: the first 16 hex digits of the SHA-256 of the canonical JSON.
pub fn content_id(canonical: &str) -> String {
    let digest = Sha256::digest(canonical);
    digest[..8].iter().map(|b| format!("{b:02x}")).collect()
}

/// Reads a record; `None` where there is none or where it cannot be read, which is reported.
pub fn read(view: &View<'_>, pattern_type: &str, id: &str) -> Result<Option<Pattern>> {
    let key = view.keys.pattern(&pair(pattern_type, id));
    let Some(fields) = view.store.fields(&key, &FIELDS)? else {
        return Ok(None);
    };
    let record = Pattern::from_fields(pattern_type, id, fields);
    if record.is_none() {
        view.store.report_corrupt(&key);
    }
    Ok(record)
}

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
            pattern_data: request.data,
            confidence: request.confidence.unwrap_or(before.confidence),
            usage_count: before.usage_count.saturating_add(1),
            version: version.saturating_add(1),
            updated_at: view.now,
            ..before.clone()
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
        let dead = dead_among(view, view.store.sample(&view.keys.patterns(), SAMPLE)?);
        plan.set_remove(view.keys.patterns(), dead);
    }
    write(view, &mut plan, &record, entry, stored.created, request.ttl)?;
    Ok(Some((plan.seal(view)?, stored)))
}

/// Plans a record, its index entry and the newest entry of its history.
fn write(
    view: &View<'_>,
    plan: &mut Plan,
    record: &Pattern,
    entry: Option<Entry>,
    created: bool,
    ttl: Option<i64>,
) -> Result<()> {
    let member = record.member();
    let (key, history) = (view.keys.pattern(&member), view.keys.history(&member));
    let changes = if created {
        if view.store.kind(&history).is_some() {
            plan.start_anew(&history, KeyKind::List);
        }
        0
    } else {
        view.store.list_len(&history)?
    };
    plan.hash_set(key.clone(), record.to_fields());
    if let Some(entry) = entry {
        plan.list_push(
            history.clone(),
            json(&entry),
            changes,
            view.settings.max_history,
        );
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

/// Plans that the index knows members, and lives as long as they do.
pub(super) fn index(view: &View<'_>, plan: &mut Plan, members: Vec<String>) {
    let index = view.keys.patterns();
    plan.set_add(index.clone(), members);
    plan.follow(&index, KeyKind::Set);
}

/// Looks for dead index entries, and refuses a new record where the repo is full of living ones.
fn make_room(view: &View<'_>, plan: &mut Plan, member: &str) -> Result<()> {
    let index = view.keys.patterns();
    let held = view.store.set_len(&index)?;
    let most = view.settings.max_patterns;
    let looked_at = if held < most {
        view.store.sample(&index, SAMPLE)?
    } else {
        let mut all = Vec::with_capacity(held);
        view.store
            .each_member(&index, &mut |member| all.push(member.to_vec()))?;
        all
    };
    let mut dead = dead_among(view, looked_at);
    let known = dead.iter().position(|dead| dead == member);
    if held - dead.len() >= most {
        return Err(full(most));
    }
    known.map(|position| dead.swap_remove(position));
    plan.set_remove(index, dead);
    Ok(())
}

/// The refusal of one pattern more than a repo may hold.
pub(super) fn full(most: usize) -> Error {
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
    let dead = dead_among(view, view.store.sample(&view.keys.patterns(), SAMPLE)?);
    plan.set_remove(view.keys.patterns(), dead);
    write(view, &mut plan, &record, Some(entry), false, None)?;
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
    plan.keep_alive(key.clone(), KeyKind::Hash);
    plan.keep_alive(history.clone(), KeyKind::List);
    let gone: Vec<String> = [key, history].into_iter().filter(|k| there(k)).collect();
    if there(&view.keys.patterns()) {
        plan.set_remove(view.keys.patterns(), vec![member]);
    }
    plan.delete(gone);
    Ok((plan.seal(view)?, removed))
}

/// What a sorted listing needs to know of a record.
#[derive(Debug, Clone)]
pub struct Overview {
    /// The type of the record.
    pub pattern_type: String,
    /// Its id.
    pub id: String,
    /// Its confidence.
    pub confidence: f64,
    /// How often it was stored again.
    pub usage_count: u64,
}

impl Overview {
    fn from_fields(pattern_type: &str, id: &str, fields: Vec<Option<Vec<u8>>>) -> Option<Self> {
        let mut fields = fields.into_iter().map(|v| String::from_utf8(v?).ok());
        let mut next = || fields.next().flatten();
        Some(Overview {
            pattern_type: pattern_type.to_owned(),
            id: id.to_owned(),
            confidence: confidence(&next()?)?,
            usage_count: next()?.parse().ok()?,
        })
    }
}

/// Every record of the repo in the order of a listing: by confidence and use, both descending, then type and id.
/// What has expired is left out; what cannot be read is left out and reported.
pub fn overview(view: &View<'_>, pattern_type: Option<&str>) -> Result<Vec<Overview>> {
    let mut records = Vec::new();
    view.store
        .each_member(&view.keys.patterns(), &mut |member| {
            let found = std::str::from_utf8(member)
                .ok()
                .and_then(|member| Some((member, split_pair(member)?)));
            let Some((member, (found_type, id))) = found else {
                view.store.report_corrupt(&view.keys.patterns());
                return;
            };
            if pattern_type.is_some_and(|wanted| wanted != found_type) {
                return;
            }
            let key = view.keys.pattern(member);
            match view.store.fields(&key, &["confidence", "usage_count"]) {
                Ok(None) => {}
                Ok(Some(fields)) => match Overview::from_fields(&found_type, &id, fields) {
                    Some(found) => records.push(found),
                    None => view.store.report_corrupt(&key),
                },
                Err(_) => view.store.report_corrupt(&key),
            }
        })?;
    records.sort_by(|a, b| {
        let by_worth = b
            .confidence
            .total_cmp(&a.confidence)
            .then(b.usage_count.cmp(&a.usage_count));
        by_worth.then_with(|| (&a.pattern_type, &a.id).cmp(&(&b.pattern_type, &b.id)))
    });
    Ok(records)
}

/// The records behind an overview; what cannot be read is left out.
pub fn read_all<'o>(
    view: &View<'_>,
    overview: impl IntoIterator<Item = &'o Overview>,
) -> Result<Vec<Pattern>> {
    let mut room = Room::new();
    let mut records = Vec::new();
    for found in overview {
        match read(view, &found.pattern_type, &found.id) {
            Ok(Some(record)) => {
                room.take(record.pattern_data.get().len())?;
                records.push(record);
            }
            Ok(None) => {}
            Err(_) => {
                let member = pair(&found.pattern_type, &found.id);
                view.store.report_corrupt(&view.keys.pattern(&member));
            }
        }
    }
    Ok(records)
}

/// The history of a record.
#[derive(Debug, Serialize)]
pub struct Evolution {
    /// The type of the record.
    pub pattern_type: String,
    /// Its id.
    pub id: String,
    /// The changes, newest first.
    pub changes: Vec<Change>,
    /// The confidence after each of them, oldest first.
    pub confidence_trend: Vec<TrendPoint>,
    /// How many changes the window holds, whether listed or not.
    pub total_changes: usize,
}

/// The confidence at one time.
#[derive(Debug, Serialize)]
pub struct TrendPoint {
    /// When it changed.
    pub date: Timestamp,
    /// What it was then.
    pub confidence: f64,
    /// By how much it changed.
    pub confidence_change: f64,
}

/// The changes of a record since `since`, at most `limit` of them; `None` where there is no record.
pub fn evolution(
    view: &View<'_>,
    pattern_type: Identifier<'_>,
    id: Identifier<'_>,
    since: Timestamp,
    limit: usize,
) -> Result<Option<Evolution>> {
    let Some(record) = read(view, pattern_type.as_str(), id.as_str())? else {
        return Ok(None);
    };
    let mut decoder = Decoder::new(&record);
    let mut changes = Vec::new();
    let mut total_changes = 0;
    let (mut room, mut fits) = (Room::new(), Ok(()));
    history::entries(view, &record.member(), &mut |entry| {
        let within = entry.at >= since;
        total_changes += usize::from(within);
        if changes.len() < limit && fits.is_ok() {
            let change = decoder.decode(entry);
            let before = change
                .before_data
                .as_ref()
                .map_or(0, |data| data.get().len());
            fits = room.take(before + change.after_data.get().len());
            changes.extend(within.then_some(change));
        }
    })?;
    fits?;
    let point = |change: &Change| TrendPoint {
        date: change.created_at,
        confidence: change.confidence_after,
        confidence_change: change.confidence_change,
    };
    Ok(Some(Evolution {
        confidence_trend: changes.iter().rev().map(point).collect(),
        changes,
        pattern_type: record.pattern_type,
        id: record.id,
        total_changes,
    }))
}

/// A stored value as JSON text.
pub(super) fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("our records are plain data")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::testing::Memory;

    fn request<'a>(id: &'a str, n: u32) -> StoreRequest<'a> {
        StoreRequest {
            pattern_type: Identifier::own("naming"),
            id: Identifier::own(id),
            data: RawValue::from_string(format!("{{\"n\":{n}}}")).unwrap(),
            confidence: None,
            reason: None,
            expected_version: None,
            ttl: None,
            user: None,
        }
    }

    fn put(memory: &Memory, request: StoreRequest<'_>) -> Option<Stored> {
        let (effects, stored) = store(&memory.view("r"), request).unwrap()?;
        memory.apply(&effects);
        Some(stored)
    }

    fn history_len(memory: &Memory) -> usize {
        let view = memory.view("r");
        view.store.list_len(&view.keys.history("naming:a")).unwrap()
    }

    #[test]
    fn a_store_that_changes_nothing_is_a_use_and_no_history() {
        let memory = Memory::empty();
        put(&memory, request("a", 1));
        let again = put(&memory, request("a", 1)).unwrap();
        assert_eq!((again.version, again.created), (2, false));
        assert_eq!(history_len(&memory), 1);
        let record = read(&memory.view("r"), "naming", "a").unwrap().unwrap();
        assert_eq!((record.version, record.usage_count), (2, 1));
    }

    #[test]
    fn a_version_that_does_not_match_changes_nothing() {
        let memory = Memory::empty();
        let expecting = |version| StoreRequest {
            expected_version: Some(version),
            ..request("a", 1)
        };
        assert_eq!(put(&memory, expecting(1)), None);
        assert!(put(&memory, expecting(0)).is_some());
        assert_eq!(put(&memory, expecting(0)), None);
        assert_eq!(put(&memory, expecting(1)).unwrap().version, 2);
    }

    #[test]
    fn an_expired_record_starts_anew_with_an_empty_history() {
        let mut memory = Memory::empty();
        put(&memory, request("a", 1));
        put(
            &memory,
            StoreRequest {
                ttl: Some(10),
                ..request("a", 2)
            },
        );
        // The history was made to outlive its record by hand.
        let history = memory.view("r").keys.history("naming:a");
        let mut plan = Plan::new();
        plan.expire_at(history, memory.now.ms() + 1_000_000);
        memory.apply(&plan.seal(&memory.view("r")).unwrap());
        memory.pass(11);
        assert!(overview(&memory.view("r"), None).unwrap().is_empty());
        let stored = put(&memory, request("a", 3)).unwrap();
        assert_eq!((stored.version, stored.created), (1, true));
        assert_eq!(history_len(&memory), 1);
    }

    #[test]
    fn a_full_repo_refuses_a_new_pattern_and_still_updates() {
        let mut memory = Memory::empty();
        memory.settings.max_patterns = 2;
        put(&memory, request("a", 1));
        put(
            &memory,
            StoreRequest {
                ttl: Some(10),
                ..request("b", 1)
            },
        );
        assert!(store(&memory.view("r"), request("c", 1)).is_err());
        assert_eq!(put(&memory, request("a", 2)).unwrap().version, 2);
        memory.pass(11);
        assert!(put(&memory, request("c", 1)).is_some());
    }

    #[test]
    fn the_index_outlives_every_record() {
        let mut memory = Memory::empty();
        put(
            &memory,
            StoreRequest {
                ttl: Some(1 << 42),
                ..request("a", 1)
            },
        );
        memory.pass(1_000_000);
        put(&memory, request("b", 1));
        let expiries = memory.expiries();
        let index = expiries["pm:{r}:patterns"].unwrap();
        assert!(expiries.values().all(|at| at.unwrap() <= index));
        assert_eq!(expiries["pm:{r}:meta"].unwrap(), index);
    }

    #[test]
    fn a_listing_is_sorted_by_worth_and_passes_over_what_it_cannot_read() {
        let memory = Memory::empty();
        for (id, confidence) in [("a", 0.5), ("b", 0.9), ("c", 0.9), ("d", 0.1)] {
            put(
                &memory,
                StoreRequest {
                    confidence: Some(confidence),
                    ..request(id, 1)
                },
            );
        }
        put(&memory, request("c", 1));
        memory.plant("pm:{r}:pattern:naming:d", KeyKind::List);
        let ids: Vec<String> = overview(&memory.view("r"), None)
            .unwrap()
            .into_iter()
            .map(|o| o.id)
            .collect();
        assert_eq!(ids, ["c", "b", "a"]);
        assert_eq!(memory.corrupt.get(), 1);
    }

    #[test]
    fn a_confidence_is_a_number_from_0_to_1() {
        for text in ["-0.1", "1.01", "nan", "inf", "", "high"] {
            assert_eq!(confidence(text), None);
        }
        assert_eq!(
            confidence("-0").map(|c| c.to_string()).as_deref(),
            Some("0")
        );
    }
}
