//! No secret is in any trace that a server keeps of calls, right or wrong, at whatever place of whatever command it stood.

use std::collections::BTreeSet;

use redis::Value;
use serde_json::{json, Value as Json};

use crate::support::cluster::slot;
use crate::support::misuse::every_place;
use crate::support::traces::{assert_none_in, assert_nowhere, flat, revealing, send_and_leave, Traces};
use crate::support::{effort, fill, wait_for, Client, Server, FAKE_SECRETS};

/// A text that holds a secret, and the part of it that must never be seen again. Without personal data: of an e-mail
/// address in a name the design says nothing.
fn secrets() -> Vec<(&'static str, &'static str)> {
    // Encoded, as clients send user and password.
    let basic = ("Authorization: Basic ZXhhbXBsZTpFWEFNUExFLWh1bnRlcjMteTg=", "ZXhhbXBsZTpFWEFNUExFLWh1bnRlcjMteTg");
    FAKE_SECRETS.iter().copied().filter(|(_, secret)| !secret.contains('@')).chain([basic]).collect()
}

/// One of them.
const PASSWORD: (&str, &str) = ("password = \"EXAMPLE-hunter2-x9\"", "EXAMPLE-hunter2-x9");

/// The repo that the calls are for, and the one whose keys are of wrong types.
const REPO: &str = "leaks/r";
const BROKEN: &str = "leaks/broken";

fn needles() -> Vec<&'static str> {
    secrets().into_iter().map(|(_, secret)| secret).collect()
}

/// Runs calls in a pipeline; none of the answers may hold a secret. Which of the answers were errors.
#[track_caller]
fn run_all(client: &mut Client, calls: &[Vec<String>]) -> BTreeSet<String> {
    let mut errors = BTreeSet::new();
    for some in calls.chunks(100) {
        some.iter().for_each(|call| client.send(call));
        for call in some {
            let answer = client.receive().unwrap_or_else(|error| {
                assert!(!error.starts_with("connection lost"), "{}: {error}", call[0]);
                assert!(error.is_ascii(), "{}: {error}", call[0]);
                errors.insert(error.clone());
                Value::SimpleString(error)
            });
            assert_none_in(&format!("an answer to {}", call[0]), &flat(&answer), &needles());
        }
    }
    errors
}

/// Runs calls all of which the server or the module must refuse in this way.
#[track_caller]
fn run_refused(client: &mut Client, calls: &[Vec<String>], beginning: &str) {
    let errors = run_all(client, calls);
    assert!(errors.iter().any(|error| error.starts_with(beginning)), "nothing was refused as {beginning}: {errors:?}");
}

fn in_transaction(client: &mut Client, calls: &[Vec<String>], end: &str) {
    client.text(&["MULTI"]);
    run_all(client, calls);
    let answer = client.try_run(&[end]);
    let shown = answer.map_or_else(|error| error, |answer| flat(&answer));
    assert_none_in(&format!("the answer to {end}"), &shown, &needles());
}

/// Puts a string in the place of each key of a repo.
fn spoil(client: &mut Client, repo: &str) {
    fill(client, repo);
    for key in client.key_names(&format!("pm:{{{repo}}}*")) {
        client.text(&["SET", &key, "a string"]);
    }
}

/// One that may run no command of the module but `PATTERN.GET`, and that for another repo.
fn narrow_user(server: &Server) -> Client {
    server.client().text(&["ACL", "SETUSER", "narrow", "on", ">pw", "~other", "-@all", "+pattern.get", "+ping"]);
    Client::connect_as(server.port, "narrow", "pw")
}

/// The calls as a client sends them, cut in the middle, and whole.
fn leave_midway(server: &Server, calls: &[Vec<String>]) {
    for call in calls {
        let mut command = redis::Cmd::new();
        for word in call {
            command.arg(word);
        }
        let bytes = command.get_packed_command();
        send_and_leave(server, &bytes[..bytes.len() * 3 / 4]);
        send_and_leave(server, &bytes);
    }
}

