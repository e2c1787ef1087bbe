//! Random lives of a repo, with every report compared with one computed from the raw events.
//!
//! | file | holds |
//! | --- | --- |
//! | `books` | the events as an accountant would keep them |
//! | `check` | every report against the books |
//!
//! Here: what may happen, and how it is done to the repo and written into the books.

mod books;
mod check;

use std::borrow::Cow;
use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::value::RawValue;

use self::books::{Books, Fix, Lesson, Sighting};
use super::fixes::{self, Outcome};
use super::import::{self, Mode};
use super::issues::{self, Occurrence};
use super::patterns::{self, StoreRequest};
use super::testing::{anonymizer, Memory};
use super::{export, sessions, upkeep, Identifier, Repo, Timestamp};

const DAY: i64 = 86_400_000;
const REPO: &str = "r";
/// The caps, so low that they are met.
const MOST_ISSUES: usize = 5;
const MOST_FIXES: usize = 5;
const MOST_SESSIONS: usize = 4;

#[derive(Debug, Clone)]
enum Step {
    Track(Vec<Sighting>),
    Fix(Fix),
    Learn(Lesson),
    /// Id, data, confidence, TTL in days.
    Store(u8, u8, Option<u8>, Option<i64>),
    Judge(u8, u8),
    Delete(u8),
    Forget,
    /// Exports, forgets and imports.
    Travel(bool),
    /// Takes in what another repo has seen.
    Merge(Vec<Step>),
    /// A server short of memory drops the ranking, or the mark of the repo.
    Lose(bool),
    Pass(i64),
}

fn sighting() -> impl Strategy<Value = Sighting> {
    (0..2u8, 0..4u8, 0..3u8, 1..9u64).prop_map(|(kind, rule, severity, count)| Sighting {
        at: Timestamp::from_ms(0),
        kind,
        rule,
        severity,
        count,
    })
}

fn fix() -> impl Strategy<Value = Fix> {
    let feedback = prop::option::of(-2i8..=2);
    let id = prop::option::of(0..6u8);
    (0..2u8, 0..3u8, any::<bool>(), feedback, id).prop_map(|(kind, fix, success, feedback, id)| {
        Fix {
            at: Timestamp::from_ms(0),
            kind,
            fix,
            success,
            feedback,
            id,
        }
    })
}

fn lesson() -> impl Strategy<Value = Lesson> {
    (0..2u8, 0..9u64, 0..9u64).prop_map(|(kind, patterns, insights)| Lesson {
        at: Timestamp::from_ms(0),
        kind,
        patterns,
        insights,
    })
}

/// What another repo can have seen, too.
fn event() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => prop::collection::vec(sighting(), 1..4).prop_map(Step::Track),
        4 => fix().prop_map(Step::Fix),
        2 => lesson().prop_map(Step::Learn),
        4 => (0..4u8, 0..3u8, prop::option::of(0..5u8), prop::option::of(1..40i64))
            .prop_map(|(id, data, c, ttl)| Step::Store(id, data, c, ttl.filter(|days| *days < 10))),
        4 => (-2 * DAY..9 * DAY).prop_map(Step::Pass),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        40 => event(),
        2 => (0..4u8, 0..5u8).prop_map(|(id, c)| Step::Judge(id, c)),
        2 => (0..4u8).prop_map(Step::Delete),
        1 => Just(Step::Forget),
        2 => any::<bool>().prop_map(Step::Travel),
        1 => any::<bool>().prop_map(Step::Lose),
        1 => (30 * DAY..60 * DAY).prop_map(Step::Pass),
        2 => prop::collection::vec(event(), 1..12).prop_map(Step::Merge),
    ]
}

fn name(prefix: &str, n: u8) -> String {
    format!("{prefix}:{n}%")
}

/// One repo, as the module has it and as the books have it.
struct Life<'m> {
    memory: &'m mut Memory,
    books: Books,
    repo: &'static str,
}

