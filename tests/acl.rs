//! ACL rules: key permissions are on the repo, and the commands have a category where the server has them.

use serde_json::{json, Value as Json};

use crate::support::catalog::CALLS;
use crate::support::client::shown;
use crate::support::users::{user, MINE, THEIRS};
use crate::support::{array, fill, text, Client, Server};

#[test]
fn a_key_pattern_says_who_may_touch_which_repo() {
    let server = Server::start();
    let mut admin = server.client();
    fill(&mut admin, MINE);
    fill(&mut admin, THEIRS);
    let export = admin.text(&["PATTERN.EXPORT", MINE]);
    let mut acme = user(&server, "acme", &["~github.com/acme/*", "+@all"]);
    for call in CALLS.iter().filter(|call| call.has_repo()) {
        acme.error_of("NOPERM", &call.for_repo(THEIRS, &export));
    }
    assert_eq!(admin.json(&["ISSUE.GET", THEIRS, "style", "E501"])["frequency"], 5);
    for call in CALLS {
        acme.run(&call.for_repo(MINE, &export));
    }
    acme.error_of("NOPERM", &["HGETALL", "pm:{github.com/acme/api}:meta"]);
}

#[test]
fn permission_to_read_is_not_permission_to_write() {
    let server = Server::start();
    let mut admin = server.client();
    fill(&mut admin, MINE);
    let export = admin.text(&["PATTERN.EXPORT", MINE]);
    let mut reader = user(&server, "reader", &["%R~github.com/acme/*", "+@all"]);
    for call in CALLS.iter().filter(|call| call.has_repo()) {
        let arguments = call.for_repo(MINE, &export);
        if call.writes {
            reader.error_of("NOPERM", &arguments);
        } else {
            reader.run(&arguments);
        }
    }
}

#[test]
fn permission_to_write_is_not_permission_to_read() {
    let server = Server::start();
    let mut admin = server.client();
    fill(&mut admin, MINE);
    let mut writer = user(&server, "writer", &["%W~github.com/acme/*", "+@all"]);
    for call in CALLS.iter().filter(|call| call.has_repo() && !call.writes) {
        writer.error_of("NOPERM", &call.for_repo(MINE, ""));
    }
    // Writes answer what they found, as INCR does: the key specification says so, and Redis asks for both permissions.
    writer.error_of("NOPERM", &["ISSUE.TRACK", MINE, "style", "E501", "low"]);
    let mut both = user(&server, "both", &["%RW~github.com/acme/*", "+@all"]);
    both.json(&["PATTERN.STORE", MINE, "t", "{}"]);
    both.json(&["PATTERN.GET", MINE, "t"]);
}

#[test]
fn a_script_reaches_no_further_than_its_caller() {
    let server = Server::start();
    let mut admin = server.client();
    fill(&mut admin, THEIRS);
    admin.text(&[
        "FUNCTION",
        "LOAD",
        "#!lua name=pmacl\nredis.register_function('pass', function(keys, args) return redis.call(unpack(args)) end)",
    ]);
    let mut acme = user(&server, "acme", &["~github.com/acme/*", "+@all"]);
    let pass = "return redis.call(unpack(ARGV))";
    for call in CALLS.iter().filter(|call| call.has_repo()) {
        for start in [["EVAL", pass], ["FCALL", "pass"]] {
            let mut arguments: Vec<String> = start.iter().map(|word| (*word).to_owned()).collect();
            arguments.push("0".to_owned());
            arguments.extend(call.for_repo(THEIRS, "{}"));
            let error = acme.error(&arguments);
            // The first is how Redis 7.0 says it.
            let refused = error.contains("can't access at least one of the keys") || error.contains("ermission");
            assert!(refused, "{}: {error}", shown(&arguments));
        }
    }
    assert_eq!(admin.json(&["ISSUE.GET", THEIRS, "style", "E501"])["frequency"], 5);
    assert_eq!(acme.int(&["EVAL", pass, "0", "ISSUE.TRACK", MINE, "style", "E501", "low"]), 1);
}

#[test]
fn command_names_are_granted_one_by_one() {
    let server = Server::start();
    let mut tracker = user(&server, "tracker", &["~*", "+issue.track", "+issue.get"]);
    assert_eq!(tracker.int(&["ISSUE.TRACK", MINE, "style", "E501", "low"]), 1);
    tracker.json(&["ISSUE.GET", MINE, "style", "E501"]);
    tracker.error_of("NOPERM", &["ISSUE.MTRACK", MINE, "style", "E501", "low", "1"]);
    tracker.error_of("NOPERM", &["PATTERN.FORGET", MINE]);
    tracker.error_of("NOPERM", &["PATTERN.REPOS"]);
}

