//! JSON as a tree that keeps numbers as they were written.
//!
//! Not `serde_json::Value`: its arbitrary precision is a feature that every crate of a workspace shares, and it reserves
//! keys for itself. Here `1.10` stays `1.10`, and a document that no rule touches is written back with the same values.

pub(crate) mod parse;
pub(crate) mod write;

use std::collections::BTreeMap;

/// A JSON document.
///
/// [`Display`](std::fmt::Display) writes it canonically: keys sorted by their bytes, no white space, numbers as they were
/// read, the escapes that JSON demands and no others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as it was written.
    Number(Box<str>),
    /// A string, unescaped.
    String(String),
    /// An array.
    Array(Vec<Json>),
    /// An object. Keys are unescaped and unique.
    Object(BTreeMap<String, Json>),
}

impl Json {
    /// Nesting beyond this is refused whatever the caller allows, so that neither reading nor writing nor dropping a
    /// document can use up the stack.
    pub const DEPTH_LIMIT: usize = 512;

    /// Reads a document: RFC 8259, strictly; one value, white space around it allowed.
    ///
    /// Of duplicate keys the last one wins. An escaped lone surrogate, `"\ud800"`, which no UTF-8 string can hold, becomes
    /// U+FFFD. `max_depth` counts containers: `{}` has depth 1, `3` has depth 0; more than [`Json::DEPTH_LIMIT`] is never
    /// allowed.
    ///
    /// # Errors
    ///
    /// See [`JsonError`].
    pub fn parse(text: &[u8], max_depth: usize) -> Result<Json, JsonError> {
        parse::document(text, max_depth.min(Json::DEPTH_LIMIT))
    }

    /// Whether a text is a document, of whatever depth: as [`Json::parse`] has it, but without reading it into memory.
    pub fn is_valid(text: &str) -> bool {
        parse::pass_document(text).is_ok()
    }
}

/// Why a text is not a JSON document that we take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonError {
    /// Not JSON.
    Syntax {
        /// The byte at which reading failed, from 0.
        offset: usize,
    },
    /// Nested deeper than allowed.
    TooDeep,
    /// Not UTF-8.
    Encoding,
}

impl std::fmt::Display for JsonError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            JsonError::Syntax { offset } => write!(f, "not JSON at byte {offset}"),
            JsonError::TooDeep => f.write_str("nested too deep"),
            JsonError::Encoding => f.write_str("not UTF-8"),
        }
    }
}

impl std::error::Error for JsonError {}
