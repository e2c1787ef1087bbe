//! A whole memory from one JSON document, into an empty repo or into one that knows something already.
//!
//! The document is checked and anonymized like any other write, all of it before the first effect.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

use anonymizer::{Anonymizer, Json, JsonError, Redactions};
use serde::Serialize;
use serde_json::error::Category;
use serde_json::value::RawValue;

use super::days::Series;
use super::export::{
    elements, Document, NamedIssue, NamedRow, PatternWithHistory, FORMAT, VERSION,
};
use super::fixes::{self, Outcome, Row};
use super::history::{self, Change, Decoder, Entry};
use super::issues::{self, Record};
use super::keys::pair;
use super::patterns::{self, json, Pattern};
use super::sessions::Session;
use super::upkeep::{self, LONGEST_WINDOW};
use super::{store, Day, Effects, Error, Identifier, KeyKind, Plan, Result, View};

/// How deep a JSON argument, and a record of an import, may be nested.
pub const MAX_DEPTH: usize = 64;

/// What happens to what the repo knows already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// It stays, and what comes in is added.
    #[default]
    Merge,
    /// It is forgotten first.
    Replace,
}

/// How much came in.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// Patterns.
    pub patterns: usize,
    /// Issues.
    pub issues: usize,
    /// Fix outcomes.
    pub fixes: usize,
    /// Sessions.
    pub sessions: usize,
    /// Redactions made on the way.
    pub redactions: u64,
}

/// Imports a document; answers how much came in and what was redacted.
pub fn import(
    view: &View<'_>,
    anonymizer: &Anonymizer,
    text: &str,
    mode: Mode,
) -> Result<(Effects, Imported, Redactions)> {
    let mut document: Document<'_> = serde_json::from_str(text).map_err(refuse)?;
    if document.format != FORMAT || document.version != VERSION {
        return Err(Error::argument(
            "json",
            format!("be a document of format {FORMAT}, version {VERSION}"),
        ));
    }
    let mut customs = Customs {
        anonymizer,
        redactions: Redactions::default(),
    };
    customs.check(&mut document)?;

    let mut plan = Plan::new();
    let blank = View {
        store: &store::Empty,
        keys: view.keys.clone(),
        ..*view
    };
    let view = match mode {
        Mode::Merge => view,
        Mode::Replace => {
            upkeep::plan_to_forget(view, &mut plan);
            &blank
        }
    };
    let mut imported = Imported {
        patterns: import_patterns(view, &mut plan, document.patterns)?,
        issues: import_issues(view, &mut plan, document.issues)?,
        sessions: import_sessions(view, &mut plan, document.sessions)?,
        ..Imported::default()
    };
    let (rows, days) = (&mut document.fix_stats, &mut document.days);
    imported.fixes = import_fixes(view, &mut plan, document.fixes, rows, days)?;
    import_rows(view, &mut plan, document.fix_stats)?;
    for (day, counts) in document.days {
        let day = Day::parse(&day).ok_or(Error::Internal("a day was not checked"))?;
        for (series, n) in counts {
            plan.count(day, series, n);
        }
    }
    imported.redactions = customs.redactions.total();
    Ok((plan.seal(view)?, imported, customs.redactions))
}

fn refuse(error: serde_json::Error) -> Error {
    let at = format!("(line {}, column {})", error.line(), error.column());
    let must = match error.classify() {
        Category::Syntax | Category::Eof | Category::Io => format!("be valid JSON {at}"),
        Category::Data => format!(
            "be a document as PATTERN.EXPORT writes it: a field is missing or of another type {at}"
        ),
    };
    Error::argument("json", must)
}

/// Checks and anonymizes what comes in.
struct Customs<'a> {
    anonymizer: &'a Anonymizer,
    redactions: Redactions,
}

