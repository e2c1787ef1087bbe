//! Whoever may not read a repo finds out nothing of it: neither that it exists, nor its name, nor how much is in it.

use redis::Value;
use serde_json::Value as Json;

use crate::support::catalog::CALLS;
use crate::support::cluster::{members, slot, Cluster};
use crate::support::users::{user, MINE, THEIRS};
use crate::support::{array, fill, text, wait_for, whole_state, Client, Server};

/// A user who may do anything, to the repos of one team.
#[track_caller]
fn acme(server: &Server) -> Client {
    user(server, "acme", &["~github.com/acme/*", "+@all"])
}

/// Each page of a whole iteration: its cursor and its repos.
#[track_caller]
fn pages(client: &mut Client, glob: &str, count: &str) -> Vec<(String, Vec<String>)> {
    let mut pages = Vec::new();
    let mut cursor = "0".to_owned();
    loop {
        let page = client.json(&["PATTERN.REPOS", "CURSOR", &cursor, "MATCH", glob, "COUNT", count]);
        text(&page["cursor"]).clone_into(&mut cursor);
        let repos = array(&page["repos"]).iter().map(|repo| text(repo).to_owned()).collect();
        pages.push((cursor.clone(), repos));
        assert!(pages.len() < 100_000, "the cursor never comes back to 0");
        if cursor == "0" {
            return pages;
        }
    }
}

/// The repos that a client can list, sorted.
#[track_caller]
fn listed(client: &mut Client) -> Vec<String> {
    let mut repos: Vec<String> = pages(client, "*", "1000").into_iter().flat_map(|(_, repos)| repos).collect();
    repos.sort();
    repos
}

#[test]
fn a_refusal_is_the_same_whatever_there_is() {
    let server = Server::start();
    let mut admin = server.client();
    let mut client = acme(&server);
    let mut refusals = |repo: &str| -> Vec<String> {
        let calls = CALLS.iter().filter(|call| call.has_repo());
        calls.map(|call| client.error_of("NOPERM", &call.for_repo(repo, "{}"))).collect()
    };
    let absent = refusals(THEIRS);
    fill(&mut admin, THEIRS);
    assert_eq!(refusals(THEIRS), absent, "it exists");
    admin.text(&["DEL", "pm:{github.com/other/api}:issues", "pm:{github.com/other/api}:meta"]);
    admin.text(&["SET", "pm:{github.com/other/api}:issues", "of another type"]);
    admin.text(&["SET", "pm:{github.com/other/api}:meta", "of another type"]);
    admin.text(&["SET", THEIRS, "of another type"]);
    assert_eq!(refusals(THEIRS), absent, "its keys have the wrong type");
    assert_eq!(listed(&mut client), [""; 0]);
}

#[test]
fn cursors_tell_where_a_repo_is_to_nobody() {
    let server = Server::start();
    let mut admin = server.client();
    for n in 0..300 {
        admin.int(&["ISSUE.TRACK", &format!("github.com/other/repo-{n}"), "style", "E501", "low"]);
    }
    let mut client = acme(&server);
    for count in ["1", "10", "100"] {
        let cursors = |client: &mut Client, glob: &str| -> Vec<String> {
            pages(client, glob, count)
                .into_iter()
                .map(|(cursor, repos)| {
                    assert_eq!(repos, [""; 0]);
                    cursor
                })
                .collect()
        };
        let absent = cursors(&mut client, "github.com/other/no-such-repo");
        for n in [0, 77, 150, 299] {
            let there = cursors(&mut client, &format!("github.com/other/repo-{n}"));
            assert_eq!(there, absent, "what matches changes where a page ends, though it is not shown");
        }
        assert_eq!(cursors(&mut client, "*"), absent);
    }
    // Nor can a client choose where to begin, and so look at one place: cursors are no places.
    let place = match admin.run(&["SCAN", "0", "MATCH", "pm:{*}:meta", "COUNT", "10"]) {
        Value::Array(page) => crate::support::client::as_text(&page[0]).expect("a cursor"),
        other => panic!("{other:?}"),
    };
    let page = client.json(&["PATTERN.REPOS", "COUNT", "10"]);
    assert_ne!(text(&page["cursor"]), place);
    // A cursor that nobody was given is as good as any.
    for cursor in ["1", "16383", "18446744073709551615"] {
        let page = client.json(&["PATTERN.REPOS", "CURSOR", cursor]);
        assert_eq!(page["repos"], serde_json::json!([]));
    }
}

