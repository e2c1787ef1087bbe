//! Records as JSON text: how they are written, and how lists of them are read.
//!
//! What every small write reads and writes goes by hand through [`Writer`] and [`Reader`], which know nothing but the
//! form in which we write; it is the same text that serde writes, and what reads otherwise is left to serde.

use std::ops::ControlFlow;

use anonymizer::Json;
use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::answer::Room;
use super::{Result, Timestamp, View};

/// A value as JSON text.
pub fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("records and reports are plain data")
}

/// A document as canonical JSON: the text that it is displayed as, without a look at whether that is JSON.
pub fn canonical(document: &Json) -> serde_json::Result<Box<RawValue>> {
    struct Canonical<'d>(&'d Json);

    impl Serialize for Canonical<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
            match self.0 {
                Json::Null => serializer.serialize_unit(),
                Json::Bool(value) => serializer.serialize_bool(*value),
                Json::Number(number) => {
                    // As it was written.
                    let number = RawValue::from_string(number.to_string());
                    number.map_err(S::Error::custom)?.serialize(serializer)
                }
                Json::String(text) => serializer.serialize_str(text),
                Json::Array(items) => serializer.collect_seq(items.iter().map(Canonical)),
                Json::Object(members) => {
                    let members = members.iter();
                    serializer.collect_map(members.map(|(name, value)| (name, Canonical(value))))
                }
            }
        }
    }

    serde_json::value::to_raw_value(&Canonical(document))
}

/// Writes one JSON text.
#[derive(Debug)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// Nothing yet, with room for some bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Writer(Vec::with_capacity(bytes))
    }

    /// What was written.
    pub fn finish(self) -> String {
        String::from_utf8(self.0).expect("only whole texts were put together")
    }

    /// Writes text that is JSON already.
    pub fn raw(mut self, json: &str) -> Self {
        self.0.extend_from_slice(json.as_bytes());
        self
    }

    /// Writes a string.
    pub fn string(self, text: &str) -> Self {
        if text.bytes().any(needs_escape) {
            return self.raw(&json(&text));
        }
        self.raw("\"").raw(text).raw("\"")
    }

    /// Writes a whole number.
    pub fn whole(mut self, number: u64) -> Self {
        let (digits, start) = digits(number);
        self.0.extend_from_slice(&digits[start..]);
        self
    }

    /// Writes a number.
    pub fn number(mut self, number: f64) -> Self {
        serde_json::to_writer(&mut self.0, &number).expect("a number is plain data");
        self
    }

    /// Writes an instant.
    pub fn time(mut self, at: Timestamp) -> Self {
        self.0.push(b'"');
        self.0.extend_from_slice(&at.write());
        self.0.push(b'"');
        self
    }

    /// Writes a value, or `null`.
    pub fn or_null<T>(self, value: Option<T>, write: impl FnOnce(Self, T) -> Self) -> Self {
        match value {
            Some(value) => write(self, value),
            None => self.raw("null"),
        }
    }
}

/// A whole number as text, without the machinery of formatting.
pub fn whole(number: u64) -> String {
    let (digits, start) = digits(number);
    String::from_utf8_lossy(&digits[start..]).into_owned()
}

/// The digits of a number, and where they start.
fn digits(mut number: u64) -> ([u8; 20], usize) {
    let mut digits = [b'0'; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return (digits, start);
        }
    }
}

fn needs_escape(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}

