//! Large arguments are anonymized on a thread: others are served, and whatever happens meanwhile breaks nothing.

use std::collections::BTreeMap;

use crate::support::server::contains;
use crate::support::{wait_for, whole_state, Client, Server};

const MIB: usize = 1 << 20;
const SECRET: &str = "EXAMPLE-hunter2-x9";

/// A JSON object of about so many bytes, with a secret in the middle.
fn large(bytes: usize) -> String {
    let filler = "the quick brown fox jumps over the lazy dog. ".repeat(bytes / 90 + 1);
    format!(r#"{{"a":"{filler}","config":"password = \"{SECRET}\"","z":"{filler}"}}"#)
}

/// One whose scan takes long enough for something to happen meanwhile.
fn slow() -> String {
    format!(r#"{{"text":"{}"}}"#, "key:'".repeat(MIB / 2))
}

fn server() -> Server {
    Server::builder().module_arguments("max-payload 67108864").start()
}

fn in_background(client: &mut Client) -> u64 {
    let count = client.info("patternmemory", "patternmemory_anonymized_in_background");
    count.expect("the counter").parse().expect("a number")
}

/// Waits until a client waits for the module, or all have stopped waiting.
fn wait_until_blocked(client: &mut Client, blocked: bool) {
    wait_for("a client that waits, or none", || {
        let waiting = client.info("clients", "blocked_clients")? != "0";
        (waiting == blocked).then_some(())
    });
}

#[test]
fn large_arguments_of_every_command_are_stored_clean() {
    let server = Server::builder().setting("appendonly yes").start();
    let mut client = server.client();
    let data = large(MIB / 2);
    let calls: Vec<Vec<&str>> = vec![
        vec!["PATTERN.STORE", "r", "t", &data, "CONFIDENCE", "0.5"],
        vec!["PATTERN.CONFIDENCE", "r", "t", "0.6", "REASON", &data],
        vec!["FIX.RECORD", "r", "style", "wrap", "1", "METADATA", &data],
        vec!["SESSION.RECORD", "r", "nightly", "1", "1", "DATA", &data],
        vec!["PATTERN.ANONYMIZE", &data],
        vec!["PATTERN.ANONYMIZE", &data, "JSON"],
    ];
    for (done, call) in calls.iter().enumerate() {
        let answer = client.run(call);
        assert!(!contains(format!("{answer:?}").as_bytes(), SECRET.as_bytes()), "{}", call[0]);
        assert_eq!(in_background(&mut client), done as u64 + 1, "{}", call[0]);
    }
    let export = client.text(&["PATTERN.EXPORT", "r"]);
    assert!(contains(export.as_bytes(), b"<REDACTED>"));
    // As somebody would send it who never had it anonymized.
    let raw = export.replace("<REDACTED>", SECRET);
    let imported = client.json(&["PATTERN.IMPORT", "copy", &raw]);
    assert_eq!(imported["patterns"], 1);
    assert!(imported["redactions"].as_u64() > Some(2), "{imported}");
    assert_eq!(client.json(&["PATTERN.GET", "copy", "t"]), client.json(&["PATTERN.GET", "r", "t"]));
    assert!(!contains(&server.disk(), SECRET.as_bytes()), "no secret is on disk");
}

#[test]
fn what_a_thread_anonymizes_is_what_is_anonymized_at_once() {
    let server = server();
    let mut client = server.client();
    let data = large(MIB);
    let stored = |client: &mut Client, repo: &str, threshold: &str| {
        client.text(&["CONFIG", "SET", "patternmemory.background-threshold", threshold]);
        client.json(&["PATTERN.STORE", repo, "t", &data, "ID", "AUTO", "REASON", "password=EXAMPLE-hunter2-x9"])
    };
    let aside = stored(&mut client, "aside", "1024");
    let at_once = stored(&mut client, "at-once", "1073741824");
    assert_eq!(in_background(&mut client), 1);
    assert_eq!(aside, at_once);
    assert_eq!(aside["redactions"], 2);
}

#[test]
fn others_are_served_meanwhile_and_one_client_keeps_its_order() {
    let server = server();
    let (mut writer, mut other) = (server.client(), server.client());
    writer.send(&["PATTERN.STORE", "r", "t", &slow()]);
    writer.send(&["PATTERN.GET", "r", "t"]);
    writer.send(&["PATTERN.STORE", "r", "t", r#"{"n":2}"#]);
    wait_until_blocked(&mut other, true);
    other.json(&["PATTERN.STORE", "r", "other", r#"{"n":1}"#]);
    other.nil(&["PATTERN.GET", "r", "t"]);
    let answers: Vec<String> = (0..3).map(|_| format!("{:?}", writer.receive().expect("an answer"))).collect();
    assert!(answers[0].contains(r#"\"version\":1"#), "{}", answers[0]);
    assert!(answers[1].contains("key:"), "the reader after it sees it");
    assert!(answers[2].contains(r#"\"version\":2"#), "{}", answers[2]);
}

#[test]
fn in_multi_and_in_scripts_it_is_done_at_once() {
    let server = server();
    let mut client = server.client();
    let data = large(MIB / 4);
    client.text(&["MULTI"]);
    client.text(&["PATTERN.STORE", "r", "t", &data]);
    client.run(&["EXEC"]);
    let script = "return redis.call('PATTERN.STORE', KEYS[1], 'lua', ARGV[1])";
    client.text(&["EVAL", script, "1", "r", &data]);
    assert_eq!(in_background(&mut client), 0);
    let pattern = client.text(&["PATTERN.GET", "r", "lua"]);
    assert!(pattern.contains("<REDACTED>") && !pattern.contains(SECRET));
}

#[test]
fn replicas_and_the_aof_have_what_a_thread_anonymized() {
    let server = Server::builder().setting("appendonly yes").start();
    let replica = server.replica(Server::builder());
    let mut client = server.client();
    client.text(&["SELECT", "5"]);
    client.json(&["PATTERN.STORE", "r", "t", &large(MIB / 2)]);
    client.json(&["PATTERN.STORE", "r", "t", &large(MIB / 3), "REASON", "again"]);
    server.wait_for_replica(&replica);
    let mut reader = replica.client();
    reader.text(&["SELECT", "5"]);
    let state = whole_state(&mut client);
    assert_eq!(whole_state(&mut reader), state);
    let server = server.restart();
    let mut client = server.client();
    client.text(&["SELECT", "5"]);
    assert_eq!(whole_state(&mut client), state);
}

#[test]
fn bad_arguments_are_refused_as_ever() {
    let server = server();
    let mut client = server.client();
    let garbage = format!("{}}}", large(MIB / 4));
    for (call, what) in [
        (vec!["PATTERN.STORE", "r", "t", garbage.as_str()], "valid JSON"),
        (vec!["PATTERN.STORE", "r", "t", r#"{"n":1}"#, "REASON", &garbage, "TTL", "0"], "TTL"),
        (vec!["PATTERN.STORE", "r{", "t", &garbage], "repo"),
        (vec!["PATTERN.STORE", "r", "", &garbage], "type"),
        (vec!["PATTERN.IMPORT", "r", &garbage], "json"),
    ] {
        let error = client.error(&call);
        assert!(error.contains(what), "{error}");
        assert!(error.len() < 300, "{error}");
    }
    assert_eq!(whole_state(&mut client), BTreeMap::default());
}

#[test]
fn a_client_that_leaves_meanwhile_leaves_nothing_behind() {
    let server = server();
    let mut client = server.client();
    for round in 0..3 {
        let mut leaver = server.client();
        let id = leaver.int(&["CLIENT", "ID"]);
        leaver.send(&["PATTERN.STORE", "r", "t", &slow()]);
        wait_until_blocked(&mut client, true);
        if round == 0 {
            drop(leaver);
        } else {
            client.run(&["CLIENT", "KILL", "ID", &id.to_string()]);
        }
        wait_until_blocked(&mut client, false);
    }
    client.nil(&["PATTERN.GET", "r", "t"]);
    // What a job held is given back, and so the module can be unloaded.
    wait_for("the module to be unloaded", || client.try_run(&["MODULE", "UNLOAD", "patternmemory"]).ok());
    assert_eq!(client.text(&["PING"]), "PONG");
}

#[test]
fn the_module_stays_while_a_client_waits_for_it() {
    let server = server();
    let (mut writer, mut client) = (server.client(), server.client());
    writer.send(&["PATTERN.STORE", "r", "t", &slow()]);
    wait_until_blocked(&mut client, true);
    let refused = client.try_run(&["MODULE", "UNLOAD", "patternmemory"]);
    assert!(refused.is_err(), "{refused:?}");
    writer.receive().expect("it is stored");
    assert_eq!(client.json(&["PATTERN.GET", "r", "t"])["version"], 1);
}

#[test]
fn a_server_that_becomes_a_replica_meanwhile_writes_nothing() {
    let master = server();
    let server = server();
    let (mut writer, mut client) = (server.client(), server.client());
    writer.send(&["PATTERN.STORE", "r", "t", &slow()]);
    wait_until_blocked(&mut client, true);
    client.text(&["REPLICAOF", "127.0.0.1", &master.port.to_string()]);
    let answer = writer.receive();
    assert!(!matches!(answer, Ok(ref value) if format!("{value:?}").contains("version")), "it is refused or dropped");
    client.text(&["REPLICAOF", "NO", "ONE"]);
    client.nil(&["PATTERN.GET", "r", "t"]);
}

#[test]
fn memory_that_became_full_meanwhile_refuses_the_write() {
    let server = server();
    let (mut writer, mut client) = (server.client(), server.client());
    writer.send(&["PATTERN.STORE", "r", "t", &slow()]);
    wait_until_blocked(&mut client, true);
    client.text(&["CONFIG", "SET", "maxmemory", "1mb"]);
    let error = writer.receive().expect_err("it is refused");
    assert!(error.contains("OOM"), "{error}");
    client.text(&["CONFIG", "SET", "maxmemory", "0"]);
    client.nil(&["PATTERN.GET", "r", "t"]);
}

#[test]
fn writes_that_are_paused_meanwhile_are_refused() {
    let server = server();
    let (mut writer, mut client) = (server.client(), server.client());
    writer.send(&["PATTERN.STORE", "r", "t", &slow()]);
    wait_until_blocked(&mut client, true);
    client.text(&["CLIENT", "PAUSE", "60000", "WRITE"]);
    let error = writer.receive().expect_err("it is refused");
    assert!(error.contains("TRYAGAIN"), "{error}");
    client.text(&["CLIENT", "UNPAUSE"]);
    client.nil(&["PATTERN.GET", "r", "t"]);
}

#[test]
fn a_shutdown_meanwhile_is_clean_and_keeps_what_was_acknowledged() {
    let server = Server::builder().setting("appendonly yes").module_arguments("max-payload 67108864").start();
    let (mut writer, mut client) = (server.client(), server.client());
    client.json(&["PATTERN.STORE", "r", "before", r#"{"n":1}"#]);
    writer.send(&["PATTERN.STORE", "r", "t", &slow()]);
    wait_until_blocked(&mut client, true);
    let server = server.restart();
    let mut client = server.client();
    assert_eq!(client.json(&["PATTERN.GET", "r", "before"])["version"], 1);
    assert!(!server.log().contains("crashed"), "{}", server.log());
}

#[test]
fn where_the_server_may_evict_large_writes_go_on_when_memory_is_full() {
    let server = Server::builder().setting("maxmemory-policy allkeys-lru").start();
    let mut client = server.client();
    let used: u64 = client.info("memory", "used_memory").expect("the memory").parse().expect("a number");
    client.text(&["CONFIG", "SET", "maxmemory", &(used + 8 * MIB as u64).to_string()]);
    let data = large(MIB / 3);
    for n in 0..40 {
        client.json(&["PATTERN.STORE", &format!("r{n}"), "t", &data]);
    }
    assert_eq!(in_background(&mut client), 40);
    assert_ne!(client.info("stats", "evicted_keys"), Some("0".into()));
}

#[test]
fn a_user_who_lost_the_permission_meanwhile_writes_nothing() {
    let server = server();
    let mut client = server.client();
    client.text(&["ACL", "SETUSER", "reviewer", "on", ">EXAMPLE-word", "~*", "+@all"]);
    for lost in [vec!["resetkeys", "~other"], vec!["-pattern.store"]] {
        let mut writer = Client::connect_as(server.port, "reviewer", "EXAMPLE-word");
        writer.send(&["PATTERN.STORE", "r", "t", &slow()]);
        wait_until_blocked(&mut client, true);
        client.text(&[&["ACL", "SETUSER", "reviewer"], lost.as_slice()].concat());
        let error = writer.receive().expect_err("it is refused");
        assert!(error.contains("NOPERM"), "{error}");
        client.nil(&["PATTERN.GET", "r", "t"]);
        client.text(&["ACL", "SETUSER", "reviewer", "~*", "+@all"]);
    }
}

#[test]
fn a_replica_that_may_be_written_takes_large_writes_as_small_ones() {
    let master = server();
    let replica = master.replica(Server::builder().setting("replica-read-only no"));
    let mut client = replica.client();
    client.json(&["PATTERN.STORE", "r", "t", r#"{"n":1}"#]);
    assert_eq!(client.json(&["PATTERN.STORE", "r", "t", &large(MIB / 3)])["version"], 2);
}
