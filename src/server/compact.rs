//! Writes a whole hash in the compact encoding, though values are longer than `hash-max-listpack-value` (64 bytes).
//!
//! `HSET` makes a hash table of a hash as soon as one value is longer, which takes some 500 bytes more. `RESTORE` keeps
//! the encoding that it is given: the hash is the same to every client, on a replica, and after a restart. What it is
//! given here is a listpack, as every server from Redis 7.0 on saves and loads it.

use std::ffi::CStr;

use redis_module::raw;

use super::call;
use super::string::OwnedString;
use crate::memory::{Error, Result};

/// Makes the hash hold exactly these fields until `expires_at` (milliseconds since 1970), or for good.
///
/// Where the server has no `RESTORE` any more (`rename-command`), the fields are written one by one as they would be
/// without any of this.
pub fn write_hash(
    ctx: *mut raw::RedisModuleCtx,
    key: &str,
    fields: &[(String, String)],
    expires_at: Option<i64>,
) -> Result<()> {
    let key = key.as_bytes();
    let at = expires_at.unwrap_or(0).to_string();
    let payload = payload(fields);
    let words: [&[u8]; 5] = [key, at.as_bytes(), &payload, b"REPLACE", b"ABSTTL"];
    match call::write(ctx, c"RESTORE", &words) {
        Ok(_) => notify(ctx, c"hset", key),
        Err(Error::Internal(_)) => {
            call::write(ctx, c"UNLINK", &[key])?;
            let parts = fields
                .iter()
                .flat_map(|(f, v)| [f.as_bytes(), v.as_bytes()]);
            let words: Vec<&[u8]> = [key].into_iter().chain(parts).collect();
            call::write(ctx, c"HSET", &words)?;
            if expires_at.is_some() {
                call::write(ctx, c"PEXPIREAT", &[key, at.as_bytes()])?;
            }
        }
        Err(error) => return Err(error),
    }
    Ok(())
}

/// Tells subscribers of keyspace events what they would have heard of an `HSET`.
fn notify(ctx: *mut raw::RedisModuleCtx, event: &CStr, key: &[u8]) {
    let key = OwnedString::new(ctx, key);
    // SAFETY: `ctx` is the context of the running command; the event is a C string and the key outlives the call.
    unsafe {
        if let Some(notify) = raw::RedisModule_NotifyKeyspaceEvent {
            let kind = raw::REDISMODULE_NOTIFY_HASH;
            notify(ctx, kind, event.as_ptr(), key.as_ptr());
        }
    }
}

/// The type of a value that is a hash in a listpack (`RDB_TYPE_HASH_LISTPACK`).
const HASH_LISTPACK: u8 = 16;
/// The version of the format that brought it: that of Redis 7.0. Later servers read it.
const RDB_VERSION: u16 = 10;

/// What `DUMP` would answer: the type, the listpack as a string with its length, the version, a checksum.
fn payload(fields: &[(String, String)]) -> Vec<u8> {
    let listpack = listpack(fields);
    let mut payload = Vec::with_capacity(listpack.len() + 16);
    payload.push(HASH_LISTPACK);
    match listpack.len() {
        len @ 0..64 => payload.push(len as u8),
        len @ 64..16_384 => payload.extend([0x40 | (len >> 8) as u8, len as u8]),
        len => {
            payload.push(0x80);
            payload.extend((len as u32).to_be_bytes());
        }
    }
    payload.extend(listpack);
    payload.extend(RDB_VERSION.to_le_bytes());
    let sum = crc64(&payload);
    payload.extend(sum.to_le_bytes());
    payload
}

/// The fields and values one after the other: total length, number of entries, entries, an end mark.
fn listpack(fields: &[(String, String)]) -> Vec<u8> {
    let size: usize = fields.iter().map(|(f, v)| f.len() + v.len() + 10).sum();
    let mut listpack = Vec::with_capacity(size + 7);
    listpack.extend([0; 4]);
    listpack.extend((2 * fields.len() as u16).to_le_bytes());
    for (field, value) in fields {
        append(&mut listpack, field);
        append(&mut listpack, value);
    }
    listpack.push(0xff);
    let total = listpack.len() as u32;
    listpack[..4].copy_from_slice(&total.to_le_bytes());
    listpack
}