#[test]
fn a_secret_is_nowhere_wherever_it_was_sent() {
    let server = revealing(Server::builder()).start();
    let replica = server.replica(revealing(Server::builder()).setting("aof-use-rdb-preamble no"));
    let mut client = server.client();
    fill(&mut client, REPO);
    let export = client.text(&["PATTERN.EXPORT", REPO]);
    spoil(&mut client, BROKEN);
    let traces = Traces::of(&server, &replica);
    let mut narrow = narrow_user(&server);
    let mut of_replica = replica.client();
    for (text, _) in secrets() {
        let calls = every_place(REPO, &export, text);
        let errors = run_all(&mut client, &calls);
        assert!(errors.len() > 20, "the calls are wrong in few ways: {errors:?}");
        let (wrong_arity, queued): (Vec<_>, Vec<_>) = calls.iter().cloned().partition(|call| {
            let answer = client.try_run(call);
            answer.is_err_and(|error| error.contains("wrong number of arguments"))
        });
        in_transaction(&mut client, &queued, "EXEC");
        in_transaction(&mut client, &queued, "DISCARD");
        in_transaction(&mut client, &wrong_arity, "EXEC");
        run_refused(&mut client, &every_place(BROKEN, &export, text), "WRONGTYPE");
        for (setting, value, normal, refusal) in
            [("maxmemory", "1", "0", "OOM"), ("min-replicas-to-write", "9", "0", "NOREPLICAS")]
        {
            client.text(&["CONFIG", "SET", setting, value]);
            run_refused(&mut client, &calls, refusal);
            client.text(&["CONFIG", "SET", setting, normal]);
        }
        run_refused(&mut of_replica, &calls, "READONLY");
        // A repo that is refused stands in the log of ACL refusals: the server puts the key there itself.
        let rest = calls.iter().filter(|call| call.get(1).is_none_or(|repo| repo != text)).cloned();
        run_refused(&mut narrow, &rest.collect::<Vec<_>>(), "NOPERM");
        leave_midway(&server, &calls);
        in_script(&mut client, &calls);
        fill(&mut client, REPO);
    }
    let log = flat(&client.run(&["ACL", "LOG", "1000000"]));
    assert!(log.contains("narrow"), "{log}");
    assert_none_in("ACL LOG", &log, &needles());
    let kept = client.text(&["PATTERN.EXPORT", REPO]);
    assert!(kept.contains("<REDACTED"), "nothing was stored: {kept}");
    assert_nowhere(&traces.collect(), &needles());
}

/// The calls by a script that is handed them backwards, as the server shows what a script is handed.
fn in_script(client: &mut Client, calls: &[Vec<String>]) {
    const SCRIPT: &str = "local call = {} \
        for at, word in ipairs(ARGV) do call[at] = string.reverse(word) end \
        return redis.pcall(unpack(call))";
    let backwards = |word: &String| word.bytes().rev().collect::<Vec<u8>>();
    let scripts = calls.iter().map(|call| {
        let mut script: Vec<Vec<u8>> = vec![b"EVAL".into(), SCRIPT.into(), b"1".into(), REPO.into()];
        script.extend(call.iter().map(backwards));
        script
    });
    for script in scripts {
        let shown = client.try_run(&script).map_or_else(|error| error, |answer| flat(&answer));
        assert_none_in("the answer to a script", &shown, &needles());
    }
}

#[test]
fn a_secret_is_nowhere_after_a_thread_anonymized_it() {
    let server = revealing(Server::builder()).start();
    let replica = server.replica(revealing(Server::builder()));
    let mut client = server.client();
    fill(&mut client, REPO);
    let export = client.text(&["PATTERN.EXPORT", REPO]);
    let traces = Traces::of(&server, &replica);
    // More than 32 KiB, so that a thread takes it; under the soak, at both ends of what is long.
    let filler = "a quiet line of prose, and another one. ".repeat(820);
    for (text, _) in secrets().into_iter().take(effort(2, usize::MAX)) {
        for long in [format!("{filler}{text}"), format!("{text} {filler}")] {
            let calls = every_place(REPO, &export, &long);
            run_all(&mut client, &calls);
            leave_midway(&server, &calls);
        }
    }
    let count = client.info("patternmemory", "patternmemory_anonymized_in_background").expect("the counter");
    assert!(count.parse::<u64>().expect("a number") > 100, "only {count} calls were taken by a thread");
    wait_for("the last of those who left", || (client.info("clients", "blocked_clients")? == "0").then_some(()));
    assert_nowhere(&traces.collect(), &needles());
}

