//! Keys that are flushed, swapped, moved, renamed, copied and loaded again: the module keeps nothing of what was.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use redis::Value;
use serde_json::Value as Json;

use crate::support::reports::reports;
use crate::support::server::ServerBuilder;
use crate::support::{assert_agrees, effort, fill, under_load, wait_for, whole_state, Client, Ledger, Server};

fn builder() -> ServerBuilder {
    Server::builder()
        .setting("appendonly yes")
        .module_arguments("max-payload 67108864 max-history 100000 max-fixes 100000 max-sessions 100000")
}

/// The commands go on from these reports, as from those of a repo that was just filled.
#[track_caller]
fn assert_filled(client: &mut Client, repo: &str) {
    assert_agrees(client, repo);
    assert_eq!(client.int(&["ISSUE.TRACK", repo, "style", "E501", "low"]), 6);
    assert_eq!(client.json(&["PATTERN.STORE", repo, "naming", r#"{"n":1}"#])["version"], 4);
    assert_eq!(client.int(&["FIX.RECORD", repo, "style", "autoformat", "1", "ID", "run-1"]), 1);
    assert_eq!(client.int(&["FIX.RECORD", repo, "style", "autoformat", "1", "ID", "run-2"]), 2);
    assert_eq!(client.int(&["SESSION.RECORD", repo, "nightly", "1", "1"]), 2);
    assert_agrees(client, repo);
}

#[test]
fn a_flushed_repo_is_an_empty_one() {
    let server = builder().start();
    let mut client = server.client();
    let empty = reports(&mut client, "r");
    for flush in [&["FLUSHALL"][..], &["FLUSHALL", "ASYNC"], &["FLUSHDB"], &["FLUSHDB", "SYNC"]] {
        fill(&mut client, "r");
        assert_filled(&mut client, "r");
        client.text(flush);
        assert_eq!(reports(&mut client, "r"), empty);
        assert_eq!(client.json(&["PATTERN.REPOS"])["repos"], serde_json::json!([]));
        fill(&mut client, "r");
        assert_filled(&mut client, "r");
        client.text(flush);
    }
}

#[test]
fn swapped_databases_have_each_others_reports() {
    let server = builder().start();
    let mut client = server.client();
    fill(&mut client, "r");
    let full = reports(&mut client, "r");
    client.text(&["SELECT", "1"]);
    client.int(&["ISSUE.TRACK", "r", "style", "E501", "low", "COUNT", "40"]);
    client.json(&["PATTERN.STORE", "r", "naming", r#"{"in":"one"}"#]);
    let other = reports(&mut client, "r");
    assert_ne!(full, other);
    for round in 0..3 {
        client.text(&["SWAPDB", "0", "1"]);
        let (in_one, in_zero) = if round % 2 == 0 { (&full, &other) } else { (&other, &full) };
        assert_eq!(reports(&mut client, "r"), *in_one);
        client.text(&["SELECT", "0"]);
        assert_eq!(reports(&mut client, "r"), *in_zero);
        client.text(&["SELECT", "1"]);
    }
    assert_eq!(client.int(&["ISSUE.TRACK", "r", "style", "E501", "low"]), 6);
    client.text(&["SELECT", "0"]);
    assert_eq!(client.int(&["ISSUE.TRACK", "r", "style", "E501", "low"]), 41);
}

#[test]
fn a_repo_is_moved_renamed_and_copied_key_by_key() {
    let server = builder().start();
    let mut client = server.client();
    fill(&mut client, "a");
    let (full, empty) = (reports(&mut client, "a"), reports(&mut client, "b"));
    let names = client.key_names("pm:{a}:*");
    let renamed = |name: &str| name.replacen("{a}", "{b}", 1);
    for name in &names {
        assert_eq!(client.int(&["COPY", name, &renamed(name)]), 1);
    }
    assert_eq!(reports(&mut client, "b"), full);
    assert_eq!(reports(&mut client, "a"), full);
    assert_filled(&mut client, "b");
    client.int(&["PATTERN.FORGET", "b"]);
    assert_eq!(reports(&mut client, "a"), full, "a copy is another one");
    for name in &names {
        client.text(&["RENAME", name, &renamed(name)]);
    }
    assert_eq!((reports(&mut client, "a"), reports(&mut client, "b")), (empty.clone(), full.clone()));
    for name in &names {
        assert_eq!(client.int(&["MOVE", &renamed(name), "3"]), 1);
    }
    assert_eq!(reports(&mut client, "b"), empty);
    client.text(&["SELECT", "3"]);
    assert_eq!(reports(&mut client, "b"), full);
    assert_filled(&mut client, "b");
}

#[test]
fn what_is_loaded_again_is_the_same() {
    let server = builder().start();
    let mut client = server.client();
    fill(&mut client, "r");
    let (full, state) = (reports(&mut client, "r"), whole_state(&mut client));
    for again in [&["DEBUG", "RELOAD"][..], &["DEBUG", "LOADAOF"], &["DEBUG", "RELOAD", "NOSAVE"]] {
        client.text(again);
        assert_eq!(reports(&mut client, "r"), full);
        assert_eq!(whole_state(&mut client), state);
    }
    assert_filled(&mut client, "r");
    client.text(&["DEBUG", "LOADAOF"]);
    assert_agrees(&mut client, "r");
}

/// Data whose scan takes long enough for something to happen meanwhile.
fn slow(n: usize) -> String {
    format!(r#"{{"n":{n},"text":"{}"}}"#, "key:'".repeat(1 << 18))
}

/// What happens while a command waits, and the version that it then makes of a record that had the version 2, where the
/// other database has one of the version 1.
const MEANWHILE: [(&[&str], u64); 9] = [
    (&["FLUSHALL"], 1),
    (&["FLUSHDB", "ASYNC"], 1),
    (&["SWAPDB", "0", "1"], 2),
    (&["RENAME", "pm:{r}:pattern:t:default", "pm:{r}:pattern:t:aside"], 1),
    (&["COPY", "pm:{other}:pattern:t:default", "pm:{r}:pattern:t:default", "REPLACE"], 2),
    (&["MOVE", "pm:{r}:pattern:t:default", "5"], 1),
    (&["DEBUG", "RELOAD"], 3),
    (&["DEBUG", "LOADAOF"], 3),
    (&["SCRIPT", "FLUSH"], 3),
];

#[test]
fn a_command_that_waits_finds_the_keys_that_there_are_in_the_end() {
    let server = builder().start();
    let (mut writer, mut client) = (server.client(), server.client());
    for (n, (meanwhile, version)) in MEANWHILE.into_iter().enumerate() {
        client.text(&["FLUSHALL"]);
        for (database, repo) in [("1", "r"), ("0", "other")] {
            client.text(&["SELECT", database]);
            client.json(&["PATTERN.STORE", repo, "t", r#"{"n":1}"#]);
        }
        client.json(&["PATTERN.STORE", "r", "t", r#"{"n":1}"#]);
        client.json(&["PATTERN.STORE", "r", "t", r#"{"n":2}"#]);
        writer.send(&["PATTERN.STORE", "r", "t", &slow(n)]);
        wait_for("a client that waits", || (client.info("clients", "blocked_clients")? != "0").then_some(()));
        client.run(meanwhile);
        let answer = match writer.receive() {
            Ok(Value::BulkString(bytes)) => serde_json::from_slice::<Json>(&bytes).expect("JSON"),
            other => panic!("{meanwhile:?}: {other:?}"),
        };
        assert_eq!(answer["version"], version, "{meanwhile:?}");
        let pattern = client.json(&["PATTERN.GET", "r", "t"]);
        assert_eq!((&pattern["version"], &pattern["pattern_data"]["n"]), (&answer["version"], &Json::from(n)));
        client.int(&["DEL", "pm:{r}:pattern:t:aside"]);
        let members = client.texts(&["SMEMBERS", "pm:{r}:patterns"]);
        assert_eq!(members, ["t:default"], "{meanwhile:?}");
        let state = whole_state(&mut client);
        client.text(&["DEBUG", "LOADAOF"]);
        assert_eq!(whole_state(&mut client), state, "{meanwhile:?}: what is on disk differs");
    }
}

#[test]
fn databases_change_under_load_and_writers_go_on() {
    let server = builder().start();
    let mut ledgers = Ledger::blank(3);
    let rounds = effort(6, 100);
    let go_on = |written: &AtomicU64| {
        let before = written.load(Ordering::Relaxed);
        wait_for("writes", || (written.load(Ordering::Relaxed) > before + 20).then_some(()));
    };
    under_load(server.port, "r", &mut ledgers, 0, |written| {
        let mut client = server.client();
        for round in 0..rounds {
            go_on(written);
            match round % 6 {
                0 => client.text(&["FLUSHALL"]),
                1 => client.text(&["SWAPDB", "0", "1"]),
                2 => client.text(&["DEBUG", "RELOAD"]),
                3 => client.text(&["SWAPDB", "0", "1"]),
                4 => client.text(&["DEBUG", "LOADAOF"]),
                _ => client.text(&["FLUSHDB", "ASYNC"]),
            };
        }
        go_on(written);
    });
    let mut refusals = ledgers.iter().flat_map(Ledger::refusals);
    assert!(refusals.all(|error| error.starts_with("LOADING")), "{ledgers:?}");
    let mut client = server.client();
    for database in ["0", "1"] {
        client.text(&["SELECT", database]);
        assert_agrees(&mut client, "r");
    }
    let before = whole_state(&mut client);
    client.text(&["DEBUG", "LOADAOF"]);
    assert_eq!(whole_state(&mut client), before);
}

/// Runs a script that never ends, and answers once others are told that the server is busy.
#[track_caller]
fn run_for_ever(server: &Server, call: &[&str]) -> (Client, Client) {
    let (mut runner, mut client) = (server.client(), server.client());
    runner.send(call);
    let deadline = Instant::now() + Duration::from_secs(20);
    while !matches!(client.try_run(&["PING"]), Err(error) if error.starts_with("BUSY")) {
        assert!(Instant::now() < deadline, "the script does not run");
    }
    (runner, client)
}

const LIBRARY: &str = "#!lua name=lib
redis.register_function('reads', function(keys)
    while true do redis.call('PATTERN.GET', keys[1], 'naming') redis.call('ISSUE.TRENDS', keys[1]) end
end)
redis.register_function('writes', function(keys)
    redis.call('ISSUE.TRACK', keys[1], 'style', 'E501', 'low')
    redis.call('PATTERN.STORE', keys[1], 'naming', '{\"from\":\"script\"}')
    while true do redis.call('PATTERN.GET', keys[1], 'naming') end
end)";

/// The body of one of the functions as a script.
fn body(reads: bool) -> String {
    let part = LIBRARY.split("function(keys)").nth(if reads { 1 } else { 2 }).expect("a body");
    part.rsplit_once("end)").expect("an end").0.replace("keys[1]", "KEYS[1]")
}

#[test]
fn a_script_that_only_read_is_killed_and_one_that_wrote_is_not() {
    let busy = |builder: ServerBuilder| builder.setting("busy-reply-threshold 50").setting("appendfsync always");
    for (function, kill) in [(false, ["SCRIPT", "KILL"]), (true, ["FUNCTION", "KILL"])] {
        let server = busy(builder()).start();
        let mut client = server.client();
        fill(&mut client, "r");
        client.text(&["FUNCTION", "LOAD", LIBRARY]);
        let state = whole_state(&mut client);
        let (reads, writes) = (body(true), body(false));
        let call = |reading: bool| match (function, reading) {
            (true, true) => vec!["FCALL", "reads", "1", "r"],
            (true, false) => vec!["FCALL", "writes", "1", "r"],
            (false, true) => vec!["EVAL", &reads, "1", "r"],
            (false, false) => vec!["EVAL", &writes, "1", "r"],
        };
        let (mut runner, mut client) = run_for_ever(&server, &call(true));
        client.text(&kill);
        let error = runner.receive().expect_err("it was killed");
        assert!(error.to_lowercase().contains("kill"), "{error}");
        assert_eq!(whole_state(&mut client), state);
        assert_agrees(&mut client, "r");

        let (runner, mut client) = run_for_ever(&server, &call(false));
        client.error_of("UNKILLABLE", &kill);
        // All that is left is to end the server; what the script did is not on disk, and so not at all.
        client.try_run(&["SHUTDOWN", "NOSAVE"]).expect_err("no answer");
        drop(runner);
        let server = busy(builder()).start_in(server.ended());
        let mut client = server.client();
        assert_eq!(whole_state(&mut client), state);
        assert_filled(&mut client, "r");
    }
}