impl Customs<'_> {
    fn check(&mut self, document: &mut Document<'_>) -> Result<()> {
        let mut seen = HashSet::new();
        for (i, found) in document.patterns.iter_mut().enumerate() {
            self.pattern(&format!("json: patterns[{i}]"), found)?;
            if !seen.insert(found.pattern.member()) {
                let name = format!("json: patterns[{i}]");
                return Err(Error::argument(name, "be there only once"));
            }
        }
        for (i, issue) in document.issues.iter_mut().enumerate() {
            let at = format!("json: issues[{i}]");
            self.name(&at, "issue_type", &issue.issue_type)?;
            self.name(&at, "issue_rule", &issue.issue_rule)?;
            self.name(&at, "record.severity", &issue.record.severity)?;
            if !issue.record.is_sound() {
                return Err(Error::argument(
                    at,
                    "have a finite trend and at most 30 days",
                ));
            }
        }
        for (i, fix) in document.fixes.iter_mut().enumerate() {
            let at = format!("json: fixes[{i}]");
            self.name(&at, "issue_type", &fix.issue_type)?;
            self.name(&at, "fix_type", &fix.fix_type)?;
            if let Some(id) = &fix.id {
                self.name(&at, "id", id)?;
            }
            let feedback = fix.feedback_score.unwrap_or(0.0);
            if !(-1.0..=1.0).contains(&feedback) {
                let name = format!("{at}.feedback_score");
                return Err(Error::argument(name, "be a number from -1 to 1 or null"));
            }
            self.optional_object(&format!("{at}.metadata"), &mut fix.metadata)?;
        }
        for (i, row) in document.fix_stats.iter().enumerate() {
            let at = format!("json: fix_stats[{i}]");
            if let Some(issue_type) = &row.issue_type {
                self.name(&at, "issue_type", issue_type)?;
            }
            self.name(&at, "fix_type", &row.fix_type)?;
            if !row.stats.is_sound() {
                let must = "hold counts that belong together";
                return Err(Error::argument(format!("{at}.stats"), must));
            }
        }
        for (i, session) in document.sessions.iter_mut().enumerate() {
            let at = format!("json: sessions[{i}]");
            self.name(&at, "session_type", &session.session_type)?;
            self.optional_object(&format!("{at}.session_data"), &mut session.session_data)?;
        }
        self.days(&mut document.days)
    }

    fn pattern(&mut self, at: &str, found: &mut PatternWithHistory) -> Result<()> {
        let pattern = &mut found.pattern;
        self.name(at, "pattern.pattern_type", &pattern.pattern_type)?;
        self.name(at, "pattern.id", &pattern.id)?;
        confidence(at, "pattern.confidence", Some(pattern.confidence))?;
        if pattern.version == 0 {
            return Err(Error::argument(
                format!("{at}.pattern.version"),
                "be 1 or more",
            ));
        }
        pattern.pattern_data =
            self.object(&format!("{at}.pattern.pattern_data"), &pattern.pattern_data)?;
        for (i, entry) in found.history.iter_mut().enumerate() {
            self.entry(&format!("{at}.history[{i}]"), entry)?;
        }
        Ok(())
    }

    fn entry(&mut self, at: &str, entry: &mut Entry) -> Result<()> {
        if let Some(before) = entry
            .before
            .as_mut()
            .filter(|before| before.get() != "null")
        {
            *before = self.object(&format!("{at}.before"), before)?;
        }
        if let Some(after) = &mut entry.after {
            *after = self.object(&format!("{at}.after"), after)?;
        }
        confidence(at, "confidence_before", entry.confidence_before)?;
        confidence(at, "confidence_after", entry.confidence_after)?;
        for text in [&mut entry.reason, &mut entry.user].into_iter().flatten() {
            let (clean, redactions) = self.anonymizer.text(text);
            if !redactions.is_empty() {
                self.redactions.merge(&redactions);
                *text = clean.into_owned();
            }
        }
        Ok(())
    }

    fn name(&self, at: &str, field: &str, text: &str) -> Result<()> {
        Identifier::parse(&format!("{at}.{field}"), text.as_bytes(), self.anonymizer).map(|_| ())
    }

    fn object(&mut self, at: &str, raw: &RawValue) -> Result<Box<RawValue>> {
        let mut value =
            Json::parse(raw.get().as_bytes(), MAX_DEPTH).map_err(|error| match error {
                JsonError::TooDeep => Error::argument(
                    at.to_owned(),
                    format!("be nested at most {MAX_DEPTH} levels"),
                ),
                JsonError::Syntax { .. } | JsonError::Encoding => {
                    Error::argument(at.to_owned(), "be a JSON object")
                }
            })?;
        if !matches!(value, Json::Object(_)) {
            return Err(Error::argument(at.to_owned(), "be a JSON object"));
        }
        self.redactions.merge(&self.anonymizer.json(&mut value));
        RawValue::from_string(value.to_string())
            .map_err(|_| Error::Internal("anonymized JSON is no JSON any more"))
    }

    fn optional_object(&mut self, at: &str, raw: &mut Option<Cow<'_, RawValue>>) -> Result<()> {
        if let Some(raw) = raw {
            *raw = Cow::Owned(self.object(at, raw)?);
        }
        Ok(())
    }

    fn days(&self, days: &mut BTreeMap<String, BTreeMap<String, u64>>) -> Result<()> {
        if days.len() > LONGEST_WINDOW as usize {
            let must = format!("hold at most {LONGEST_WINDOW} days");
            return Err(Error::argument("json: days", must));
        }
        for (i, (day, counts)) in days.iter().enumerate() {
            let at = format!("json: days[{i}]");
            if Day::parse(day).is_none() {
                return Err(Error::argument(at, "be named by a day as YYYY-MM-DD"));
            }
            for field in counts.keys() {
                let names: [Cow<'_, str>; 2] = match Series::parse(field) {
                    Some(Series::Issue {
                        issue_type,
                        severity,
                    }) => [issue_type, severity],
                    Some(Series::Fix { fix_type: name, .. })
                    | Some(Series::Session {
                        session_type: name, ..
                    }) => [name.clone(), name],
                    None => {
                        let must = "hold only counters as PATTERN.EXPORT names them";
                        return Err(Error::argument(at, must));
                    }
                };
                for name in &names {
                    self.name(&at, "counter", name)?;
                }
            }
        }
        Ok(())
    }
}

