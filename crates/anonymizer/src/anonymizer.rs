//! The interface: text, bytes, JSON.

use crate::engine::span::{merge, Finding};
use crate::engine::{Engine, Scope, BEHIND};
use crate::judge::name;
use crate::judge::value::{is_secret, Written};
use crate::marker::{self, PseudonymKey};
use crate::rules_file::{self, Definition};
use crate::{builtin, detect, Json, Kind, Origin, Redactions, Rule, RuleError};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

/// A text is searched again where it was changed, because what is left can make a finding of its own. A text that still
/// has findings after so many times was made to; it is replaced as a whole.
const MOST_PASSES: usize = 8;

/// Finds and replaces secrets and personal data. Does not change once built, and is cheap to share in an `Arc`.
#[derive(Debug)]
pub struct Anonymizer {
    rules: Vec<Rule>,
    engine: Engine,
    key: Option<PseudonymKey>,
}

/// Options of an [`Anonymizer`].
#[derive(Debug, Default)]
pub struct Builder {
    files: Vec<String>,
    bare: bool,
    key: Option<PseudonymKey>,
}

impl Builder {
    /// Adds the rules of a file, in the format of gitleaks. A rule with the id of a built-in one replaces it.
    pub fn rules(mut self, toml_text: &str) -> Builder {
        self.files.push(toml_text.to_owned());
        self
    }

    /// Makes markers carry a pseudonym: the first six hex digits of HMAC-SHA-256 of the value with this key.
    pub fn pseudonym_key(mut self, key: &[u8]) -> Builder {
        self.key = Some(PseudonymKey::new(key));
        self
    }

    /// Compiles the rules.
    ///
    /// # Errors
    ///
    /// A rule of the user that cannot be read or compiled. The built-in rules can.
    pub fn build(self) -> Result<Anonymizer, RuleError> {
        let mut users: Vec<Definition> = Vec::new();
        for file in &self.files {
            for definition in rules_file::read(file, "user", Origin::User)? {
                users.retain(|known| known.rule.id != definition.rule.id);
                users.push(definition);
            }
        }
        let mut built_in = if self.bare {
            Vec::new()
        } else {
            builtin::definitions()
        };
        built_in.retain(|known| !users.iter().any(|user| user.rule.id == known.rule.id));
        let detectors = built_in.len();
        let code = detect::RULES.iter().map(|&(id, family, kind)| Rule {
            id: id.into(),
            family: family.into(),
            kind,
            origin: Origin::BuiltIn,
        });
        let rules: Vec<Rule> = built_in
            .iter()
            .map(|definition| definition.rule.clone())
            .chain(code)
            .chain(users.iter().map(|definition| definition.rule.clone()))
            .collect();
        let first_of_user = detectors + detect::RULES.len();
        let numbered = || {
            let users = users
                .iter()
                .enumerate()
                .map(move |(i, definition)| (first_of_user + i, definition));
            built_in.iter().enumerate().chain(users)
        };
        let engine = Engine::new(numbered(), detectors)?;
        let examples: Vec<_> = numbered()
            .flat_map(|(rule, definition)| {
                definition
                    .examples
                    .iter()
                    .map(move |example| (rule, example.as_str()))
            })
            .collect();
        engine.warm_up(&examples);
        Ok(Anonymizer {
            rules,
            engine,
            key: self.key,
        })
    }
}

impl Default for Anonymizer {
    fn default() -> Anonymizer {
        Anonymizer::new()
    }
}

impl Anonymizer {
    /// The built-in rules, no pseudonyms.
    pub fn new() -> Anonymizer {
        Anonymizer::builder()
            .build()
            .expect("tested: the built-in rules compile")
    }

    /// Options: a user's rules, a key for pseudonyms.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// As [`Anonymizer::builder`], without the rules of the built-in rule files. The rules that are code stay.
    pub fn builder_without_built_in_rules() -> Builder {
        Builder {
            bare: true,
            ..Builder::default()
        }
    }

