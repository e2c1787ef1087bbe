//! A whole memory as one JSON document.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::answer::Room;
use super::fixes::{self, Outcome, Row};
use super::issues::{self, Record};
use super::keys::split_pair;
use super::patterns::history::{self, Entry};
use super::patterns::{self, Pattern};
use super::sessions::Session;
use super::{days, stored, upkeep, Repo, Result, Timestamp, View};

/// What a document says that it is.
pub const FORMAT: &str = "pattern-memory";
/// The version of the document's layout.
pub const VERSION: u32 = 1;

/// The document.
#[derive(Debug, Serialize, Deserialize)]
pub struct Document<'a> {
    /// [`FORMAT`].
    #[serde(borrow)]
    pub format: Cow<'a, str>,
    /// [`VERSION`].
    pub version: u32,
    /// The repo that was exported.
    #[serde(borrow)]
    pub repo: Cow<'a, str>,
    /// When.
    pub exported_at: Timestamp,
    /// The patterns with their histories.
    pub patterns: Vec<PatternWithHistory>,
    /// The issues.
    #[serde(borrow)]
    pub issues: Vec<NamedIssue<'a>>,
    /// The fix outcomes, newest first.
    #[serde(borrow)]
    pub fixes: Vec<Outcome<'a>>,
    /// The statistics of fixes.
    #[serde(borrow)]
    pub fix_stats: Vec<NamedRow<'a>>,
    /// The sessions, newest first.
    #[serde(borrow)]
    pub sessions: Vec<Session<'a>>,
    /// The daily counters: day, counter, count.
    pub days: BTreeMap<String, BTreeMap<String, u64>>,
}

/// A pattern with its history.
#[derive(Debug, Serialize, Deserialize)]
pub struct PatternWithHistory {
    /// The record.
    pub pattern: Pattern,
    /// Its changes, newest first.
    pub history: Vec<Entry>,
}

/// An issue with its name.
#[derive(Debug, Serialize, Deserialize)]
pub struct NamedIssue<'a> {
    /// Its type.
    #[serde(borrow)]
    pub issue_type: Cow<'a, str>,
    /// The rule that it breaks.
    #[serde(borrow)]
    pub issue_rule: Cow<'a, str>,
    /// What is known of it.
    #[serde(borrow)]
    pub record: Record<'a>,
}

/// A row of the fix statistics with its name.
#[derive(Debug, Serialize, Deserialize)]
pub struct NamedRow<'a> {
    /// The type of the issues; `None`: over all.
    #[serde(borrow)]
    pub issue_type: Option<Cow<'a, str>>,
    /// The type of the fixes.
    #[serde(borrow)]
    pub fix_type: Cow<'a, str>,
    /// The numbers.
    pub stats: Row,
}

/// All that is known of the repo as JSON text; what cannot be read is left out and reported.
pub fn export(view: &View<'_>, repo: Repo<'_>) -> Result<String> {
    let mut room = Room::new();
    let mut document = Document {
        format: FORMAT.into(),
        version: VERSION,
        repo: repo.as_str().into(),
        exported_at: view.now,
        patterns: Vec::new(),
        issues: Vec::new(),
        fixes: stored::elements(view, &view.keys.fixes(), Outcome::read, &mut room)?,
        fix_stats: Vec::new(),
        sessions: stored::elements(view, &view.keys.sessions(), Session::read, &mut room)?,
        days: BTreeMap::new(),
    };
    let overview = patterns::overview(view, None)?;
    for pattern in patterns::read_all(view, &overview, usize::MAX, &mut room)? {
        let mut history = Vec::new();
        let mut fits = Ok(());
        let told = history::entries(view, &pattern, &mut |entry| {
            if fits.is_ok() {
                fits = room.take(entry.size());
                history.push(entry);
            }
        });
        if told.is_err() {
            // One history of another type is no reason to keep everything else back.
            let key = view.keys.history(&pattern.member());
            view.store.report_corrupt(&key);
        }
        fits?;
        document
            .patterns
            .push(PatternWithHistory { pattern, history });
    }
    let mut members = Vec::new();
    view.store
        .each_field(&view.keys.issues(), &mut |member, _| {
            members.push(member.to_vec())
        })?;
    members.sort();
    for member in members {
        let member = String::from_utf8(member).unwrap_or_default();
        let Some((issue_type, rule)) = split_pair(&member) else {
            view.store.report_corrupt(&view.keys.issues());
            continue;
        };
        document
            .issues
            .extend(issues::read(view, &member)?.map(|record| NamedIssue {
                issue_type: issue_type.into_owned().into(),
                issue_rule: rule.into_owned().into(),
                record,
            }));
    }
    fixes::each_row(view, &|_| true, &mut |issue_type, fix_type, stats| {
        document.fix_stats.push(NamedRow {
            issue_type: (!issue_type.is_empty()).then(|| issue_type.to_owned().into()),
            fix_type: fix_type.to_owned().into(),
            stats,
        });
    })?;
    document
        .fix_stats
        .sort_by(|a, b| (&a.issue_type, &a.fix_type).cmp(&(&b.issue_type, &b.fix_type)));
    days::known(view)?;
    for day in upkeep::days(view) {
        let mut counts = BTreeMap::new();
        days::each(view, day, &mut |series, n| {
            let count: &mut u64 = counts.entry(series.to_string()).or_default();
            *count = count.saturating_add(n);
        })?;
        if !counts.is_empty() {
            document.days.insert(day.to_string(), counts);
        }
    }
    Ok(stored::json(&document))
}
