//! Keys as they should not be: another type, corrupt records, fields and elements missing or too many, no TTL. All of
//! it is done with the server's own commands, as an operator's hand or another version would.

use super::random::Random;
use super::values::{self, NUMBERS};
use crate::support::client::as_text;
use crate::support::Client;

/// Changes one key of a repo; answers whether a key may be of a wrong type now.
pub fn plant(random: &mut Random, client: &mut Client, repo: &str) -> bool {
    let mut keys = client.key_names(&format!("pm:{{{repo}}}:*"));
    keys.extend(
        ["patterns", "issues", "issues:trend", "fixes", "fixes:stats", "fixes:ids", "sessions", "meta"]
            .map(|name| format!("pm:{{{repo}}}:{name}")),
    );
    let key = keys[random.place(&keys)].clone();
    let other = keys[random.place(&keys)].clone();
    match random.below(20) {
        0 => {
            retype(random, client, &key);
            return true;
        }
        1 => {
            let _ = client.try_run(&["COPY", &key, &other, "REPLACE"]);
            return true;
        }
        2 => {
            let _ = client.try_run(&["RENAME", &key, &other]);
            return true;
        }
        3 => {
            client.int(&["DEL", &key]);
        }
        4 => {
            client.int(&["PERSIST", &key]);
        }
        5 => {
            client.int(&["EXPIRE", &key, "7200"]);
        }
        _ => corrupt(random, client, &key),
    }
    false
}

fn retype(random: &mut Random, client: &mut Client, key: &str) {
    client.int(&["DEL", key]);
    let calls: [&[&str]; 6] = [
        &["SET", key, "ZQXJ"],
        &["LPUSH", key, "ZQXJ", "{}"],
        &["SADD", key, "ZQXJ", "a:b"],
        &["ZADD", key, "1", "ZQXJ", "2", "a:b"],
        &["HSET", key, "ZQXJ", "1", "a:b", "{}"],
        &["XADD", key, "*", "ZQXJ", "1"],
    ];
    client.run(random.pick(&calls));
}

/// Changes a value within its type.
fn corrupt(random: &mut Random, client: &mut Client, key: &str) {
    match client.text(&["TYPE", key]).as_str() {
        "hash" => corrupt_hash(random, client, key),
        "list" => corrupt_list(random, client, key),
        "set" => corrupt_set(random, client, key),
        "zset" => corrupt_ranking(random, client, key),
        _ => {}
    }
}

fn corrupt_hash(random: &mut Random, client: &mut Client, key: &str) {
    let fields = client.texts(&["HKEYS", key]);
    let field = fields[random.place(&fields)].clone();
    let stored = client.try_run(&["HGET", key, &field]).ok().as_ref().and_then(as_text).unwrap_or_default();
    let mut name = field.clone().into_bytes();
    match random.below(6) {
        0 => {
            client.int(&["HDEL", key, &field]);
            return;
        }
        1 => values::mutate(random, &mut name),
        2 => name = [values::name(random), b":".to_vec(), values::name(random)].concat(),
        _ => {}
    }
    let value = values::corrupted(random, stored.as_bytes());
    client.int(&[b"HSET", key.as_bytes(), &name, &value]);
}

fn corrupt_list(random: &mut Random, client: &mut Client, key: &str) {
    let place = random.below(usize::try_from(client.int(&["LLEN", key])).expect("a length").max(1)).to_string();
    let stored = client.text(&["LINDEX", key, &place]);
    let value = values::corrupted(random, stored.as_bytes());
    match random.below(6) {
        0 => {
            client.int(&["LPUSH", key, &stored]);
        }
        1 => {
            client.int(&[b"RPUSH", key.as_bytes(), &value]);
        }
        2 => {
            client.int(&["LREM", key, "1", &stored]);
        }
        3 => {
            client.text(&["LTRIM", key, "0", &place]);
        }
        _ => {
            client.text(&[b"LSET", key.as_bytes(), place.as_bytes(), &value]);
        }
    }
}

fn corrupt_set(random: &mut Random, client: &mut Client, key: &str) {
    let mut member = client.text(&["SRANDMEMBER", key]).into_bytes();
    if random.percent(30) {
        client.int(&[b"SREM", key.as_bytes(), &member]);
        return;
    }
    values::mutate(random, &mut member);
    client.int(&[b"SADD", key.as_bytes(), &member]);
}

fn corrupt_ranking(random: &mut Random, client: &mut Client, key: &str) {
    let members = client.texts(&["ZRANGE", key, "0", "-1"]);
    let mut member = members[random.place(&members)].clone().into_bytes();
    match random.below(4) {
        0 => {
            client.int(&[b"ZREM", key.as_bytes(), &member]);
            return;
        }
        1 => values::mutate(random, &mut member),
        2 => member = [values::name(random), b":".to_vec(), values::name(random)].concat(),
        _ => {}
    }
    let score = random.pick(NUMBERS);
    // Where the server takes no such score, none was planted.
    let _ = client.try_run(&[b"ZADD", key.as_bytes(), score.as_bytes(), &member]);
}