#[test]
fn a_cursor_of_a_cluster_tells_of_no_slot() {
    let cluster = Cluster::shared();
    let server = &cluster.nodes[0];
    let mut admin = server.client();
    let own = members(&mut admin)[&cluster.id(0)].slots.clone();
    let mut client = user(server, "cluster-acme", &["~github.com/acme/*", "+@all"]);
    let mut repos = (0..1_000).map(|n| format!("github.com/cluster-secret/repo-{n}"));
    let here = |repo: &String, admin: &mut Client| own.iter().any(|range| range.contains(&slot(admin, repo)));
    let there = repos.find(|repo| here(repo, &mut admin)).expect("a repo of the node");
    let absent = repos.find(|repo| here(repo, &mut admin)).expect("another repo of the node");
    fill(&mut admin, &there);
    // As a repo's name without a star is all of a hash tag, the server would look at its slot only.
    for count in ["1", "10", "10000"] {
        assert_eq!(pages(&mut client, &there, count), pages(&mut client, &absent, count));
    }
    let shown = pages(&mut admin, &there, "10000").into_iter().flat_map(|(_, repos)| repos).collect::<Vec<_>>();
    assert_eq!(shown, [there.as_str()], "who may read it finds it by its name");
    admin.int(&["PATTERN.FORGET", &there]);
    admin.text(&["ACL", "DELUSER", "cluster-acme"]);
}

#[test]
fn globs_mean_what_they_mean_to_the_server() {
    let server = Server::start();
    let mut admin = server.client();
    let names = [
        "a", "b", "ab", "abc", "acb", "a*c", "a?c", "a[b]c", "a]c", "a\\c", "a-c", "a^c", "A", "é", "a/b/c", "aaab",
        "^", "-", "]", "x-y", "a*", "*",
    ];
    for name in names {
        admin.int(&["ISSUE.TRACK", name, "style", "E501", "low"]);
    }
    for glob in [
        "*", "a", "a*", "*a", "*a*", "a*c", "a?c", "a[b]c", "a[bc]*", "a[^b]c", "a[a-z]c", "a[z-a]c", "a\\*c", "a\\?c",
        "a\\[b\\]c", "a[\\]]c", "a\\\\c", "a[-]c", "a[^^]c", "[A-Z]", "?", "??", "a**c", "***", "*b*b*", "a*b*c",
        "[^a]", "a[?]c", "a[*]c", "[]]", "\\a", "*\\*", "[\\a-c]", "[a-\\]]", "a/*/c",
    ] {
        let mut expected: Vec<String> = admin
            .texts(&["KEYS", &format!("pm:{{{}}}:meta", glob)])
            .iter()
            .map(|key| key.trim_start_matches("pm:{").trim_end_matches("}:meta").to_owned())
            .collect();
        expected.sort();
        let mut found: Vec<String> = pages(&mut admin, glob, "1000").into_iter().flat_map(|(_, repos)| repos).collect();
        found.sort();
        assert_eq!(found, expected, "{glob}");
    }
}

#[test]
fn a_listing_is_its_callers_in_every_way_it_is_called() {
    let server = Server::start();
    let mut admin = server.client();
    let body = "redis.register_function('pass', function(keys, args) return redis.call(unpack(args)) end)";
    admin.text(&["FUNCTION", "LOAD", &format!("#!lua name=pass\n{body}")]);
    for repo in [MINE, THEIRS, "private"] {
        fill(&mut admin, repo);
    }
    let repos = ["PATTERN.REPOS", "COUNT", "1000"];
    let script = "return redis.call(unpack(ARGV))";
    let mut client = acme(&server);
    let seen = |answer: Value| -> Json {
        let text = match &answer {
            Value::Array(answers) => crate::support::client::as_text(&answers[0]),
            answer => crate::support::client::as_text(answer),
        };
        let page: Json = serde_json::from_str(&text.expect("a document")).expect("JSON");
        page["repos"].clone()
    };
    let expected = serde_json::json!([MINE]);
    assert_eq!(seen(client.run(&repos)), expected);
    assert_eq!(seen(client.run(&[&["EVAL", script, "0"], &repos as &[&str]].concat())), expected);
    assert_eq!(seen(client.run(&[&["EVAL_RO", script, "0"], &repos as &[&str]].concat())), expected);
    assert_eq!(seen(client.run(&[&["FCALL", "pass", "0"], &repos as &[&str]].concat())), expected);
    client.text(&["MULTI"]);
    client.text(&repos);
    assert_eq!(seen(client.run(&["EXEC"])), expected);
    // A user may change while connected; and a connection may change its user.
    admin.text(&["ACL", "SETUSER", "acme", "resetkeys", "%R~private"]);
    assert_eq!(seen(client.run(&repos)), serde_json::json!(["private"]));
    admin.text(&["ACL", "SETUSER", "nobody", "on", ">EXAMPLE", "+@all"]);
    client.text(&["AUTH", "nobody", "EXAMPLE"]);
    assert_eq!(seen(client.run(&repos)), serde_json::json!([]));
    assert_eq!(seen(client.run(&[&["EVAL", script, "0"], &repos as &[&str]].concat())), serde_json::json!([]));
}

