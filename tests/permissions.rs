//! Who may run what: every command of the catalog against every kind of permission, called in every way.

use redis::Value;

use crate::support::catalog::{Call, CALLS};
use crate::support::client::shown;
use crate::support::users::{user, MINE, THEIRS};
use crate::support::{fill, whole_state, Client, Server};

/// May a user who may read or write the repo run this?
fn is_allowed(call: &Call, may_read: bool, may_write: bool) -> bool {
    match call.name() {
        _ if !call.has_repo() => true,
        // Like DEL and UNLINK.
        "PATTERN.DEL" | "PATTERN.FORGET" => may_write,
        // Writes answer what they found, as INCR does.
        _ if call.writes => may_read && may_write,
        _ => may_read,
    }
}

/// A way in which a client runs a command.
#[derive(Debug, Clone, Copy)]
enum Way {
    Plain,
    Multi,
    Eval,
    Fcall,
}

const PASS: &str = "return redis.call(unpack(ARGV))";

/// Runs a command in a way, and answers as if it had been run alone.
fn run(client: &mut Client, way: Way, arguments: &[String]) -> Result<Value, String> {
    let with = |words: &[&str]| [words.iter().map(|word| (*word).to_owned()).collect(), arguments.to_vec()].concat();
    match way {
        Way::Plain => client.try_run(arguments),
        Way::Eval => client.try_run::<String>(&with(&["EVAL", PASS, "0"])),
        Way::Fcall => client.try_run::<String>(&with(&["FCALL", "pass", "0"])),
        Way::Multi => {
            client.try_run(&["MULTI"])?;
            let queued = client.try_run(arguments);
            let executed = client.try_run(&["EXEC"]);
            queued?;
            match executed? {
                Value::Array(answers) => match &answers[0] {
                    Value::ServerError(error) => Err(crate::support::client::error_text(error)),
                    answer => Ok(answer.clone()),
                },
                other => panic!("EXEC answered {other:?}"),
            }
        }
    }
}

#[track_caller]
fn load_pass(admin: &mut Client) {
    let body = "redis.register_function('pass', function(keys, args) return redis.call(unpack(args)) end)";
    admin.text(&["FUNCTION", "LOAD", &format!("#!lua name=pass\n{body}")]);
}

#[test]
fn every_command_asks_for_the_permission_it_needs_in_every_way_it_is_called() {
    let server = Server::start();
    let mut admin = server.client();
    load_pass(&mut admin);
    fill(&mut admin, THEIRS);
    let grants: &[(&[&str], bool, bool)] = &[
        (&[], false, false),
        (&["~github.com/other/*"], false, false),
        (&["%R~github.com/acme/*"], true, false),
        (&["%W~github.com/acme/*"], false, true),
        (&["%RW~github.com/acme/*"], true, true),
        (&["~github.com/acme/*"], true, true),
        (&["%R~github.com/acme/api", "%W~github.com/acme/api"], true, true),
        (&["~github.com/other/*", "(%R~github.com/acme/* +@all)"], true, false),
        (&["%R~github.com/acme/*", "(%W~github.com/acme/* +@all)"], true, true),
        (&["allkeys"], true, true),
        (&["~github.com/acme/ap"], false, false),
        (&["~pm:*", "~{github.com/acme/api}*"], false, false),
    ];
    for (n, (rules, may_read, may_write)) in grants.iter().enumerate() {
        let name = format!("user-{n}");
        let mut client = user(&server, &name, &[*rules, &["+@all"]].concat());
        // What the server says to a plain command of its own.
        let refusal = client.try_run(&["INCR", "no-such-repo"]);
        for way in [Way::Plain, Way::Multi, Way::Eval, Way::Fcall] {
            fill(&mut admin, MINE);
            let export = admin.text(&["PATTERN.EXPORT", MINE]);
            for call in CALLS {
                let arguments = call.for_repo(MINE, &export);
                let allowed = if rules.iter().any(|rule| rule.starts_with("(%W")) && call.writes {
                    // The two halves are in different places: no one place allows both.
                    is_allowed(call, false, true)
                } else {
                    is_allowed(call, *may_read, *may_write)
                };
                let dry = [vec!["ACL".to_owned(), "DRYRUN".to_owned(), name.clone()], arguments.clone()].concat();
                let dry = admin.text(&dry);
                assert_eq!(dry == "OK", allowed, "DRYRUN, {rules:?}, {}: {dry}", shown(&arguments));
                let before = (!allowed).then(|| whole_state(&mut admin));
                match run(&mut client, way, &arguments) {
                    Ok(_) => assert!(allowed, "{way:?}, {rules:?}: ran {}", shown(&arguments)),
                    Err(error) => {
                        assert!(!allowed, "{way:?}, {rules:?}, {}: {error}", shown(&arguments));
                        let expected = match way {
                            Way::Plain | Way::Multi => Err(error.clone()) == refusal,
                            // The first is how Redis 7.0 says it.
                            Way::Eval | Way::Fcall => {
                                error.contains("can't access at least one of the keys") || error.contains("ermission")
                            }
                        };
                        assert!(expected, "{way:?}, {rules:?}, {}: {error}", shown(&arguments));
                    }
                }
                if let Some(before) = before {
                    assert_eq!(whole_state(&mut admin), before, "{way:?}, {rules:?}: {}", shown(&arguments));
                }
            }
            admin.int(&["PATTERN.FORGET", MINE]);
        }
    }
    assert_eq!(admin.json(&["ISSUE.GET", THEIRS, "style", "E501"])["frequency"], 5);
}

