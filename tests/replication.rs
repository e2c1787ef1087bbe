//! Replicas: the same data from plain commands, reads without writes.

use crate::support::catalog::CALLS;
use crate::support::server::contains;
use crate::support::stream::commands;
use crate::support::{fill, wait_for, whole_state, Client, Server};

/// Everything that writes, in every way: alone, in MULTI, in a script.
#[track_caller]
fn work(client: &mut Client) {
    for repo in ["a", "b"] {
        fill(client, repo);
    }
    let export = client.text(&["PATTERN.EXPORT", "a"]);
    for call in CALLS.iter().filter(|call| call.name() != "PATTERN.FORGET") {
        client.run(&call.for_repo("a", &export));
    }
    client.text(&["MULTI"]);
    fill_queued(client, "c");
    client.run(&["EXEC"]);
    client.run(&[
        "EVAL",
        "redis.call('PATTERN.STORE', KEYS[1], 't', '{\"from\":\"lua\"}', 'TTL', '500')
         redis.call('ISSUE.MTRACK', KEYS[1], 'style', 'E501', 'low', '3', 'style', 'W1', 'low', '2')
         redis.call('FIX.RECORD', KEYS[1], 'style', 'format', '1', 'ID', 'lua')
         return redis.call('SESSION.RECORD', KEYS[1], 'nightly', '1', '1')",
        "1",
        "d",
    ]);
    for n in 0..30 {
        client.int(&["ISSUE.TRACK", "caps", "style", &format!("R{n}"), "low", "COUNT", &(n % 7 + 1).to_string()]);
        client.int(&["FIX.RECORD", "caps", "style", &format!("f{}", n % 3), "1", "ID", &format!("k{n}")]);
        client.int(&["SESSION.RECORD", "caps", "nightly", "1", "1"]);
        client.json(&["PATTERN.STORE", "caps", "t", &format!(r#"{{"n":{n}}}"#)]);
    }
    let export = client.text(&["PATTERN.EXPORT", "caps"]);
    client.json(&["PATTERN.IMPORT", "e", &export]);
    client.json(&["PATTERN.IMPORT", "b", &export, "REPLACE"]);
    client.json(&["PATTERN.IMPORT", "caps", &export, "MERGE"]);
    client.int(&["PATTERN.FORGET", "c"]);
    fill(client, "c");
    client.int(&["PATTERN.RETAIN", "d", "12345"]);
    client.text(&["SELECT", "3"]);
    fill(client, "a");
    client.text(&["SELECT", "0"]);
}

#[track_caller]
fn fill_queued(client: &mut Client, repo: &str) {
    client.text(&["PATTERN.STORE", repo, "t", r#"{"in":"multi"}"#, "CONFIDENCE", "0.5"]);
    client.text(&["PATTERN.CONFIDENCE", repo, "t", "0.6"]);
    client.text(&["ISSUE.TRACK", repo, "style", "E501", "low"]);
    client.text(&["PATTERN.DEL", repo, "t"]);
}

const CAPS: &str = "max-issues 8 max-fixes 7 max-sessions 6 max-history 5";

#[test]
fn a_replica_holds_the_same_data_and_ttls() {
    let master = Server::builder().module_arguments(CAPS).start();
    let replica = master.replica(Server::builder());
    let mut client = master.client();
    work(&mut client);
    master.wait_for_replica(&replica);
    let mut reader = replica.client();
    assert_eq!(whole_state(&mut reader), whole_state(&mut client));
    assert_eq!(reader.text(&["DEBUG", "DIGEST"]), client.text(&["DEBUG", "DIGEST"]));
}

#[test]
fn a_replica_without_the_module_holds_the_same_data() {
    let master = Server::builder().module_arguments(CAPS).start();
    let replica = master.replica(Server::builder().without_module());
    let mut client = master.client();
    work(&mut client);
    master.wait_for_replica(&replica);
    assert_eq!(whole_state(&mut replica.client()), whole_state(&mut client));
}

#[test]
fn a_full_synchronization_brings_everything() {
    let master = Server::start();
    let mut client = master.client();
    work(&mut client);
    let replica = master.replica(Server::builder());
    assert_eq!(whole_state(&mut replica.client()), whole_state(&mut client));
}

#[test]
fn the_stream_holds_plain_commands_only() {
    let master = Server::start();
    let mut stream = master.listen("SYNC", &["REDIS0", "VALKEY0"]);
    let mut client = master.client();
    work(&mut client);
    client.text(&["SET", "the-end", "of-the-run"]);
    let seen = String::from_utf8_lossy(&stream.until("of-the-run")).to_lowercase();
    for name in ["pattern.", "issue.", "fix.", "session.", "eval", "pexpire\r\n", "expire\r\n"] {
        assert!(!seen.contains(&format!("\r\n{name}")), "{name:?} is in the stream");
    }
    for name in ["hset", "lpush", "sadd", "zadd", "pexpireat"] {
        assert!(seen.contains(&format!("\r\n{name}\r\n")), "{name:?} is not in the stream");
    }
}

#[test]
fn the_effects_of_one_command_are_one_transaction() {
    let master = Server::start();
    let mut client = master.client();
    let mut stream = master.listen("SYNC", &["REDIS0", "VALKEY0"]);
    client.text(&["SET", "mark", "before-it"]);
    client.int(&["ISSUE.TRACK", "r", "style", "E501", "low"]);
    client.text(&["SET", "mark", "of-the-run"]);
    let seen = String::from_utf8_lossy(&stream.until("of-the-run")).to_lowercase();
    let (_, after) = seen.split_once("before-it\r\n").expect("the first mark");
    let words: Vec<&str> = after
        .split("\r\n")
        .filter(|word| ["multi", "exec", "set", "hset", "hincrby", "zadd", "pexpireat"].contains(word))
        .collect();
    assert_eq!(words.first(), Some(&"multi"), "{words:?}");
    assert_eq!(words.iter().filter(|word| **word == "multi").count(), 1, "{words:?}");
    assert_eq!(&words[words.len() - 2..], ["exec", "set"], "{words:?}");
}

#[test]
fn reads_and_refusals_replicate_nothing() {
    let master = Server::builder().setting("repl-ping-replica-period 3600").start();
    let replica = master.replica(Server::builder());
    let mut client = master.client();
    fill(&mut client, "r");
    master.wait_for_replica(&replica);
    let offset = client.info("replication", "master_repl_offset");
    for call in CALLS.iter().filter(|call| !call.writes) {
        client.run(&call.for_repo("r", ""));
    }
    client.error(&["ISSUE.TRACK", "r", "style", "E501", "low", "COUNT", "0"]);
    client.nil(&["PATTERN.STORE", "r", "naming", "{}", "IFVERSION", "77"]);
    client.int(&["PATTERN.DEL", "r", "absent"]);
    client.int(&["PATTERN.FORGET", "absent"]);
    assert_eq!(client.info("replication", "master_repl_offset"), offset);
}

#[test]
fn reads_work_on_a_read_only_replica_and_writes_do_not() {
    let master = Server::start();
    let mut client = master.client();
    fill(&mut client, "r");
    let replica = master.replica(Server::builder());
    let mut reader = replica.client();
    let before = whole_state(&mut reader);
    let export = client.text(&["PATTERN.EXPORT", "r"]);
    for call in CALLS {
        let arguments = call.for_repo("r", &export);
        if call.writes {
            reader.error_of("READONLY", &arguments);
        } else {
            reader.run(&arguments);
        }
    }
    for call in [
        &["PATTERN.LIST", "r"][..],
        &["PATTERN.EVOLUTION", "r", "naming"],
        &["FIX.LIST", "r"],
        &["SESSION.LIST", "r"],
        &["ISSUE.HISTORY", "r"],
        &["SESSION.ANALYTICS", "r"],
        &["PATTERN.REPOS"],
    ] {
        assert_eq!(reader.text(call), client.text(call));
    }
    assert_eq!(whole_state(&mut reader), before);
}

#[test]
fn a_replica_does_not_show_what_has_expired_before_the_master_has_said_so() {
    let master = Server::start();
    let replica = master.replica(Server::builder());
    let mut client = master.client();
    client.text(&["DEBUG", "SET-ACTIVE-EXPIRE", "0"]);
    client.json(&["PATTERN.STORE", "r", "t", "{}", "ID", "brief", "TTL", "1"]);
    client.json(&["PATTERN.STORE", "r", "t", "{}", "ID", "stays"]);
    master.wait_for_replica(&replica);
    let mut reader = replica.client();
    wait_for("the record to be gone", || {
        matches!(reader.run(&["PATTERN.GET", "r", "t", "ID", "brief"]), redis::Value::Nil).then_some(())
    });
    let listed = reader.json(&["PATTERN.LIST", "r"]);
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
    assert_eq!(reader.json(&["PATTERN.INSIGHTS", "r"])["pattern_confidence_summary"]["t"]["pattern_count"], 1);
    reader.nil(&["PATTERN.EVOLUTION", "r", "t", "ID", "brief"]);
    assert_eq!(client.json(&["PATTERN.STORE", "r", "t", "{}", "ID", "brief"])["version"], 1);
    master.wait_for_replica(&replica);
    assert_eq!(whole_state(&mut reader), whole_state(&mut client));
}

#[test]
fn a_promoted_replica_goes_on_where_the_master_was() {
    let master = Server::start();
    let mut client = master.client();
    fill(&mut client, "r");
    let replica = master.replica(Server::builder());
    let mut promoted = replica.client();
    promoted.text(&["REPLICAOF", "NO", "ONE"]);
    assert_eq!(promoted.int(&["ISSUE.TRACK", "r", "style", "E501", "low"]), 6);
    assert_eq!(promoted.json(&["PATTERN.STORE", "r", "naming", r#"{"n":1}"#])["version"], 4);
    assert_eq!(promoted.int(&["FIX.RECORD", "r", "style", "autoformat", "1", "ID", "run-1"]), 1);
    let history = promoted.json(&["PATTERN.EVOLUTION", "r", "naming"]);
    assert_eq!(history["changes"][1]["confidence_after"], history["changes"][0]["confidence_before"]);
}

#[test]
fn the_stream_never_holds_an_argument_that_was_not_kept() {
    let master = Server::start();
    let mut stream = master.listen("SYNC", &["REDIS0", "VALKEY0"]);
    let mut client = master.client();
    client.json(&["PATTERN.STORE", "r", "t", "{ \"spaces\" :   \"as written\" }"]);
    client.error(&["PATTERN.STORE", "r", "t", "{\"refused\":", "REASON", "unkept"]);
    client.text(&["SET", "the-end", "of-the-run"]);
    let seen = stream.until("of-the-run");
    assert!(contains(&seen, br#"{"spaces":"as written"}"#));
    assert!(!contains(&seen, b"{ \"spaces\"") && !contains(&seen, b"refused") && !contains(&seen, b"unkept"));
}

#[test]
fn the_stream_sent_by_hand_does_and_tells_the_same() {
    let events = ["notify-keyspace-events", "KEA"];
    let ours = Server::builder().module_arguments(CAPS).start();
    let plain = Server::builder().without_module().start();
    let mut client = ours.client();
    let mut by_hand = plain.client();
    for client in [&mut client, &mut by_hand] {
        client.text(&["CONFIG", "SET", events[0], events[1]]);
    }
    let mut stream = ours.listen("SYNC", &["REDIS0", "VALKEY0"]);
    let mut told = ours.listen("PSUBSCRIBE __key*__:*", &["psubscribe"]);
    let mut told_by_hand = plain.listen("PSUBSCRIBE __key*__:*", &["psubscribe"]);
    client.text(&["SET", "mark", "before-it"]);
    by_hand.text(&["SET", "mark", "before-it"]);
    work(&mut client);
    // A cap that was lowered, and a rank that does not change.
    client.text(&["CONFIG", "SET", "patternmemory.max-sessions", "2"]);
    client.text(&["CONFIG", "SET", "patternmemory.max-issues", "3"]);
    for _ in 0..2 {
        client.int(&["SESSION.RECORD", "caps", "nightly", "1", "1"]);
        client.int(&["ISSUE.TRACK", "caps", "style", "another", "low"]);
    }
    client.text(&["SET", "the-end", "of-the-run"]);
    let seen = stream.until("of-the-run");
    let start = seen.windows(11).position(|part| part == b"before-it\r\n").expect("the first mark") + 11;
    for command in commands(&seen[start..]) {
        if let Err(error) = by_hand.try_run(&command) {
            panic!("{:?}: {error}", String::from_utf8_lossy(&command.concat()));
        }
    }
    if !contains(&seen, b"of-the-run\r\n") {
        by_hand.text(&["SET", "the-end", "of-the-run"]);
    }
    assert_eq!(whole_state(&mut by_hand), whole_state(&mut client));
    assert_eq!(by_hand.text(&["DEBUG", "DIGEST"]), client.text(&["DEBUG", "DIGEST"]));
    for key in client.key_names("*") {
        let encoding = ["OBJECT", "ENCODING", key.as_str()];
        assert_eq!(by_hand.text(&encoding), client.text(&encoding), "{key}");
    }
    let events = |told: Vec<u8>| {
        let told = String::from_utf8_lossy(&told).into_owned();
        let words = told.split("\r\n").filter(|word| !word.starts_with(['*', '$', ':', '>']));
        words.map(str::to_owned).collect::<Vec<_>>()
    };
    let (ours, theirs) =
        (events(told.until("set\r\n$7\r\nthe-end")), events(told_by_hand.until("set\r\n$7\r\nthe-end")));
    for (place, (our, their)) in ours.iter().zip(&theirs).enumerate() {
        assert_eq!(
            our,
            their,
            "event {}: {:?} {:?}",
            place / 4,
            &ours[place.saturating_sub(9)..place],
            &theirs[place.saturating_sub(9)..place]
        );
    }
    assert_eq!(ours.len(), theirs.len());
}
