//! The history of a pattern: what each change changed.
//!
//! An entry stores only what the entry after it (or the record itself) does not already say: the newest entry's
//! result is the record, and each older entry's result is what the next newer one found. So a history read from
//! its newest end needs nothing else, and each version of the data is stored once. The creation of a record that was
//! never changed is kept by the record itself.

use std::ops::ControlFlow;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::record::{Creation, Pattern, State};
use crate::memory::stored::{json, Writer};
use crate::memory::{Result, Timestamp, View};

/// A change as it is stored, and as an export carries it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Entry {
    /// The version that the change made.
    pub version: u64,
    /// When.
    pub at: Timestamp,
    /// The data before; JSON `null` where there was no record, absent where the data stayed as it was.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub before: Option<Box<RawValue>>,
    /// The data after; absent where it is what the next newer entry found, or the record.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub after: Option<Box<RawValue>>,
    /// The confidence before; absent where it stayed as it was or where there was no record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence_before: Option<f64>,
    /// The confidence after; absent where it is what the next newer entry found, or the record's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence_after: Option<f64>,
    /// Why, in the words of whoever changed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The ACL user who changed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

/// Keeps a JSON `null` apart from an absent field.
fn present<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(deserializer).map(Some)
}

impl Entry {
    /// The creation of a record that was never changed.
    pub fn creation(created_at: Timestamp, creation: Creation) -> Self {
        Entry {
            version: 1,
            at: created_at,
            before: Some(null()),
            after: None,
            confidence_before: None,
            confidence_after: None,
            reason: creation.reason,
            user: Some(creation.user).filter(|user| !user.is_empty()),
        }
    }

    /// The creation of the record, where it says nothing but what [`Entry::creation`] would.
    pub fn as_creation(&self, record: &Pattern) -> Option<Creation> {
        let creation = Creation {
            user: self.user.clone().unwrap_or_default(),
            reason: self.reason.clone(),
        };
        (json(self) == json(&Self::creation(record.created_at, creation.clone())))
            .then_some(creation)
    }

    /// How many bytes of data it carries.
    pub fn size(&self) -> usize {
        let len = |data: &Option<Box<RawValue>>| data.as_ref().map_or(0, |data| data.get().len());
        len(&self.before) + len(&self.after)
    }
}

/// A change that is about to be stored: an [`Entry`] as text, which takes less copying of data that may be long.
#[derive(Debug, Clone, Copy)]
pub struct NewEntry<'a> {
    /// The record before.
    pub before: &'a State,
    /// Its data, where the change is of them.
    pub other_data: Option<&'a str>,
    /// The record after.
    pub after: &'a State,
    /// Why.
    pub reason: Option<&'a str>,
    /// The ACL user who changes it.
    pub user: Option<&'a str>,
}

impl NewEntry<'_> {
    /// As it is stored.
    pub fn write(self) -> String {
        let length = |text: Option<&str>| text.map_or(0, str::len);
        let long = length(self.other_data) + length(self.reason) + length(self.user);
        let mut json = Writer::with_capacity(160 + long)
            .raw("{\"version\":")
            .whole(self.after.version)
            .raw(",\"at\":")
            .time(self.after.updated_at);
        if let Some(data) = self.other_data {
            json = json.raw(",\"before\":").raw(data);
        }
        if self.before.confidence != self.after.confidence {
            let confidence = self.before.confidence;
            json = json.raw(",\"confidence_before\":").number(confidence);
        }
        if let Some(reason) = self.reason {
            json = json.raw(",\"reason\":").string(reason);
        }
        if let Some(user) = self.user {
            json = json.raw(",\"user\":").string(user);
        }
        json.raw("}").finish()
    }
}

fn null() -> Box<RawValue> {
    RawValue::from_string("null".into()).expect("null is JSON")
}

/// A change as it is answered: both sides in full.
#[derive(Debug, Clone, Serialize)]
pub struct Change {
    /// The version that the change made.
    pub version: u64,
    /// The data before; `None` where there was no record.
    pub before_data: Option<Box<RawValue>>,
    /// The data after.
    pub after_data: Box<RawValue>,
    /// The confidence before; `None` where there was no record.
    pub confidence_before: Option<f64>,
    /// The confidence after.
    pub confidence_after: f64,
    /// By how much the confidence changed; from 0 where there was no record.
    pub confidence_change: f64,
    /// Why.
    pub reason: Option<String>,
    /// The ACL user who changed it.
    pub user: Option<String>,
    /// When.
    pub created_at: Timestamp,
}

/// Brings stored entries, newest first, back into full changes, given the record that they led to.
#[derive(Debug)]
pub struct Decoder {
    data: Box<RawValue>,
    confidence: f64,
}

impl Decoder {
    /// Starts at the record.
    pub fn new(record: &Pattern) -> Self {
        Decoder {
            data: record.pattern_data.clone(),
            confidence: record.confidence,
        }
    }

