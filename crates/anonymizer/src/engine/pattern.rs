//! A rule of a rule file, compiled.

mod go_syntax;

use crate::judge::{checksum, entropy, placeholder};
use crate::rule::Origin;
use crate::rules_file::{AllowlistDefinition, Definition, RuleError};
use regex_automata::meta::{self, Regex};
use regex_automata::util::primitives::NonMaxUsize;
use regex_automata::util::syntax;
use regex_automata::Input;
use std::ops::Range;

/// How much is searched around a keyword where the rule does not say.
const BEFORE: usize = 120;
const AFTER: usize = 400;
/// The most a rule may ask for; a window is searched once a keyword, so this bounds the work.
const WIDEST: usize = 64 * 1024;
/// The most groups of a regex, the match among them.
const MOST_GROUPS: usize = 32;

#[derive(Debug)]
pub(crate) struct Pattern {
    pub rule: usize,
    pub before: usize,
    pub after: usize,
    regex: Regex,
    secret_group: usize,
    entropy: f64,
    check: Option<fn(&[u8]) -> bool>,
    stopwords: Vec<Vec<u8>>,
    allowlists: Vec<Allowlist>,
    blanks: bool,
}

impl Pattern {
    pub(crate) fn new(rule: usize, definition: &Definition) -> Result<Pattern, RuleError> {
        let id = &definition.rule.id;
        let refuse = |what: &str| RuleError::new(definition.line, Some(id), what);
        let regex = compile(&definition.regex).map_err(|why| refuse(&why))?;
        if definition.secret_group >= regex.captures_len() {
            return Err(refuse("secretGroup is not a group of the regex"));
        }
        if regex.captures_len() > MOST_GROUPS {
            return Err(refuse("the regex has more than 31 groups"));
        }
        if regex.is_match(Input::new("")) {
            return Err(refuse("the regex matches the empty text"));
        }
        let check = match &definition.check {
            None => None,
            Some(name) => Some(checksum::by_name(name).ok_or_else(|| refuse("unknown check"))?),
        };
        let mut allowlists = Vec::new();
        for list in &definition.allowlists {
            allowlists.push(Allowlist::new(list).map_err(|why| refuse(&why))?);
        }
        Ok(Pattern {
            rule,
            before: definition.before.unwrap_or(BEFORE).min(WIDEST),
            after: definition.after.unwrap_or(AFTER).min(WIDEST),
            regex,
            secret_group: definition.secret_group,
            entropy: definition.entropy,
            check,
            stopwords: lowercase(&definition.stopwords),
            allowlists,
            // a user's own regex decides alone
            blanks: definition.blanks || definition.rule.origin == Origin::User,
        })
    }

    /// Calls `found` with each secret in the window. A match that reaches the end of the window is looked at again in a
    /// longer one, so that long values are found whole. Gives the end of the last match, or the start of the window, so
    /// that windows after this one need not look at that again: each byte is matched once.
    pub(crate) fn search(
        &self,
        text: &[u8],
        window: Range<usize>,
        mut found: impl FnMut(usize, usize),
    ) -> usize {
        let Range { mut start, mut end } = window;
        let mut slots = [None; 2 * MOST_GROUPS];
        let slots = &mut slots[..2 * self.regex.captures_len()];
        while start < end {
            let input = Input::new(text).range(start..end);
            if self.regex.search_slots(&input, slots).is_none() {
                break;
            }
            let Some(whole) = group(slots, 0) else { break };
            if whole.end == end && end < text.len() {
                end = text.len().min(end + 2 * (end - start));
                continue;
            }
            let secret = self.secret_of(slots);
            if !secret.is_empty() && self.accepts(text, whole.clone(), secret.clone()) {
                found(secret.start, secret.end);
            }
            start = whole.end.max(start + 1);
        }
        start
    }

    /// As in gitleaks: the group that the rule names, else the first group that took part, else the match.
    fn secret_of(&self, slots: &[Option<NonMaxUsize>]) -> Range<usize> {
        let named = if self.secret_group > 0 {
            group(slots, self.secret_group)
        } else {
            (1..slots.len() / 2)
                .filter_map(|number| group(slots, number))
                .find(|span| !span.is_empty())
        };
        named.or_else(|| group(slots, 0)).unwrap_or(0..0)
    }

    fn accepts(&self, text: &[u8], whole: Range<usize>, secret: Range<usize>) -> bool {
        let value = &text[secret];
        if self.entropy > 0.0 && entropy::shannon(value) <= self.entropy {
            return false;
        }
        if self.check.is_some_and(|check| !check(value)) {
            return false;
        }
        if !self.blanks && placeholder::is_blanked_out(value) {
            return false;
        }
        if !self.stopwords.is_empty() && contains_any(value, &self.stopwords) {
            return false;
        }
        !self
            .allowlists
            .iter()
            .any(|list| list.allows(text, whole.clone(), value))
    }
}

