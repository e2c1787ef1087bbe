//! One issue, what is trending, and occurrences day by day.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde::Serialize;

use super::record::{read, severity, Glance, Record};
use super::track::stands_for;
use crate::memory::days::{self, Series};
use crate::memory::keys::{pair, split_pair};
use crate::memory::window::{self, Totals};
use crate::memory::{decay, Day, Identifier, Result, Timestamp, View};

/// An issue as it is answered.
#[derive(Debug, Clone, Serialize)]
pub struct Issue {
    /// Its type.
    pub issue_type: String,
    /// The rule that it breaks.
    pub issue_rule: String,
    /// The severity last given.
    pub severity: String,
    /// Occurrences in its life.
    pub frequency: u64,
    /// A tenth of its decayed count.
    pub trend_score: f64,
    /// Occurrences a day over the last 3 days.
    pub fast_rate: f64,
    /// Occurrences a day over the last 30 days.
    pub slow_rate: f64,
    /// Whether there are more of late than the slow rate explains.
    pub burst: bool,
    /// The probability of so many recent ones at the slow rate.
    pub burst_p: f64,
    /// When it was first seen.
    pub created_at: Timestamp,
    /// When it was last seen.
    pub last_seen: Timestamp,
}

impl Issue {
    fn of(view: &View<'_>, issue_type: &str, rule: &str, record: Record<'_>) -> Self {
        let burst = record.burst(view.today());
        let count = decay::value(
            record.trend,
            view.now.seconds(),
            view.settings.trend_half_life,
        );
        Issue {
            issue_type: issue_type.to_owned(),
            issue_rule: rule.to_owned(),
            severity: record.severity.into_owned(),
            frequency: record.frequency,
            trend_score: 0.1 * count,
            fast_rate: burst.fast_rate,
            slow_rate: burst.slow_rate,
            burst: burst.is_burst,
            burst_p: burst.p,
            created_at: record.created_at,
            last_seen: record.last_seen,
        }
    }
}

/// One issue.
pub fn get(
    view: &View<'_>,
    issue_type: Identifier<'_>,
    rule: Identifier<'_>,
) -> Result<Option<Issue>> {
    let (issue_type, rule) = (issue_type.as_str(), rule.as_str());
    let record = read(view, &pair(issue_type, rule))?;
    Ok(record.map(|record| Issue::of(view, issue_type, rule, record)))
}

/// Which issues a report is about.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter<'a> {
    /// Only of this type.
    pub issue_type: Option<Identifier<'a>>,
    /// Only of this severity.
    pub severity: Option<Identifier<'a>>,
}

impl Filter<'_> {
    fn takes_type(&self, issue_type: &str) -> bool {
        self.issue_type
            .is_none_or(|wanted| wanted.as_str() == issue_type)
    }

    fn takes_severity(&self, severity: &str) -> bool {
        self.severity
            .is_none_or(|wanted| wanted.as_str() == severity)
    }
}

/// What is trending, and how occurrences are spread.
#[derive(Debug, Serialize)]
pub struct Trends {
    /// The issues seen inside the window, by trend score.
    pub trending_issues: Vec<Issue>,
    /// Occurrences inside the window by type.
    pub issue_distribution: BTreeMap<String, u64>,
    /// Occurrences inside the window by severity.
    pub severity_distribution: BTreeMap<String, u64>,
    /// How many issues the repo has, of those that the filter takes.
    pub total_patterns: usize,
}

/// The trends of the last `days` days, at most `top` issues.
pub fn trends(view: &View<'_>, days: u32, top: usize, filter: Filter<'_>) -> Result<Trends> {
    trends_of(view, &window::totals(view, days, &[])?, days, top, filter)
}

