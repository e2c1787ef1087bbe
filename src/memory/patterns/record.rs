//! What is stored of a pattern.

use anonymizer::Json;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::memory::keys::pair;
use crate::memory::stored::whole;
use crate::memory::{Result, Timestamp, Values, View};

/// The id of a record whose store named none.
pub const DEFAULT_ID: &str = "default";
/// Below this confidence a pattern is to be reviewed.
pub const LOW_CONFIDENCE: f64 = 0.6;
/// From this confidence on a pattern is well established.
pub const HIGH_CONFIDENCE: f64 = 0.8;
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

/// The fields of a record's hash: the data, those of its [`State`], those of its [`Creation`].
const FIELDS: [&str; 8] = [
    DATA,
    "confidence",
    "usage_count",
    "version",
    "created_at",
    "updated_at",
    "user",
    "reason",
];
/// Where the creation begins.
const CREATION: usize = 6;
/// The field of a record's hash that holds its data.
pub const DATA: &str = "pattern_data";

impl Pattern {
    /// How many fields its hash has, besides those of its [`Creation`].
    pub const FIELDS: usize = 8;

    /// What it says besides its names and its data.
    pub fn state(&self) -> State {
        State {
            confidence: self.confidence,
            usage_count: self.usage_count,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }

    /// The fields of its hash, besides those of its [`Creation`].
    pub fn into_fields(self) -> Vec<(String, String)> {
        let state = self.state();
        let data: Box<str> = self.pattern_data.into();
        state.into_fields(self.pattern_type, self.id, data.into())
    }

    /// Its member in the index.
    pub fn member(&self) -> String {
        pair(&self.pattern_type, &self.id)
    }
}

/// What a record says besides its names and its data, which may be long.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct State {
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

impl State {
    fn of(values: &Values<'_>) -> Option<Self> {
        let mut values = values.iter().copied();
        let mut next = || std::str::from_utf8(values.next()??).ok();
        Some(State {
            confidence: confidence(next()?)?,
            usage_count: next()?.parse().ok()?,
            version: next()?.parse().ok()?,
            created_at: Timestamp::parse(next()?)?,
            updated_at: Timestamp::parse(next()?)?,
        })
    }

    /// The fields of a record's hash of these names and data, besides those of its [`Creation`].
    pub fn into_fields(
        self,
        pattern_type: String,
        id: String,
        data: String,
    ) -> Vec<(String, String)> {
        let field = |name: &str, value: String| (name.to_owned(), value);
        vec![
            field("pattern_type", pattern_type),
            field("id", id),
            field(DATA, data),
            field("confidence", self.confidence.to_string()),
            field("usage_count", whole(self.usage_count)),
            field("version", whole(self.version)),
            field("created_at", self.created_at.to_string()),
            field("updated_at", self.updated_at.to_string()),
        ]
    }

    /// The fields of the record's hash that an earlier state has not.
    pub fn fields_since(&self, before: &State) -> Vec<(String, String)> {
        let mut fields = Vec::with_capacity(6);
        let mut changed = |name: &str, differs: bool, value: &dyn Fn() -> String| {
            if differs {
                fields.push((name.to_owned(), value()));
            }
        };
        changed("confidence", self.confidence != before.confidence, &|| {
            self.confidence.to_string()
        });
        changed(
            "usage_count",
            self.usage_count != before.usage_count,
            &|| whole(self.usage_count),
        );
        changed("version", self.version != before.version, &|| {
            whole(self.version)
        });
        changed("created_at", self.created_at != before.created_at, &|| {
            self.created_at.to_string()
        });
        changed("updated_at", self.updated_at != before.updated_at, &|| {
            self.updated_at.to_string()
        });
        fields
    }
}

/// A record as it is found.
#[derive(Debug)]
pub struct Found<D> {
    /// Its state.
    pub state: State,
    /// What was made of its data, which may be long.
    pub data: D,
    /// Its creation, as long as the record keeps that.
    pub creation: Option<Creation>,
}

/// Who created a record, and why. It is kept in the record until the first change, so that a record that was never
/// changed needs no history; then it becomes the oldest entry of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Creation {
    /// The ACL user; empty where there was none.
    pub user: String,
    /// Why, where that was said.
    pub reason: Option<String>,
}

impl Creation {
    /// Its fields in the record's hash. The first is always there.
    pub const FIELDS: [&'static str; 2] = ["user", "reason"];

    /// Reads it from the record's hash; `None` where the history has it, or nothing.
    pub fn read(view: &View<'_>, member: &str) -> Result<Option<Self>> {
        let mut found = None;
        let key = view.keys.pattern(member);
        let fields = &Self::FIELDS;
        view.store
            .look(&key, fields, &mut |values| found = Self::of(values))?;
        Ok(found)
    }

    fn of(values: &Values<'_>) -> Option<Self> {
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let [user, reason] = [0, 1].map(|at| values.get(at).copied().flatten().map(text));
        user.map(|user| Creation { user, reason })
    }

    /// The fields of the record's hash that hold it.
    pub fn to_fields(&self) -> Vec<(String, String)> {
        let values = [Some(&self.user), self.reason.as_ref()];
        let fields = Self::FIELDS.into_iter().zip(values);
        let there = fields.filter_map(|(name, value)| Some((name.to_owned(), value?.clone())));
        there.collect()
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
    let found = look(view, &pair(pattern_type, id), &mut |_, data| {
        let data = std::str::from_utf8(data).ok()?;
        RawValue::from_string(data.to_owned()).ok()
    })?;
    Ok(found.map(|Found { state, data, .. }| Pattern {
        pattern_type: pattern_type.to_owned(),
        id: id.to_owned(),
        pattern_data: data,
        confidence: state.confidence,
        usage_count: state.usage_count,
        version: state.version,
        created_at: state.created_at,
        updated_at: state.updated_at,
    }))
}

/// Looks at a record that is about to be written; `None` as for [`read`]. `take` makes of its state and its data what
/// the caller needs of them, and `None` where they are no data.
pub fn find<D>(
    view: &View<'_>,
    member: &str,
    take: &mut dyn FnMut(&State, &[u8]) -> Option<D>,
) -> Result<Option<Found<D>>> {
    // It is worth keeping open.
    if view.store.kind(&view.keys.pattern(member)).is_none() {
        return Ok(None);
    }
    look(view, member, take)
}

/// Stored data, where they are JSON.
pub fn sound(data: &[u8]) -> Option<&str> {
    let data = std::str::from_utf8(data).ok()?;
    Json::is_valid(data).then_some(data)
}

fn look<D>(
    view: &View<'_>,
    member: &str,
    take: &mut dyn FnMut(&State, &[u8]) -> Option<D>,
) -> Result<Option<Found<D>>> {
    let key = view.keys.pattern(member);
    let (mut is_there, mut found) = (false, None);
    view.store.look(&key, &FIELDS, &mut |values| {
        is_there = true;
        let (record, creation) = values.split_at(CREATION);
        let state = State::of(&record[1..]);
        found = state.zip(record[0]).and_then(|(state, data)| {
            Some(Found {
                state,
                data: take(&state, data)?,
                creation: Creation::of(creation),
            })
        });
    })?;
    if is_there && found.is_none() {
        view.store.report_corrupt(&key);
    }
    Ok(found)
}