#[test]
fn a_secret_is_nowhere_after_a_cluster_refused_it() {
    let nodes: Vec<Server> = (0..2).map(|_| revealing(Server::builder()).cluster_node().start()).collect();
    let mut clients: Vec<Client> = nodes.iter().map(Server::client).collect();
    let [here, there] = &mut clients[..] else { panic!("two nodes") };
    // Of the slots some are served by nobody.
    here.text(&["CLUSTER", "ADDSLOTSRANGE", "0", "8000"]);
    there.text(&["CLUSTER", "SET-CONFIG-EPOCH", "2"]);
    there.text(&["CLUSTER", "ADDSLOTSRANGE", "8001", "16000"]);
    for client in [&mut *here, &mut *there] {
        client.text(&["CONFIG", "SET", "cluster-require-full-coverage", "no"]);
    }
    here.text(&["CLUSTER", "MEET", "127.0.0.1", &nodes[1].port.to_string()]);
    for client in [&mut *here, &mut *there] {
        wait_for("the nodes to know each other", || {
            let info = client.text(&["CLUSTER", "INFO"]);
            (info.contains("cluster_state:ok") && info.contains("cluster_slots_assigned:16001")).then_some(())
        });
    }
    let mut repo_in = |least: i64, most: i64| {
        let mut names = (0..).map(|n| format!("leaks/{n}"));
        names.find(|name| (least..=most).contains(&slot(here, name))).expect("a repo")
    };
    let (moving, far, nobodys) = (repo_in(0, 8_000), repo_in(8_001, 16_000), repo_in(16_001, 16_383));
    let [here, there] = &mut clients[..] else { panic!("two nodes") };
    let number = slot(here, &moving).to_string();
    let (here_id, there_id) = (here.text(&["CLUSTER", "MYID"]), there.text(&["CLUSTER", "MYID"]));
    there.text(&["CLUSTER", "SETSLOT", &number, "IMPORTING", &here_id]);
    let mut monitors: Vec<_> = nodes.iter().map(|node| node.listen("MONITOR", &["+OK"])).collect();
    for (text, _) in secrets() {
        run_refused(here, &every_place(&far, "{}", text), "MOVED");
        run_refused(here, &every_place(&nobodys, "{}", text), "CLUSTERDOWN");
        let asking = every_place(&moving, "{}", text).into_iter().flat_map(|call| [vec!["ASKING".to_owned()], call]);
        run_refused(there, &asking.collect::<Vec<_>>(), "TRYAGAIN");
        here.text(&["CLUSTER", "SETSLOT", &number, "MIGRATING", &there_id]);
        run_refused(here, &every_place(&moving, "{}", text), "ASK");
        here.text(&["CLUSTER", "SETSLOT", &number, "STABLE"]);
    }
    for ((node, client), monitor) in nodes.iter().zip([here, there]).zip(&mut monitors) {
        client.text(&["PING", "the-last"]);
        let shown = String::from_utf8_lossy(&monitor.until("the-last")).into_owned();
        assert_none_in("MONITOR", &shown, &needles());
        assert_none_in("SLOWLOG", &flat(&client.run(&["SLOWLOG", "GET", "-1"])), &needles());
        assert_none_in("the log", &node.log(), &needles());
        assert_none_in("the files", &String::from_utf8_lossy(&node.disk()), &needles());
        assert_none_in("INFO", &client.text(&["INFO", "everything"]), &needles());
    }
}

#[test]
fn a_secret_is_nowhere_wherever_an_import_holds_it() {
    let server = revealing(Server::builder()).start();
    let replica = server.replica(revealing(Server::builder()));
    let mut client = server.client();
    fill(&mut client, REPO);
    let export = client.json(&["PATTERN.EXPORT", REPO]);
    let traces = Traces::of(&server, &replica);
    let secrets = secrets();
    let (mut taken, mut refused) = (0, 0);
    for at in 0..strings_of(&export) {
        for nth in 0..effort(1, secrets.len()) {
            // All in turn.
            let (text, _) = secrets[(at + nth) % secrets.len()];
            for in_key in [false, true] {
                let mut document = export.clone();
                replace(&mut document, &mut at.clone(), text, in_key);
                let copy = format!("leaks/copy/{}", taken + refused);
                let call = vec!["PATTERN.IMPORT".to_owned(), copy.clone(), document.to_string()];
                if run_all(&mut client, &[call]).is_empty() {
                    taken += 1;
                    assert_none_in("the export", &client.text(&["PATTERN.EXPORT", &copy]), &needles());
                } else {
                    refused += 1;
                }
            }
        }
    }
    assert!(taken > 50 && refused > 50, "{taken} were taken and {refused} refused");
    assert_nowhere(&traces.collect(), &needles());
}

/// How many values and names of fields a document has.
fn strings_of(document: &Json) -> usize {
    match document {
        Json::Array(items) => items.iter().map(strings_of).sum::<usize>() + 1,
        Json::Object(fields) => fields.values().map(strings_of).sum::<usize>() + 1,
        _ => 1,
    }
}

/// Puts a text in the place of the value at this place, counted in depth, or adds a field of that name to the object.
fn replace(document: &mut Json, at: &mut usize, text: &str, in_key: bool) {
    if *at == 0 {
        match document {
            Json::Object(fields) if in_key => drop(fields.insert(text.to_owned(), json!(text))),
            _ => *document = json!(text),
        }
        *at = usize::MAX;
        return;
    }
    *at -= 1;
    let inner: Vec<&mut Json> = match document {
        Json::Array(items) => items.iter_mut().collect(),
        Json::Object(fields) => fields.values_mut().collect(),
        _ => return,
    };
    for one in inner {
        replace(one, at, text, in_key);
        if *at == usize::MAX {
            return;
        }
    }
}

