//! What stands in the places of arguments and in stored records: good values, odd ones and hostile ones.

use serde_json::{json, Map, Value as Json};

use super::random::Random;
use crate::support::FAKE_SECRETS;

/// What no error may contain: it is in many of the values.
pub const MARK: &str = "ZQXJ";

/// The repos of a run.
pub const REPOS: &[&str] = &["r", "github.com/acme/a:b", "/home/größe/x y"];

/// Names that meet each other.
const NAMES: &[&str] = &[
    "naming", "imports", "a:b%c", "d:e", "default", "style", "security", "E501", "S105", "low", "high", "autoformat",
    "rewrite", "nightly", "run-1", "run-2", "(other)", "名", "%3A", "AUTO", "ZQXJ name",
];

/// Numbers at the edges of what is taken.
pub const NUMBERS: &[&str] = &[
    "0", "1", "2", "3", "5", "7", "30", "100", "3650", "3651", "-1", "-0", "0.5", "0.9", "1.0", "1e-3", "1e999",
    "-1e999", "NaN", "nan", "inf", "+1", " 1", "01", "0x1", "1e3", "999999999", "1000000000", "1000000001",
    "9223372036854775807", "9223372036854775808", "-9223372036854775808", "18446744073709551615",
    "18446744073709551616", "1_0", "",
];

const TIMES: &[&str] = &[
    "2026-01-01T00:00:00.000Z", "1970-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z", "0001-01-01T00:00:00.000Z",
    "2026-02-30T00:00:00.000Z", "2026-01-01T00:00:00+14:00", "yesterday", "", "2026-01-01T00:00:00.0000000001Z",
];

const TEXTS: &[&str] = &[
    "", "ZQXJ", "ZQXJ\r\n-ERR injected\r\n", "ZQXJ\0b", "ZQXJ%s%n", "ZQXJ一Ā", "🙂\u{202e}ZQXJ", "\u{feff}ZQXJ",
    "ZQXJ\x1b[31m", "because", "seen in review", "{ZQXJ}", "}ZQXJ{", "password = ZQXJ",
    "https://user:ZQXJtoken@host/x", "a@ZQXJ.example", "*", "[a-", "\\", "?", "^$", "null", "[]", "{}", "{\"ZQXJ\":}",
    "{\"a\":\"\\ud800\"}", "{\"a\":1e400}", "{\"a\":01}",
];

/// A name, mostly one that is known.
pub fn name(random: &mut Random) -> Vec<u8> {
    match random.below(20) {
        0 => "é".repeat(100 + random.below(40)).into_bytes(),
        1 => text(random),
        _ => random.pick(NAMES).as_bytes().to_vec(),
    }
}

/// A number of some kind.
pub fn number(random: &mut Random) -> Vec<u8> {
    match random.below(4) {
        0 => random.pick(NUMBERS).as_bytes().to_vec(),
        1 => random.next().to_string().into_bytes(),
        _ => random.below(40).to_string().into_bytes(),
    }
}

/// A share, or nearly one.
pub fn share(random: &mut Random) -> Vec<u8> {
    if random.percent(80) {
        return format!("{}", random.below(101) as f64 / 100.0).into_bytes();
    }
    number(random)
}

/// Free text.
pub fn text(random: &mut Random) -> Vec<u8> {
    let mut text = random.pick(TEXTS).as_bytes().to_vec();
    match random.below(10) {
        0 => text.extend(random.pick(&[b"\xff\xfe".as_slice(), b"\xc3", b"\xf0\x9f\x99", b"\0"])),
        1 => text.extend(FAKE_SECRETS[random.place(FAKE_SECRETS)].0.as_bytes()),
        2 => text = text.repeat(1 + random.below(300)),
        3 => mutate(random, &mut text),
        _ => {}
    }
    text
}

