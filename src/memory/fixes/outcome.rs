//! The outcomes of fixes: recording and listing them.

use std::borrow::Cow;
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::stats::{lost_rows, row, rows_of, write_rows, Row};
use crate::memory::days::Series;
use crate::memory::stored::{self, Reader, Writer};
use crate::memory::{Effects, KeyKind, Plan, Result, Timestamp, View};

/// What an outcome ends with, around its id.
const ID: &str = ",\"id\":";
const APPLIED_AT: &str = ",\"applied_at\":";

/// A recorded outcome, as it is stored, answered and exported.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Outcome<'a> {
    /// The type of the issue.
    #[serde(borrow)]
    pub issue_type: Cow<'a, str>,
    /// The type of the fix.
    #[serde(borrow)]
    pub fix_type: Cow<'a, str>,
    /// Whether it worked.
    pub success: bool,
    /// What people thought of it, -1 to 1, where they said.
    pub feedback_score: Option<f64>,
    /// What else there is to say, anonymized.
    pub metadata: Option<Cow<'a, RawValue>>,
    /// The idempotency key, where one was given.
    pub id: Option<Cow<'a, str>>,
    /// When.
    pub applied_at: Timestamp,
}

impl Outcome<'_> {
    /// As it is stored.
    pub fn write(&self) -> String {
        let metadata = self.metadata.as_ref().map(|metadata| metadata.get());
        let length = |text: Option<&str>| text.map_or(0, str::len);
        let names = self.issue_type.len() + self.fix_type.len() + length(self.id.as_deref());
        Writer::with_capacity(160 + names + length(metadata))
            .raw("{\"issue_type\":")
            .string(&self.issue_type)
            .raw(",\"fix_type\":")
            .string(&self.fix_type)
            .raw(if self.success {
                ",\"success\":true,\"feedback_score\":"
            } else {
                ",\"success\":false,\"feedback_score\":"
            })
            .or_null(self.feedback_score, Writer::number)
            .raw(",\"metadata\":")
            .or_null(metadata, Writer::raw)
            .raw(ID)
            .or_null(self.id.as_deref(), Writer::string)
            .raw(APPLIED_AT)
            .time(self.applied_at)
            .raw("}")
            .finish()
    }

    /// Reads a stored outcome.
    pub fn read(text: &str) -> Option<Outcome<'static>> {
        let outcome: Outcome<'_> = serde_json::from_str(text).ok()?;
        Some(Outcome {
            issue_type: Cow::Owned(outcome.issue_type.into_owned()),
            fix_type: Cow::Owned(outcome.fix_type.into_owned()),
            metadata: outcome.metadata.map(|m| Cow::Owned(m.into_owned())),
            id: outcome.id.map(|id| Cow::Owned(id.into_owned())),
            ..outcome
        })
    }
}

/// The daily counter of an outcome.
pub fn series_of(outcome: &Outcome<'_>) -> String {
    let series = Series::Fix {
        fix_type: outcome.fix_type.as_ref().into(),
        success: outcome.success,
    };
    series.name()
}

/// Records an outcome, unless its idempotency key is known; answers the attempts of its fix type.
pub fn record(view: &View<'_>, outcome: &Outcome<'_>) -> Result<(Effects, i64)> {
    let (fixes, ids) = (view.keys.fixes(), view.keys.fixes_ids());
    let [of_pair, of_type] = rows_of(outcome);
    let mut lost = lost_rows(view)?;
    let mut row = |field: &str| match &mut lost {
        Some(rows) => Ok(rows.remove(field)),
        None => row(view, field),
    };
    let mut total = row(&of_type)?.unwrap_or_else(|| Row::empty(view.now));
    let mut paired = row(&of_pair)?.unwrap_or_else(|| Row::empty(view.now));
    let kept = view.store.list_len(&fixes)?;
    let mut in_list = None;
    if let Some(id) = &outcome.id {
        in_list = lost_ids(view, kept)?;
        let is_known = match &in_list {
            Some(ids) => ids.iter().any(|(_, known)| known == id),
            None => view.store.field(&ids, id)?.is_some(),
        };
        if is_known {
            return Ok((Effects::default(), total.attempts as i64));
        }
    }
    let half_life = view.settings.fix_half_life;
    paired.add(&Row::of(outcome), half_life);
    total.add(&Row::of(outcome), half_life);
    let attempts = total.attempts as i64;

    let mut plan = Plan::new();
    let most = view.settings.max_fixes;
    match in_list {
        Some(known) => {
            if view.store.kind(&ids).is_some() {
                plan.start_anew(&ids, KeyKind::Hash);
            }
            let staying = known.into_iter().filter(|(place, _)| place + 1 < most);
            plan.hash_set(
                ids.clone(),
                staying.map(|(_, id)| (id, "1".into())).collect(),
            );
        }
        None => forget_ids(view, &mut plan, (kept + 1).saturating_sub(most))?,
    }
    plan.list_push(fixes, outcome.write(), kept, most);
    let mut rows = vec![(of_pair, paired), (of_type, total)];
    rows.extend(lost.into_iter().flatten());
    write_rows(view, &mut plan, rows)?;
    if let Some(id) = &outcome.id {
        plan.hash_set(ids.clone(), vec![(id.to_string(), "1".into())]);
    }
    plan.follow(&ids, KeyKind::Hash);
    plan.count(view.today(), series_of(outcome), 1);
    Ok((plan.seal(view)?, attempts))
}