fn confidence(at: &str, field: &str, value: Option<f64>) -> Result<()> {
    if value.is_none_or(|value| (0.0..=1.0).contains(&value)) {
        return Ok(());
    }
    Err(Error::argument(
        format!("{at}.{field}"),
        "be a number from 0 to 1",
    ))
}

fn import_patterns(
    view: &View<'_>,
    plan: &mut Plan,
    patterns: Vec<PatternWithHistory>,
) -> Result<usize> {
    let count = patterns.len();
    let mut members = Vec::with_capacity(count);
    let mut created = 0;
    for found in patterns {
        let member = found.pattern.member();
        let ours = patterns::read(view, &found.pattern.pattern_type, &found.pattern.id)?;
        let (record, mut entries) = match ours {
            None => {
                created += 1;
                (found.pattern, found.history)
            }
            Some(ours) => {
                let mut history = Vec::new();
                history::entries(view, &member, &mut |entry| history.push(entry))?;
                merge_pattern(ours, history, found)
            }
        };
        entries.truncate(view.settings.max_history);
        let key = view.keys.history(&member);
        if entries.is_empty() && view.store.kind(&key).is_some() {
            plan.start_anew(&key, KeyKind::List);
        }
        plan.hash_set(view.keys.pattern(&member), record.to_fields());
        plan.list_replace(key.clone(), entries.iter().map(json).collect());
        plan.follow(&key, KeyKind::List);
        members.push(member);
    }
    let held = view.store.set_len(&view.keys.patterns())?;
    if created > 0 && held + created > view.settings.max_patterns {
        return Err(patterns::full(view.settings.max_patterns));
    }
    if !members.is_empty() {
        patterns::index(view, plan, members);
    }
    Ok(count)
}

/// The later `updated_at` wins, the version becomes the larger plus one, uses add and the histories interleave.
fn merge_pattern(
    ours: Pattern,
    our_history: Vec<Entry>,
    theirs: PatternWithHistory,
) -> (Pattern, Vec<Entry>) {
    let full = |record: &Pattern, entries: Vec<Entry>| -> Vec<Change> {
        let mut decoder = Decoder::new(record);
        entries
            .into_iter()
            .map(|entry| decoder.decode(entry))
            .collect()
    };
    let mut changes = full(&ours, our_history);
    let known: HashSet<String> = changes.iter().map(json).collect();
    let new = full(&theirs.pattern, theirs.history);
    changes.extend(
        new.into_iter()
            .filter(|change| !known.contains(&json(change))),
    );
    changes.sort_by_key(|change| std::cmp::Reverse((change.created_at, change.version)));

    let merged = Pattern {
        usage_count: ours.usage_count.saturating_add(theirs.pattern.usage_count),
        version: ours.version.max(theirs.pattern.version).saturating_add(1),
        created_at: ours.created_at.min(theirs.pattern.created_at),
        ..if theirs.pattern.updated_at > ours.updated_at {
            theirs.pattern
        } else {
            ours
        }
    };
    let entries = history::encode(&merged, changes);
    (merged, entries)
}

