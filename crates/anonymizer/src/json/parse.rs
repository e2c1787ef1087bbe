//! A strict reader of RFC 8259.

use super::{Json, JsonError};
use std::borrow::Cow;
use std::collections::BTreeMap;

pub(super) fn document(text: &[u8], max_depth: usize) -> Result<Json, JsonError> {
    let text = std::str::from_utf8(text).map_err(|_| JsonError::Encoding)?;
    let mut reader = Reader::new(text);
    reader.white_space();
    let value = reader.value(max_depth)?;
    reader.end()?;
    Ok(value)
}

/// Passes a document without keeping anything of it.
pub(super) fn pass_document(text: &str) -> Result<(), JsonError> {
    let mut reader = Reader::new(text);
    // The containers around what comes next, and whether each is an object.
    let mut around: Vec<bool> = Vec::new();
    loop {
        reader.white_space();
        let next = reader.peek();
        if let Some(open @ (b'{' | b'[')) = next {
            reader.at += 1;
            reader.white_space();
            let is_object = open == b'{';
            around.push(is_object);
            if reader.peek() != Some(closing(is_object)) {
                if is_object {
                    reader.pass_name()?;
                }
                continue;
            }
        } else {
            match next {
                Some(b'n') => reader.word("null")?,
                Some(b't') => reader.word("true")?,
                Some(b'f') => reader.word("false")?,
                Some(b'"') => reader.pass_string()?,
                _ => reader.number().map(drop)?,
            }
        }
        // After a value: what it ends, until there is another one.
        loop {
            reader.white_space();
            let Some(&is_object) = around.last() else {
                return reader.end();
            };
            if reader.peek() == Some(b',') {
                reader.at += 1;
                if is_object {
                    reader.white_space();
                    reader.pass_name()?;
                }
                break;
            }
            reader.take(closing(is_object))?;
            around.pop();
        }
    }
}

fn closing(is_object: bool) -> u8 {
    if is_object {
        b'}'
    } else {
        b']'
    }
}