/// Where the hash of idempotency keys was lost, or the list whose keys it holds: the keys in the list with their places.
fn lost_ids(view: &View<'_>, kept: usize) -> Result<Option<Vec<(usize, String)>>> {
    let held = view.store.hash_len(&view.keys.fixes_ids())?;
    // A list without any key has none to lose, and looks the same.
    if (held > 0 || kept == 0) && held <= kept {
        return Ok(None);
    }
    let (mut place, mut ids) = (0, Vec::new());
    view.store.elements(&view.keys.fixes(), 0, &mut |element| {
        ids.extend(id_of(element).map(|id| (place, id)));
        place += 1;
        ControlFlow::Continue(())
    })?;
    Ok(Some(ids))
}

/// Plans that the idempotency keys of the oldest `leaving` outcomes are forgotten with them.
fn forget_ids(view: &View<'_>, plan: &mut Plan, leaving: usize) -> Result<()> {
    let (fixes, ids) = (view.keys.fixes(), view.keys.fixes_ids());
    if leaving == 0 || view.store.kind(&ids).is_none() {
        return Ok(());
    }
    let kept = view.store.list_len(&fixes)?;
    let mut gone = Vec::new();
    view.store
        .elements(&fixes, kept.saturating_sub(leaving), &mut |element| {
            gone.extend(id_of(element));
            ControlFlow::Continue(())
        })?;
    plan.hash_delete(ids, gone);
    Ok(())
}

/// The idempotency key of a stored outcome.
fn id_of(element: &[u8]) -> Option<String> {
    if let Some(id) = id_as_written(element) {
        return id.map(str::to_owned);
    }
    let outcome: Outcome<'_> = serde_json::from_slice(element).ok()?;
    outcome.id.map(Cow::into_owned)
}

/// The same of an outcome in the form in which we write it, from its end; `None` where it is in another.
fn id_as_written(element: &[u8]) -> Option<Option<&str>> {
    const TIME: usize = Timestamp::LENGTH + 2;
    let (front, time) = element
        .strip_suffix(b"}")
        .and_then(|element| element.split_at_checked(element.len().checked_sub(TIME)?))?;
    Reader::new(time).time()?;
    let front = front.strip_suffix(APPLIED_AT.as_bytes())?;
    if front.ends_with(b":null") {
        return front
            .strip_suffix(b"null")?
            .ends_with(ID.as_bytes())
            .then_some(None);
    }
    // The key is a string without escapes, so its first quote is the last but one.
    let start = front
        .strip_suffix(b"\"")?
        .iter()
        .rposition(|b| *b == b'"')?;
    let mut id = Reader::new(&front[start..]);
    let text = id.string()?;
    id.end()?;
    front[..start]
        .ends_with(ID.as_bytes())
        .then_some(Some(text))
}

/// The outcomes from `offset` on, newest first, at most `count`, as one JSON array.
pub fn list(view: &View<'_>, offset: usize, count: usize) -> Result<String> {
    stored::array(view, &view.keys.fixes(), offset, count, |text| {
        serde_json::from_str::<Outcome<'_>>(text).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_outcome_is_written_as_serde_does_and_its_id_is_found(
            names in (".{0,9}", ".{0,9}"),
            id in prop::option::of(prop_oneof![".{0,9}", Just("\\\",\"id\":\"x".to_owned()), Just("null".to_owned())]),
            success: bool,
            feedback_score in prop::option::of(-1.0..1.0),
            metadata in prop::option::of(prop_oneof![Just("{\"id\":null}"), Just("{\"id\":\"y\"}"), Just("{}")]),
            at in 0i64..253_402_000_000_000,
        ) {
            let outcome = Outcome {
                issue_type: names.0.into(),
                fix_type: names.1.into(),
                success,
                feedback_score,
                metadata: metadata.map(|m| Cow::Owned(RawValue::from_string(m.into()).unwrap())),
                id: id.clone().map(Cow::Owned),
                applied_at: Timestamp::from_ms(at),
            };
            let text = outcome.write();
            prop_assert_eq!(&text, &serde_json::to_string(&outcome).unwrap());
            prop_assert_eq!(id_of(text.as_bytes()), id.clone());
            if let Some(found) = id_as_written(text.as_bytes()) {
                prop_assert_eq!(found, id.as_deref());
            }
        }
    }
}