/// Reads one JSON text in exactly the form that [`Writer`] gave it; `None` anywhere means any other form.
#[derive(Debug)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Starts at the beginning.
    pub fn new(text: &'a [u8]) -> Self {
        Reader(text)
    }

    /// Passes exactly this.
    pub fn pass(&mut self, text: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(text.as_bytes())?;
        Some(())
    }

    /// Whether this comes next, and passes it.
    pub fn passes(&mut self, text: &str) -> bool {
        self.pass(text).is_some()
    }

    /// Whether all was read.
    pub fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }

    fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(taken)
    }

    /// A whole number of at most 18 digits.
    pub fn whole(&mut self) -> Option<u64> {
        let len = self.0.iter().take_while(|b| b.is_ascii_digit()).count();
        let digits = self.take(len)?;
        let leading_zero = len > 1 && digits[0] == b'0';
        if len == 0 || len > 18 || leading_zero {
            return None;
        }
        let add = |number, digit: &u8| number * 10 + u64::from(digit - b'0');
        Some(digits.iter().fold(0, add))
    }

    /// A number.
    pub fn number(&mut self) -> Option<f64> {
        let text = self.0;
        let digits_from = |start: usize| {
            let rest = text.get(start..).unwrap_or_default();
            start + rest.iter().take_while(|b| b.is_ascii_digit()).count()
        };
        // What JSON does not allow and Rust does: no digit about the point, a plus, leading zeros.
        let start = usize::from(text.first() == Some(&b'-'));
        let mut end = digits_from(start);
        if end == start || end > start + 1 && text[start] == b'0' {
            return None;
        }
        if text.get(end) == Some(&b'.') {
            let fraction = digits_from(end + 1);
            if fraction == end + 1 {
                return None;
            }
            end = fraction;
        }
        if text.get(end) == Some(&b'e') {
            let sign = matches!(text.get(end + 1), Some(b'+' | b'-'));
            end = digits_from(end + 1 + usize::from(sign));
        }
        let text = std::str::from_utf8(self.take(end)?).ok()?;
        text.parse().ok().filter(|n: &f64| n.is_finite())
    }

    /// A string without escapes.
    pub fn string(&mut self) -> Option<&'a str> {
        self.pass("\"")?;
        let len = self.0.iter().position(|b| needs_escape(*b))?;
        let text = std::str::from_utf8(self.take(len)?).ok()?;
        self.pass("\"")?;
        Some(text)
    }

    /// An instant.
    pub fn time(&mut self) -> Option<Timestamp> {
        self.pass("\"")?;
        let at = Timestamp::read(self.take(Timestamp::LENGTH)?)?;
        self.pass("\"")?;
        Some(at)
    }
}

/// The readable elements of a list that holds JSON in the form in which it is answered, as one JSON array: from the
/// position `offset` on, `count` of them. What cannot be read is passed over and reported, and takes no other's place.
pub fn array(
    view: &View<'_>,
    key: &str,
    offset: usize,
    count: usize,
    is_readable: fn(&str) -> bool,
) -> Result<String> {
    let mut array = String::from("[");
    let mut left = count;
    let (mut room, mut fits) = (Room::new(), Ok(()));
    view.store.elements(key, offset, &mut |element| {
        if left > 0 {
            fits = room.take(element.len());
        }
        if left == 0 || fits.is_err() {
            return ControlFlow::Break(());
        }
        match std::str::from_utf8(element) {
            Ok(text) if is_readable(text) => {
                left -= 1;
                if array.len() > 1 {
                    array.push(',');
                }
                array.push_str(text);
            }
            _ => view.store.report_corrupt(key),
        }
        ControlFlow::Continue(())
    })?;
    array.push(']');
    fits.map(|()| array)
}

/// The readable elements of a list, as far as there is room.
pub fn elements<T>(
    view: &View<'_>,
    key: &str,
    read: fn(&str) -> Option<T>,
    room: &mut Room,
) -> Result<Vec<T>> {
    let mut elements = Vec::with_capacity(view.store.list_len(key)?);
    let mut fits = Ok(());
    view.store.elements(key, 0, &mut |element| {
        fits = room.take(element.len());
        if fits.is_err() {
            return ControlFlow::Break(());
        }
        match std::str::from_utf8(element).ok().and_then(read) {
            Some(element) => elements.push(element),
            None => view.store.report_corrupt(key),
        }
        ControlFlow::Continue(())
    })?;
    fits.map(|()| elements)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn canonical_json_is_what_the_document_is_displayed_as(names in prop::collection::vec(any::<String>(), 3), number in "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,3})?([eE][+-]?[0-9]{1,4})?") {
            let quoted: Vec<String> = names.iter().map(json).collect();
            let text = format!("{{{}:[{number},null,true,{{}},[]],{}:{},\"\":{{\"\\u0000\\u001f\\u007f\":false}}}}", quoted[0], quoted[1], quoted[2]);
            let document = Json::parse(text.as_bytes(), 64).unwrap();
            let canonical = canonical(&document).unwrap();
            prop_assert_eq!(canonical.get(), document.to_string());
        }
    }
}
