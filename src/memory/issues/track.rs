//! Counting occurrences, and who leaves when there are too many issues.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use super::record::{read, Record};
use crate::memory::days::Series;
use crate::memory::keys::pair;
use crate::memory::patterns::json;
use crate::memory::{Effects, Identifier, KeyKind, Plan, Result, View};

/// How many issues one command may evict beyond those that it brings.
const EVICT_BEYOND: usize = 1_000;

/// Some occurrences of one issue.
#[derive(Debug, Clone, Copy)]
pub struct Occurrence<'a> {
    /// The type of the issue.
    pub issue_type: Identifier<'a>,
    /// The rule that it breaks.
    pub rule: Identifier<'a>,
    /// How severe it is now.
    pub severity: Identifier<'a>,
    /// How many occurrences.
    pub count: u64,
}

/// Counts occurrences, in order; answers the frequency of each issue after its own.
pub fn track(view: &View<'_>, occurrences: &[Occurrence<'_>]) -> Result<(Effects, Vec<i64>)> {
    let mut plan = Plan::new();
    let mut touched: Vec<(String, Record<'_>)> = Vec::new();
    let mut position: HashMap<String, usize> = HashMap::with_capacity(occurrences.len());
    let mut frequencies = Vec::with_capacity(occurrences.len());
    let mut created = 0;
    for occurrence in occurrences {
        let member = pair(occurrence.issue_type.as_str(), occurrence.rule.as_str());
        let index = match position.get(&member) {
            Some(&index) => index,
            None => {
                let stored = read(view, &member)?;
                created += usize::from(stored.is_none());
                touched.push((
                    member.clone(),
                    stored.unwrap_or_else(|| Record::new(view.now)),
                ));
                position.insert(member, touched.len() - 1);
                touched.len() - 1
            }
        };
        let record = &mut touched[index].1;
        record.occur(view.now, occurrence.count, view.settings.trend_half_life);
        record.severity = Cow::Borrowed(occurrence.severity.as_str());
        frequencies.push(record.frequency as i64);
        let series = Series::Issue {
            issue_type: occurrence.issue_type.as_str().into(),
            severity: occurrence.severity.as_str().into(),
        };
        plan.count(view.today(), series.to_string(), occurrence.count);
    }
    write(view, &mut plan, &touched, created)?;
    Ok((plan.seal(view)?, frequencies))
}

/// Plans records, their place in the ranking, and what must leave to keep the cap; the last record never leaves.
pub fn write(
    view: &View<'_>,
    plan: &mut Plan,
    records: &[(String, Record<'_>)],
    created: usize,
) -> Result<()> {
    let (issues, trend) = (view.keys.issues(), view.keys.issues_trend());
    let leaving = leaving(view, records, created)?;
    let leaves: HashSet<&str> = leaving.iter().map(String::as_str).collect();
    let staying = || {
        records
            .iter()
            .filter(|(member, _)| !leaves.contains(member.as_str()))
    };
    let fields = staying().map(|(member, record)| (member.clone(), json(record)));
    plan.hash_set(issues.clone(), fields.collect());
    let scores = staying().map(|(member, record)| (record.trend, member.clone()));
    plan.rank(trend.clone(), scores.collect());
    plan.follow(&trend, KeyKind::SortedSet);
    plan.evict(leaving.len());
    plan.hash_delete(issues, leaving.clone());
    plan.unrank(trend, leaving);
    Ok(())
}

/// The members that must leave: the least trending that these records do not hold, then the least trending of
/// these, but never the last.
fn leaving(
    view: &View<'_>,
    records: &[(String, Record<'_>)],
    created: usize,
) -> Result<Vec<String>> {
    let held = view.store.hash_len(&view.keys.issues())?;
    let excess = (held + created).saturating_sub(view.settings.max_issues);
    let excess = excess.min(created + EVICT_BEYOND);
    let mut leaving = Vec::with_capacity(excess);
    if excess == 0 {
        return Ok(leaving);
    }
    let ours: HashSet<&[u8]> = records
        .iter()
        .map(|(member, _)| member.as_bytes())
        .collect();
    view.store
        .each_from_lowest(&view.keys.issues_trend(), &mut |member, _| {
            if leaving.len() >= excess {
                return ControlFlow::Break(());
            }
            if let Some(member) = (!ours.contains(member)).then(|| std::str::from_utf8(member).ok())
            {
                leaving.extend(member.map(str::to_owned));
            }
            ControlFlow::Continue(())
        })?;
    if leaving.len() < excess {
        let mut own: Vec<_> = records.iter().rev().skip(1).rev().collect();
        own.sort_by(|a, b| a.1.trend.total_cmp(&b.1.trend));
        let missing = excess - leaving.len();
        leaving.extend(
            own.into_iter()
                .take(missing)
                .map(|(member, _)| member.clone()),
        );
    }
    Ok(leaving)
}
