//! Issues: what keeps coming back, how often, and whether it is on the rise.
//!
//! A record is the truth about an issue; the sorted set beside it is an index of the records by trend.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use super::burst::{Burst, FAST_DAYS, SLOW_DAYS};
use super::days::{self, Series};
use super::keys::{pair, split_pair};
use super::patterns::json;
use super::{decay, Day, Effects, Identifier, KeyKind, Plan, Result, Timestamp, View};

/// The highest frequency: what fits into an integer reply.
const MOST: u64 = i64::MAX as u64;
/// How many issues one command may evict beyond those that it brings.
const EVICT_BEYOND: usize = 1_000;

/// An issue as it is stored and exported.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Record<'a> {
    /// Occurrences in its life.
    pub frequency: u64,
    /// The severity last given.
    #[serde(borrow)]
    pub severity: Cow<'a, str>,
    /// When it was first seen.
    pub created_at: Timestamp,
    /// When it was last seen.
    pub last_seen: Timestamp,
    /// The instant, in seconds, at which its decayed count falls to one: its score in the sorted set.
    pub trend: f64,
    /// The UTC day of the first number in `days`, counted from 1970.
    pub day: i32,
    /// Occurrences of that day, the day before, and so on.
    pub days: Vec<u64>,
}

impl Record<'_> {
    fn new(now: Timestamp) -> Self {
        Record {
            frequency: 0,
            severity: Cow::Borrowed(""),
            created_at: now,
            last_seen: now,
            trend: f64::NEG_INFINITY,
            day: now.day().0,
            days: Vec::new(),
        }
    }

    fn read(bytes: &[u8]) -> Option<Record<'_>> {
        let record: Record<'_> = serde_json::from_slice(bytes).ok()?;
        record.is_sound().then_some(record)
    }

    /// Whether the numbers are such as an issue can have.
    pub fn is_sound(&self) -> bool {
        self.trend.is_finite() && self.day >= 0 && self.days.len() <= SLOW_DAYS as usize
    }

    /// The same, with a severity of its own.
    pub fn into_owned(self) -> Record<'static> {
        Record {
            severity: Cow::Owned(self.severity.into_owned()),
            ..self
        }
    }

    fn occur(&mut self, now: Timestamp, count: u64, half_life: f64) {
        self.frequency = self.frequency.saturating_add(count).min(MOST);
        self.last_seen = self.last_seen.max(now);
        let known = self.trend.is_finite().then_some(self.trend);
        self.trend = decay::add(known, now.seconds(), count as f64, half_life);
        self.add_day(now.day(), count);
    }

    fn add_day(&mut self, day: Day, count: u64) {
        let ahead = i64::from(day.0) - i64::from(self.day);
        if ahead > 0 {
            let shift = ahead.min(i64::from(SLOW_DAYS)) as usize;
            self.days.splice(0..0, std::iter::repeat_n(0, shift));
            self.day = day.0;
        }
        let age = (-ahead).max(0) as usize;
        if age < SLOW_DAYS as usize {
            if self.days.len() <= age {
                self.days.resize(age + 1, 0);
            }
            self.days[age] = self.days[age].saturating_add(count);
        }
        self.days.truncate(SLOW_DAYS as usize);
        let used = self.days.iter().rposition(|&n| n > 0).map_or(0, |i| i + 1);
        self.days.truncate(used);
    }

    /// Adds the occurrences of another record of the same issue.
    pub fn merge<'b>(self, other: Record<'b>, half_life: f64) -> Record<'b>
    where
        Self: 'b,
    {
        let trend = decay::join(self.trend, other.trend, half_life);
        let mut merged = Record {
            frequency: self.frequency.saturating_add(other.frequency).min(MOST),
            created_at: self.created_at.min(other.created_at),
            last_seen: self.last_seen.max(other.last_seen),
            trend,
            day: self.day,
            days: self.days,
            severity: if other.last_seen >= self.last_seen {
                other.severity
            } else {
                self.severity
            },
        };
        for (day, count) in (0..=other.day).rev().zip(&other.days) {
            merged.add_day(Day(day), *count);
        }
        merged
    }

    fn burst(&self, today: Day) -> Burst {
        let since = |days: u32| {
            let first = today.first_of(days);
            let counts = (0..=self.day).rev().zip(&self.days);
            counts
                .take_while(|(day, _)| *day >= first.0)
                .fold(0u64, |sum, (_, n)| sum.saturating_add(*n))
        };
        Burst::of(since(FAST_DAYS), since(SLOW_DAYS))
    }
}

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
    let key = view.keys.issues();
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
                let stored = read_owned(view, &key, &member)?;
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
pub(super) fn write(
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

fn read_owned(view: &View<'_>, key: &str, member: &str) -> Result<Option<Record<'static>>> {
    let Some(bytes) = view.store.field(key, member)? else {
        return Ok(None);
    };
    let record = Record::read(&bytes).map(Record::into_owned);
    if record.is_none() {
        view.store.report_corrupt(key);
    }
    Ok(record)
}

/// Reads the stored record of one member; what cannot be read is reported and passed over.
pub(super) fn record(view: &View<'_>, member: &str) -> Result<Option<Record<'static>>> {
    read_owned(view, &view.keys.issues(), member)
}

/// One issue.
pub fn get(
    view: &View<'_>,
    issue_type: Identifier<'_>,
    rule: Identifier<'_>,
) -> Result<Option<Issue>> {
    let (issue_type, rule) = (issue_type.as_str(), rule.as_str());
    let record = record(view, &pair(issue_type, rule))?;
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
    view.store
        .each_from_highest(&view.keys.issues_trend(), &mut |member, trend| {
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
            match record(view, member) {
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
        })?;
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
                || Record::read(value).is_some_and(|r| filter.takes_severity(&r.severity)));
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::memory::testing::Memory;

    const DAY: i64 = 86_400_000;

    fn occurrence<'a>(rule: &'a str, severity: &'a str, count: u64) -> Occurrence<'a> {
        Occurrence {
            issue_type: Identifier::own("style"),
            rule: Identifier::own(rule),
            severity: Identifier::own(severity),
            count,
        }
    }

    fn seen(memory: &Memory, occurrences: &[Occurrence<'_>]) -> Vec<i64> {
        let (effects, frequencies) = track(&memory.view("r"), occurrences).unwrap();
        memory.apply(&effects);
        frequencies
    }

    fn issue(memory: &Memory, rule: &str) -> Option<Issue> {
        let (issue_type, rule) = (Identifier::own("style"), Identifier::own(rule));
        get(&memory.view("r"), issue_type, rule).unwrap()
    }

    #[test]
    fn a_first_sighting_scores_a_tenth_and_halves() {
        let mut memory = Memory::empty();
        assert_eq!(seen(&memory, &[occurrence("E501", "low", 1)]), [1]);
        assert_eq!(issue(&memory, "E501").unwrap().trend_score, 0.1);
        memory.pass(14 * DAY);
        assert!((issue(&memory, "E501").unwrap().trend_score - 0.05).abs() < 1e-9);
    }

    #[test]
    fn the_same_issue_twice_in_a_call_counts_both_and_takes_the_later_severity() {
        let memory = Memory::empty();
        let run = [
            occurrence("a", "low", 2),
            occurrence("b", "low", 1),
            occurrence("a", "high", 3),
        ];
        assert_eq!(seen(&memory, &run), [2, 1, 5]);
        assert_eq!(issue(&memory, "a").unwrap().severity, "high");
        let trends = trends(&memory.view("r"), 30, 20, Filter::default()).unwrap();
        assert_eq!(
            trends.severity_distribution,
            [("high".into(), 3), ("low".into(), 3)].into()
        );
    }

    #[test]
    fn the_least_trending_leaves_and_never_the_one_just_tracked() {
        let mut memory = Memory::empty();
        memory.settings.max_issues = 2;
        seen(&memory, &[occurrence("a", "low", 5)]);
        seen(&memory, &[occurrence("b", "low", 3)]);
        seen(&memory, &[occurrence("c", "low", 1)]);
        assert!(issue(&memory, "a").is_some() && issue(&memory, "b").is_none());
        assert!(issue(&memory, "c").is_some());
        seen(
            &memory,
            &[
                occurrence("d", "low", 1),
                occurrence("e", "low", 1),
                occurrence("f", "low", 1),
            ],
        );
        let view = memory.view("r");
        assert_eq!(view.store.hash_len(&view.keys.issues()), Ok(2));
        assert_eq!(view.store.ranking_len(&view.keys.issues_trend()), Ok(2));
        assert!(issue(&memory, "f").is_some());
    }

    #[test]
    fn a_burst_is_told_from_a_steady_flow() {
        let mut memory = Memory::empty();
        for _ in 0..30 {
            seen(&memory, &[occurrence("steady", "low", 4)]);
            memory.pass(DAY);
        }
        memory.pass(-DAY);
        seen(&memory, &[occurrence("new", "low", 5)]);
        let steady = issue(&memory, "steady").unwrap();
        assert_eq!(
            (steady.fast_rate, steady.slow_rate, steady.burst),
            (4.0, 4.0, false)
        );
        let new = issue(&memory, "new").unwrap();
        assert!(new.burst && new.burst_p < 0.001);
    }

    #[test]
    fn an_issue_outside_the_window_does_not_trend_and_is_still_counted() {
        let mut memory = Memory::empty();
        seen(&memory, &[occurrence("old", "low", 1)]);
        memory.pass(10 * DAY);
        seen(&memory, &[occurrence("new", "low", 1)]);
        let trends = trends(&memory.view("r"), 7, 20, Filter::default()).unwrap();
        assert_eq!(trends.trending_issues.len(), 1);
        assert_eq!(
            (trends.issue_distribution["style"], trends.total_patterns),
            (1, 2)
        );
        let history = history(&memory.view("r"), 11, Filter::default()).unwrap();
        assert_eq!((history.days.len(), history.total), (11, 2));
        assert_eq!((history.days[0].total, history.days[5].total), (1, 0));
    }

    #[test]
    fn a_corrupt_record_is_reported_and_written_anew() {
        let memory = Memory::empty();
        seen(&memory, &[occurrence("a", "low", 7)]);
        let mut plan = Plan::new();
        plan.hash_set("pm:{r}:issues".into(), vec![("style:a".into(), "{".into())]);
        memory.apply(&plan.seal(&memory.view("r")).unwrap());
        assert!(issue(&memory, "a").is_none());
        assert_eq!(seen(&memory, &[occurrence("a", "low", 1)]), [1]);
        assert_eq!(memory.corrupt.get(), 2);
    }

    proptest! {
        /// Every figure of an issue against the events themselves, with a clock that steps both ways.
        #[test]
        fn an_issue_is_what_its_events_make_it(steps in prop::collection::vec((-3 * DAY..6 * DAY, 1u64..9), 1..60)) {
            let mut memory = Memory::empty();
            memory.settings.default_ttl = 4_000 * DAY;
            let mut events = Vec::new();
            let mut newest = Day(0);
            for (pass, count) in steps {
                memory.pass(pass);
                seen(&memory, &[occurrence("a", "low", count)]);
                newest = newest.max(memory.now.day());
                events.push((memory.now, count, newest));
            }
            let found = issue(&memory, "a").unwrap();
            let (now, today) = (memory.now, memory.now.day());
            prop_assert_eq!(found.frequency, events.iter().map(|e| e.1).sum::<u64>());
            prop_assert_eq!(found.last_seen, events.iter().map(|e| e.0).max().unwrap());
            let half_life = memory.settings.trend_half_life;
            let score: f64 = events.iter().map(|e| 0.1 * e.1 as f64 * ((e.0.seconds() - now.seconds()) / half_life).exp2()).sum();
            prop_assert!((found.trend_score - score).abs() < 1e-6 * score);
            // What a record forgets: days 30 or more before the newest that it has seen.
            let kept = |first: Day| events.iter().filter(|e| {
                let day = e.0.day();
                day >= first && day.0 > newest.0 - SLOW_DAYS as i32
            }).map(|e| e.1).sum::<u64>();
            prop_assert!((found.fast_rate * 3.0 - kept(today.first_of(3)) as f64).abs() < 1e-9);
            prop_assert!((found.slow_rate * 30.0 - kept(today.first_of(30)) as f64).abs() < 1e-9);
        }

        #[test]
        fn a_merge_is_what_all_events_together_make(a in prop::collection::vec((0..40 * DAY, 1u64..9), 1..20), b in prop::collection::vec((0..40 * DAY, 1u64..9), 1..20)) {
            let record = |events: &[(i64, u64)]| {
                let mut events = events.to_vec();
                events.sort_unstable();
                let mut record = Record::new(Timestamp::from_ms(1_795_000_000_000 + events[0].0));
                for (at, count) in events {
                    record.occur(Timestamp::from_ms(1_795_000_000_000 + at), count, 1e6);
                }
                record
            };
            let merged = record(&a).merge(record(&b), 1e6);
            let together = record(&[a, b].concat());
            prop_assert_eq!((merged.frequency, merged.created_at, merged.last_seen, merged.day, &merged.days),
                (together.frequency, together.created_at, together.last_seen, together.day, &together.days));
            prop_assert!((merged.trend - together.trend).abs() < 1e-3);
        }
    }
}