/// What comes next in a text.
pub(crate) struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Reader { text, at: 0 }
    }

    /// Nothing but white space is left.
    pub(crate) fn end(&mut self) -> Result<(), JsonError> {
        self.white_space();
        if self.at < self.text.len() {
            return Err(self.error());
        }
        Ok(())
    }

    fn error(&self) -> JsonError {
        JsonError::Syntax { offset: self.at }
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    pub(crate) fn white_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    pub(crate) fn take(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.peek() == Some(byte) {
            self.at += 1;
            Ok(())
        } else {
            Err(self.error())
        }
    }

    pub(crate) fn word(&mut self, word: &str) -> Result<(), JsonError> {
        if self.text[self.at..].starts_with(word) {
            self.at += word.len();
            Ok(())
        } else {
            Err(self.error())
        }
    }

    /// `room` is how many containers may still be opened.
    fn value(&mut self, room: usize) -> Result<Json, JsonError> {
        match self.peek() {
            Some(b'n') => self.word("null").map(|()| Json::Null),
            Some(b't') => self.word("true").map(|()| Json::Bool(true)),
            Some(b'f') => self.word("false").map(|()| Json::Bool(false)),
            Some(b'"') => self.string().map(|text| Json::String(text.into_owned())),
            Some(b'[') => self.array(room.checked_sub(1).ok_or(JsonError::TooDeep)?),
            Some(b'{') => self.object(room.checked_sub(1).ok_or(JsonError::TooDeep)?),
            _ => self.number().map(|number| Json::Number(number.into())),
        }
    }

    fn array(&mut self, room: usize) -> Result<Json, JsonError> {
        let mut items = Vec::new();
        self.at += 1;
        self.white_space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Json::Array(items));
        }
        loop {
            self.white_space();
            items.push(self.value(room)?);
            self.white_space();
            if self.peek() == Some(b',') {
                self.at += 1;
                continue;
            }
            self.take(b']')?;
            return Ok(Json::Array(items));
        }
    }

    fn object(&mut self, room: usize) -> Result<Json, JsonError> {
        let mut members = BTreeMap::new();
        self.at += 1;
        self.white_space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Json::Object(members));
        }
        loop {
            self.white_space();
            if self.peek() != Some(b'"') {
                return Err(self.error());
            }
            let key = self.string()?.into_owned();
            self.white_space();
            self.take(b':')?;
            self.white_space();
            members.insert(key, self.value(room)?);
            self.white_space();
            if self.peek() == Some(b',') {
                self.at += 1;
                continue;
            }
            self.take(b'}')?;
            return Ok(Json::Object(members));
        }
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start {
            return Err(self.error());
        }
        Ok(())
    }

    pub(crate) fn number(&mut self) -> Result<&'t str, JsonError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(&self.text[start..self.at])
    }

    /// The string that begins here, unescaped; borrowed where it has no escapes.
    pub(crate) fn string(&mut self) -> Result<Cow<'t, str>, JsonError> {
        self.string_as_written().map(|(text, _)| text)
    }

    /// The same, and how it is written, quotes included, where that is canonical.
    pub(crate) fn string_as_written(
        &mut self,
    ) -> Result<(Cow<'t, str>, Option<&'t str>), JsonError> {
        let start = self.at;
        self.at += 1;
        let mut out = String::new();
        let mut is_canonical = true;
        loop {
            let plain = plain_bytes(&self.text.as_bytes()[self.at..]);
            let plain = &self.text[self.at..self.at + plain];
            self.at += plain.len();
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    let written = is_canonical.then(|| &self.text[start..self.at]);
                    if out.is_empty() {
                        return Ok((Cow::Borrowed(plain), written));
                    }
                    out.push_str(plain);
                    return Ok((Cow::Owned(out), written));
                }
                Some(b'\\') => {
                    out.push_str(plain);
                    self.at += 1;
                    // The others have a shorter form, or may have.
                    is_canonical &= !matches!(self.peek(), Some(b'/' | b'u'));
                    out.push(self.escape()?);
                }
                _ => return Err(self.error()),
            }
        }
    }

    fn pass_string(&mut self) -> Result<(), JsonError> {
        self.take(b'"')?;
        loop {
            self.at += plain_bytes(&self.text.as_bytes()[self.at..]);
            match self.peek() {
                Some(b'\\') => {
                    self.at += 1;
                    self.escape()?;
                }
                _ => return self.take(b'"'),
            }
        }
    }

    /// The name of a member, and the colon after it.
    fn pass_name(&mut self) -> Result<(), JsonError> {
        self.pass_string()?;
        self.white_space();
        self.take(b':')
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let c = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.code_point();
            }
            _ => return Err(self.error()),
        };
        self.at += 1;
        Ok(c)
    }

    /// What follows `\u`: one unit, or two that are a surrogate pair. A lone surrogate is U+FFFD.
    fn code_point(&mut self) -> Result<char, JsonError> {
        let first = self.unit()?;
        if !(0xd800..0xdc00).contains(&first) {
            return Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        if !self.text[self.at..].starts_with("\\u") {
            return Ok(char::REPLACEMENT_CHARACTER);
        }
        let after_first = self.at;
        self.at += 2;
        let second = self.unit()?;
        if !(0xdc00..0xe000).contains(&second) {
            self.at = after_first;
            return Ok(char::REPLACEMENT_CHARACTER);
        }
        let point = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        Ok(char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn unit(&mut self) -> Result<u32, JsonError> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self
                .peek()
                .and_then(|b| char::from(b).to_digit(16))
                .ok_or_else(|| self.error())?;
            unit = unit * 16 + digit;
            self.at += 1;
        }
        Ok(unit)
    }
}

