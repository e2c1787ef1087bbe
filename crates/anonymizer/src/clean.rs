//! JSON in which nothing is found, made canonical in one pass and without a tree: most of what is stored.

use crate::engine::SHORT_NUMBER;
use crate::json::parse::Reader;
use crate::json::write::quoted;
use crate::judge::name;
use crate::{Anonymizer, Json};

/// A password that is a number has at least so many bytes.
const SHORTEST_PASSWORD: usize = 4;

impl Anonymizer {
    /// The canonical text of an object that [`Anonymizer::json`] would leave as it is. `None` says nothing: what is no
    /// object, holds a finding, or looks unusual is to be read with [`Json::parse`].
    pub fn clean_object(&self, text: &[u8], max_depth: usize) -> Option<String> {
        let text = std::str::from_utf8(text).ok()?;
        let mut walk = Walk {
            anonymizer: self,
            reader: Reader::new(text),
            out: String::with_capacity(text.len()),
        };
        walk.reader.white_space();
        if walk.reader.peek() != Some(b'{') {
            return None;
        }
        walk.value(None, max_depth.min(Json::DEPTH_LIMIT))?;
        walk.reader.end().ok()?;
        Some(walk.out)
    }

    fn is_clean(&self, text: &str) -> bool {
        self.findings(text).is_empty()
    }

    fn is_clean_number(&self, number: &str) -> bool {
        let short = number.len() <= SHORT_NUMBER && self.takes_short_numbers();
        short || self.is_clean(number)
    }
}

struct Walk<'a, 't> {
    anonymizer: &'a Anonymizer,
    reader: Reader<'t>,
    out: String,
}

impl Walk<'_, '_> {
    /// As [`Anonymizer::json`] looks at a value beside a name.
    fn value(&mut self, name: Option<&str>, room: usize) -> Option<()> {
        let strength = || name.and_then(|name| name::strength(name.as_bytes()));
        match self.reader.peek()? {
            b'"' => {
                let (text, written) = self.reader.string_as_written().ok()?;
                if strength().is_some() || !self.anonymizer.is_clean(&text) {
                    return None;
                }
                self.string(&text, written)
            }
            b'{' => self.object(room.checked_sub(1)?),
            b'[' => self.array(name, room.checked_sub(1)?),
            b'n' => self.word("null"),
            b't' => self.word("true"),
            b'f' => self.word("false"),
            _ => {
                let number = self.reader.number().ok()?;
                let may_be_password = number.len() >= SHORTEST_PASSWORD;
                if may_be_password && strength() == Some(name::Strength::Password)
                    || !self.anonymizer.is_clean_number(number)
                {
                    return None;
                }
                self.out.push_str(number);
                Some(())
            }
        }
    }

    /// Writes a string: as it was written, where that is canonical.
    fn string(&mut self, text: &str, written: Option<&str>) -> Option<()> {
        match written {
            Some(written) => self.out.push_str(written),
            None => quoted(&mut self.out, text).ok()?,
        }
        Some(())
    }

    fn word(&mut self, word: &str) -> Option<()> {
        self.reader.word(word).ok()?;
        self.out.push_str(word);
        Some(())
    }

    fn array(&mut self, name: Option<&str>, room: usize) -> Option<()> {
        let mut first = true;
        self.reader.take(b'[').ok()?;
        self.out.push('[');
        self.reader.white_space();
        while first && self.reader.peek() != Some(b']') || !first && self.goes_on() {
            self.reader.white_space();
            self.value(name, room)?;
            self.reader.white_space();
            first = false;
        }
        self.reader.take(b']').ok()?;
        self.out.push(']');
        Some(())
    }

    fn object(&mut self, room: usize) -> Option<()> {
        let start = self.out.len();
        // Names, and where each member ends in what is written.
        let mut members = Vec::new();
        self.reader.take(b'{').ok()?;
        self.out.push('{');
        self.reader.white_space();
        while members.is_empty() && self.reader.peek() != Some(b'}')
            || !members.is_empty() && self.goes_on()
        {
            self.reader.white_space();
            if self.reader.peek() != Some(b'"') {
                return None;
            }
            let (key, written) = self.reader.string_as_written().ok()?;
            if !self.anonymizer.is_clean(&key) {
                return None;
            }
            self.string(&key, written)?;
            self.reader.white_space();
            self.reader.take(b':').ok()?;
            self.out.push(':');
            self.reader.white_space();
            self.value(Some(&key), room)?;
            self.reader.white_space();
            members.push((key, self.out.len()));
        }
        self.reader.take(b'}').ok()?;
        if !members.is_sorted_by(|(a, _), (b, _)| a < b) {
            self.sort(start + 1, &members)?;
        }
        self.out.push('}');
        Some(())
    }

