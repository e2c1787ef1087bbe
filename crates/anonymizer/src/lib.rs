//! Finds secrets and personal data in text and JSON, and replaces them, in linear time.
//!
//! ```
//! use anonymizer::Anonymizer;
//!
//! let anonymizer = Anonymizer::new();
//! let (text, redactions) = anonymizer.text(r#"password = "correct-horse-1""#);
//! assert_eq!(text, r#"password = "<REDACTED>""#);
//! assert_eq!(redactions.total(), 1);
//! ```
//!
//! # Layout
//!
//! * [`Anonymizer`] is the interface; [`Builder`] adds a user's rules and a key for pseudonyms.
//! * `rules/` has the built-in rules, a family of services a file; `rules_file` reads them, and a user's own.
//! * `engine` finds keywords, runs rules around them, and joins what they find; `detect` has the rules that are code;
//!   `judge` tells a secret from a text that looks like one.
//! * [`Json`] is a document whose strings are anonymized at any depth.

#![deny(missing_docs)]
#![forbid(unsafe_code)]

mod anonymizer;
mod builtin;
mod clean;
mod detect;
mod engine;
mod json;
mod judge;
mod marker;
mod redactions;
mod rule;
mod rules_file;

pub use anonymizer::{Anonymizer, Builder};
pub use engine::span::Finding;
pub use json::{Json, JsonError};
pub use redactions::Redactions;
pub use rule::{Kind, Origin, Rule};
pub use rules_file::RuleError;
