//! Memory that stays flat: millions of calls over capped structures, the module loaded again and again.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use redis::Value;

use crate::support::client::shown;
use crate::support::server::module_path;
use crate::support::{assert_agrees, effort, fill, wait_for, whole_state, Client, Server};

const REPOS: u64 = 20;
/// So low that every structure is full after some thousand calls.
const CAPS: &str = "max-history 10 max-issues 50 max-fixes 50 max-sessions 50 max-patterns 60 max-fix-stats 40 \
    max-daily-series 30 background-threshold 4096";

/// The next of a row of numbers that looks random and is the same in each run.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

/// A write of any kind, now and then a refused one, a read, or one that brings a secret or much text.
fn call(state: &mut u64, export: &str) -> Vec<String> {
    let (repo, n) = (format!("r{}", next(state) % REPOS), next(state));
    let (name, few, text) = (format!("n{n}"), format!("n{}", n % 80), "in snake case, ".repeat((n % 30) as usize));
    let (data, count) = (format!(r#"{{"n":{n},"text":"{text}"}}"#), (n % 9 + 1).to_string());
    let large = || format!(r#"{{"text":"{}"}}"#, "in snake case, ".repeat(300));
    let words: Vec<&str> = match next(state) % 1_000 {
        0..250 => vec!["ISSUE.TRACK", &repo, "style", &name, "low", "COUNT", &count],
        250..350 => vec![
            "ISSUE.MTRACK", &repo, "style", &name, "low", "1", &few, "R1", "high", &count, "style", "R2", "low", "2",
        ],
        350..500 => vec!["PATTERN.STORE", &repo, &few, &data, "CONFIDENCE", "0.5", "REASON", &text],
        500..530 => {
            vec!["PATTERN.STORE", &repo, &few, r#"{"config":"password = \"EXAMPLE-hunter2-x9\""}"#, "TTL", "1000"]
        }
        530..600 => vec!["PATTERN.CONFIDENCE", &repo, &few, "0.75", "REASON", &text],
        600..700 => vec!["FIX.RECORD", &repo, &few, &few, "1", "FEEDBACK", "0.5", "METADATA", &data, "ID", &name],
        700..750 => vec!["FIX.RECORD", &repo, "style", &few, "0"],
        750..900 => vec!["SESSION.RECORD", &repo, &few, "1", "2", "DATA", &data],
        900..950 => vec!["PATTERN.DEL", &repo, &few],
        950..953 => vec!["PATTERN.IMPORT", &repo, export, "MERGE"],
        953..954 => vec!["PATTERN.FORGET", &repo],
        954..960 => vec!["PATTERN.RETAIN", &repo, "7776000"],
        960..962 => {
            return vec!["PATTERN.STORE".into(), repo, few, large()];
        }
        962..970 => vec!["PATTERN.STORE", &repo, &few, "{not json"],
        970..980 => vec!["ISSUE.TRACK", &repo, "style", &name, "low", "COUNT", "0"],
        980..985 => vec!["PATTERN.INSIGHTS", &repo],
        985..990 => vec!["PATTERN.EVOLUTION", &repo, &few],
        _ => vec!["PATTERN.ANONYMIZE", &text],
    };
    words.into_iter().map(str::to_owned).collect()
}

/// Calls made beforehand, as they go over the wire, and where each batch ends: making them anew would take longer than
/// running them.
struct Calls {
    bytes: Vec<u8>,
    batches: Vec<usize>,
}

const BATCH: u64 = 500;
const BATCHES: u64 = 60;

impl Calls {
    fn make(export: &str) -> Self {
        let (mut calls, mut state) = (Calls { bytes: Vec::new(), batches: Vec::new() }, 7);
        for _ in 0..BATCHES {
            for _ in 0..BATCH {
                let words = call(&mut state, export);
                calls.bytes.extend(format!("*{}\r\n", words.len()).bytes());
                for word in words {
                    calls.bytes.extend(format!("${}\r\n{word}\r\n", word.len()).bytes());
                }
            }
            calls.batches.push(calls.bytes.len());
        }
        calls
    }

    /// Runs them in turn, so many in all.
    #[track_caller]
    fn run(&self, server: &Server, calls: u64) {
        let stream = TcpStream::connect(("127.0.0.1", server.port)).expect("connect");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("set a read timeout");
        let mut answers = BufReader::with_capacity(1 << 18, stream.try_clone().expect("the connection again"));
        for batch in 0..calls / BATCH {
            let n = (batch % BATCHES) as usize;
            let start = if n == 0 { 0 } else { self.batches[n - 1] };
            let bytes = &self.bytes[start..self.batches[n]];
            thread::scope(|scope| {
                let mut stream = &stream;
                scope.spawn(move || stream.write_all(bytes).expect("send"));
                for _ in 0..BATCH {
                    pass_answer(&mut answers);
                }
            });
        }
    }
}

/// Reads one answer; only the refusals that `call` asks for are borne.
#[track_caller]
fn pass_answer(answers: &mut BufReader<TcpStream>) {
    let mut line = Vec::with_capacity(128);
    answers.read_until(b'\n', &mut line).expect("an answer");
    let text = String::from_utf8_lossy(&line);
    let number = || text[1..].trim().parse::<i64>().expect("a number");
    match text.as_bytes()[0] {
        b'$' => {
            let rest = u64::try_from(number() + 2).unwrap_or(0);
            let rest = if rest < 2 { 0 } else { rest };
            std::io::copy(&mut answers.by_ref().take(rest), &mut std::io::sink()).expect("the rest of an answer");
        }
        b'*' => (0..number()).for_each(|_| pass_answer(answers)),
        b':' | b'+' => {}
        _ => {
            let known = ["JSON", "COUNT", "max-patterns"];
            assert!(text.starts_with("-ERR ") && known.iter().any(|part| text.contains(part)), "{text}");
        }
    }
}

fn memory(client: &mut Client, field: &str) -> i64 {
    client.info("memory", field).expect("the memory").parse().expect("a number")
}

/// What the server uses once what is freed in the background is freed.
#[track_caller]
fn settled_memory(client: &mut Client) -> i64 {
    wait_for("the server to free", || (client.info("memory", "lazyfree_pending_objects")? == "0").then_some(()));
    client.run(&["MEMORY", "PURGE"]);
    memory(client, "used_memory")
}

#[test]
fn memory_is_flat_however_many_calls_there_were() {
    let server = Server::builder().module_arguments(CAPS).start();
    let mut client = server.client();
    fill(&mut client, "small");
    let export = client.text(&["PATTERN.EXPORT", "small"]);
    let (made, calls) = (Calls::make(&export), effort(100_000_u64, 10_000_000));
    // The caps are reached, and every command has its statistics.
    made.run(&server, 60_000);
    let (mut used, mut resident) = (settled_memory(&mut client), memory(&mut client, "used_memory_rss"));
    let first = (used, resident);
    for _ in 0..10 {
        made.run(&server, calls / 10);
        used = settled_memory(&mut client);
        resident = memory(&mut client, "used_memory_rss");
        println!("used {used}, resident {resident}, at first {first:?}");
    }
    // What is in the repos differs from moment to moment; a byte a call would be thrice as much in the long form.
    let full = 3_000_000;
    assert!(used - first.0 < full, "{} bytes more after {calls} calls", used - first.0);
    assert!(resident - first.1 < 32 << 20, "{} resident bytes more after {calls} calls", resident - first.1);
    // Nothing is left beside what the repos hold.
    for repo in (0..REPOS).map(|n| format!("r{n}")).chain(["small".into()]) {
        client.int(&["PATTERN.FORGET", &repo]);
    }
    let empty = Server::builder().module_arguments(CAPS).start();
    let mut fresh = empty.client();
    made.run(&empty, 20_000);
    for repo in (0..REPOS).map(|n| format!("r{n}")) {
        fresh.int(&["PATTERN.FORGET", &repo]);
    }
    let more = settled_memory(&mut client) - settled_memory(&mut fresh);
    assert!(more < 400_000, "{more} bytes more than after few calls");
    assert!(whole_state(&mut client).is_empty());
}

#[test]
fn the_module_is_loaded_again_and_again_under_load() {
    let server = Server::start();
    let (stop, written, refused) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
    let large = format!(r#"{{"text":"{}"}}"#, "in snake case, ".repeat(20_000));
    let rounds = effort(8, 300);
    let module = module_path();
    let path = module.to_str().expect("a path");
    thread::scope(|scope| {
        for writer in 0..3 {
            let (stop, written, refused, large) = (&stop, &written, &refused, &large);
            let mut client = server.client();
            scope.spawn(move || {
                let (rule, name) = (format!("R{writer}"), format!("w{writer}"));
                for n in 0.. {
                    let data = format!(r#"{{"n":{n}}}"#);
                    let call: Vec<&str> = match n % 4 {
                        0 => vec!["ISSUE.TRACK", "r", "style", &rule, "low"],
                        1 => vec!["PATTERN.STORE", "r", &name, &data],
                        2 => vec!["SESSION.RECORD", "r", &name, "1", "1"],
                        // Which waits for a thread of the module's.
                        _ => vec!["PATTERN.STORE", "large", &name, large],
                    };
                    match client.try_run(&call) {
                        Ok(_) => written.fetch_add(u64::from(n % 4 == 0), Ordering::Relaxed),
                        Err(error) => {
                            assert!(error.contains("unknown command"), "{}: {error}", shown(&call));
                            refused.fetch_add(1, Ordering::Relaxed)
                        }
                    };
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                }
            });
        }
        let mut client = server.client();
        for _ in 0..rounds {
            let before = written.load(Ordering::Relaxed);
            wait_for("writes", || (written.load(Ordering::Relaxed) > before).then_some(()));
            // Refused while a client waits for the module, and then clean.
            wait_for("the module to be unloaded", || client.try_run(&["MODULE", "UNLOAD", "patternmemory"]).ok());
            assert!(client.error(&["ISSUE.GET", "r", "style", "R0"]).contains("unknown command"));
            client.text(&["MODULE", "LOAD", path]);
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert!(refused.load(Ordering::Relaxed) > 0, "nobody noticed");
    let mut client = server.client();
    let counted = client.json(&["ISSUE.HISTORY", "r"])["total"].as_u64();
    assert_eq!(counted, Some(written.load(Ordering::Relaxed)));
    client.text(&["CONFIG", "SET", "patternmemory.max-history", "5000"]);
    client.text(&["MODULE", "UNLOAD", "patternmemory"]);
    client.text(&["MODULE", "LOAD", path]);
    // Everything begins anew: settings, counters, rules.
    assert_eq!(client.map(&["CONFIG", "GET", "patternmemory.max-history"])["patternmemory.max-history"], "1000");
    let processed = client.info("patternmemory", "patternmemory_commands_processed");
    assert_eq!(processed, Some("0".into()));
    client.int(&["PATTERN.FORGET", "r"]);
    client.int(&["PATTERN.FORGET", "large"]);
    fill(&mut client, "r");
    assert_agrees(&mut client, "r");
}

#[test]
fn a_module_that_was_unloaded_leaves_no_memory_behind() {
    let server = Server::builder().without_module().start();
    let mut client = server.client();
    let module = module_path();
    let large = format!(r#"{{"text":"{}"}}"#, "in snake case, ".repeat(5_000));
    let mut round = || {
        client.text(&["MODULE", "LOAD", module.to_str().expect("a path"), "redaction-key", "EXAMPLE-key"]);
        fill(&mut client, "r");
        client.json(&["PATTERN.STORE", "r", "t", &large]);
        client.json(&["PATTERN.RULES"]);
        client.map(&["CONFIG", "GET", "patternmemory.*"]);
        assert!(matches!(client.run(&["PATTERN.GET", "r", "t"]), Value::BulkString(_)));
        client.int(&["PATTERN.FORGET", "r"]);
        wait_for("the module to be unloaded", || client.try_run(&["MODULE", "UNLOAD", "patternmemory"]).ok());
        settled_memory(&mut client)
    };
    let first = (0..5).map(|_| round()).max().expect("rounds");
    let rounds = effort(10, 300);
    let last = (0..rounds).map(|_| round()).min().expect("rounds");
    let more = last - first;
    println!("{more} bytes more after {rounds} loads");
    assert!(more < 4_096 * rounds / 10, "{more} bytes more after {rounds} loads");
}