    /// The next older entry as a full change.
    pub fn decode(&mut self, entry: Entry) -> Change {
        let after = entry.after.unwrap_or_else(|| self.data.clone());
        let confidence_after = entry.confidence_after.unwrap_or(self.confidence);
        let created = entry.before.as_ref().is_some_and(|b| b.get() == "null");
        let before = match entry.before {
            _ if created => None,
            Some(before) => Some(before),
            None => Some(after.clone()),
        };
        let confidence_before = match entry.confidence_before {
            None if created => None,
            None => Some(confidence_after),
            before => before,
        };
        if let Some(before) = &before {
            self.data = before.clone();
        }
        self.confidence = confidence_before.unwrap_or(0.0);
        Change {
            version: entry.version,
            before_data: before,
            after_data: after,
            confidence_before,
            confidence_after,
            confidence_change: difference(confidence_after, confidence_before.unwrap_or(0.0)),
            reason: entry.reason,
            user: entry.user,
            created_at: entry.at,
        }
    }
}

/// Shortens full changes, newest first, to entries that lead to `record`.
pub fn encode(record: &Pattern, changes: Vec<Change>) -> Vec<Entry> {
    let mut data = record.pattern_data.clone();
    let mut confidence = record.confidence;
    let shorten = |change: Change| {
        let created = change.before_data.is_none();
        let after = (change.after_data.get() != data.get()).then(|| change.after_data.clone());
        let confidence_after =
            (change.confidence_after != confidence).then_some(change.confidence_after);
        let before = match change.before_data {
            None => Some(null()),
            Some(before) => {
                data = before.clone();
                (before.get() != change.after_data.get()).then_some(before)
            }
        };
        confidence = change.confidence_before.unwrap_or(0.0);
        Entry {
            version: change.version,
            at: change.created_at,
            before,
            after,
            confidence_before: change
                .confidence_before
                .filter(|&before| created || before != change.confidence_after),
            confidence_after,
            reason: change.reason,
            user: change.user,
        }
    };
    changes.into_iter().map(shorten).collect()
}

/// The difference of two confidences without the noise of binary fractions.
fn difference(after: f64, before: f64) -> f64 {
    ((after - before) * 1e10).round() / 1e10
}

/// The stored entries of the history of a record, newest first, the creation that the record itself keeps among them;
/// what cannot be read is passed over and reported.
pub fn entries(view: &View<'_>, record: &Pattern, visit: &mut dyn FnMut(Entry)) -> Result<()> {
    let member = record.member();
    let key = view.keys.history(&member);
    view.store.elements(&key, 0, &mut |element| {
        match serde_json::from_slice(element) {
            Ok(entry) => visit(entry),
            Err(_) => view.store.report_corrupt(&key),
        }
        ControlFlow::Continue(())
    })?;
    if let Some(creation) = Creation::read(view, &member)? {
        visit(Entry::creation(record.created_at, creation));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pattern(version: u64, data: u8, confidence: u8) -> Pattern {
        Pattern {
            pattern_type: "t".into(),
            id: "i".into(),
            pattern_data: RawValue::from_string(format!("{{\"n\":{data}}}")).unwrap(),
            confidence: f64::from(confidence) / 4.0,
            usage_count: 0,
            version,
            created_at: Timestamp::from_ms(1),
            updated_at: Timestamp::from_ms(version as i64),
        }
    }

    fn entry(before: Option<&Pattern>, after: &Pattern) -> Entry {
        let user = "u\"".to_owned();
        let Some(before) = before else {
            return Entry::creation(after.created_at, Creation { user, reason: None });
        };
        let data = before.pattern_data.get();
        let new = NewEntry {
            before: &before.state(),
            other_data: Some(data).filter(|data| *data != after.pattern_data.get()),
            after: &after.state(),
            reason: None,
            user: Some(&user),
        };
        let written = new.write();
        let entry: Entry = serde_json::from_str(&written).unwrap();
        assert_eq!(json(&entry), written);
        entry
    }

    fn text(changes: &[Change]) -> String {
        serde_json::to_string(changes).unwrap()
    }

    proptest! {
        #[test]
        fn what_is_shortened_is_told_in_full(steps in prop::collection::vec((0u8..3, 0u8..3), 1..12), dropped in 0usize..4) {
            let mut record: Option<Pattern> = None;
            let (mut stored, mut told) = (Vec::new(), Vec::new());
            for (version, &(data, confidence)) in (1u64..).zip(&steps) {
                let next = pattern(version, data, confidence);
                stored.insert(0, entry(record.as_ref(), &next));
                told.insert(0, Change {
                    version,
                    before_data: record.as_ref().map(|r| r.pattern_data.clone()),
                    after_data: next.pattern_data.clone(),
                    confidence_before: record.as_ref().map(|r| r.confidence),
                    confidence_after: next.confidence,
                    confidence_change: difference(next.confidence, record.as_ref().map_or(0.0, |r| r.confidence)),
                    reason: None,
                    user: Some("u\"".into()),
                    created_at: next.updated_at,
                });
                record = Some(next);
            }
            let record = record.unwrap();
            // The cap takes the oldest away.
            let kept = steps.len().saturating_sub(dropped).max(1);
            stored.truncate(kept);
            told.truncate(kept);
            let lines: Vec<String> = stored.iter().map(|e| serde_json::to_string(e).unwrap()).collect();
            let read = |lines: &[String]| {
                let mut decoder = Decoder::new(&record);
                lines.iter().map(|l| decoder.decode(serde_json::from_str(l).unwrap())).collect::<Vec<_>>()
            };
            prop_assert_eq!(text(&read(&lines)), text(&told));
            let again: Vec<String> = encode(&record, told.clone()).iter().map(|e| serde_json::to_string(e).unwrap()).collect();
            prop_assert_eq!(text(&read(&again)), text(&told));
        }
    }
}
