//! Many records at once, in the order of their worth.

use super::record::{confidence, read, Pattern};
use crate::memory::answer::Room;
use crate::memory::keys::{pair, split_pair};
use crate::memory::{Result, Values, View};

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

/// What of a record a listing looks at.
const LOOKED_AT: [&str; 2] = ["confidence", "usage_count"];

impl Overview {
    fn of(pattern_type: &str, id: &str, values: &Values<'_>) -> Option<Self> {
        let &[Some(found), Some(usage_count)] = values else {
            return None;
        };
        Some(Overview {
            pattern_type: pattern_type.to_owned(),
            id: id.to_owned(),
            confidence: confidence(std::str::from_utf8(found).ok()?)?,
            usage_count: std::str::from_utf8(usage_count).ok()?.parse().ok()?,
        })
    }
}

/// Every record of the repo in the order of a listing: by confidence and use, both descending, then type and id.
/// What has expired is left out; what cannot be read is left out and reported.
pub fn overview(view: &View<'_>, pattern_type: Option<&str>) -> Result<Vec<Overview>> {
    let index = view.keys.patterns();
    let mut records = Vec::with_capacity(match pattern_type {
        None => view.store.set_len(&index)?,
        Some(_) => 0,
    });
    view.store.each_member(&index, &mut |member| {
        let found = std::str::from_utf8(member)
            .ok()
            .and_then(|member| Some((member, split_pair(member)?)));
        let Some((member, (found_type, id))) = found else {
            view.store.report_corrupt(&index);
            return;
        };
        if pattern_type.is_some_and(|wanted| wanted != found_type) {
            return;
        }
        let key = view.keys.pattern(member);
        let looked = view
            .store
            .look(
                &key,
                &LOOKED_AT,
                &mut |values| match Overview::of(&found_type, &id, values) {
                    Some(found) => records.push(found),
                    None => view.store.report_corrupt(&key),
                },
            );
        if looked.is_err() {
            view.store.report_corrupt(&key);
        }
    })?;
    records.sort_unstable_by(|a, b| {
        let by_worth = b
            .confidence
            .total_cmp(&a.confidence)
            .then(b.usage_count.cmp(&a.usage_count));
        by_worth.then_with(|| (&a.pattern_type, &a.id).cmp(&(&b.pattern_type, &b.id)))
    });
    Ok(records)
}

/// The first `count` readable records behind an overview, as far as there is room; what cannot be read takes no other's
/// place.
pub fn read_all<'o>(
    view: &View<'_>,
    overview: impl IntoIterator<Item = &'o Overview>,
    count: usize,
    room: &mut Room,
) -> Result<Vec<Pattern>> {
    let mut records = Vec::new();
    for found in overview {
        if records.len() == count {
            break;
        }
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
