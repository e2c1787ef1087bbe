//! Canonical JSON text.

use super::parse::plain_bytes;
use super::Json;
use std::fmt::{Display, Formatter, Result, Write};

impl Display for Json {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Json::Null => f.write_str("null"),
            Json::Bool(true) => f.write_str("true"),
            Json::Bool(false) => f.write_str("false"),
            Json::Number(number) => f.write_str(number),
            Json::String(string) => quoted(f, string),
            Json::Array(items) => {
                f.write_char('[')?;
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        f.write_char(',')?;
                    }
                    item.fmt(f)?;
                }
                f.write_char(']')
            }
            Json::Object(members) => {
                f.write_char('{')?;
                for (i, (key, value)) in members.iter().enumerate() {
                    if i > 0 {
                        f.write_char(',')?;
                    }
                    quoted(f, key)?;
                    f.write_char(':')?;
                    value.fmt(f)?;
                }
                f.write_char('}')
            }
        }
    }
}

/// A string with the escapes that JSON demands, in the forms that serde_json writes.
pub(crate) fn quoted(f: &mut impl Write, string: &str) -> Result {
    f.write_char('"')?;
    if plain_bytes(string.as_bytes()) == string.len() {
        f.write_str(string)?;
        return f.write_char('"');
    }
    let mut plain = 0;
    for (at, byte) in string.bytes().enumerate() {
        let short = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            0x08 => "\\b",
            0x0c => "\\f",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..=0x1f => "",
            _ => continue,
        };
        f.write_str(&string[plain..at])?;
        if short.is_empty() {
            write!(f, "\\u{byte:04x}")?;
        } else {
            f.write_str(short)?;
        }
        plain = at + 1;
    }
    f.write_str(&string[plain..])?;
    f.write_char('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped_as_serde_json_escapes_them() {
        let every: String = (0..0x300u32).filter_map(char::from_u32).collect();
        assert_eq!(
            Json::String(every.clone()).to_string(),
            serde_json::to_string(&every).unwrap()
        );
    }
}