fn import_issues(view: &View<'_>, plan: &mut Plan, issues: Vec<NamedIssue<'_>>) -> Result<usize> {
    let count = issues.len();
    let half_life = view.settings.trend_half_life;
    let mut created = 0;
    let mut records: Vec<(String, Record<'_>)> = Vec::with_capacity(count);
    let mut position = HashMap::with_capacity(count);
    for issue in issues {
        let member = pair(&issue.issue_type, &issue.issue_rule);
        let record = match issues::record(view, &member)? {
            Some(ours) => ours.merge(issue.record, half_life),
            None => {
                created += 1;
                issue.record
            }
        };
        if position.insert(member.clone(), ()).is_some() {
            return Err(Error::argument(
                "json: issues",
                "hold every issue only once",
            ));
        }
        records.push((member, record));
    }
    records.sort_by(|a, b| a.1.trend.total_cmp(&b.1.trend));
    issues::write(view, plan, &records, created)?;
    Ok(count)
}

fn import_sessions(view: &View<'_>, plan: &mut Plan, sessions: Vec<Session<'_>>) -> Result<usize> {
    if sessions.is_empty() {
        return Ok(0);
    }
    let (key, count) = (view.keys.sessions(), sessions.len());
    let ours = elements(view, &key, Session::read)?;
    let mut all: Vec<_> = ours.into_iter().chain(sessions).collect();
    all.sort_by_key(|session| std::cmp::Reverse(session.created_at));
    all.truncate(view.settings.max_sessions);
    plan.list_replace(key, all.iter().map(json).collect());
    Ok(count)
}

/// Outcomes whose idempotency key is known count once: they are taken out of what comes in.
fn import_fixes(
    view: &View<'_>,
    plan: &mut Plan,
    fixes: Vec<Outcome<'_>>,
    rows: &mut [NamedRow<'_>],
    days: &mut BTreeMap<String, BTreeMap<String, u64>>,
) -> Result<usize> {
    if fixes.is_empty() {
        return Ok(0);
    }
    let (key, ids) = (view.keys.fixes(), view.keys.fixes_ids());
    let ours = elements(view, &key, Outcome::read)?;
    let mut known: HashSet<String> = ours
        .iter()
        .filter_map(|o| o.id.as_deref().map(str::to_owned))
        .collect();
    let mut taken = Vec::with_capacity(fixes.len());
    for outcome in fixes {
        match &outcome.id {
            Some(id) if !known.insert(id.to_string()) => {
                discount(&outcome, rows, days, view.settings.fix_half_life);
            }
            _ => taken.push(outcome),
        }
    }
    let count = taken.len();
    let mut all: Vec<_> = ours.into_iter().chain(taken).collect();
    all.sort_by_key(|outcome| std::cmp::Reverse(outcome.applied_at));
    let gone = all.split_off(all.len().min(view.settings.max_fixes));
    let id = |outcome: &Outcome<'_>| outcome.id.as_deref().map(str::to_owned);
    if view.store.kind(&ids).is_some() {
        plan.hash_delete(ids.clone(), gone.iter().filter_map(id).collect());
    }
    let kept = all.iter().filter_map(id).map(|id| (id, "1".to_owned()));
    plan.hash_set(ids.clone(), kept.collect());
    plan.follow(&ids, KeyKind::Hash);
    plan.list_replace(key, all.iter().map(json).collect());
    Ok(count)
}

/// Takes one outcome back out of the statistics that came with it.
fn discount(
    outcome: &Outcome<'_>,
    rows: &mut [NamedRow<'_>],
    days: &mut BTreeMap<String, BTreeMap<String, u64>>,
    half_life: f64,
) {
    for row in rows.iter_mut() {
        let of_pair = row
            .issue_type
            .as_ref()
            .is_none_or(|t| *t == outcome.issue_type);
        if of_pair && row.fix_type == outcome.fix_type {
            row.stats.subtract(outcome, half_life);
        }
    }
    let day = days.get_mut(&outcome.applied_at.day().to_string());
    if let Some(n) = day.and_then(|counts| counts.get_mut(&fixes::series_of(outcome))) {
        *n = n.saturating_sub(1);
    }
}

fn import_rows(view: &View<'_>, plan: &mut Plan, rows: Vec<NamedRow<'_>>) -> Result<()> {
    let mut merged: BTreeMap<String, Row> = BTreeMap::new();
    for found in rows {
        if found.stats.attempts == 0 {
            continue;
        }
        let field = match &found.issue_type {
            Some(issue_type) => pair(issue_type, &found.fix_type),
            None => fixes::overall(&found.fix_type),
        };
        let mut row = found.stats;
        if let Some(ours) = fixes::row(view, &field)? {
            row.add(&ours, view.settings.fix_half_life);
        }
        if merged.insert(field, row).is_some() {
            return Err(Error::argument(
                "json: fix_stats",
                "hold every row only once",
            ));
        }
    }
    let mut rows: Vec<(String, Row)> = merged.into_iter().collect();
    rows.sort_by_key(|(_, row)| std::cmp::Reverse(row.last_applied_at));
    rows.truncate(view.settings.max_fix_stats);
    fixes::write_rows(view, plan, rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::export::export;
    use crate::memory::issues::Occurrence;
    use crate::memory::patterns::StoreRequest;
    use crate::memory::testing::{anonymizer, Memory};
    use crate::memory::{sessions, Repo};

    fn document(memory: &Memory, repo: &str) -> String {
        let name = Repo::parse(repo.as_bytes(), anonymizer()).unwrap();
        export(&memory.view(repo), name).unwrap()
    }

    fn taken_in(memory: &Memory, repo: &str, text: &str, mode: Mode) -> Result<Imported> {
        let (effects, imported, _) = import(&memory.view(repo), anonymizer(), text, mode)?;
        memory.apply(&effects);
        Ok(imported)
    }

    fn stored(memory: &Memory, id: &str, n: u32, confidence: f64) {
        let request = StoreRequest {
            pattern_type: Identifier::own("naming"),
            id: Identifier::own(id),
            data: RawValue::from_string(format!("{{\"n\":{n}}}")).unwrap(),
            confidence: Some(confidence),
            reason: Some("seen: 100%".into()),
            expected_version: None,
            ttl: None,
            user: Some("default".into()),
        };
        let (effects, _) = patterns::store(&memory.view("r"), request)
            .unwrap()
            .unwrap();
        memory.apply(&effects);
    }

    /// Something of everything, over several days.
    fn lived() -> Memory {
        let mut memory = Memory::empty();
        let own = Identifier::own;
        for n in 0..5u32 {
            stored(&memory, "a:b", n / 2, f64::from(n % 3) / 4.0);
            stored(&memory, "c", 1, 0.5);
            let issue = Occurrence {
                issue_type: own("style"),
                rule: own("E:501"),
                severity: own("low"),
                count: u64::from(n + 1),
            };
            let (effects, _) = issues::track(&memory.view("r"), &[issue]).unwrap();
            memory.apply(&effects);
            let outcome = Outcome {
                issue_type: "style".into(),
                fix_type: "wrap".into(),
                success: n % 2 == 0,
                feedback_score: (n > 2).then_some(0.5),
                metadata: None,
                id: (n > 1).then(|| format!("run-{n}").into()),
                applied_at: memory.now,
            };
            let (effects, _) = fixes::record(&memory.view("r"), &outcome).unwrap();
            memory.apply(&effects);
            let (effects, _) =
                sessions::record(&memory.view("r"), own("review"), 2, 1, None).unwrap();
            memory.apply(&effects);
            memory.pass(86_400_000);
        }
        memory
    }

    /// A document without what says where and when it was written.
    fn content(document: &str) -> String {
        document.split_once("\"patterns\"").unwrap().1.to_owned()
    }

    #[test]
    fn what_is_exported_comes_back_with_nothing_lost() {
        let memory = lived();
        let before = document(&memory, "r");
        for mode in [Mode::Merge, Mode::Replace] {
            let imported = taken_in(&memory, "elsewhere", &before, mode).unwrap();
            assert_eq!(
                imported,
                Imported {
                    patterns: 2,
                    issues: 1,
                    fixes: 5,
                    sessions: 5,
                    redactions: 0
                }
            );
            assert_eq!(content(&document(&memory, "elsewhere")), content(&before));
            // The second round replaces what the first brought.
        }
    }

    #[test]
    fn a_merge_adds_and_counts_known_outcomes_once() {
        let memory = lived();
        let text = document(&memory, "r");
        let imported = taken_in(&memory, "r", &text, Mode::Merge).unwrap();
        // Three of five outcomes had an idempotency key.
        assert_eq!(imported.fixes, 2);
        let view = memory.view("r");
        let rates = fixes::rates(&view).unwrap();
        assert_eq!(rates["wrap"].total_attempts, 7);
        let issue = issues::get(&view, Identifier::own("style"), Identifier::own("E:501")).unwrap();
        assert_eq!(issue.unwrap().frequency, 30);
        assert_eq!(sessions::analytics(&view, 30).unwrap().total_sessions, 10);
        let record = patterns::read(&view, "naming", "c").unwrap().unwrap();
        assert_eq!((record.version, record.usage_count), (6, 8));
        let mut counted = 0;
        for day in crate::memory::days::known(&view).unwrap() {
            crate::memory::days::each(&view, day, &mut |series, n| {
                counted += if matches!(series, Series::Fix { .. }) {
                    n
                } else {
                    0
                };
            })
            .unwrap();
        }
        assert_eq!(counted, 7);
    }

    #[test]
    fn of_a_pattern_on_both_sides_the_later_wins_and_the_histories_interleave() {
        let memory = Memory::empty();
        stored(&memory, "a", 1, 0.5);
        let text = document(&memory, "r");
        let mut memory = memory;
        memory.pass(1_000);
        stored(&memory, "a", 2, 0.75);
        taken_in(&memory, "r", &text, Mode::Merge).unwrap();
        let record = patterns::read(&memory.view("r"), "naming", "a")
            .unwrap()
            .unwrap();
        assert_eq!(
            (record.pattern_data.get(), record.version),
            ("{\"n\":2}", 3)
        );
        let (own, since) = (Identifier::own, crate::memory::Timestamp::from_ms(0));
        let evolution = patterns::evolution(&memory.view("r"), own("naming"), own("a"), since, 99);
        let changes = evolution.unwrap().unwrap().changes;
        let told: Vec<_> = changes
            .iter()
            .map(|c| (c.version, c.after_data.get()))
            .collect();
        assert_eq!(told, [(2, "{\"n\":2}"), (1, "{\"n\":1}")]);
    }

    #[test]
    fn an_import_is_anonymized() {
        let memory = lived();
        let text = document(&memory, "r").replace("seen: 100%", "mail someone@corp.dev");
        let imported = taken_in(&memory, "r2", &text, Mode::Merge).unwrap();
        assert!(imported.redactions > 0);
        assert!(!document(&memory, "r2").contains("someone@corp.dev"));
    }

    #[test]
    fn what_is_wrong_is_named_and_never_repeated() {
        let memory = lived();
        let good = document(&memory, "r");
        let deep = format!("{{\"n\":{}1{}}}", "[".repeat(64), "]".repeat(64));
        for (part, wrong, told) in [
            ("\"confidence\":", "\"confidence\":9", "json: patterns["),
            (
                "\"pattern_data\":{\"n\":1}",
                &format!("\"pattern_data\":{deep}"),
                "at most 64 levels",
            ),
            (
                "\"issue_type\":\"style\"",
                "\"issue_type\":\"\"",
                "json: issues[0].issue_type",
            ),
            (
                "\"success\":true",
                "\"success\":\"EXAMPLE\"",
                "PATTERN.EXPORT writes it",
            ),
            ("\"days\":{\"20", "\"days\":{\"x20", "json: days["),
            (
                "\"version\":1,\"repo\"",
                "\"version\":2,\"repo\"",
                "version 1",
            ),
            ("{\"format\"", "{{\"format\"", "valid JSON"),
        ] {
            let text = good.replacen(part, wrong, 1);
            assert_ne!(text, good);
            let error = taken_in(&memory, "r", &text, Mode::Merge)
                .unwrap_err()
                .to_string();
            assert!(
                error.contains(told) && !error.contains("EXAMPLE"),
                "{error}"
            );
        }
        assert_eq!(document(&memory, "r"), good);
    }
}