#[test]
fn a_name_that_is_granted_grants_no_other_and_one_that_is_taken_takes_no_other() {
    let server = Server::start();
    for granted in CALLS {
        let name = granted.name().to_lowercase();
        let mut only = user(&server, "only", &["~*", "-@all", &format!("+{name}")]);
        let mut others = user(&server, "others", &["~*", "+@all", &format!("-{name}")]);
        for call in CALLS {
            let arguments = call.for_repo("r", "{}");
            let is_it = call.name() == granted.name();
            for (client, may) in [(&mut only, is_it), (&mut others, !is_it)] {
                let answer = client.try_run(&arguments);
                let refused = matches!(&answer, Err(error) if error.starts_with("NOPERM"));
                assert_eq!(refused, !may, "{name}, {}: {answer:?}", shown(&arguments));
            }
        }
    }
}

#[test]
fn categories_grant_what_they_say_where_module_commands_have_any() {
    let server = Server::start();
    let mut admin = server.client();
    fill(&mut admin, MINE);
    let has = server.has_module_acl_categories();
    if !has {
        let call = ["ACL", "SETUSER", "member", "+@patternmemory"];
        assert!(admin.error(&call).contains("Unknown command or category"), "Redis 7.0 has no such category");
    }
    let export = admin.text(&["PATTERN.EXPORT", MINE]);
    // Rules, and whether they let a user run what reads and what writes.
    let mut table: Vec<(&[&str], bool, bool)> = vec![
        (&["+@all"], true, true),
        (&["-@all"], false, false),
        (&["-@all", "+@read"], has, false),
        (&["-@all", "+@write"], false, has),
        (&["-@all", "+@read", "+@write"], has, has),
        (&["+@all", "-@read"], !has, true),
        (&["+@all", "-@write"], true, !has),
        (&["-@all", "+@fast", "+@slow"], has, has),
        (&["+@all", "-@dangerous"], true, true),
    ];
    if has {
        table.push((&["-@all", "+@patternmemory"], true, true));
        table.push((&["-@all", "+@patternmemory", "-@write"], true, false));
        table.push((&["-@all", "+@patternmemory", "-@read"], false, true));
        table.push((&["+@all", "-@patternmemory"], false, false));
    }
    for (rules, reads, writes) in table {
        let mut client = user(&server, "member", &[&["~*"], rules].concat());
        for call in CALLS {
            let arguments = call.for_repo(MINE, &export);
            let answer = client.try_run(&arguments);
            let refused = matches!(&answer, Err(error) if error.starts_with("NOPERM"));
            let may = if call.writes { writes } else { reads };
            assert_eq!(refused, !may, "{rules:?}, {}: {answer:?}", shown(&arguments));
        }
    }
}