/// What a group of the regex matched, if it took part.
fn group(slots: &[Option<NonMaxUsize>], number: usize) -> Option<Range<usize>> {
    let start = (*slots.get(2 * number)?)?.get();
    let end = (*slots.get(2 * number + 1)?)?.get();
    Some(start..end)
}

/// Bytes are cheaper to match than characters. Rules that name classes of Unicode get characters; what only Go's syntax
/// allows is translated.
fn compile(regex: &str) -> Result<Regex, String> {
    let regex = go_syntax::translated(regex);
    compile_as(&regex, false).or_else(|_| compile_as(&regex, true))
}

fn compile_as(regex: &str, unicode: bool) -> Result<Regex, String> {
    Regex::builder()
        .syntax(syntax::Config::new().unicode(unicode).utf8(false))
        .configure(
            meta::Config::new()
                .utf8_empty(false)
                .nfa_size_limit(Some(8 << 20))
                .hybrid_cache_capacity(1 << 20)
                .onepass(false),
        )
        .build(regex)
        .map_err(|error| match error.syntax_error() {
            Some(syntax) => format!(
                "the regex does not compile: {}",
                reason(&syntax.to_string())
            ),
            None => String::from("the regex is too large"),
        })
}

/// The last line of the report that the regex parser gives, which says what is wrong.
fn reason(report: &str) -> &str {
    let last = report.lines().last().unwrap_or_default();
    last.strip_prefix("error: ").unwrap_or(last)
}

fn lowercase(words: &[String]) -> Vec<Vec<u8>> {
    words
        .iter()
        .filter(|word| !word.is_empty())
        .map(|word| word.to_ascii_lowercase().into_bytes())
        .collect()
}

/// `words` are in lower case; the value may not be.
fn contains_any(value: &[u8], words: &[Vec<u8>]) -> bool {
    let value = value.to_ascii_lowercase();
    words
        .iter()
        .any(|word| memchr::memmem::find(&value, word).is_some())
}

#[derive(Debug)]
struct Allowlist {
    target: Target,
    regexes: Vec<Regex>,
    stopwords: Vec<Vec<u8>>,
    every: bool,
    /// The list also demands a path or a commit, which a text does not have.
    unmet: bool,
}

#[derive(Debug)]
enum Target {
    Secret,
    Match,
    Line,
}

impl Allowlist {
    fn new(definition: &AllowlistDefinition) -> Result<Allowlist, String> {
        let target = match definition.regex_target.as_deref() {
            None | Some("" | "secret") => Target::Secret,
            Some("match") => Target::Match,
            Some("line") => Target::Line,
            Some(_) => return Err(String::from("unknown regexTarget")),
        };
        let every = match definition.condition.as_deref() {
            None | Some("" | "OR" | "or" | "||") => false,
            Some("AND" | "and" | "&&") => true,
            Some(_) => return Err(String::from("unknown condition")),
        };
        Ok(Allowlist {
            target,
            regexes: definition
                .regexes
                .iter()
                .map(|regex| compile(regex))
                .collect::<Result<_, _>>()?,
            stopwords: lowercase(&definition.stopwords),
            every,
            unmet: !definition.paths.is_empty() || !definition.commits.is_empty(),
        })
    }

    fn allows(&self, text: &[u8], whole: Range<usize>, value: &[u8]) -> bool {
        let target = match self.target {
            Target::Secret => value,
            Target::Match => &text[whole],
            Target::Line => line_of(text, whole),
        };
        let by_regex = || {
            self.regexes
                .iter()
                .any(|regex| regex.is_match(Input::new(target)))
        };
        let by_word = || !self.stopwords.is_empty() && contains_any(value, &self.stopwords);
        if self.every {
            !self.unmet
                && (!self.regexes.is_empty() || !self.stopwords.is_empty())
                && (self.regexes.is_empty() || by_regex())
                && (self.stopwords.is_empty() || by_word())
        } else {
            by_word() || by_regex()
        }
    }
}

/// The lines that the match is on, bounded so that one endless line does not cost its length at every match.
fn line_of(text: &[u8], whole: Range<usize>) -> &[u8] {
    let left = whole.start.saturating_sub(2048);
    let right = text.len().min(whole.end + 2048);
    let start = memchr::memrchr(b'\n', &text[left..whole.start]).map_or(left, |at| left + at + 1);
    let end = memchr::memchr(b'\n', &text[whole.end..right]).map_or(right, |at| whole.end + at);
    &text[start..end]
}
