//! MULTI, WATCH, Lua, functions, RESP3, pipelines, client-side caching.

use redis::Value;
use serde_json::Value as Json;

use crate::support::catalog::CALLS;
use crate::support::client::{as_text, shown};
use crate::support::{fill, repo_state, wait_for, Client, Server};

#[test]
fn commands_join_a_transaction() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "composition/multi";
    client.text(&["MULTI"]);
    client.text(&["PATTERN.STORE", repo, "t", r#"{"a":1}"#]);
    client.text(&["ISSUE.TRACK", repo, "style", "E501", "low"]);
    client.text(&["ISSUE.MTRACK", repo, "style", "E501", "low", "2"]);
    client.text(&["PATTERN.GET", repo, "t"]);
    client.text(&["PATTERN.GET", repo, "absent"]);
    match client.run(&["EXEC"]) {
        Value::Array(answers) => {
            assert!(as_text(&answers[0]).is_some_and(|text| text.contains("\"version\":1")));
            assert_eq!(answers[1], Value::Int(1));
            assert_eq!(answers[2], Value::Array(vec![Value::Int(3)]));
            assert!(as_text(&answers[3]).is_some_and(|text| text.contains("\"pattern_data\":{\"a\":1}")));
            assert_eq!(answers[4], Value::Nil);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_discarded_transaction_leaves_nothing() {
    let server = Server::shared();
    let mut client = server.client();
    client.text(&["MULTI"]);
    client.text(&["ISSUE.TRACK", "composition/discard", "style", "E501", "low"]);
    client.text(&["DISCARD"]);
    client.nil(&["ISSUE.GET", "composition/discard", "style", "E501"]);
}

#[test]
fn every_command_works_in_multi() {
    let server = Server::start();
    let mut client = server.client();
    fill(&mut client, "r");
    let export = client.text(&["PATTERN.EXPORT", "r"]);
    client.text(&["MULTI"]);
    for call in CALLS {
        assert_eq!(client.text(&call.for_repo("r", &export)), "QUEUED", "{}", call.name());
    }
    match client.run(&["EXEC"]) {
        Value::Array(answers) => {
            assert_eq!(answers.len(), CALLS.len());
            for (call, answer) in CALLS.iter().zip(&answers) {
                assert!(!matches!(answer, Value::ServerError(_)), "{}: {answer:?}", call.name());
            }
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn watching_the_repo_guards_a_read_and_decide_and_write() {
    let server = Server::start();
    let mut client = server.client();
    let mut other = server.client();
    fill(&mut client, "r");
    let export = client.text(&["PATTERN.EXPORT", "r"]);
    for call in CALLS.iter().filter(|call| call.writes) {
        fill(&mut other, "r");
        other.json(&["PATTERN.STORE", "r", "naming", r#"{"style":"x"}"#]);
        client.text(&["WATCH", "r"]);
        let mut arguments = call.for_repo("r", &export);
        if let Some(place) = arguments.iter().position(|argument| argument == "IFVERSION") {
            arguments.drain(place..place + 2);
        }
        if call.name() == "PATTERN.IMPORT" {
            // The document has to bring something.
            arguments[2] = export.clone();
        }
        other.run(&arguments);
        client.text(&["MULTI"]);
        client.text(&["SET", "decided", call.name()]);
        assert_eq!(client.run(&["EXEC"]), Value::Nil, "{} did not touch the watched repo", call.name());
    }
    fill(&mut other, "r");
    client.text(&["WATCH", "r"]);
    other.json(&["PATTERN.INSIGHTS", "r"]);
    other.int(&["ISSUE.TRACK", "r2", "style", "E501", "low"]);
    client.text(&["MULTI"]);
    client.text(&["SET", "decided", "yes"]);
    assert_eq!(client.run(&["EXEC"]), Value::Array(vec![Value::Okay]), "a read or another repo's write touched it");
}

#[test]
fn a_watched_read_decide_write_loop_loses_nothing() {
    let server = Server::shared();
    let port = server.port;
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(move || {
                let mut client = Client::connect(port);
                for _ in 0..20 {
                    loop {
                        client.text(&["WATCH", "composition/watch"]);
                        let sum = match client.run(&["PATTERN.GET", "composition/watch", "t"]) {
                            Value::BulkString(bytes) => {
                                let pattern: Json = serde_json::from_slice(&bytes).expect("JSON");
                                pattern["pattern_data"]["sum"].as_i64().expect("a sum")
                            }
                            _ => 0,
                        };
                        client.text(&["MULTI"]);
                        client.text(&["PATTERN.STORE", "composition/watch", "t", &format!(r#"{{"sum":{}}}"#, sum + 1)]);
                        if client.run(&["EXEC"]) != Value::Nil {
                            break;
                        }
                    }
                }
            });
        }
    });
    let pattern = server.client().json(&["PATTERN.GET", "composition/watch", "t"]);
    assert_eq!(pattern["pattern_data"]["sum"], 160);
}

#[test]
fn every_command_works_in_a_script() {
    let server = Server::start();
    let mut client = server.client();
    fill(&mut client, "r");
    let export = client.text(&["PATTERN.EXPORT", "r"]);
    for call in CALLS {
        let mut arguments = vec!["EVAL".to_owned(), "return redis.call(unpack(ARGV))".to_owned()];
        arguments.extend(if call.has_repo() { vec!["1".to_owned(), "r".to_owned()] } else { vec!["0".to_owned()] });
        arguments.extend(call.for_repo("r", &export));
        client.run(&arguments);
    }
    assert!(client.key_names("*{r}*").is_empty(), "the last of them forgets the repo");
}

#[test]
fn a_script_reads_what_it_wrote_and_catches_errors() {
    let server = Server::shared();
    let mut client = server.client();
    let script = "
        redis.call('ISSUE.TRACK', KEYS[1], 'style', 'E501', 'low', 'COUNT', '4')
        local failed = redis.pcall('ISSUE.TRACK', KEYS[1], 'style', 'E501', 'low', 'COUNT', '0')
        local issue = cjson.decode(redis.call('ISSUE.GET', KEYS[1], 'style', 'E501'))
        local missing = redis.call('PATTERN.GET', KEYS[1], 'absent')
        local many = redis.call('ISSUE.MTRACK', KEYS[1], 'style', 'E501', 'low', '1')
        return {issue['frequency'], failed['err'] and 1 or 0, missing == false and 1 or 0, many[1]}";
    assert_eq!(client.ints(&["EVAL", script, "1", "composition/lua"]), [4, 1, 1, 5]);
}

#[test]
fn every_command_works_in_a_function() {
    let server = Server::start();
    let mut client = server.client();
    client.text(&[
        "FUNCTION",
        "LOAD",
        "#!lua name=pmtest\nredis.register_function('pass', function(keys, args) return redis.call(unpack(args)) end)",
    ]);
    fill(&mut client, "r");
    let export = client.text(&["PATTERN.EXPORT", "r"]);
    for call in CALLS {
        let mut arguments = vec!["FCALL".to_owned(), "pass".to_owned()];
        arguments.extend(if call.has_repo() { vec!["1".to_owned(), "r".to_owned()] } else { vec!["0".to_owned()] });
        arguments.extend(call.for_repo("r", &export));
        client.run(&arguments);
    }
}

#[test]
fn a_read_only_script_may_read_and_not_write() {
    let server = Server::shared();
    let mut client = server.client();
    client.int(&["ISSUE.TRACK", "composition/ro", "style", "E501", "low"]);
    let call = |command: &str| format!("return redis.call('{command}', KEYS[1], 'style', 'E501', 'low')");
    let error = client.error(&["EVAL_RO", &call("ISSUE.TRACK"), "1", "composition/ro"]);
    assert!(error.contains("Write commands are not allowed"), "{error}");
    let read = "return redis.call('ISSUE.GET', KEYS[1], 'style', 'E501')";
    assert_eq!(client.json(&["EVAL_RO", read, "1", "composition/ro"])["frequency"], 1);
}

#[test]
fn resp3_answers_the_same_kinds() {
    let server = Server::shared();
    let mut two = server.client();
    let mut three = Client::connect_resp3(server.port);
    let repo = "composition/resp3";
    fill(&mut two, repo);
    for call in CALLS.iter().filter(|call| !call.writes && call.has_repo()) {
        let arguments = call.for_repo(repo, "");
        let (old, new) = (two.run(&arguments), three.run(&arguments));
        assert!(matches!(old, Value::BulkString(_)), "{}: {old:?}", call.name());
        assert!(matches!(new, Value::BulkString(_)), "{}: {new:?}", call.name());
    }
    assert_eq!(three.int(&["ISSUE.TRACK", repo, "style", "E501", "low"]), 6);
    assert_eq!(three.ints(&["ISSUE.MTRACK", repo, "style", "E501", "low", "1"]), [7]);
    assert_eq!(three.json(&["PATTERN.STORE", repo, "t", "{}"])["version"], 1);
    three.nil(&["PATTERN.GET", repo, "absent"]);
    three.error_of("ERR", &["PATTERN.CONFIDENCE", repo, "t", "2"]);
}

#[test]
fn a_pipeline_answers_in_order() {
    let server = Server::shared();
    let mut client = server.client();
    for n in 0..1_000 {
        client.send(&["ISSUE.TRACK", "composition/pipeline", "style", "E501", "low"]);
        if n % 100 == 0 {
            client.send(&["ISSUE.TRACK", "composition/pipeline", "style", "E501", "low", "COUNT", "x"]);
        }
    }
    for n in 0..1_000 {
        assert_eq!(client.receive(), Ok(Value::Int(n + 1)));
        if n % 100 == 0 {
            assert!(client.receive().is_err_and(|error| error.starts_with("ERR ")));
        }
    }
}

#[test]
fn client_side_caches_are_invalidated_by_a_write() {
    let server = Server::shared();
    let mut reader = Client::connect_resp3(server.port);
    let mut writer = server.client();
    writer.json(&["PATTERN.STORE", "composition/track", "t", "{}"]);
    reader.text(&["CLIENT", "TRACKING", "ON"]);
    reader.json(&["PATTERN.INSIGHTS", "composition/track"]);
    writer.int(&["ISSUE.TRACK", "composition/track", "style", "E501", "low"]);
    reader.send(&["PING"]);
    let invalidated = wait_for("the invalidation", || match reader.receive() {
        Ok(Value::Push { data, .. }) => Some(data),
        Ok(_) => {
            reader.send(&["PING"]);
            None
        }
        Err(error) => panic!("{error}"),
    });
    let name = Value::BulkString(b"composition/track".to_vec());
    assert_eq!(invalidated, [Value::Array(vec![name])]);
}

#[test]
fn a_selected_database_is_its_own_memory() {
    let server = Server::start();
    let mut client = server.client();
    fill(&mut client, "r");
    let before = repo_state(&mut client, "r");
    client.text(&["SELECT", "5"]);
    client.nil(&["PATTERN.GET", "r", "naming"]);
    assert_eq!(client.int(&["ISSUE.TRACK", "r", "style", "E501", "low"]), 1);
    client.int(&["PATTERN.FORGET", "r"]);
    client.text(&["SELECT", "0"]);
    assert_eq!(repo_state(&mut client, "r"), before);
}

#[test]
fn every_call_of_the_catalog_works_as_written() {
    let server = Server::start();
    let mut client = server.client();
    fill(&mut client, "r");
    let export = client.text(&["PATTERN.EXPORT", "r"]);
    for call in CALLS {
        let arguments = call.for_repo("r", &export);
        let answer = client.run(&arguments);
        assert_ne!(answer, Value::Nil, "{}", shown(&arguments));
    }
}