    /// Whether another item follows, with the comma before it passed and written.
    fn goes_on(&mut self) -> bool {
        let comma = self.reader.take(b',').is_ok();
        if comma {
            self.out.push(',');
        }
        comma
    }

    /// Puts the members that were written from `start` on into the order of their names.
    fn sort<K: AsRef<str>>(&mut self, start: usize, members: &[(K, usize)]) -> Option<()> {
        let written = self.out.split_off(start);
        let mut begin = 0;
        let mut sorted: Vec<(&str, &str)> = Vec::with_capacity(members.len());
        for (key, end) in members {
            let end = end - start;
            sorted.push((key.as_ref(), &written[begin..end]));
            begin = end + 1;
        }
        sorted.sort_unstable();
        if sorted.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return None;
        }
        for (at, (_, member)) in sorted.into_iter().enumerate() {
            if at > 0 {
                self.out.push(',');
            }
            self.out.push_str(member);
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn no_short_number_is_a_finding() {
        let anonymizer = Anonymizer::new();
        assert!(anonymizer.takes_short_numbers());
        let signs = ['0', '1', '9', '.', '-', '+', 'e'];
        let mut texts = vec![String::new()];
        for _ in 0..SHORT_NUMBER {
            let longer = texts
                .iter()
                .flat_map(|text| signs.map(|sign| format!("{text}{sign}")));
            texts = longer.collect();
            assert!(texts.iter().all(|text| anonymizer.is_clean(text)));
        }
    }

    #[test]
    fn rules_that_find_numbers_are_asked() {
        for keywords in ["", "keywords = ['7']"] {
            let rules = format!("[[rules]]\nid = 'seven'\nregex = '7+'\n{keywords}");
            let anonymizer = Anonymizer::builder().rules(&rules).build().unwrap();
            assert!(!anonymizer.takes_short_numbers());
            assert_eq!(anonymizer.clean_object(b"{\"n\":77}", 9), None);
        }
    }

    fn json() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            "null|true|false|[0-9]{1,9}|-?[0-9](\\.[0-9]{1,3})?([eE][+-]?[0-9])?",
            "[a-z .@:/+0-9]{0,12}".prop_map(|text| format!("\"{text}\"")),
            prop::sample::select(vec![
                r#""a\nb\u0041""#,
                r#""a\nb\"\\ and \t, \b\f\r of some length""#,
                r#""a\/b""#,
                r#""\u000a\u001F""#,
                r#""\ud800""#,
                "\"\u{e9}\"",
                r#""me@acme.dev""#,
                "4111111111111111",
                "tru",
                "01",
            ])
            .prop_map(str::to_owned),
        ];
        leaf.prop_recursive(4, 24, 5, |inner| {
            let key = "[a-c]{0,2}|key|password|pin|api_key|a\\\\n";
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4)
                    .prop_map(|items| format!("[ {} ]", items.join(" ,"))),
                prop::collection::vec((key, inner), 0..5).prop_map(|members| {
                    let members: Vec<_> = members
                        .iter()
                        .map(|(k, v)| format!("\"{k}\" : {v}"))
                        .collect();
                    format!("{{{}}}", members.join(","))
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_clean_is_what_the_long_way_makes_of_it(text in json(), broken in any::<prop::sample::Index>(), breaks in any::<bool>()) {
            static ANONYMIZER: std::sync::LazyLock<Anonymizer> = std::sync::LazyLock::new(Anonymizer::new);
            let mut text = format!(" {{\"x\":{text}}} ");
            if breaks {
                let at = broken.index(text.len());
                if text.is_char_boundary(at) {
                    text.truncate(at);
                }
            }
            let clean = ANONYMIZER.clean_object(text.as_bytes(), 3);
            if let Some(clean) = clean {
                let mut document = Json::parse(text.as_bytes(), 3).unwrap();
                let redactions = ANONYMIZER.json(&mut document);
                prop_assert!(redactions.is_empty());
                prop_assert_eq!(clean, document.to_string());
            }
        }
    }

    #[test]
    fn ordinary_data_is_clean() {
        let text = br#" {"files": 412, "findings":1171,"a":[1, {}, [], "x\ny"], "fixes_tried":220,"seconds":41.5} "#;
        let clean = Anonymizer::new().clean_object(text, 9).unwrap();
        assert_eq!(
            clean,
            r#"{"a":[1,{},[],"x\ny"],"files":412,"findings":1171,"fixes_tried":220,"seconds":41.5}"#
        );
    }
}
