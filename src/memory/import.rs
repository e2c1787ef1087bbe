//! A whole memory from one JSON document, into an empty repo or into one that knows something already.
//!
//! The document is checked and anonymized like any other write, all of it before the first effect.

use std::collections::{BTreeMap, HashSet};

use anonymizer::{Anonymizer, Redactions};
use serde::Serialize;
use serde_json::error::Category;

use super::answer::Room;
use super::customs::Customs;
use super::days::Family;
use super::export::{Document, NamedIssue, NamedRow, PatternWithHistory, FORMAT, VERSION};
use super::fixes::{self, Outcome, Row};
use super::issues::{self, Record};
use super::keys::pair;
use super::patterns::history::{self, Change, Decoder, Entry};
use super::patterns::{self, Pattern};
use super::sessions::Session;
use super::stored::{elements, json};
use super::{store, upkeep, Day, Effects, Error, KeyKind, Plan, Result, View};

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

/// Reads a document that was examined already.
pub fn read(text: &str) -> Result<Document<'_>> {
    let document: Document<'_> = serde_json::from_str(text).map_err(refuse)?;
    if document.format != FORMAT || document.version != VERSION {
        return Err(Error::argument(
            "json",
            format!("be a document of format {FORMAT}, version {VERSION}"),
        ));
    }
    Ok(document)
}

/// Reads a document, checks and anonymizes it; says what was redacted.
pub fn examine<'a>(text: &'a str, anonymizer: &Anonymizer) -> Result<(Document<'a>, Redactions)> {
    let mut document = read(text)?;
    let mut customs = Customs::new(anonymizer);
    customs.check(&mut document)?;
    Ok((document, customs.redactions()))
}

/// Imports a document from its text; answers how much came in and what was redacted.
#[cfg(test)]
pub fn import(
    view: &View<'_>,
    anonymizer: &Anonymizer,
    text: &str,
    mode: Mode,
) -> Result<(Effects, Imported, Redactions)> {
    let (document, redactions) = examine(text, anonymizer)?;
    let (effects, imported) = take_in(view, document, &redactions, mode)?;
    Ok((effects, imported, redactions))
}

