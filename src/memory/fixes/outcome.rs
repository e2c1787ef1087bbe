//! The outcomes of fixes: recording and listing them.

use std::borrow::Cow;
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::stats::{row, rows_of, write_rows, Row};
use crate::memory::days::Series;
use crate::memory::stored::{self, json};
use crate::memory::{Effects, KeyKind, Plan, Result, Timestamp, View};

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
    series.to_string()
}

/// Records an outcome, unless its idempotency key is known; answers the attempts of its fix type.
pub fn record(view: &View<'_>, outcome: &Outcome<'_>) -> Result<(Effects, i64)> {
    let (fixes, ids) = (view.keys.fixes(), view.keys.fixes_ids());
    let [of_pair, of_type] = rows_of(outcome);
    let mut total = row(view, &of_type)?.unwrap_or_else(|| Row::empty(view.now));
    if let Some(id) = &outcome.id {
        if view.store.field(&ids, id)?.is_some() {
            return Ok((Effects::default(), total.attempts as i64));
        }
    }
    let half_life = view.settings.fix_half_life;
    let mut paired = row(view, &of_pair)?.unwrap_or_else(|| Row::empty(view.now));
    paired.add(&Row::of(outcome), half_life);
    total.add(&Row::of(outcome), half_life);
    let attempts = total.attempts as i64;

    let mut plan = Plan::new();
    let kept = view.store.list_len(&fixes)?;
    let most = view.settings.max_fixes;
    forget_ids(view, &mut plan, (kept + 1).saturating_sub(most))?;
    plan.list_push(fixes, json(outcome), kept, most);
    write_rows(view, &mut plan, vec![(of_pair, paired), (of_type, total)])?;
    if let Some(id) = &outcome.id {
        plan.hash_set(ids.clone(), vec![(id.to_string(), "1".into())]);
    }
    plan.follow(&ids, KeyKind::Hash);
    plan.count(view.today(), series_of(outcome), 1);
    Ok((plan.seal(view)?, attempts))
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
            let outcome: Option<Outcome<'_>> = serde_json::from_slice(element).ok();
            gone.extend(outcome.and_then(|outcome| outcome.id).map(Cow::into_owned));
            ControlFlow::Continue(())
        })?;
    plan.hash_delete(ids, gone);
    Ok(())
}

/// The outcomes from `offset` on, newest first, at most `count`, as one JSON array.
pub fn list(view: &View<'_>, offset: usize, count: usize) -> Result<String> {
    stored::array(view, &view.keys.fixes(), offset, count, |text| {
        serde_json::from_str::<Outcome<'_>>(text).is_ok()
    })
}