/// The same where the sums of the last `days` days are known.
pub fn trends_of(
    view: &View<'_>,
    totals: &Totals,
    days: u32,
    top: usize,
    filter: Filter<'_>,
) -> Result<Trends> {
    let mut issue_distribution = BTreeMap::new();
    let mut severity_distribution = BTreeMap::new();
    totals.each(&mut |series, n| {
        if let Some((issue_type, severity)) = taken(&series, filter) {
            add(&mut issue_distribution, issue_type, n);
            add(&mut severity_distribution, severity, n);
        }
    });
    let start = view.today().first_of(days).start();
    let (trending_issues, total_patterns) = match filter.severity {
        None => by_ranking(view, start, top, filter)?,
        Some(_) => by_record(view, start, top, filter)?,
    };
    Ok(Trends {
        trending_issues,
        issue_distribution,
        severity_distribution,
        total_patterns,
    })
}

/// The type and severity of a series of issues that the filter takes.
fn taken<'s>(series: &'s Series<'_>, filter: Filter<'_>) -> Option<(&'s str, &'s str)> {
    let Series::Issue {
        issue_type,
        severity,
    } = series
    else {
        return None;
    };
    (filter.takes_type(issue_type) && filter.takes_severity(severity))
        .then_some((issue_type, severity))
}

fn each_count(
    view: &View<'_>,
    day: Day,
    filter: Filter<'_>,
    visit: &mut dyn FnMut(&str, &str, u64),
) -> Result<()> {
    days::each(view, day, &mut |series, n| {
        if let Some((issue_type, severity)) = taken(&series, filter) {
            visit(issue_type, severity, n);
        }
    })
}

fn add(counts: &mut BTreeMap<String, u64>, name: &str, n: u64) {
    match counts.get_mut(name) {
        Some(count) => *count = count.saturating_add(n),
        None => {
            counts.insert(name.to_owned(), n);
        }
    }
}