impl Life<'_> {
    fn live(&mut self, step: Step) {
        let now = self.memory.now;
        match step {
            Step::Track(mut seen) => {
                seen.iter_mut().for_each(|sighting| sighting.at = now);
                self.track(&seen);
            }
            Step::Fix(fix) => self.fix(Fix { at: now, ..fix }),
            Step::Learn(lesson) => self.learn(Lesson { at: now, ..lesson }),
            Step::Store(id, data, confidence, ttl) => self.store(id, data, confidence, ttl),
            Step::Judge(id, confidence) => self.judge(id, confidence),
            Step::Delete(id) => {
                let id_name = name("p", id);
                let (kind, id_name) = (Identifier::own("naming"), Identifier::own(&id_name));
                let deleted = patterns::delete(&self.memory.view(self.repo), kind, id_name);
                let (effects, removed) = deleted.unwrap();
                self.memory.apply(&effects);
                let known = self.books.patterns.remove(&id);
                assert_eq!(removed, i64::from(known.is_some()));
            }
            Step::Forget => self.forget(),
            Step::Travel(replace) => {
                let document = self.export();
                let mode = if replace { Mode::Replace } else { Mode::Merge };
                if !replace {
                    let kept = std::mem::take(&mut self.books);
                    self.forget();
                    self.books = kept;
                }
                self.import(&document, mode);
                self.books.travel();
            }
            Step::Merge(steps) => {
                let mut other = Life {
                    memory: self.memory,
                    books: Books::default(),
                    repo: "other",
                };
                steps.into_iter().for_each(|step| other.live(step));
                let (document, theirs) = (other.export(), std::mem::take(&mut other.books));
                other.forget();
                // What has died while the other lived.
                self.books.bury(self.memory, self.repo);
                self.import(&document, Mode::Merge);
                let left = self.left();
                self.books.merge(theirs, self.memory.now, &left);
            }
            Step::Lose(ranking) => {
                let view = self.memory.view(self.repo);
                let mut plan = super::Plan::new();
                plan.delete(vec![if ranking {
                    view.keys.issues_trend()
                } else {
                    view.keys.meta()
                }]);
                let effects = plan.seal(&view).unwrap();
                self.memory.apply(&effects);
            }
            Step::Pass(ms) => {
                self.memory.pass(ms);
                self.memory.bury();
                self.books.bury(self.memory, self.repo);
            }
        }
    }

    /// The issues that the repo knows.
    fn left(&self) -> BTreeSet<(u8, u8)> {
        let view = self.memory.view(self.repo);
        let knows = |(kind, rule): &(u8, u8)| {
            let (kind, rule) = (name("k", *kind), name("r", *rule));
            let found = issues::get(&view, Identifier::own(&kind), Identifier::own(&rule));
            found.unwrap().is_some()
        };
        let all = (0..2).flat_map(|kind| (0..4).map(move |rule| (kind, rule)));
        all.filter(knows).collect()
    }

    fn track(&mut self, seen: &[Sighting]) {
        let names: Vec<[String; 3]> = seen
            .iter()
            .map(|s| [name("k", s.kind), name("r", s.rule), name("s", s.severity)])
            .collect();
        let occurrences: Vec<Occurrence<'_>> = names
            .iter()
            .zip(seen)
            .map(|([kind, rule, severity], sighting)| Occurrence {
                issue_type: Identifier::own(kind),
                rule: Identifier::own(rule),
                severity: Identifier::own(severity),
                count: sighting.count,
            })
            .collect();
        let tracked = issues::track(&self.memory.view(self.repo), &occurrences);
        let (effects, frequencies) = tracked.unwrap();
        self.memory.apply(&effects);
        let known = self.books.track(seen);
        assert_eq!(frequencies, known);
        let left = self.left();
        self.books.evict(seen, self.memory.now, &left);
    }

    fn fix(&mut self, fix: Fix) {
        let outcome = Outcome {
            issue_type: name("k", fix.kind).into(),
            fix_type: name("f", fix.fix).into(),
            success: fix.success,
            feedback_score: fix.feedback.map(|feedback| f64::from(feedback) / 2.0),
            metadata: None,
            id: fix.id.map(|id| Cow::Owned(name("i", id))),
            applied_at: fix.at,
        };
        let recorded = fixes::record(&self.memory.view(self.repo), &outcome);
        let (effects, attempts) = recorded.unwrap();
        self.memory.apply(&effects);
        assert_eq!(attempts, self.books.fix(fix));
    }

    fn learn(&mut self, lesson: Lesson) {
        let kind = name("t", lesson.kind);
        let (view, kind) = (self.memory.view(self.repo), Identifier::own(&kind));
        let recorded = sessions::record(&view, kind, lesson.patterns, lesson.insights, None);
        let (effects, kept) = recorded.unwrap();
        self.memory.apply(&effects);
        self.books.learn(lesson);
        assert_eq!(kept, self.books.sessions.len() as i64);
    }

    fn store(&mut self, id: u8, data: u8, confidence: Option<u8>, ttl: Option<i64>) {
        let id_name = name("p", id);
        let confidence = confidence.map(|c| f64::from(c) / 4.0);
        let request = StoreRequest {
            pattern_type: Identifier::own("naming"),
            id: Identifier::own(&id_name),
            data: RawValue::from_string(books::data(data)).unwrap(),
            confidence,
            reason: confidence.map(|c| format!("judged {c}")),
            expected_version: None,
            ttl: ttl.map(|days| days * DAY),
            user: (data > 0).then(|| "agent".into()),
        };
        let stored = patterns::store(&self.memory.view(self.repo), request);
        let (effects, stored) = stored.unwrap().unwrap();
        self.memory.apply(&effects);
        let version = self.books.store(self.memory.now, id, data, confidence);
        assert_eq!(stored.version, version);
    }

    fn judge(&mut self, id: u8, confidence: u8) {
        let id_name = name("p", id);
        let (kind, id_name) = (Identifier::own("naming"), Identifier::own(&id_name));
        let confidence = f64::from(confidence) / 4.0;
        let view = self.memory.view(self.repo);
        let judged = patterns::set_confidence(&view, kind, id_name, confidence, None, None);
        let judged = judged.unwrap().map(|(effects, version)| {
            self.memory.apply(&effects);
            version
        });
        assert_eq!(judged, self.books.judge(self.memory.now, id, confidence));
    }

    fn forget(&mut self) {
        let (effects, _) = upkeep::forget(&self.memory.view(self.repo)).unwrap();
        self.memory.apply(&effects);
        let mut left = self.memory.expiries().into_keys();
        assert!(!left.any(|key| key.starts_with(&format!("pm:{{{}}}:", self.repo))));
        self.books = Books::default();
    }

    fn export(&self) -> String {
        let repo = Repo::parse(self.repo.as_bytes(), anonymizer()).unwrap();
        export::export(&self.memory.view(self.repo), repo).unwrap()
    }

    fn import(&mut self, document: &str, mode: Mode) {
        let imported = import::import(&self.memory.view(self.repo), anonymizer(), document, mode);
        let (effects, _, redactions) = imported.unwrap();
        assert!(redactions.is_empty());
        self.memory.apply(&effects);
    }
}

proptest! {
    #[test]
    fn every_report_is_what_the_events_make_it(
        steps in prop::collection::vec(step(), 1..60),
        days in 1u32..40,
        top in 0usize..7,
        ttl in prop_oneof![Just(4_000 * DAY), 15 * DAY..60 * DAY],
    ) {
        let mut memory = Memory::empty();
        memory.settings.default_ttl = ttl;
        memory.settings.max_issues = MOST_ISSUES;
        memory.settings.max_fixes = MOST_FIXES;
        memory.settings.max_sessions = MOST_SESSIONS;
        let mut life = Life { memory: &mut memory, books: Books::default(), repo: REPO };
        for step in steps {
            life.live(step);
        }
        let books = life.books;
        check::all(&memory, &books, days, top);
    }
}