#[test]
fn a_user_whose_name_is_a_secret_is_not_named() {
    let server = revealing(Server::builder()).start();
    let replica = server.replica(revealing(Server::builder()));
    let name = "ghp_EXAMPLEexample0123456789abcdefABCDEF";
    server.client().text(&["ACL", "SETUSER", name, "on", ">pw", "~*", "+@all"]);
    let mut client = Client::connect_as(server.port, name, "pw");
    fill(&mut client, REPO);
    let export = client.text(&["PATTERN.EXPORT", REPO]);
    assert!(export.contains("<REDACTED>"), "{export}");
    assert_none_in("the export", &export, &[name]);
    drop(client);
    server.wait_for_replica(&replica);
    for server in [&server, &replica] {
        // The clients that are connected the server itself names.
        let log = server.log();
        let files = String::from_utf8_lossy(&server.disk()).replace(&log, "");
        assert_none_in("the files", &files, &[name]);
    }
}

#[test]
fn what_is_no_command_is_not_in_the_log_unless_it_is_verbose() {
    // The server logs the beginning of what breaks the protocol; docs/operations.md says so.
    let broken: [&[u8]; 3] = [
        b"*3\r\n$13\r\nPATTERN.STORE\r\n$1\r\nr\r\nEXAMPLE-hunter2-x9\r\n",
        b"PATTERN.STORE r t \"EXAMPLE-hunter2-x9\r\n", b"PATTERN.STOER r t EXAMPLE-hunter2-x9\r\n",
    ];
    let server = Server::builder().setting("loglevel notice").start();
    for bytes in broken {
        send_and_leave(&server, bytes);
    }
    let log = server.stop();
    let log = std::fs::read_to_string(log.path().join("server.log")).expect("the log");
    assert!(log.contains("patternmemory"), "{log}");
    assert_none_in("the log", &log, &[PASSWORD.1]);
    let server = Server::builder().setting("loglevel verbose").start();
    if server.client().map(&["CONFIG", "GET", "hide-user-data-from-log"]).values().all(|value| value == "no") {
        send_and_leave(&server, broken[0]);
        wait_for("the server to log it", || server.log().contains(PASSWORD.1).then_some(()));
    }
}

#[test]
fn the_log_of_acl_refusals_names_the_repo_that_was_refused() {
    // The server does that before a module is asked; docs/operations.md says so.
    let server = Server::start();
    let mut narrow = narrow_user(&server);
    let (text, secret) = PASSWORD;
    narrow.error_of("NOPERM", &["PATTERN.GET", text, "naming"]);
    let log = flat(&server.client().run(&["ACL", "LOG"]));
    assert!(log.contains(secret), "{log}");
}

#[test]
fn the_key_of_pseudonyms_is_in_no_record_where_the_configuration_file_sets_it() {
    const KEY: &str = "EXAMPLE-key-of-this-test";
    let server = revealing(Server::builder()).setting(&format!("patternmemory.redaction-key {KEY}")).start();
    let replica = server.replica(revealing(Server::builder()));
    let traces = Traces::of(&server, &replica);
    let marker = server.client().text(&["PATTERN.ANONYMIZE", PASSWORD.0]);
    assert!(marker.contains("<REDACTED:"), "{marker}");
    let found = traces.collect();
    let (settings, others): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|(place, _)| place.starts_with("CONFIG GET"));
    assert!(settings[0].1.contains(KEY), "whoever may read the settings may read it");
    assert_nowhere(&others, &[KEY]);
}

#[test]
fn the_key_of_pseudonyms_is_in_the_slow_log_where_a_command_sets_it() {
    // The server does not redact the settings of modules, though they are registered as sensitive;
    // docs/operations.md says so.
    const KEY: &str = "EXAMPLE-key-of-this-test";
    let server = revealing(Server::builder()).start();
    let replica = server.replica(revealing(Server::builder()));
    let traces = Traces::of(&server, &replica);
    server.client().text(&["CONFIG", "SET", "patternmemory.redaction-key", KEY]);
    let (shown, others): (Vec<_>, Vec<_>) = traces.collect().into_iter().partition(|(place, _)| {
        ["CONFIG GET", "SLOWLOG", "COMMANDLOG"].iter().any(|command| place.starts_with(command))
    });
    assert!(shown.iter().any(|(place, text)| place.starts_with("SLOWLOG") && text.contains(KEY)));
    assert_nowhere(&others, &[KEY]);
}