/// One entry: how it is encoded and how long it is, its bytes, and its length once more, to be read backwards.
fn append(listpack: &mut Vec<u8>, text: &str) {
    let start = listpack.len();
    let bytes = text.as_bytes();
    match (bytes.len(), small_number(text)) {
        (_, Some(number)) => listpack.push(number),
        (len @ 0..64, _) => listpack.push(0x80 | len as u8),
        (len @ 64..4_096, _) => listpack.extend([0xe0 | (len >> 8) as u8, len as u8]),
        (len, _) => {
            listpack.push(0xf0);
            listpack.extend((len as u32).to_le_bytes());
        }
    }
    if small_number(text).is_none() {
        listpack.extend(bytes);
    }
    let len = listpack.len() - start;
    // Seven bits a byte, the highest first; all but the first are marked.
    let mut shift = 0;
    while len >> shift > 0x7f {
        shift += 7;
    }
    for shift in (0..=shift).rev().step_by(7) {
        let mark = if len >> (shift + 7) > 0 { 0x80 } else { 0 };
        listpack.push((len >> shift) as u8 & 0x7f | mark);
    }
}

/// A number from 0 to 127, where the text is one as it would be written.
fn small_number(text: &str) -> Option<u8> {
    let number: u8 = text.parse().ok().filter(|number| *number < 128)?;
    (text == number.to_string()).then_some(number)
}

/// The servers' checksum: CRC-64 of Jones's polynomial, reflected, from 0.
fn crc64(bytes: &[u8]) -> u64 {
    const TABLE: [u64; 256] = {
        let mut table = [0; 256];
        let mut index = 0;
        while index < 256 {
            let mut crc = index as u64;
            let mut bit = 0;
            while bit < 8 {
                let low = crc & 1;
                crc >>= 1;
                if low == 1 {
                    crc ^= 0x95ac_9329_ac4b_c9b5;
                }
                bit += 1;
            }
            table[index] = crc;
            index += 1;
        }
        table
    };
    let step = |crc: u64, byte: &u8| TABLE[usize::from(crc as u8 ^ byte)] ^ (crc >> 8);
    bytes.iter().fold(0, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_servers() {
        assert_eq!(crc64(b"123456789"), 0xe9c6_d914_c4b8_d9ca);
    }

    #[test]
    fn an_entry_tells_its_length_from_both_ends() {
        let entry = |text: &str| {
            let mut listpack = Vec::new();
            append(&mut listpack, text);
            listpack
        };
        assert_eq!(entry("7"), [7, 1]);
        assert_eq!(entry("07"), [0x82, b'0', b'7', 3]);
        assert_eq!(entry("+7"), [0x82, b'+', b'7', 3]);
        assert_eq!(entry("")[..], [0x80, 1]);
        let long = entry(&"x".repeat(300));
        assert_eq!(
            (&long[..2], &long[302..]),
            (&[0xe1, 44][..], &[2, 0xae][..])
        );
        let longer = entry(&"x".repeat(5_000));
        assert_eq!(longer[..5], [0xf0, 0x88, 0x13, 0, 0]);
        assert_eq!(longer[5_005..], [39, 0x8d]);
    }

    #[test]
    fn a_payload_holds_the_listpack_with_its_length_before_it_and_version_and_checksum_behind() {
        let fields = [
            ("a".to_owned(), "1".to_owned()),
            ("b".into(), String::new()),
        ];
        let payload = payload(&fields);
        let listpack = [
            17, 0, 0, 0, 4, 0, 0x81, b'a', 2, 1, 1, 0x81, b'b', 2, 0x80, 1, 0xff,
        ];
        assert_eq!(payload[..2], [16, 17]);
        assert_eq!(payload[2..19], listpack);
        assert_eq!(payload[19..21], [10, 0]);
        assert_eq!(payload[21..], crc64(&payload[..21]).to_le_bytes());
    }
}