/// A JSON object as text, mostly a good one; once in a while a large one.
pub fn object(random: &mut Random) -> Vec<u8> {
    let mut fields = Map::new();
    for _ in 0..random.below(4) {
        fields.insert(lossy(text(random)), tree(random, 4));
    }
    if random.percent(3) {
        let size = random.below(60_000);
        fields.insert("large".to_owned(), "ZQXJ word ".repeat(size / 10).into());
    }
    if random.percent(3) {
        let depth = 60 + random.below(10);
        let deep = format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        return deep.into_bytes();
    }
    let mut text = Json::Object(fields).to_string().into_bytes();
    if random.percent(15) {
        mutate(random, &mut text);
    }
    text
}

fn tree(random: &mut Random, depth: usize) -> Json {
    match random.below(if depth == 0 { 5 } else { 8 }) {
        0 => Json::Null,
        1 => random.percent(50).into(),
        2 => json!(random.next()),
        3 => json!(random.below(100) as f64 / 7.0),
        4 => lossy(text(random)).into(),
        5 => (0..random.below(4)).map(|_| tree(random, depth - 1)).collect(),
        _ => {
            let fields = (0..random.below(4)).map(|_| (lossy(name(random)), tree(random, depth - 1)));
            Json::Object(fields.collect())
        }
    }
}

fn lossy(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A value that takes the place of another in a record.
pub fn absurd(random: &mut Random) -> Json {
    match random.below(9) {
        0 => json!(u64::MAX),
        1 => json!(i64::MIN),
        2 => json!(1e308),
        3 => json!(-1),
        4 => random.pick(TIMES).into(),
        5 => json!("x".repeat(600)),
        6 => lossy(text(random)).into(),
        7 => lossy(name(random)).into(),
        _ => tree(random, 3),
    }
}

/// Changes a JSON document in one place: another value there, a field gone, a field or an element more; an older or a
/// newer build may have written it so.
pub fn tamper(random: &mut Random, document: &mut Json) {
    match document {
        Json::Object(fields) if !fields.is_empty() && random.percent(90) => {
            let place = random.below(fields.len());
            let name = fields.keys().nth(place).expect("a field").clone();
            match random.below(6) {
                0 => drop(fields.remove(&name)),
                1 => drop(fields.insert("unknown to us".to_owned(), tree(random, 2))),
                2 => drop(fields.insert(name, absurd(random))),
                _ => tamper(random, &mut fields[&name]),
            }
        }
        Json::Array(items) if !items.is_empty() && random.percent(90) => {
            let place = random.place(items);
            match random.below(6) {
                0 => drop(items.remove(place)),
                1 => items.push(items[place].clone()),
                2 => items.truncate(place),
                _ => tamper(random, &mut items[place]),
            }
        }
        other => *other = absurd(random),
    }
}

/// Changes bytes: some are cut off, taken out, doubled, turned or put in.
pub fn mutate(random: &mut Random, bytes: &mut Vec<u8>) {
    for _ in 0..1 + random.below(3) {
        let start = random.below(bytes.len() + 1);
        let end = start + random.below(bytes.len() - start + 1).min(16);
        match random.below(5) {
            0 => bytes.truncate(start),
            1 => drop(bytes.drain(start..end)),
            2 => {
                let again = bytes[start..end].to_vec();
                bytes.splice(start..start, again);
            }
            3 => {
                let piece = random.pick(&["\"", "{", "}", "[", ":", ",", "\\", "\0", "9", "-", "\r\n", MARK]);
                bytes.splice(start..start, piece.bytes());
            }
            _ => {
                if let Some(byte) = bytes.get_mut(start) {
                    *byte ^= 1 << random.below(8);
                }
            }
        }
    }
}

/// What is stored, with something wrong about it: as JSON where it is some, else as bytes.
pub fn corrupted(random: &mut Random, stored: &[u8]) -> Vec<u8> {
    if random.percent(15) {
        return random.pick(NUMBERS).as_bytes().to_vec();
    }
    match serde_json::from_slice::<Json>(stored) {
        Ok(mut document) if random.percent(70) => {
            for _ in 0..1 + random.below(2) {
                tamper(random, &mut document);
            }
            document.to_string().into_bytes()
        }
        _ => {
            let mut bytes = stored.to_vec();
            mutate(random, &mut bytes);
            bytes
        }
    }
}