/// Imports a document that was examined; answers how much came in.
pub fn take_in(
    view: &View<'_>,
    mut document: Document<'_>,
    redactions: &Redactions,
    mode: Mode,
) -> Result<(Effects, Imported)> {
    let mut plan = Plan::new();
    let blank = View {
        store: &store::Empty,
        keys: view.keys.clone(),
        ..*view
    };
    let view = match mode {
        Mode::Merge => view,
        Mode::Replace => {
            forget_all(view, &mut plan, &document);
            &blank
        }
    };
    let mut imported = Imported {
        patterns: import_patterns(view, &mut plan, document.patterns)?,
        issues: import_issues(view, &mut plan, document.issues)?,
        sessions: import_sessions(view, &mut plan, document.sessions)?,
        ..Imported::default()
    };
    let (mut rows, days) = (by_field(document.fix_stats)?, &mut document.days);
    imported.fixes = import_fixes(view, &mut plan, document.fixes, &mut rows, days)?;
    import_rows(view, &mut plan, rows)?;
    for (day, counts) in document.days {
        let day = Day::parse(&day).ok_or(Error::Internal("a day was not checked"))?;
        for (series, n) in counts {
            plan.count(day, series, n);
        }
    }
    imported.redactions = redactions.total();
    Ok((plan.seal(view)?, imported))
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

/// Plans that the repo is forgotten, with the keys that the document will write even where no index names them: what
/// comes after is planned against an empty repo.
fn forget_all(view: &View<'_>, plan: &mut Plan, document: &Document<'_>) {
    upkeep::plan_to_forget(view, plan);
    let members = document.patterns.iter().map(|found| found.pattern.member());
    let records = members.flat_map(|m| [view.keys.pattern(&m), view.keys.history(&m)]);
    let days = document.days.keys().filter_map(|day| Day::parse(day));
    let days = days.flat_map(|day| Family::ALL.map(|family| view.keys.day(day, family)));
    let keys = records.chain(days);
    plan.delete(keys.filter(|key| view.store.kind(key).is_some()).collect());
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
                history::entries(view, &ours, &mut |entry| history.push(entry))?;
                merge_pattern(ours, history, found)
            }
        };
        entries.truncate(view.settings.max_history);
        let creation = match &entries[..] {
            [only] => only.as_creation(&record),
            _ => None,
        };
        entries.retain(|_| creation.is_none());
        let key = view.keys.history(&member);
        if entries.is_empty() && view.store.kind(&key).is_some() {
            plan.start_anew(&key, KeyKind::List);
        }
        patterns::put(view, plan, &record, creation.as_ref())?;
        plan.list_replace(key.clone(), entries.iter().map(json).collect());
        plan.follow(&key, KeyKind::List);
        members.push(member);
    }
    let most = view.settings.max_patterns;
    if created > 0 && view.store.set_len(&view.keys.patterns())? + created > most {
        let living = patterns::overview(view, None)?.len();
        if living + created > most {
            return Err(patterns::full(most));
        }
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
    let new = full(&theirs.pattern, theirs.history).into_iter();
    let new = new
        .filter(|change| !known.contains(&json(change)))
        .collect();
    changes = interleave(changes, new, |change| (change.created_at, change.version));

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
    let mut records: Vec<(String, Record<'_>)> = Vec::with_capacity(count);
    let mut seen = HashSet::with_capacity(count);
    for issue in issues {
        let member = pair(&issue.issue_type, &issue.issue_rule);
        let record = match issues::read(view, &member)? {
            Some(ours) => ours.merge(issue.record, half_life),
            None => issue.record,
        };
        if !seen.insert(member.clone()) {
            return Err(Error::argument(
                "json: issues",
                "hold every issue only once",
            ));
        }
        records.push((member, record));
    }
    issues::write(view, plan, &records, issues::Leaving::Anyone)?;
    Ok(count)
}

/// Two lists, newest first, as one; each keeps its own order, even where a clock was set back meanwhile.
fn interleave<T, K: Ord>(ours: Vec<T>, theirs: Vec<T>, at: impl Fn(&T) -> K) -> Vec<T> {
    let mut all = Vec::with_capacity(ours.len() + theirs.len());
    let (mut ours, mut theirs) = (ours.into_iter().peekable(), theirs.into_iter().peekable());
    while let (Some(our), Some(their)) = (ours.peek(), theirs.peek()) {
        let next = if at(our) >= at(their) {
            ours.next()
        } else {
            theirs.next()
        };
        all.extend(next);
    }
    all.extend(ours.chain(theirs));
    all
}

fn import_sessions(view: &View<'_>, plan: &mut Plan, sessions: Vec<Session<'_>>) -> Result<usize> {
    if sessions.is_empty() {
        return Ok(0);
    }
    let (key, count) = (view.keys.sessions(), sessions.len());
    let ours = elements(view, &key, Session::read, &mut Room::new())?;
    let mut all = interleave(ours, sessions, |session| session.created_at);
    all.truncate(view.settings.max_sessions);
    plan.list_replace(key, all.iter().map(json).collect());
    Ok(count)
}

/// Outcomes whose idempotency key is known count once: they are taken out of what comes in.
fn import_fixes(
    view: &View<'_>,
    plan: &mut Plan,
    fixes: Vec<Outcome<'_>>,
    rows: &mut BTreeMap<String, Row>,
    days: &mut BTreeMap<String, BTreeMap<String, u64>>,
) -> Result<usize> {
    if fixes.is_empty() {
        return Ok(0);
    }
    let (key, ids) = (view.keys.fixes(), view.keys.fixes_ids());
    let ours = elements(view, &key, Outcome::read, &mut Room::new())?;
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
    let mut all = interleave(ours, taken, |outcome| outcome.applied_at);
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
    rows: &mut BTreeMap<String, Row>,
    days: &mut BTreeMap<String, BTreeMap<String, u64>>,
    half_life: f64,
) {
    for field in fixes::rows_of(outcome) {
        if let Some(row) = rows.get_mut(&field) {
            row.subtract(outcome, half_life);
        }
    }
    let day = days.get_mut(&outcome.applied_at.day().to_string());
    if let Some(n) = day.and_then(|counts| counts.get_mut(&fixes::series_of(outcome))) {
        *n = n.saturating_sub(1);
    }
}

/// The rows that come in, by their fields.
fn by_field(rows: Vec<NamedRow<'_>>) -> Result<BTreeMap<String, Row>> {
    let mut by_field = BTreeMap::new();
    for found in rows {
        let field = match &found.issue_type {
            Some(issue_type) => pair(issue_type, &found.fix_type),
            None => fixes::overall(&found.fix_type),
        };
        if by_field.insert(field, found.stats).is_some() {
            return Err(Error::argument(
                "json: fix_stats",
                "hold every row only once",
            ));
        }
    }
    Ok(by_field)
}

fn import_rows(view: &View<'_>, plan: &mut Plan, rows: BTreeMap<String, Row>) -> Result<()> {
    let mut merged = Vec::with_capacity(rows.len());
    let mut lost = fixes::lost_rows(view)?.unwrap_or_default();
    for (field, mut row) in rows {
        if row.attempts == 0 {
            continue;
        }
        let ours = match lost.remove(&field) {
            Some(ours) => Some(ours),
            None => fixes::row(view, &field)?,
        };
        if let Some(ours) = ours {
            row.add(&ours, view.settings.fix_half_life);
        }
        merged.push((field, row));
    }
    merged.extend(lost);
    fixes::write_rows(view, plan, merged)
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;
    use crate::memory::days::Series;
    use crate::memory::export::export;
    use crate::memory::issues::Occurrence;
    use crate::memory::patterns::StoreRequest;
    use crate::memory::testing::{anonymizer, Memory};
    use crate::memory::{sessions, Identifier, Repo};

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

    #[test]
    fn a_replace_overwrites_what_no_index_names() {
        let memory = lived();
        let text = document(&memory, "r");
        for key in ["pattern", "history"] {
            memory.plant(&format!("pm:{{r2}}:{key}:naming:c"), KeyKind::Other);
        }
        taken_in(&memory, "r2", &text, Mode::Replace).unwrap();
        assert_eq!(content(&document(&memory, "r2")), content(&text));
    }

    #[test]
    fn an_import_does_not_push_hot_issues_and_rows_out_for_stale_ones() {
        let mut memory = lived();
        let stale = document(&memory, "r");
        memory.pass(300 * 86_400_000);
        memory.settings.max_issues = 1;
        memory.settings.max_fix_stats = 2;
        let own = Identifier::own;
        let hot = Occurrence {
            issue_type: own("hot"),
            rule: own("x"),
            severity: own("low"),
            count: 100,
        };
        let (effects, _) = issues::track(&memory.view("r2"), &[hot]).unwrap();
        memory.apply(&effects);
        let outcome = Outcome {
            issue_type: "hot".into(),
            fix_type: "hot".into(),
            success: true,
            feedback_score: None,
            metadata: None,
            id: None,
            applied_at: memory.now,
        };
        let (effects, _) = fixes::record(&memory.view("r2"), &outcome).unwrap();
        memory.apply(&effects);
        taken_in(&memory, "r2", &stale, Mode::Merge).unwrap();
        let view = memory.view("r2");
        assert!(issues::get(&view, own("hot"), own("x")).unwrap().is_some());
        assert_eq!(view.store.hash_len(&view.keys.issues()), Ok(1));
        assert_eq!(
            fixes::rates(&view).unwrap().keys().collect::<Vec<_>>(),
            ["hot"]
        );
    }

    #[test]
    fn statistics_that_cannot_be_true_are_refused() {
        let memory = lived();
        let good = document(&memory, "r");
        for (part, wrong) in [
            ("\"attempts\":5", "\"attempts\":18446744073709551615"),
            ("\"feedback_sum\":", "\"feedback_sum\":1e308,\"x\":"),
            ("\"recent_attempts\":", "\"recent_attempts\":1e308,\"x\":"),
            ("\"frequency\":15", "\"frequency\":18446744073709551615"),
            ("\"trend\":", "\"trend\":1e308,\"x\":"),
        ] {
            let text = good.replacen(part, wrong, 1);
            assert_ne!(text, good);
            assert!(
                taken_in(&memory, "r2", &text, Mode::Merge).is_err(),
                "{wrong}"
            );
        }
    }

    #[test]
    fn expired_patterns_do_not_count_against_an_import() {
        let mut memory = Memory::empty();
        stored(&memory, "a", 1, 0.5);
        let text = document(&memory, "r");
        memory.settings.max_patterns = 2;
        for id in ["x", "y"] {
            stored(&memory, id, 1, 0.5);
            let mut plan = Plan::new();
            let view = memory.view("r");
            plan.expire_at(view.keys.pattern(&pair("naming", id)), memory.now.ms() + 1);
            memory.apply(&plan.seal(&view).unwrap());
            memory.pass(2);
        }
        let (effects, _) = upkeep::forget(&memory.view("r2")).unwrap();
        memory.apply(&effects);
        assert_eq!(
            taken_in(&memory, "r", &text, Mode::Merge).unwrap().patterns,
            1
        );
    }

    #[test]
    fn what_counts_already_leaves_no_zero_counter() {
        let memory = lived();
        let outcome = Outcome {
            issue_type: "style".into(),
            fix_type: "wrap".into(),
            success: true,
            feedback_score: None,
            metadata: None,
            id: Some("once".into()),
            applied_at: memory.now,
        };
        let (effects, _) = fixes::record(&memory.view("r3"), &outcome).unwrap();
        memory.apply(&effects);
        let text = document(&memory, "r3");
        let other = Outcome {
            fix_type: "other".into(),
            ..outcome
        };
        let (effects, _) = fixes::record(&memory.view("r4"), &other).unwrap();
        memory.apply(&effects);
        taken_in(&memory, "r4", &text, Mode::Merge).unwrap();
        assert!(!document(&memory, "r4").contains("fix:wrap"));
    }
}
