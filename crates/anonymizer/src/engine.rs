//! The engine: one automaton finds every keyword of every rule; only what is around a keyword is looked at again.

mod keywords;
pub(crate) mod pattern;
pub(crate) mod span;

use crate::detect::{self, numbers, Detector};
use crate::rules_file::{Definition, RuleError};
use keywords::Keywords;
use pattern::Pattern;
use span::Finding;
use std::collections::BTreeMap;
use std::ops::Range;

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    Everything,
    /// Credentials only, no personal data.
    Secrets,
}

/// What a keyword starts.
#[derive(Debug, Clone, Copy)]
enum Action {
    Pattern(usize),
    Detector(Detector),
}

#[derive(Debug)]
pub(crate) struct Engine {
    keywords: Keywords,
    /// By keyword.
    actions: Vec<Vec<Action>>,
    patterns: Vec<Pattern>,
    /// Patterns without keywords, which are searched for everywhere.
    everywhere: Vec<usize>,
    /// The number of the first rule that is code.
    detectors: usize,
    /// Whether no rule of a file looks at a text of nothing but a short number.
    passes_numbers: bool,
}

impl Engine {
    /// `detectors` is the number of the first rule that is code; definitions have the numbers given with them.
    pub(crate) fn new<'d>(
        definitions: impl Iterator<Item = (usize, &'d Definition)>,
        detectors: usize,
    ) -> Result<Engine, RuleError> {
        let mut by_keyword: BTreeMap<String, Vec<Action>> = BTreeMap::new();
        for (keyword, detector) in detect::KEYWORDS {
            by_keyword
                .entry(String::from(*keyword))
                .or_default()
                .push(Action::Detector(*detector));
        }
        for name in detect::service::names() {
            by_keyword
                .entry(String::from(name))
                .or_default()
                .push(Action::Detector(Detector::Service));
        }
        let mut patterns = Vec::new();
        let mut everywhere = Vec::new();
        for (rule, definition) in definitions {
            let number = patterns.len();
            patterns.push(Pattern::new(rule, definition)?);
            let own: Vec<_> = definition
                .keywords
                .iter()
                .filter(|keyword| !keyword.is_empty())
                .collect();
            if own.is_empty() {
                everywhere.push(number);
            }
            for keyword in own {
                by_keyword
                    .entry(keyword.to_ascii_lowercase())
                    .or_default()
                    .push(Action::Pattern(number));
            }
        }
        let keywords = Keywords::new(by_keyword.keys())
            .map_err(|_| RuleError::new(1, None, "too many keywords"))?;
        let in_numbers = |byte: &u8| byte.is_ascii_digit() || b"+-.e".contains(byte);
        // A number ends with a digit, so `1000.` is in none of five bytes.
        let in_short_numbers = |keyword: &String| {
            let text = keyword.as_bytes();
            let ends = text.len() < SHORT_NUMBER || text.last().is_some_and(u8::is_ascii_digit);
            text.len() <= SHORT_NUMBER && ends && text.iter().all(in_numbers)
        };
        let passes_numbers = everywhere.is_empty() && !by_keyword.keys().any(in_short_numbers);
        Ok(Engine {
            passes_numbers,
            keywords,
            actions: by_keyword.into_values().collect(),
            patterns,
            everywhere,
            detectors,
        })
    }

    /// The number of the first rule that is code.
    pub(crate) fn first_detector(&self) -> usize {
        self.detectors
    }

    /// Whether only rules that are code look at a text of nothing but a number of at most [`SHORT_NUMBER`] bytes.
    pub(crate) fn passes_numbers(&self) -> bool {
        self.passes_numbers
    }

    /// Findings that begin with a keyword within `hits`, unordered, possibly overlapping. Context is the whole text.
    pub(crate) fn scan(
        &self,
        text: &[u8],
        hits: Range<usize>,
        scope: Scope,
        findings: &mut Vec<Finding>,
    ) {
        let mut windows = Windows::default();
        let mut found = detect::Found {
            findings,
            first_rule: self.detectors,
            names_until: 0,
            values_until: 0,
            long_runs_until: 0,
            value_run: Default::default(),
            bare_run: Default::default(),
            budget: JUDGED_AT_LENGTH + 8 * hits.len(),
        };
        let mut hits_of_keywords = Vec::new();
        self.keywords
            .find(text, hits.clone(), &mut hits_of_keywords);
        for hit in hits_of_keywords {
            for action in &self.actions[hit.keyword] {
                match *action {
                    Action::Pattern(number) => {
                        let pattern = &self.patterns[number];
                        let window = hit.start.saturating_sub(pattern.before)
                            ..text.len().min(hit.end + pattern.after);
                        windows.add(number, window, self.patterns.len());
                    }
                    Action::Detector(detector) => {
                        detector.run(text, hit.start..hit.end, scope, &mut found)
                    }
                }
            }
        }
        if scope == Scope::Everything {
            numbers::scan(text, hits.clone(), &mut found);
        }
        for &number in &self.everywhere {
            windows.add(
                number,
                hits.start.saturating_sub(BEHIND)..text.len().min(hits.end + BEHIND),
                self.patterns.len(),
            );
        }
        let mut matched_until = vec![
            0;
            if windows.all.is_empty() {
                0
            } else {
                self.patterns.len()
            }
        ];
        for (number, window) in windows.all {
            let pattern = &self.patterns[number];
            let start = window.start.max(matched_until[number]);
            matched_until[number] = pattern.search(text, start..window.end, |start, end| {
                findings.push(Finding {
                    start,
                    end,
                    rule: pattern.rule,
                });
            });
        }
    }

    /// Runs every pattern once, so that the first text does not pay for filling caches.
    pub(crate) fn warm_up(&self, examples: &[(usize, &str)]) {
        for &(rule, example) in examples {
            if let Some(pattern) = self.patterns.iter().find(|pattern| pattern.rule == rule) {
                pattern.search(example.as_bytes(), 0..example.len(), |_, _| {});
            }
            let mut findings = Vec::new();
            self.scan(
                example.as_bytes(),
                0..example.len(),
                Scope::Everything,
                &mut findings,
            );
        }
    }
}

/// A number, as JSON has it, of at most so many bytes is no finding of any rule that is code.
pub(crate) const SHORT_NUMBER: usize = 5;

/// Bytes of values that are judged at length in any text.
const JUDGED_AT_LENGTH: usize = 64 * 1024;

/// How far from a change a finding can be that the change brings about.
pub(crate) const BEHIND: usize = 1024;

/// The windows to search, by pattern, those that overlap joined, so that each byte is searched once a pattern.
#[derive(Default)]
struct Windows {
    all: Vec<(usize, Range<usize>)>,
    /// By pattern: one more than the index of its latest window; empty while there is none.
    latest: Vec<u32>,
}

impl Windows {
    fn add(&mut self, pattern: usize, window: Range<usize>, patterns: usize) {
        if self.latest.is_empty() {
            self.latest.resize(patterns, 0);
        }
        let latest = &mut self.latest[pattern];
        if *latest > 0 {
            let (_, known) = &mut self.all[*latest as usize - 1];
            if window.start <= known.end {
                known.end = known.end.max(window.end);
                return;
            }
        }
        self.all.push((pattern, window));
        *latest = self.all.len() as u32;
    }
}
