//! The history of a record as it is answered.

use serde::Serialize;

use super::history::{self, Change, Decoder};
use super::record::read;
use crate::memory::answer::Room;
use crate::memory::{Identifier, Result, Timestamp, View};

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
    history::entries(view, &record, &mut |entry| {
        let within = entry.at >= since;
        total_changes += usize::from(within);
        if changes.len() < limit && fits.is_ok() {
            let change = decoder.decode(entry);
            if within {
                let before = change.before_data.as_ref();
                let before = before.map_or(0, |data| data.get().len());
                fits = room.take(before + change.after_data.get().len());
            }
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
