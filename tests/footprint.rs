//! How a pattern lies in memory: compact, and yet a hash like any other.

use std::collections::BTreeSet;

use redis::Value;

use crate::support::client::as_text;
use crate::support::server::contains;
use crate::support::{array, text, wait_for, whole_state, Client, Server};

const KEY: &str = "pm:{r}:pattern:t:default";

/// Data of about so many bytes.
fn data(bytes: usize, n: usize) -> String {
    format!(r#"{{"n":{n},"text":"{}"}}"#, "in snake case, ".repeat(bytes / 15))
}

#[track_caller]
fn store(client: &mut Client, data: &str) {
    client.json(&["PATTERN.STORE", "r", "t", data, "CONFIDENCE", "0.5", "REASON", "seen in a review"]);
}

#[track_caller]
fn encoding(client: &mut Client) -> String {
    client.text(&["OBJECT", "ENCODING", KEY])
}

#[test]
fn a_small_pattern_is_compact_and_any_client_reads_it() {
    let server = Server::start();
    let mut client = server.client();
    for (n, bytes) in [10, 60, 64, 65, 100, 150, 239].into_iter().enumerate() {
        let data = data(bytes, n);
        store(&mut client, &data);
        assert_eq!(encoding(&mut client), "listpack", "{bytes} bytes");
        let record = client.map(&["HGETALL", KEY]);
        assert_eq!((&record["pattern_data"], &record["confidence"]), (&data, &"0.5".to_owned()));
        assert_eq!(client.text(&["HGET", KEY, "version"]), (n + 1).to_string());
        assert_eq!(client.text(&["HGET", KEY, "usage_count"]), n.to_string());
    }
    // Uses and confidences are written in place.
    let last = data(239, 6);
    store(&mut client, &last);
    client.int(&["PATTERN.CONFIDENCE", "r", "t", "0.7"]);
    assert_eq!(encoding(&mut client), "listpack");
    // A client may go on with the hash as with any other.
    assert_eq!(client.int(&["HINCRBY", KEY, "usage_count", "1"]), 8);
    client.int(&["HSET", KEY, "note", "mine"]);
    client.int(&["HDEL", KEY, "note"]);
    assert_eq!(client.json(&["PATTERN.GET", "r", "t"])["usage_count"], 8);
    // Neither a large record is compact, nor one where somebody keeps fields of their own.
    store(&mut client, &data(300, 7));
    assert_eq!(encoding(&mut client), "hashtable");
    store(&mut client, &data(100, 8));
    assert_eq!(encoding(&mut client), "listpack");
    client.int(&["HSET", KEY, "note", "mine"]);
    store(&mut client, &data(101, 9));
    assert_eq!(client.text(&["HGET", KEY, "note"]), "mine");
}

#[test]
fn a_thousand_small_patterns_take_less_than_800_kilobytes() {
    let server = Server::start();
    let mut client = server.client();
    let used = |client: &mut Client| -> u64 {
        let used = client.info("memory", "used_memory").expect("used_memory");
        used.parse().expect("a number")
    };
    let fill = |client: &mut Client| {
        for n in 0..1_000 {
            let data = format!(
                r#"{{"about": "function names", "style": "snake_case", "examples": ["get_user", "load_item_{n}"]}}"#
            );
            let name = format!("convention-{n}");
            let reason = "seen in a review";
            client.json(&["PATTERN.STORE", "r", &name, &data, "CONFIDENCE", "0.8", "REASON", reason]);
        }
    };
    // What a server sets aside for each command once is no part of it.
    fill(&mut client);
    // Not on a thread, which would still be at it.
    client.text(&["FLUSHALL", "SYNC"]);
    let before = used(&mut client);
    fill(&mut client);
    let taken = used(&mut client) - before;
    assert!(taken < 800_000, "{taken} bytes");
    let told = client.json(&["PATTERN.EVOLUTION", "r", "convention-7"]);
    assert_eq!(array(&told["changes"]).len(), 1);
    assert_eq!(text(&told["changes"][0]["reason"]), "seen in a review");
    assert_eq!(text(&told["changes"][0]["user"]), "default");
}

#[test]
fn a_replacement_keeps_the_ttl() {
    let server = Server::start();
    let mut client = server.client();
    client.json(&["PATTERN.STORE", "r", "t", &data(100, 1), "TTL", "20000000"]);
    let at = client.int(&["PEXPIRETIME", KEY]);
    store(&mut client, &data(100, 2));
    assert_eq!(client.int(&["PEXPIRETIME", KEY]), at);
    client.json(&["PATTERN.STORE", "r", "t", &data(100, 3), "TTL", "100"]);
    assert!(client.int(&["PTTL", KEY]) <= 100_000);
    client.int(&["PERSIST", KEY]);
    store(&mut client, &data(100, 4));
    assert_eq!(client.int(&["PTTL", KEY]), -1);
    assert_eq!(encoding(&mut client), "listpack");
}

#[test]
fn it_stays_so_on_a_replica_and_after_a_restart_and_in_a_transaction() {
    let master = Server::builder().setting("appendonly yes").start();
    let replica = master.replica(Server::builder());
    let mut client = master.client();
    store(&mut client, &data(100, 1));
    client.text(&["MULTI"]);
    client.text(&["PATTERN.STORE", "r", "in-multi", &data(200, 1)]);
    client.run(&["EXEC"]);
    let script = "return redis.call('PATTERN.STORE', KEYS[1], 'in-lua', ARGV[1], 'TTL', '500')";
    client.run(&["EVAL", script, "1", "r", &data(230, 1)]);
    store(&mut client, &data(100, 2));
    master.wait_for_replica(&replica);
    let before = whole_state(&mut client);
    assert_eq!(whole_state(&mut replica.client()), before);
    assert_eq!(encoding(&mut replica.client()), "listpack");
    let document = client.text(&["PATTERN.EXPORT", "r"]);
    let server = master.restart();
    let mut client = server.client();
    assert_eq!(whole_state(&mut client), before);
    assert_eq!(encoding(&mut client), "listpack");
    client.json(&["PATTERN.IMPORT", "r", &document, "REPLACE"]);
    assert_eq!(encoding(&mut client), "listpack");
    assert_eq!(client.json(&["PATTERN.EVOLUTION", "r", "t"])["total_changes"], 2);
}

#[test]
fn a_server_without_restore_keeps_the_same_in_a_hash_table() {
    let server = Server::builder().setting("rename-command RESTORE \"\"").start();
    let mut client = server.client();
    store(&mut client, &data(100, 1));
    client.json(&["PATTERN.STORE", "r", "t", &data(100, 2), "TTL", "100"]);
    assert_eq!(encoding(&mut client), "hashtable");
    assert!((1..=100_000).contains(&client.int(&["PTTL", KEY])));
    let told = client.json(&["PATTERN.EVOLUTION", "r", "t"]);
    assert_eq!(told["changes"][1]["reason"], "seen in a review");
    assert_eq!(client.int(&["HLEN", KEY]), 8);
}

#[test]
fn what_is_sanitized_on_the_way_in_is_taken_too() {
    let server = Server::builder().setting("sanitize-dump-payload yes").start();
    let mut client = server.client();
    for bytes in [70, 127, 128, 200, 239] {
        store(&mut client, &data(bytes, bytes));
        assert_eq!(encoding(&mut client), "listpack", "{bytes} bytes");
    }
}

#[test]
fn subscribers_hear_of_a_hash_that_was_set() {
    let server = Server::builder().setting("notify-keyspace-events KEA").start();
    let mut client = server.client();
    let mut listener = Client::connect_resp3(server.port);
    listener.run(&["PSUBSCRIBE", "__keyspace@0__:pm:{r}:pattern:*"]);
    store(&mut client, &data(100, 1));
    listener.send(&["PING"]);
    let mut heard = BTreeSet::new();
    wait_for("the events", || match listener.receive() {
        Ok(Value::Push { data, .. }) => {
            heard.extend(data.last().and_then(as_text));
            None
        }
        Ok(_) => Some(()),
        Err(error) => panic!("{error}"),
    });
    assert!(heard.contains("hset"), "{heard:?}");
}

#[test]
fn a_secret_is_redacted_before_it_is_packed() {
    let server = Server::builder().setting("appendonly yes").start();
    let mut client = server.client();
    let secret = "ghp_EXAMPLEexample0123456789abcdefABCDEF";
    client.json(&["PATTERN.STORE", "r", "t", &format!(r#"{{"token":"{secret}","text":"{}"}}"#, "x y ".repeat(20))]);
    wait_for("the append-only file", || contains(&server.disk(), b"RESTORE").then_some(()));
    assert!(!contains(&server.disk(), secret.as_bytes()));
    assert!(contains(&server.disk(), b"<REDACTED"));
}