/// The highest-ranked issues last seen since `start`, and how many there are in all, of those of a type.
///
/// A trend is never earlier than the last occurrence, so where nothing is to be counted the walk down the ranking ends
/// at the window's start.
fn by_ranking(
    view: &View<'_>,
    start: Timestamp,
    top: usize,
    filter: Filter<'_>,
) -> Result<(Vec<Issue>, usize)> {
    let (issues, trend) = (view.keys.issues(), view.keys.issues_trend());
    let held = view.store.hash_len(&issues)?;
    let ranked = view.store.ranking_len(&trend)?;
    if !stands_for(ranked, held) {
        // The sorted set was lost, or the records that it names; the next write puts it right.
        return by_record(view, start, top, filter);
    }
    // Only an index that names as many as there are can stand for them.
    let total = match filter.issue_type {
        None => Some(held),
        Some(_) if ranked != held => Some(count(view, filter)?),
        Some(_) => None,
    };
    let mut of_type = 0;
    let mut found = Vec::new();
    let mut failed = Ok(());
    view.store.each_from_highest(&trend, &mut |member, trend| {
        let is_over = found.len() >= top || trend < start.seconds();
        if is_over && total.is_some() {
            return ControlFlow::Break(());
        }
        let Some((member, (issue_type, rule))) = std::str::from_utf8(member)
            .ok()
            .and_then(|member| Some((member, split_pair(member)?)))
        else {
            view.store.report_corrupt(&view.keys.issues_trend());
            return ControlFlow::Continue(());
        };
        if !filter.takes_type(&issue_type) {
            return ControlFlow::Continue(());
        }
        of_type += 1;
        if is_over {
            return ControlFlow::Continue(());
        }
        match read(view, member) {
            Ok(Some(record)) if record.last_seen >= start => {
                found.push(Issue::of(view, &issue_type, &rule, record));
            }
            Ok(_) => {}
            Err(error) => {
                failed = Err(error);
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    })?;
    failed?;
    Ok((found, total.unwrap_or(of_type)))
}

/// The same from the records alone, all of which are looked at: nothing else knows of severities.
fn by_record(
    view: &View<'_>,
    start: Timestamp,
    top: usize,
    filter: Filter<'_>,
) -> Result<(Vec<Issue>, usize)> {
    // A ranking of another type is an error, though only the records are needed.
    view.store.ranking_len(&view.keys.issues_trend())?;
    let mut total = 0;
    let mut best: BTreeMap<(Ranked, String), Record<'static>> = BTreeMap::new();
    each_taken(view, filter, &mut |member, value| {
        total += 1;
        if let Some(glance) = Glance::of(value) {
            let is_full = best.len() >= top;
            let least = best.first_key_value().filter(|_| is_full);
            let is_better = least.is_none_or(|((trend, least), _)| {
                (Ranked(glance.trend), member) > (*trend, least.as_str())
            });
            if glance.last_seen < start || top == 0 || !is_better {
                return;
            }
        }
        let Some(record) = Record::read(value) else {
            view.store.report_corrupt(&view.keys.issues());
            return;
        };
        let place = (Ranked(record.trend), member.to_owned());
        best.insert(place, record.into_owned());
        if best.len() > top {
            best.pop_first();
        }
    })?;
    let mut found = Vec::with_capacity(best.len());
    for ((_, member), record) in best.into_iter().rev() {
        if let Some((issue_type, rule)) = split_pair(&member) {
            found.push(Issue::of(view, &issue_type, &rule, record));
        }
    }
    Ok((found, total))
}

/// A trend that orders.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Ranked(f64);

impl Eq for Ranked {}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

fn count(view: &View<'_>, filter: Filter<'_>) -> Result<usize> {
    let mut total = 0;
    each_taken(view, filter, &mut |_, _| total += 1)?;
    Ok(total)
}

/// The stored records that the filter takes, unread; what is no issue is passed over and reported.
fn each_taken(
    view: &View<'_>,
    filter: Filter<'_>,
    visit: &mut dyn FnMut(&str, &[u8]),
) -> Result<()> {
    let key = view.keys.issues();
    view.store.each_field(
        &key,
        &mut |member, value| match takes(member, value, filter) {
            Some((member, true)) => visit(member, value),
            Some(_) => {}
            None => view.store.report_corrupt(&key),
        },
    )
}

/// The name of a stored record, and whether the filter takes it; `None` for what is no issue.
fn takes<'m>(member: &'m [u8], value: &[u8], filter: Filter<'_>) -> Option<(&'m str, bool)> {
    let member = std::str::from_utf8(member).ok()?;
    let (issue_type, _) = split_pair(member)?;
    let takes = filter.takes_type(&issue_type)
        && (filter.severity.is_none() || filter.takes_severity(&severity(value)?));
    Some((member, takes))
}

/// Occurrences day by day.
#[derive(Debug, Serialize)]
pub struct History {
    /// Every day of the window, oldest first.
    pub days: Vec<DayCounts>,
    /// Occurrences in all.
    pub total: u64,
}

/// The occurrences of one day.
#[derive(Debug, Serialize)]
pub struct DayCounts {
    /// The UTC day.
    pub date: String,
    /// Occurrences in all.
    pub total: u64,
    /// Occurrences by type.
    pub by_type: BTreeMap<String, u64>,
    /// Occurrences by severity.
    pub by_severity: BTreeMap<String, u64>,
}

/// The occurrences of each of the last `days` days.
pub fn history(view: &View<'_>, days: u32, filter: Filter<'_>) -> Result<History> {
    let mut history = History {
        days: Vec::with_capacity(days as usize),
        total: 0,
    };
    for day in view.today().window(days) {
        let mut counts = DayCounts {
            date: day.to_string(),
            total: 0,
            by_type: BTreeMap::new(),
            by_severity: BTreeMap::new(),
        };
        each_count(view, day, filter, &mut |issue_type, severity, n| {
            counts.total = counts.total.saturating_add(n);
            add(&mut counts.by_type, issue_type, n);
            add(&mut counts.by_severity, severity, n);
        })?;
        history.total = history.total.saturating_add(counts.total);
        history.days.push(counts);
    }
    Ok(history)
}
