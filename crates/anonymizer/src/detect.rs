//! Findings that need more than a regex: names and values in many syntaxes, and numbers that are checked.

mod assignment;
mod bank;
mod email;
mod home;
mod ip;
mod national;
mod near;
pub(crate) mod numbers;
mod phone;
pub(crate) mod service;
mod url;
mod wallet;

use crate::engine::span::Finding;
use crate::engine::Scope;
use crate::rule::Kind;
use std::ops::Range;

/// The rules that are code: id, family, kind. Their numbers follow those of the built-in rule files.
pub(crate) const RULES: &[(&str, &str, Kind)] = &[
    ("assignment", "generic", Kind::Secret),
    ("near-secret-word", "generic", Kind::Secret),
    ("url-credentials", "generic", Kind::Secret),
    ("email", "personal", Kind::Email),
    ("ip", "personal", Kind::Ip),
    ("card", "personal", Kind::Card),
    ("home-path", "personal", Kind::User),
    ("iban", "personal", Kind::Iban),
    ("mac", "personal", Kind::Mac),
    ("phone", "personal", Kind::Phone),
    ("national-id", "personal", Kind::NationalId),
    ("wallet", "personal", Kind::Wallet),
    ("near-service", "generic", Kind::Secret),
];

/// Indices in [`RULES`].
pub(crate) mod number {
    pub const ASSIGNMENT: usize = 0;
    pub const NEAR: usize = 1;
    pub const URL_CREDENTIALS: usize = 2;
    pub const EMAIL: usize = 3;
    pub const IP: usize = 4;
    pub const CARD: usize = 5;
    pub const HOME_PATH: usize = 6;
    pub const IBAN: usize = 7;
    pub const MAC: usize = 8;
    pub const PHONE: usize = 9;
    pub const NATIONAL_ID: usize = 10;
    pub const WALLET: usize = 11;
    pub const SERVICE: usize = 12;
}

/// Code that a keyword starts.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Detector {
    Name,
    Service,
    Url,
    Home,
    Wallet,
}

/// Keywords, in lower case, and what they start.
pub(crate) const KEYWORDS: &[(&str, Detector)] = &[
    ("pass", Detector::Name),
    ("pwd", Detector::Name),
    ("pswd", Detector::Name),
    ("kennwort", Detector::Name),
    ("secret", Detector::Name),
    ("token", Detector::Name),
    ("key", Detector::Name),
    ("auth", Detector::Name),
    ("cred", Detector::Name),
    ("private", Detector::Name),
    ("access", Detector::Name),
    ("api", Detector::Name),
    ("salt", Detector::Name),
    ("licen", Detector::Name),
    ("_pat", Detector::Name),
    ("_pw", Detector::Name),
    ("-pw", Detector::Name),
    ("://", Detector::Url),
    ("bc1", Detector::Wallet),
    ("tb1", Detector::Wallet),
    ("ltc1", Detector::Wallet),
    ("/home/", Detector::Home),
    ("/users/", Detector::Home),
    ("\\users\\", Detector::Home),
];

/// Where findings go.
pub(crate) struct Found<'f> {
    pub findings: &'f mut Vec<Finding>,
    /// The number of the first of [`RULES`].
    pub first_rule: usize,
    /// Names before this byte have been looked at; a name may hold several keywords.
    pub names_until: usize,
    /// Values before this byte have been found, or looked at for good.
    pub values_until: usize,
    /// Bytes of values that may still be judged at length. A text that is all names and no values would have each of its
    /// bytes judged once a name.
    pub budget: usize,
    /// Long runs before this byte have been judged after the name of a service.
    pub long_runs_until: usize,
    /// The run of characters of a value that was measured last.
    pub value_run: Run,
    /// The run of characters of a bare word that was measured last.
    pub bare_run: Run,
}

/// A run of bytes that was measured. Many names may stand in one long run, and each asks where it ends.
#[derive(Debug, Default)]
pub(crate) struct Run(Range<usize>);

impl Run {
    /// The end of the run of such bytes that is around `at`; of one longer than `longest`, that of a part of it.
    pub(crate) fn end(
        &mut self,
        text: &[u8],
        at: usize,
        longest: usize,
        belongs: impl Fn(u8) -> bool,
    ) -> usize {
        if !self.0.contains(&at) {
            let rest = text[at..].iter().take(longest);
            self.0 = at..at + rest.take_while(|b| belongs(**b)).count();
        }
        self.0.end.max(at)
    }
}

impl Found<'_> {
    pub(crate) fn push(&mut self, rule: usize, start: usize, end: usize) {
        self.findings.push(Finding {
            start,
            end,
            rule: self.first_rule + rule,
        });
    }
}

impl Detector {
    pub(crate) fn run(
        self,
        text: &[u8],
        keyword: Range<usize>,
        scope: Scope,
        found: &mut Found<'_>,
    ) {
        match self {
            Detector::Name => assignment::around(text, keyword, found),
            Detector::Service => service::after(text, keyword, found),
            Detector::Url => url::around(text, keyword, found),
            Detector::Home if scope == Scope::Everything => home::after(text, keyword.end, found),
            Detector::Wallet if scope == Scope::Everything => {
                wallet::bech32(text, keyword.start, found);
            }
            Detector::Home | Detector::Wallet => {}
        }
    }
}
