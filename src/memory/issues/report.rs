//! One issue, what is trending, and occurrences day by day.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde::Serialize;

use super::record::{read, severity, Record};
use super::track::ranking;
use crate::memory::days::{self, Series};
use crate::memory::keys::{pair, split_pair};
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

    fn takes_all(&self) -> bool {
        self.issue_type.is_none() && self.severity.is_none()
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
    let mut issue_distribution = BTreeMap::new();
    let mut severity_distribution = BTreeMap::new();
    for day in view.today().window(days) {
        each_count(view, day, filter, &mut |issue_type, severity, n| {
            add(&mut issue_distribution, issue_type, n);
            add(&mut severity_distribution, severity, n);
        })?;
    }
    Ok(Trends {
        trending_issues: trending(view, days, top, filter)?,
        issue_distribution,
        severity_distribution,
        total_patterns: total(view, filter)?,
    })
}

fn each_count(
    view: &View<'_>,
    day: Day,
    filter: Filter<'_>,
    visit: &mut dyn FnMut(&str, &str, u64),
) -> Result<()> {
    days::each(view, day, &mut |series, n| {
        if let Series::Issue {
            issue_type,
            severity,
        } = series
        {
            if filter.takes_type(&issue_type) && filter.takes_severity(&severity) {
                visit(&issue_type, &severity, n);
            }
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

/// The highest-ranked issues last seen inside the window.
///
/// A trend is never earlier than the last occurrence, so the walk down the ranking ends at the window's start.
fn trending(view: &View<'_>, days: u32, top: usize, filter: Filter<'_>) -> Result<Vec<Issue>> {
    let start = view.today().first_of(days).start();
    let mut found = Vec::new();
    let mut failed = Ok(());
    let visit = &mut |member: &[u8], trend: f64| {
        if found.len() >= top || trend < start.seconds() {
            return ControlFlow::Break(());
        }
        let Some((member, (issue_type, rule))) = std::str::from_utf8(member)
            .ok()
            .and_then(|member| Some((member, split_pair(member)?)))
        else {
            return ControlFlow::Continue(());
        };
        if !filter.takes_type(&issue_type) {
            return ControlFlow::Continue(());
        }
        match read(view, member) {
            Ok(Some(record)) => {
                if record.last_seen >= start && filter.takes_severity(&record.severity) {
                    found.push(Issue::of(view, &issue_type, &rule, record));
                }
                ControlFlow::Continue(())
            }
            Ok(None) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Err(error);
                ControlFlow::Break(())
            }
        }
    };
    if view.store.ranking_len(&view.keys.issues_trend())? > 0 {
        view.store
            .each_from_highest(&view.keys.issues_trend(), visit)?;
    } else {
        // The sorted set was lost; the next write puts it back.
        let ranking = ranking(view)?.into_iter().rev();
        let _ = ranking
            .map(|(trend, member)| visit(member.as_bytes(), trend))
            .find(ControlFlow::is_break);
    }
    failed.map(|()| found)
}

fn total(view: &View<'_>, filter: Filter<'_>) -> Result<usize> {
    let key = view.keys.issues();
    if filter.takes_all() {
        return view.store.hash_len(&key);
    }
    let mut total = 0;
    view.store.each_field(&key, &mut |member, value| {
        let takes_type = std::str::from_utf8(member)
            .ok()
            .and_then(split_pair)
            .is_some_and(|(issue_type, _)| filter.takes_type(&issue_type));
        let takes = takes_type
            && (filter.severity.is_none()
                || severity(value).is_some_and(|severity| filter.takes_severity(&severity)));
        total += usize::from(takes);
    })?;
    Ok(total)
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