/// How many bytes from the start on stand for themselves in a string; eight at a time, as most are.
pub(super) fn plain_bytes(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 0xff;
    const HIGH: u64 = ONES << 7;
    let mut at = 0;
    for eight in bytes.chunks_exact(8) {
        let word = u64::from_le_bytes(eight.try_into().unwrap_or_default());
        // Marks each byte that is less than `least`, and perhaps bytes behind one.
        let less = |word: u64, least: u8| word.wrapping_sub(ONES * u64::from(least)) & !word & HIGH;
        let equal = |byte: u8| less(word ^ (ONES * u64::from(byte)), 1);
        let special = less(word, b' ') | equal(b'"') | equal(b'\\');
        if special != 0 {
            return at + special.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let rest = &bytes[at..];
    at + rest
        .iter()
        .position(|&b| is_special(b))
        .unwrap_or(rest.len())
}

/// Whether a byte is none that stands for itself in a string.
fn is_special(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_valid_is_what_serde_takes(parts in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "[", "]", ",", ":", "\"a\"", "\"\\u00e9\\ud800\"", "\"\\x\"", "\"\u{1}\"", "\"\\u12\"", "1", "-0.5e+7", "01", "1.", "null", "tru", "true", " \n", "{}", "[]", "\"k\":", "{\"k\":[1,2]}",
        ]), 0..9)) {
            let text = parts.concat();
            let theirs = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            prop_assert_eq!(Json::is_valid(&text), theirs);
            for text in [format!("[{text}]"), format!("{{\"k\":{text}}}")] {
                prop_assert_eq!(Json::is_valid(&text), serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok());
                prop_assert_eq!(Json::is_valid(&text), Json::parse(text.as_bytes(), 64).is_ok());
            }
        }

        #[test]
        fn eight_bytes_at_once_find_what_one_at_a_time_does(bytes in prop::collection::vec(prop_oneof![any::<u8>(), 0x1eu8..0x23, Just(b'\\'), b'a'..=b'z', b'a'..=b'z'], 0..40)) {
            let found = bytes.iter().position(|&b| is_special(b));
            prop_assert_eq!(plain_bytes(&bytes), found.unwrap_or(bytes.len()));
        }
    }

    fn canonical(text: &str) -> String {
        Json::parse(text.as_bytes(), 64).unwrap().to_string()
    }

    #[test]
    fn documents_come_back_canonical() {
        for (text, expected) in [
            (" null ", "null"),
            ("[true,false]", "[true,false]"),
            (r#"{"b":1.10,"a":[ ]}"#, r#"{"a":[],"b":1.10}"#),
            (r#"{"a":1,"a":2}"#, r#"{"a":2}"#),
            ("-0.0e+10", "-0.0e+10"),
            (
                r#""\u0041\/\n\u001f\ud83d\ude00""#,
                "\"A/\\n\\u001f\u{1f600}\"",
            ),
        ] {
            assert_eq!(canonical(text), expected);
        }
    }

    #[test]
    fn lone_surrogates_become_replacement_characters() {
        assert_eq!(canonical(r#""\ud800""#), "\"\u{fffd}\"");
        assert_eq!(canonical(r#""\udc00x""#), "\"\u{fffd}x\"");
        assert_eq!(canonical(r#""\ud800\u0041""#), "\"\u{fffd}A\"");
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for text in [
            "",
            " ",
            "nul",
            "[1,]",
            "{\"a\":1,}",
            "{a:1}",
            "01",
            "1.",
            "+1",
            ".5",
            "1e",
            "'a'",
            "\"a",
            "\"\n\"",
            "\"\\x\"",
            "\"\\u12\"",
            "[1] 2",
            "[",
            "{\"a\"",
        ] {
            assert!(
                matches!(
                    Json::parse(text.as_bytes(), 64),
                    Err(JsonError::Syntax { .. })
                ),
                "{text:?}"
            );
        }
        assert_eq!(Json::parse(b"\"\xff\"", 64), Err(JsonError::Encoding));
        assert_eq!(
            Json::parse(b"[1, x]", 64),
            Err(JsonError::Syntax { offset: 4 })
        );
    }

    #[test]
    fn depth_counts_containers() {
        assert!(Json::parse(b"3", 0).is_ok());
        assert_eq!(Json::parse(b"{}", 0), Err(JsonError::TooDeep));
        assert!(Json::parse(b"{}", 1).is_ok());
        assert_eq!(Json::parse(b"{\"a\":[]}", 1), Err(JsonError::TooDeep));
        let deep = "[".repeat(1_000_000);
        assert_eq!(
            Json::parse(deep.as_bytes(), usize::MAX),
            Err(JsonError::TooDeep)
        );
    }
}