#[test]
fn health_and_info_and_rules_name_no_repo_and_count_none() {
    let server = Server::start();
    let mut admin = server.client();
    let mut client = acme(&server);
    let moving = ["used_memory", "uptime_seconds", "connected_clients", "evicted_keys"];
    let mut health = || {
        let mut health = client.json(&["PATTERN.HEALTH"]);
        for field in moving {
            health.as_object_mut().expect("an object").remove(field).expect(field);
        }
        (health, client.json(&["PATTERN.RULES"]))
    };
    let before = health();
    for n in 0..50 {
        fill(&mut admin, &format!("github.com/secret-team/repo-{n}"));
    }
    assert_eq!(health(), before);
    for section in ["patternmemory", "everything", "modules", "commandstats", "errorstats", "keysizes"] {
        let info = client.text(&["INFO", section]);
        assert!(!info.contains("secret-team"), "INFO {section} names a repo");
    }
    assert_eq!(client.text(&["PATTERN.ANONYMIZE", "github.com/secret-team/repo-1"]).matches("redactions").count(), 1);
}

#[test]
fn an_import_of_anothers_export_needs_no_more_than_ones_own_repo_and_shows_nothing() {
    let server = Server::start();
    let mut admin = server.client();
    fill(&mut admin, THEIRS);
    let state = whole_state(&mut admin);
    let mut client = acme(&server);
    // A document says of which repo it is; what counts is the repo that is named.
    let document = admin.text(&["PATTERN.EXPORT", THEIRS]).replace("camelCase", "forged");
    client.json(&["PATTERN.IMPORT", MINE, &document]);
    client.error_of("NOPERM", &["PATTERN.IMPORT", THEIRS, &document]);
    client.error_of("NOPERM", &["PATTERN.IMPORT", THEIRS, "not JSON"]);
    let mut theirs = whole_state(&mut admin);
    theirs.retain(|key, _| key.contains(THEIRS));
    assert_eq!(theirs, state);
    assert_eq!(client.json(&["PATTERN.GET", MINE, "naming"])["pattern_data"]["style"], "forged");
}

#[test]
fn databases_show_each_user_their_own_only() {
    let server = Server::start();
    let mut admin = server.client();
    for (database, repos) in [("0", ["github.com/acme/zero", "github.com/other/zero"]), ("5", [MINE, THEIRS])] {
        admin.text(&["SELECT", database]);
        repos.iter().for_each(|repo| fill(&mut admin, repo));
    }
    let mut client = acme(&server);
    assert_eq!(listed(&mut client), ["github.com/acme/zero"]);
    client.text(&["SELECT", "5"]);
    assert_eq!(listed(&mut client), [MINE]);
    client.nil(&["PATTERN.GET", "github.com/acme/zero", "naming"]);
    assert_eq!(client.int(&["ISSUE.TRACK", MINE, "style", "E501", "low"]), 6);
    for call in CALLS.iter().filter(|call| call.has_repo()) {
        client.error_of("NOPERM", &call.for_repo(THEIRS, "{}"));
    }
    // Who may move keys by their names may not move those of a repo: they have other names.
    for key in ["pm:{github.com/other/api}:meta", "pm:{github.com/acme/api}:meta"] {
        client.error_of("NOPERM", &["MOVE", key, "0"]);
        client.error_of("NOPERM", &["COPY", key, "github.com/acme/copy", "DB", "0"]);
        client.error_of("NOPERM", &["RENAME", key, "github.com/acme/copy"]);
    }
    // Wherever an operator puts them, a user sees no more.
    admin.text(&["SELECT", "0"]);
    let theirs = admin.key_names("pm:{github.com/other/zero}:*");
    for key in &theirs {
        assert_eq!(admin.int(&["MOVE", key, "5"]), 1);
    }
    assert_eq!(listed(&mut client), [MINE]);
    admin.text(&["SWAPDB", "0", "5"]);
    assert_eq!(listed(&mut client), ["github.com/acme/zero"]);
    client.nil(&["PATTERN.GET", MINE, "naming"]);
    client.text(&["SELECT", "0"]);
    assert_eq!(listed(&mut client), [MINE]);
    assert_eq!(client.json(&["ISSUE.GET", MINE, "style", "E501"])["frequency"], 6);
    client.error_of("NOPERM", &["ISSUE.GET", "github.com/other/zero", "style", "E501"]);
    assert_eq!(admin.json(&["ISSUE.GET", "github.com/other/zero", "style", "E501"])["frequency"], 5);
}