#[test]
fn the_commands_have_a_category_of_their_own() {
    let server = Server::start();
    let mut admin = server.client();
    fill(&mut admin, MINE);
    let categories = admin.texts(&["ACL", "CAT"]);
    if !server.has_module_acl_categories() {
        assert!(!categories.contains(&"patternmemory".to_owned()), "{categories:?}");
        return;
    }
    assert!(categories.contains(&"patternmemory".to_owned()), "{categories:?}");
    // Not ACL CAT patternmemory: Valkey 8.0 leaves the commands of modules out there.
    let in_category = |admin: &mut Client, category: &str| {
        let mut names: Vec<String> = admin
            .texts(&["COMMAND", "LIST", "FILTERBY", "ACLCAT", category])
            .iter()
            .map(|name| name.to_lowercase())
            .collect();
        names.sort();
        names
    };
    let mut all: Vec<String> = CALLS.iter().map(|call| call.name().to_lowercase()).collect();
    all.sort();
    assert_eq!(in_category(&mut admin, "patternmemory"), all);
    let (reads, writes) = (in_category(&mut admin, "read"), in_category(&mut admin, "write"));
    for call in CALLS {
        let name = call.name().to_lowercase();
        assert_eq!(writes.contains(&name), call.writes, "@write and {name}");
        if call.has_repo() {
            assert_eq!(reads.contains(&name), !call.writes, "@read and {name}");
        }
    }
    let mut member = user(&server, "member", &["~*", "+@patternmemory"]);
    for call in CALLS {
        let arguments = call.for_repo("r", "{}");
        let answer = member.try_run(&arguments);
        assert!(!matches!(&answer, Err(error) if error.starts_with("NOPERM")), "{}: {answer:?}", shown(&arguments));
    }
    member.error_of("NOPERM", &["SET", "x", "1"]);
    let mut outsider = user(&server, "outsider", &["~*", "+@all", "-@patternmemory"]);
    outsider.error_of("NOPERM", &["PATTERN.GET", MINE, "naming"]);
    outsider.text(&["SET", "x", "1"]);
}

#[test]
fn repos_shows_only_what_the_caller_may_read() {
    let server = Server::start();
    let mut admin = server.client();
    for repo in [MINE, "github.com/acme/web", THEIRS, "private"] {
        admin.int(&["ISSUE.TRACK", repo, "style", "E501", "low"]);
    }
    assert_eq!(listed(&mut admin), ["github.com/acme/api", "github.com/acme/web", "github.com/other/api", "private"]);
    let mut acme = user(&server, "acme", &["~github.com/acme/*", "+@all"]);
    assert_eq!(listed(&mut acme), ["github.com/acme/api", "github.com/acme/web"]);
    let mut reader = user(&server, "reader", &["%R~github.com/*/api", "+@all"]);
    assert_eq!(listed(&mut reader), ["github.com/acme/api", "github.com/other/api"]);
    let mut writer = user(&server, "writer", &["%W~*", "+@all"]);
    assert_eq!(listed(&mut writer), [""; 0]);
    let mut nobody = user(&server, "nobody", &["+@all"]);
    assert_eq!(listed(&mut nobody), [""; 0]);
    let script = "return redis.call('PATTERN.REPOS', 'COUNT', '1000')";
    let by_script = acme.json(&["EVAL", script, "0"]);
    assert_eq!(by_script["repos"].as_array().map(Vec::len), Some(2), "{by_script}");
}

#[track_caller]
fn listed(client: &mut Client) -> Vec<String> {
    let mut repos = Vec::new();
    let mut cursor = json!("0");
    loop {
        let from = cursor.as_str().map_or_else(|| cursor.to_string(), str::to_owned);
        let page = client.json(&["PATTERN.REPOS", "CURSOR", &from, "COUNT", "1000"]);
        repos.extend(array(&page["repos"]).iter().map(|repo: &Json| text(repo).to_owned()));
        cursor = page["cursor"].clone();
        if cursor == json!("0") || cursor == json!(0) {
            repos.sort();
            return repos;
        }
    }
}
