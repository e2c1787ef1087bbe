//! Counting occurrences, and who leaves when there are too many issues.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use super::record::{read_to_change, Record};
use crate::memory::days::Series;
use crate::memory::keys::pair;
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
    let mut touched: Vec<(String, Record<'_>)> = Vec::with_capacity(occurrences.len());
    // Of a call with one occurrence nothing can come twice.
    let many = occurrences.len() > 1;
    let mut position: HashMap<(&str, &str), usize> = HashMap::new();
    if many {
        position.reserve(occurrences.len());
    }
    let mut counts: HashMap<(&str, &str), u64> = HashMap::new();
    let mut frequencies = Vec::with_capacity(occurrences.len());
    for occurrence in occurrences {
        let severity = occurrence.severity.as_str();
        let (issue_type, rule) = (occurrence.issue_type.as_str(), occurrence.rule.as_str());
        let next = touched.len();
        let index = match many {
            true => *position.entry((issue_type, rule)).or_insert(next),
            false => next,
        };
        if index == next {
            let member = pair(issue_type, rule);
            let stored = read_to_change(view, &member)?;
            touched.push((member, stored.unwrap_or_else(|| Record::new(view.now))));
        }
        let record = &mut touched[index].1;
        record.occur(view.now, occurrence.count, view.settings.trend_half_life);
        record.severity = Cow::Borrowed(severity);
        frequencies.push(record.frequency as i64);
        if many {
            let count = counts.entry((issue_type, severity)).or_default();
            *count = count.saturating_add(occurrence.count);
        } else {
            plan.count(view.today(), series(issue_type, severity), occurrence.count);
        }
    }
    for ((issue_type, severity), count) in counts {
        plan.count(view.today(), series(issue_type, severity), count);
    }
    write(view, &mut plan, &touched, Leaving::Others)?;
    Ok((plan.seal(view)?, frequencies))
}

/// The daily counter of a type and a severity.
fn series(issue_type: &str, severity: &str) -> String {
    let series = Series::Issue {
        issue_type: issue_type.into(),
        severity: severity.into(),
    };
    series.name()
}

/// Who may leave to make room for records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaving {
    /// The least trending of the others; of the records themselves only where there are no others, never the last.
    Others,
    /// The least trending of all.
    Anyone,
}

/// Plans records, their place in the ranking, and what must leave to keep the cap.
pub fn write(
    view: &View<'_>,
    plan: &mut Plan,
    records: &[(String, Record<'_>)],
    who: Leaving,
) -> Result<()> {
    let (issues, trend) = (view.keys.issues(), view.keys.issues_trend());
    let held = view.store.hash_len(&issues)?;
    let mut created = 0;
    if held + records.len() > view.settings.max_issues {
        for (member, _) in records {
            created += usize::from(view.store.field(&issues, member)?.is_none());
        }
    }
    if !is_ranked(view)? {
        if view.store.kind(&trend).is_some() {
            plan.start_anew(&trend, KeyKind::SortedSet);
        }
        plan.rank(trend.clone(), ranking(view)?);
    }
    let excess = (held + created).saturating_sub(view.settings.max_issues);
    let excess = excess.min(created + EVICT_BEYOND);
    let leaving = match (excess, who) {
        (0, _) => Vec::new(),
        (_, Leaving::Others) => others_then_ours(view, records, excess)?,
        (_, Leaving::Anyone) => least_of_all(view, records, excess)?,
    };
    let leaves: HashSet<&str> = leaving.iter().map(String::as_str).collect();
    let staying = || {
        records
            .iter()
            .filter(|(member, _)| !leaves.contains(member.as_str()))
    };
    let fields = staying().map(|(member, record)| (member.clone(), record.write()));
    plan.hash_set(issues.clone(), fields.collect());
    let scores = staying().map(|(member, record)| (record.trend, member.clone()));
    plan.rank(trend.clone(), scores.collect());
    plan.follow(&trend, KeyKind::SortedSet);
    plan.evict(leaving.len());
    plan.hash_delete(issues, leaving.clone());
    plan.unrank(trend, leaving);
    Ok(())
}

/// Whether the sorted set can stand for the records: it was not lost, and names no more than there are, as it does once
/// the records were lost.
fn is_ranked(view: &View<'_>) -> Result<bool> {
    let held = view.store.hash_len(&view.keys.issues())?;
    let ranked = view.store.ranking_len(&view.keys.issues_trend())?;
    Ok(stands_for(ranked, held))
}

/// Whether so many members of the sorted set can stand for so many records.
pub(super) fn stands_for(ranked: usize, held: usize) -> bool {
    ranked <= held && (ranked > 0 || held == 0)
}

/// The ranking as the records have it, for where the sorted set was lost.
pub fn ranking(view: &View<'_>) -> Result<Vec<(f64, String)>> {
    let mut scores = Vec::new();
    view.store
        .each_field(&view.keys.issues(), &mut |member, value| {
            if let (Ok(member), Some(record)) = (std::str::from_utf8(member), Record::read(value)) {
                scores.push((record.trend, member.to_owned()));
            }
        })?;
    scores.sort_by(|a, b| a.0.total_cmp(&b.0));
    Ok(scores)
}

/// The `count` least trending issues that are not among the records.
fn least_of_others(
    view: &View<'_>,
    records: &[(String, Record<'_>)],
    count: usize,
) -> Result<Vec<(f64, String)>> {
    let ours: HashSet<&str> = records.iter().map(|(member, _)| member.as_str()).collect();
    let mut least = Vec::with_capacity(count);
    let key = view.keys.issues_trend();
    if !is_ranked(view)? {
        least = ranking(view)?;
        least.retain(|(_, member)| !ours.contains(member.as_str()));
        least.truncate(count);
        return Ok(least);
    }
    view.store.each_from_lowest(&key, &mut |member, trend| {
        if least.len() >= count {
            return ControlFlow::Break(());
        }
        if let Ok(member) = std::str::from_utf8(member) {
            if !ours.contains(member) {
                least.push((trend, member.to_owned()));
            }
        }
        ControlFlow::Continue(())
    })?;
    Ok(least)
}

fn others_then_ours(
    view: &View<'_>,
    records: &[(String, Record<'_>)],
    count: usize,
) -> Result<Vec<String>> {
    let others = least_of_others(view, records, count)?;
    let mut leaving: Vec<String> = others.into_iter().map(|(_, member)| member).collect();
    let missing = count - leaving.len();
    if missing > 0 {
        let mut own: Vec<_> = records.iter().rev().skip(1).rev().collect();
        own.sort_by(|a, b| a.1.trend.total_cmp(&b.1.trend));
        let own = own.into_iter().take(missing);
        leaving.extend(own.map(|(member, _)| member.clone()));
    }
    Ok(leaving)
}

fn least_of_all(
    view: &View<'_>,
    records: &[(String, Record<'_>)],
    count: usize,
) -> Result<Vec<String>> {
    let mut all = least_of_others(view, records, count)?;
    all.extend(
        records
            .iter()
            .map(|(member, record)| (record.trend, member.clone())),
    );
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    all.truncate(count);
    Ok(all.into_iter().map(|(_, member)| member).collect())
}