/// One whose scan takes long enough for something to happen meanwhile.
fn slow() -> String {
    format!(r#"{{"text":"{}"}}"#, "key:'".repeat(1 << 19))
}

#[track_caller]
fn wait_until_blocked(client: &mut Client, blocked: bool) {
    wait_for("a client that waits, or none", || {
        let waiting = client.info("clients", "blocked_clients")? != "0";
        (waiting == blocked).then_some(())
    });
}

#[test]
fn a_user_who_is_deleted_while_a_command_waits_writes_nothing() {
    let server = Server::builder().module_arguments("max-payload 67108864").start();
    let mut admin = server.client();
    for again in [false, true] {
        let mut client = acme(&server);
        client.send(&["PATTERN.STORE", MINE, "t", &slow()]);
        wait_until_blocked(&mut admin, true);
        admin.int(&["ACL", "DELUSER", "acme"]);
        if again {
            // Somebody else of the same name.
            acme(&server);
        }
        wait_until_blocked(&mut admin, false);
        let answer = client.receive();
        assert!(!matches!(answer, Ok(ref value) if format!("{value:?}").contains("version")), "{answer:?}");
        admin.nil(&["PATTERN.GET", MINE, "t"]);
    }
    assert_eq!(admin.text(&["PING"]), "PONG");
}

#[test]
fn a_file_of_users_that_is_loaded_while_a_command_waits_counts() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("users.acl");
    let users = |keys: &str| {
        let text = format!("user default on nopass ~* &* +@all\nuser acme on >EXAMPLE {keys} +@all\n");
        std::fs::write(&file, text).expect("a file of users");
    };
    users("~github.com/acme/*");
    let server = Server::builder()
        .setting(&format!("aclfile {}", file.display()))
        .module_arguments("max-payload 67108864")
        .start();
    let mut admin = server.client();
    let mut client = Client::connect_as(server.port, "acme", "EXAMPLE");
    client.send(&["PATTERN.STORE", MINE, "t", &slow()]);
    wait_until_blocked(&mut admin, true);
    users("~github.com/other/*");
    admin.text(&["ACL", "LOAD"]);
    wait_until_blocked(&mut admin, false);
    // Servers that close the connections of users who changed leave no answer.
    let answer = client.receive();
    assert!(
        matches!(&answer, Err(error) if error.starts_with("NOPERM") || error.starts_with("connection")),
        "{answer:?}"
    );
    admin.nil(&["PATTERN.GET", MINE, "t"]);
}

#[test]
fn permission_on_databases_holds_where_the_server_has_such() {
    let server = Server::builder().module_arguments("max-payload 67108864").start();
    let mut admin = server.client();
    let call = ["ACL", "SETUSER", "local", "reset", "on", ">EXAMPLE", "~*", "+@all", "resetdbs", "db=0"];
    if let Err(error) = admin.try_run(&call) {
        assert!(error.contains("Syntax error"), "{error}");
        assert!(!(server.is_valkey() && server.version() >= (9, 1)), "Valkey 9.1 has it: {error}");
        return;
    }
    fill(&mut admin, MINE);
    admin.text(&["SELECT", "5"]);
    fill(&mut admin, THEIRS);
    let mut client = Client::connect_as(server.port, "local", "EXAMPLE");
    assert_eq!(listed(&mut client), [MINE]);
    client.error_of("NOPERM", &["SELECT", "5"]);
    admin.text(&["ACL", "SETUSER", "local", "db=5"]);
    client.text(&["SELECT", "5"]);
    assert_eq!(listed(&mut client), [THEIRS]);
    // Taken away from who has selected it.
    admin.text(&["ACL", "SETUSER", "local", "resetdbs", "db=0"]);
    for call in CALLS {
        client.error_of("NOPERM", &call.for_repo(THEIRS, "{}"));
    }
    // And while a command waits.
    admin.text(&["ACL", "SETUSER", "local", "db=5"]);
    client.send(&["PATTERN.STORE", THEIRS, "t", &slow()]);
    wait_until_blocked(&mut admin, true);
    admin.text(&["ACL", "SETUSER", "local", "resetdbs", "db=0"]);
    let answer = client.receive();
    assert!(matches!(&answer, Err(error) if error.starts_with("NOPERM")), "{answer:?}");
    admin.nil(&["PATTERN.GET", THEIRS, "t"]);
}