#[test]
fn selectors_grant_commands_on_some_repos_only() {
    let server = Server::start();
    let mut admin = server.client();
    for team in ["a", "b", "c", "d"] {
        fill(&mut admin, &format!("{team}/x"));
    }
    let rules =
        ["-@all", "+pattern.get", "+pattern.repos", "~a/*", "(~b/* +issue.get)", "(%R~c/* +pattern.get +issue.track)"];
    let mut client = user(&server, "selected", &rules);
    let (get, issue) = (["naming"], ["style", "E501"]);
    for (command, rest, teams) in
        [("PATTERN.GET", &get as &[&str], "ac"), ("ISSUE.GET", &issue, "b"), ("PATTERN.FORGET", &[], "")]
    {
        for team in ["a", "b", "c", "d"] {
            let repo = format!("{team}/x");
            let call = [&[command, &repo], rest].concat();
            if teams.contains(team) {
                client.run(&call);
            } else {
                client.error_of("NOPERM", &call);
            }
        }
    }
    client.error_of("NOPERM", &["ISSUE.TRACK", "c/x", "style", "E501", "low"]);
    let page = client.json(&["PATTERN.REPOS", "COUNT", "1000"]);
    assert_eq!(page["repos"], serde_json::json!(["a/x", "b/x", "c/x"]));
}

#[test]
fn a_first_argument_that_is_granted_is_the_only_repo_of_that_command() {
    let server = Server::start();
    let mut admin = server.client();
    fill(&mut admin, MINE);
    fill(&mut admin, THEIRS);
    let mut client = user(&server, "first", &["~*", "-@all", &format!("+pattern.get|{MINE}")]);
    client.json(&["PATTERN.GET", MINE, "naming"]);
    client.error_of("NOPERM", &["PATTERN.GET", THEIRS, "naming"]);
    client.error_of("NOPERM", &["PATTERN.LIST", MINE]);
}

#[test]
fn what_is_refused_is_logged_without_its_arguments() {
    let server = Server::start();
    let mut admin = server.client();
    let mut client = user(&server, "curious", &["~nothing", "+@all", "-pattern.rules"]);
    for call in CALLS.iter().filter(|call| call.has_repo() || call.name() == "PATTERN.RULES") {
        admin.text(&["ACL", "LOG", "RESET"]);
        let arguments = call.for_repo(THEIRS, "{}");
        client.error_of("NOPERM", &arguments);
        let log = format!("{:?}", admin.run(&["ACL", "LOG"]));
        assert!(log.contains("curious"), "{}: {log}", shown(&arguments));
        for word in arguments.iter().skip(2).filter(|word| word.len() > 5) {
            // The address of the client and the like are in it; what was sent is not.
            assert!(!log.contains(&format!("{word:?}")), "{}: {log}", shown(&arguments));
        }
    }
    // What the module leaves out of an answer is no attempt at anything.
    fill(&mut admin, THEIRS);
    admin.text(&["ACL", "LOG", "RESET"]);
    client.json(&["PATTERN.REPOS", "COUNT", "1000"]);
    assert_eq!(admin.run(&["ACL", "LOG"]), Value::Array(vec![]));
}

#[test]
fn a_transaction_is_refused_as_any_when_its_user_lost_the_permission_before_exec() {
    let server = Server::start();
    let mut admin = server.client();
    fill(&mut admin, MINE);
    let plain = vec!["GET".to_owned(), MINE.to_owned()];
    let calls = CALLS.iter().filter(|call| call.has_repo()).map(|call| call.for_repo(MINE, "{}"));
    let mut asks_again = false;
    for (n, arguments) in std::iter::once(plain).chain(calls).enumerate() {
        let mut client = user(&server, "loser", &["~github.com/acme/*", "+@all"]);
        let before = whole_state(&mut admin);
        client.text(&["MULTI"]);
        client.text(&arguments);
        admin.text(&["ACL", "SETUSER", "loser", "resetkeys", "~github.com/other/*"]);
        let answer = format!("{:?}", client.try_run(&["EXEC"]));
        let refused = answer.contains("ACLs rules changed");
        if n == 0 {
            // Redis 8.6 does not ask again of what was queued, its own commands included; all others do.
            asks_again = refused;
            assert!(asks_again || server.version() >= (8, 4), "{answer}");
            continue;
        }
        assert_eq!(refused, asks_again, "{}: {answer}", shown(&arguments));
        if refused {
            assert_eq!(whole_state(&mut admin), before, "{}", shown(&arguments));
        }
    }
}
