//! Loading and unloading: refused with a reason, or complete.

use std::path::PathBuf;

use crate::support::server::module_path;
use crate::support::{fill, repo_state, Server};

#[test]
fn redis_6_is_refused_with_a_clear_line() {
    let Some(old) = std::env::var_os("PM_REDIS_6") else {
        println!("PM_REDIS_6 is not set: the refusal by Redis 6 is skipped");
        return;
    };
    let failed = Server::builder().old_binary(PathBuf::from(old)).start_refused();
    assert!(!failed.status.success());
    let log = failed.log();
    let lines: Vec<&str> =
        log.lines().filter(|line| line.to_lowercase().contains("pattern") && line.contains("7.0")).collect();
    assert!(!lines.is_empty(), "no line says what is needed:\n{log}");
}

#[test]
fn a_bad_loadmodule_argument_refuses_the_load_with_a_line_in_the_log() {
    for arguments in [
        "default-ttl 0", "default-ttl many", "default-ttl", "max-issues -1", "unheard-of 1",
        "default-ttl 100 max-issues", "max-payload 99999999999999999999", "rules-file /nonexistent/rules.toml",
        "key-prefix a{b}", "key-prefix a:b",
    ] {
        let failed = Server::builder().module_arguments(arguments).start_refused();
        let log = failed.log();
        let name = arguments.split(' ').next().expect("a name");
        let named = match arguments {
            "default-ttl 100 max-issues" => "max-issues",
            // What the caller sent is not repeated: the line lists what there is.
            "unheard-of 1" => "default-ttl",
            _ => name,
        };
        assert!(
            log.lines().any(|line| line.contains(named) && line.contains("<patternmemory>")),
            "{arguments}: no line names {named}:\n{log}"
        );
    }
}

#[test]
fn a_good_loadmodule_line_sets_everything_it_names() {
    let server = Server::builder()
        .module_arguments(
            "default-ttl 5000 max-history 11 max-issues 12 trend-half-life 60 key-prefix x max-payload 4096",
        )
        .start();
    let mut client = server.client();
    let settings = client.map(&["CONFIG", "GET", "patternmemory.*"]);
    for (name, value) in [
        ("default-ttl", "5000"),
        ("max-history", "11"),
        ("max-issues", "12"),
        ("trend-half-life", "60"),
        ("key-prefix", "x"),
        ("max-payload", "4096"),
    ] {
        assert_eq!(settings[&format!("patternmemory.{name}")], value);
    }
}

#[test]
fn the_module_unloads_and_loads_again_and_again() {
    let server = Server::start();
    let mut client = server.client();
    fill(&mut client, "r");
    let before = repo_state(&mut client, "r");
    for _ in 0..3 {
        client.text(&["MODULE", "UNLOAD", "patternmemory"]);
        assert!(client.error(&["PATTERN.GET", "r", "naming"]).contains("unknown command"));
        assert!(client.map(&["CONFIG", "GET", "patternmemory.*"]).is_empty());
        client.text(&["MODULE", "LOAD", &module_path().to_string_lossy()]);
        assert_eq!(client.json(&["PATTERN.HEALTH", "r"])["patterns_count"], 3);
    }
    assert_eq!(repo_state(&mut client, "r"), before);
    client.error(&["MODULE", "LOAD", &module_path().to_string_lossy()]);
    client.json(&["PATTERN.GET", "r", "naming"]);
}

#[test]
fn the_module_loads_at_run_time_with_arguments() {
    let server = Server::builder().without_module().start();
    let mut client = server.client();
    client.error(&["MODULE", "LOAD", &module_path().to_string_lossy(), "default-ttl", "0"]);
    client.error(&["MODULE", "LOAD", &module_path().to_string_lossy(), "nothing"]);
    client.text(&["MODULE", "LOAD", &module_path().to_string_lossy(), "default-ttl", "4000"]);
    client.int(&["ISSUE.TRACK", "r", "style", "E501", "low"]);
    let ttl = client.int(&["TTL", "pm:{r}:issues"]);
    assert!((3_900..=4_000).contains(&ttl), "{ttl}");
}

#[test]
fn the_log_says_that_the_module_is_there() {
    let server = Server::start();
    assert!(server.log().contains("patternmemory"), "{}", server.log());
}

#[test]
fn another_load_may_have_another_prefix() {
    let server = Server::start();
    let mut client = server.client();
    client.int(&["ISSUE.TRACK", "r", "style", "E501", "low"]);
    client.text(&["FLUSHALL"]);
    client.text(&["MODULE", "UNLOAD", "patternmemory"]);
    client.text(&["MODULE", "LOAD", module_path().to_str().expect("a path"), "key-prefix", "zz"]);
    client.int(&["ISSUE.TRACK", "r", "style", "E501", "low"]);
    assert!(client.key_names("pm:*").is_empty());
    assert!(!client.key_names("zz:*").is_empty());
}

#[test]
fn a_server_without_a_command_that_is_needed_is_refused_by_name() {
    let failed = Server::builder().setting("rename-command LTRIM \"\"").start_refused();
    assert!(failed.log().contains("it needs LTRIM"), "{}", failed.log());
}

#[test]
fn redis_8_crashed_when_a_command_came_again_after_the_unload() {
    let server = Server::start();
    let (mut operator, mut agent) = (server.client(), server.client());
    agent.json(&["PATTERN.HEALTH"]);
    if server.remembers_unloaded_commands() {
        assert!(operator.error(&["MODULE", "UNLOAD", "patternmemory"]).contains("operation not possible"));
        assert!(server.log().contains("should the client with the id"), "{}", server.log());
        agent.json(&["PATTERN.HEALTH"]);
        agent.text(&["PING"]);
        operator.text(&["MODULE", "UNLOAD", "patternmemory"]);
    } else {
        operator.text(&["MODULE", "UNLOAD", "patternmemory"]);
        assert!(agent.error(&["PATTERN.HEALTH"]).contains("unknown command"));
    }
    assert!(agent.error(&["PATTERN.HEALTH"]).contains("unknown command"));
    assert_eq!(operator.text(&["PING"]), "PONG");
}
