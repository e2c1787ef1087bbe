//! What was written is there after a restart, with and without the module.

use crate::support::{fill, wait_for, whole_state, Client, Server};

#[track_caller]
fn work(client: &mut Client) {
    for repo in ["a", "/b:c%d é"] {
        fill(client, repo);
        client.json(&["PATTERN.STORE", repo, "t", r#"{"n":1}"#, "TTL", "5000"]);
    }
    let export = client.text(&["PATTERN.EXPORT", "a"]);
    client.json(&["PATTERN.IMPORT", "imported", &export]);
    client.run(&["EVAL", "return redis.call('ISSUE.TRACK', KEYS[1], 'style', 'E501', 'low')", "1", "a"]);
    client.int(&["PATTERN.DEL", "a", "naming"]);
    fill(client, "gone");
    client.int(&["PATTERN.FORGET", "gone"]);
    client.int(&["PATTERN.RETAIN", "imported", "777777"]);
}

#[track_caller]
fn rewrite(client: &mut Client) {
    client.text(&["BGREWRITEAOF"]);
    wait_for("the rewrite of the append-only file", || {
        let idle = client.info("persistence", "aof_rewrite_in_progress")? == "0"
            && client.info("persistence", "aof_rewrite_scheduled")? == "0";
        idle.then_some(())
    });
}

/// The commands go on with the data.
#[track_caller]
fn assert_lively(server: &Server) {
    let mut client = server.client();
    assert_eq!(client.int(&["ISSUE.TRACK", "a", "style", "E501", "low"]), 7);
    assert_eq!(client.json(&["PATTERN.STORE", "a", "t", r#"{"n":2}"#])["version"], 2);
    assert_eq!(client.json(&["PATTERN.EVOLUTION", "a", "t"])["total_changes"], 2);
}

#[test]
fn an_append_only_file_brings_everything_back() {
    let server = Server::builder().setting("appendonly yes").start();
    work(&mut server.client());
    let before = whole_state(&mut server.client());
    let server = server.restart();
    assert_eq!(whole_state(&mut server.client()), before);
    assert_lively(&server);
}

#[test]
fn a_rewritten_append_only_file_brings_everything_back() {
    for preamble in ["yes", "no"] {
        let server =
            Server::builder().setting("appendonly yes").setting(&format!("aof-use-rdb-preamble {preamble}")).start();
        let mut client = server.client();
        work(&mut client);
        rewrite(&mut client);
        client.int(&["ISSUE.TRACK", "after", "style", "E501", "low"]);
        let before = whole_state(&mut client);
        let server = server.restart();
        assert_eq!(whole_state(&mut server.client()), before);
        assert_lively(&server);
    }
}

#[test]
fn a_snapshot_brings_everything_back() {
    let server = Server::start();
    let mut client = server.client();
    work(&mut client);
    client.text(&["SAVE"]);
    let before = whole_state(&mut client);
    let server = server.restart();
    assert_eq!(whole_state(&mut server.client()), before);
    assert_lively(&server);
}

#[test]
fn a_server_without_the_module_still_has_every_key_value_and_ttl() {
    for setting in ["appendonly no", "appendonly yes"] {
        let server = Server::builder().setting(setting).start();
        let mut client = server.client();
        work(&mut client);
        let before = whole_state(&mut client);
        if setting == "appendonly no" {
            client.text(&["SAVE"]);
        }
        let plain = server.restart_without_module();
        let mut client = plain.client();
        assert!(client.error(&["PATTERN.GET", "a", "t"]).contains("unknown command"));
        assert_eq!(whole_state(&mut client), before);
        assert_eq!(client.text(&["HGET", "pm:{a}:pattern:t:default", "pattern_data"]), r#"{"n":1}"#);
    }
}

#[test]
fn data_comes_back_to_life_when_the_module_returns() {
    let server = Server::start();
    let mut client = server.client();
    work(&mut client);
    let before = whole_state(&mut client);
    client.text(&["MODULE", "UNLOAD", "patternmemory"]);
    assert!(client.error(&["PATTERN.GET", "a", "t"]).contains("unknown command"));
    assert_eq!(whole_state(&mut client), before);
    let module = crate::support::server::module_path();
    client.text(&["MODULE", "LOAD", &module.to_string_lossy()]);
    assert_eq!(whole_state(&mut client), before);
    assert_lively(&server);
}