    /// The rules in force. The index of a rule in this slice is its number.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The text with what was found replaced; borrowed where nothing was.
    pub fn text<'t>(&self, text: &'t str) -> (Cow<'t, str>, Redactions) {
        let mut redactions = Redactions::default();
        let mut findings = self.found(text.as_bytes(), std::iter::once(0..text.len()));
        if findings.is_empty() {
            return (Cow::Borrowed(text), redactions);
        }
        let mut current = text.as_bytes().to_vec();
        for _ in 0..MOST_PASSES {
            let (next, changed) = self.replace(&current, &findings, &mut redactions);
            current = next;
            findings = self.found(&current, changed.into_iter());
            if findings.is_empty() {
                let text = String::from_utf8(current)
                    .expect("markers are ASCII and findings end between characters");
                return (Cow::Owned(text), redactions);
            }
        }
        let mut whole = Vec::new();
        marker::write(&mut whole, Kind::Secret, text.as_bytes(), self.key.as_ref());
        (
            Cow::Owned(String::from_utf8(whole).expect("markers are ASCII")),
            redactions,
        )
    }

    /// Where in the text something is to be replaced, in order, apart from each other. For reports: [`Anonymizer::text`]
    /// replaces these, and what is found only after that.
    pub fn findings(&self, text: &str) -> Vec<Finding> {
        self.found(text.as_bytes(), std::iter::once(0..text.len()))
    }

    /// As [`Anonymizer::text`]; what is not UTF-8 becomes U+FFFD.
    pub fn bytes<'t>(&self, text: &'t [u8]) -> (Cow<'t, str>, Redactions) {
        if let Ok(text) = std::str::from_utf8(text) {
            return self.text(text);
        }
        let text = String::from_utf8_lossy(text);
        let (anonymized, redactions) = self.text(&text);
        (Cow::Owned(anonymized.into_owned()), redactions)
    }

    /// Whether the text holds a credential: a finding of [`Kind::Secret`] or [`Kind::Url`]. Personal data is none.
    pub fn holds_secret(&self, text: &str) -> bool {
        let text = text.as_bytes();
        let mut findings = Vec::new();
        self.engine
            .scan(text, 0..text.len(), Scope::Secrets, &mut findings);
        findings.iter().any(|found| {
            matches!(self.rules[found.rule].kind(), Kind::Secret | Kind::Url)
                && !marker::touched(text, found.start, found.end)
        })
    }

    /// Anonymizes every string of the document, keys too. The value of a key that says secret is one. A number that is a
    /// card or a phone becomes a string. Keys made equal get `#2`, `#3` … in the order of the original keys.
    pub fn json(&self, document: &mut Json) -> Redactions {
        let mut redactions = Redactions::default();
        self.json_value(document, None, &mut redactions);
        redactions
    }

    /// `name` is the key beside the value, where there is one.
    fn json_value(&self, value: &mut Json, name: Option<&str>, redactions: &mut Redactions) {
        match value {
            Json::Null | Json::Bool(_) => {}
            Json::Number(number) => {
                let strength = name.and_then(|name| name::strength(name.as_bytes()));
                let secret = strength == Some(name::Strength::Password) && number.len() >= 4;
                if secret {
                    let marked =
                        self.mark(detect::number::ASSIGNMENT, number.as_bytes(), redactions);
                    *value = Json::String(marked);
                } else if let (Cow::Owned(marked), counts) = self.text(number) {
                    redactions.merge(&counts);
                    *value = Json::String(marked);
                }
            }
            Json::String(string) => {
                if let Some(strength) = name.and_then(|name| name::strength(name.as_bytes())) {
                    let bytes = string.as_bytes();
                    if is_secret(bytes, strength, Written::Quoted)
                        && !marker::touched(bytes, 0, bytes.len())
                    {
                        *string =
                            self.mark(detect::number::ASSIGNMENT, string.as_bytes(), redactions);
                        return;
                    }
                }
                if let (Cow::Owned(anonymized), counts) = self.text(string) {
                    redactions.merge(&counts);
                    *string = anonymized;
                }
            }
            Json::Array(items) => {
                for item in items {
                    self.json_value(item, name, redactions);
                }
            }
            Json::Object(members) => {
                for (key, member) in members.iter_mut() {
                    self.json_value(member, Some(key), redactions);
                }
                self.json_keys(members, redactions);
            }
        }
    }

    fn json_keys(&self, members: &mut BTreeMap<String, Json>, redactions: &mut Redactions) {
        let mut changed = Vec::new();
        for key in members.keys() {
            if let (Cow::Owned(anonymized), counts) = self.text(key) {
                redactions.merge(&counts);
                changed.push((key.clone(), anonymized));
            }
        }
        let values: Vec<_> = changed
            .into_iter()
            .filter_map(|(key, anonymized)| members.remove(&key).map(|value| (anonymized, value)))
            .collect();
        // Counting goes on where it stopped, or many equal keys would take quadratic time.
        let mut copies: HashMap<String, usize> = HashMap::new();
        for (key, mut value) in values {
            let copy = copies.entry(key.clone()).or_insert(1);
            let mut unique = key.clone();
            while members.contains_key(&unique) {
                *copy += 1;
                unique = format!("{key}#{copy}");
            }
            self.json_beside(&mut value, &unique, redactions);
            members.insert(unique, value);
        }
    }

    /// Looks again at what stands beside a key that is another now, and so may say secret where it did not. Objects have
    /// keys of their own.
    fn json_beside(&self, value: &mut Json, name: &str, redactions: &mut Redactions) {
        match value {
            Json::Object(_) => {}
            Json::Array(items) => {
                for item in items {
                    self.json_beside(item, name, redactions);
                }
            }
            _ => self.json_value(value, Some(name), redactions),
        }
    }

    /// Whether a JSON number of at most [`SHORT_NUMBER`](crate::engine::SHORT_NUMBER) bytes is never a finding.
    pub(crate) fn takes_short_numbers(&self) -> bool {
        self.engine.passes_numbers()
    }

    fn mark(&self, detector: usize, value: &[u8], redactions: &mut Redactions) -> String {
        let rule = self.engine.first_detector() + detector;
        redactions.add(rule, 1);
        let mut out = Vec::new();
        marker::write(&mut out, self.rules[rule].kind(), value, self.key.as_ref());
        String::from_utf8(out).expect("markers are ASCII")
    }

    /// What is to be replaced, in order, apart from each other, ending between characters; found from keywords in `hits`.
    fn found(&self, text: &[u8], hits: impl Iterator<Item = Range<usize>>) -> Vec<Finding> {
        let mut findings = Vec::new();
        for hits in hits {
            self.engine
                .scan(text, hits, Scope::Everything, &mut findings);
        }
        if findings.is_empty() {
            return findings;
        }
        for found in &mut findings {
            while !is_boundary(text, found.start) {
                found.start -= 1;
            }
            while !is_boundary(text, found.end) {
                found.end += 1;
            }
        }
        findings.retain(|found| {
            found.start < found.end && !marker::touched(text, found.start, found.end)
        });
        merge(&mut findings);
        findings
    }

    /// The text with markers, and where in it to look again.
    fn replace(
        &self,
        text: &[u8],
        findings: &[Finding],
        redactions: &mut Redactions,
    ) -> (Vec<u8>, Vec<Range<usize>>) {
        let mut out = Vec::with_capacity(text.len() + 16 * findings.len());
        let mut changed: Vec<Range<usize>> = Vec::new();
        let mut copied = 0;
        for found in findings {
            out.extend_from_slice(&text[copied..found.start]);
            let start = out.len();
            marker::write(
                &mut out,
                self.rules[found.rule].kind(),
                &text[found.start..found.end],
                self.key.as_ref(),
            );
            copied = found.end;
            redactions.add(found.rule, 1);
            let again = start.saturating_sub(BEHIND)..out.len() + BEHIND;
            match changed.last_mut() {
                Some(last) if again.start <= last.end => last.end = again.end,
                _ => changed.push(again),
            }
        }
        out.extend_from_slice(&text[copied..]);
        if let Some(last) = changed.last_mut() {
            last.end = last.end.min(out.len());
        }
        (out, changed)
    }
}

/// Whether a character of UTF-8 begins here, or the text ends.
fn is_boundary(text: &[u8], at: usize) -> bool {
    text.get(at).is_none_or(|byte| byte & 0xc0 != 0x80)
}
