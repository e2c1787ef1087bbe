//! `config/redis.conf` and what `docs/operations.md` tells an operator to set: servers start with it, and it does what is
//! said of it.

use std::fs;
use std::path::Path;

use crate::support::server::{module_path, ServerBuilder};
use crate::support::{fill, Client, Server};

const THEIRS: &str = "github.com/other/web";
const OURS: &str = "github.com/acme/web";

fn example() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/redis.conf");
    fs::read_to_string(file)
        .expect("the example")
        .replace("/usr/lib/redis/modules/libpattern_memory.so", &module_path().display().to_string())
}

/// A server with these lines of the example, and the module only if they load it.
fn configured<'l>(lines: impl IntoIterator<Item = &'l str>) -> ServerBuilder {
    lines.into_iter().fold(Server::builder().without_module(), ServerBuilder::setting)
}

/// What the example does set.
fn active(example: &str) -> Vec<&str> {
    example.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}

/// What the example offers, in lines that begin so after the `#`.
fn offered<'e>(example: &'e str, beginning: &str) -> Vec<&'e str> {
    let offers = example.lines().filter_map(|line| line.strip_prefix("# "));
    let found: Vec<&str> = offers.filter(|line| line.starts_with(beginning)).collect();
    assert!(!found.is_empty(), "the example offers no {beginning}");
    found
}

#[test]
fn the_example_configuration_works_as_it_is() {
    let example = example();
    let server = configured(active(&example)).start();
    let mut client = server.client();
    fill(&mut client, OURS);
    assert_eq!(client.map(&["CONFIG", "GET", "maxmemory-policy"])["maxmemory-policy"], "noeviction");
    for forbidden in [&["DEBUG", "SLEEP", "0"][..], &["MODULE", "UNLOAD", "patternmemory"]] {
        let error = client.error(forbidden);
        assert!(error.contains("not allowed"), "{error}");
    }
    let report = client.json(&["PATTERN.INSIGHTS", OURS]);
    let server = server.restart();
    assert_eq!(server.client().json(&["PATTERN.INSIGHTS", OURS])["team_patterns"], report["team_patterns"]);
}

#[test]
fn what_the_example_offers_can_be_taken() {
    let example = example();
    let mut lines = active(&example);
    lines.extend(offered(&example, "patternmemory.").iter().filter(|line| !line.contains("rules-file")));
    lines.extend(offered(&example, "maxmemory "));
    lines.extend(offered(&example, "rename-command "));
    let server = configured(lines).start();
    let mut client = server.client();
    fill(&mut client, OURS);
    for line in offered(&example, "patternmemory.") {
        let (setting, value) = line.split_once(' ').expect("a value");
        if !setting.ends_with("rules-file") {
            assert_eq!(client.map(&["CONFIG", "GET", setting])[setting], value);
        }
    }
    client.error(&["FLUSHALL"]);
    client.error(&["KEYS", "*"]);
    client.int(&["PATTERN.FORGET", OURS]);
    // The defaults that the example names are those in force without it.
    let untouched = Server::start();
    let mut plain = untouched.client();
    for line in offered(&example, "patternmemory.") {
        let (setting, value) = line.split_once(' ').expect("a value");
        if !value.contains("CHANGE-ME") && !value.starts_with('/') {
            assert_eq!(plain.map(&["CONFIG", "GET", setting])[setting], value, "{setting}");
        }
    }
}

#[test]
fn the_users_of_the_example_may_do_what_is_said_of_them() {
    let example = example();
    let mut lines = active(&example);
    // The tests themselves need the default user.
    let users = offered(&example, "user ");
    assert!(users.contains(&"user default off"));
    lines.extend(users.iter().filter(|line| !line.starts_with("user default")));
    let server = configured(lines).start();
    let mut admin = server.client();
    fill(&mut admin, OURS);
    fill(&mut admin, THEIRS);
    let connect = |user: &str| Client::connect_as(server.port, user, "CHANGE-ME");

    let mut agent = connect("acme-agent");
    agent.json(&["PATTERN.STORE", OURS, "naming", "{}"]);
    agent.json(&["PATTERN.INSIGHTS", OURS]);
    for refused in [
        &["PATTERN.GET", THEIRS, "naming"][..],
        &["PATTERN.FORGET", OURS],
        &["PATTERN.IMPORT", OURS, "{}"],
        &["PATTERN.REPOS"],
        &["HGETALL", "pm:{github.com/acme/web}:issues"],
        &["CONFIG", "GET", "*"],
        &["MONITOR"],
    ] {
        agent.error_of("NOPERM", refused);
    }

    let mut dashboard = connect("dashboard");
    dashboard.json(&["PATTERN.INSIGHTS", THEIRS]);
    dashboard.json(&["PATTERN.REPOS"]);
    for refused in [&["ISSUE.TRACK", OURS, "style", "E501", "low"][..], &["PATTERN.EXPORT", OURS], &["SLOWLOG", "GET"]]
    {
        dashboard.error_of("NOPERM", refused);
    }

    let mut keeper = connect("keeper");
    let export = keeper.text(&["PATTERN.EXPORT", OURS]);
    keeper.json(&["PATTERN.IMPORT", THEIRS, &export]);
    keeper.json(&["PATTERN.RULES"]);
    keeper.text(&["CONFIG", "SET", "patternmemory.max-issues", "9999"]);
    keeper.int(&["PATTERN.FORGET", OURS]);
    keeper.error_of("NOPERM", &["FLUSHALL"]);
    keeper.error_of("NOPERM", &["SHUTDOWN"]);
}
