//! What is stored of a pattern.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::memory::keys::pair;
use crate::memory::{Result, Timestamp, View};

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

    /// The fields of its hash, besides those of its [`Creation`].
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

    /// The fields of its hash that an earlier state of the record has not. The names of a record never change.
    pub fn fields_since(&self, before: &Pattern) -> Vec<(String, String)> {
        let mut fields = Vec::with_capacity(6);
        let mut changed = |name: &str, differs: bool, value: &dyn Fn() -> String| {
            if differs {
                fields.push((name.to_owned(), value()));
            }
        };
        // The data may be long: it is copied only where it is written.
        let data = self.pattern_data.get();
        changed("pattern_data", data != before.pattern_data.get(), &|| {
            data.to_owned()
        });
        changed("confidence", self.confidence != before.confidence, &|| {
            self.confidence.to_string()
        });
        changed(
            "usage_count",
            self.usage_count != before.usage_count,
            &|| self.usage_count.to_string(),
        );
        changed("version", self.version != before.version, &|| {
            self.version.to_string()
        });
        changed("created_at", self.created_at != before.created_at, &|| {
            self.created_at.to_string()
        });
        changed("updated_at", self.updated_at != before.updated_at, &|| {
            self.updated_at.to_string()
        });
        fields
    }

    /// Its member in the index.
    pub fn member(&self) -> String {
        pair(&self.pattern_type, &self.id)
    }
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
        view.store.look(&key, &Self::FIELDS, &mut |values| {
            let mut texts = values
                .iter()
                .map(|value| value.map(|text| String::from_utf8_lossy(text).into_owned()));
            if let Some(user) = texts.next().flatten() {
                let reason = texts.next().flatten();
                found = Some(Creation { user, reason });
            }
        })?;
        Ok(found)
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
