//! A clock that steps, forwards and back: no report fails, nothing that was counted is lost, no TTL is wrong.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use serde_json::Value as Json;
use tempfile::TempDir;

use crate::support::catalog::CALLS;
use crate::support::reports::reports;
use crate::support::server::ServerBuilder;
use crate::support::{array, today, Client, Server};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
const TTL: i64 = 90 * DAY;

/// The wall clock of one server, which a library moves that the server preloads.
struct Clock {
    directory: TempDir,
}

impl Clock {
    #[track_caller]
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/clock.c");
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(directory.path().join("clock.so")).arg(source);
        // Rust links by it, so it is there.
        assert!(compiler.status().expect("a C compiler").success(), "the library that moves the clock");
        let clock = Self { directory };
        clock.move_by(0);
        clock
    }

    /// Lets the clock be so many seconds ahead, or behind.
    #[track_caller]
    fn move_by(&self, seconds: i64) {
        // Written over, as the server has it mapped.
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(false).open(self.directory.path().join("moved"));
        file.expect("the file").write_all(&seconds.to_ne_bytes()).expect("move the clock");
    }

    /// Whether the server's clock can be moved while it runs. That of Valkey 9.1 follows in parts only.
    #[track_caller]
    fn moves(&self, server: &Server) -> bool {
        if server.is_valkey() && server.version() >= (9, 0) {
            println!("the clock of this server cannot be moved: its steps are skipped");
            return false;
        }
        let mut client = server.client();
        let mut time = || client.texts(&["TIME"])[0].parse::<i64>().expect("TIME");
        let before = time();
        self.move_by(DAY);
        assert!(time() - before >= DAY, "the server's clock does not move");
        self.move_by(0);
        true
    }

    fn builder(&self) -> ServerBuilder {
        let path = |name: &str| self.directory.path().join(name).display().to_string();
        Server::builder()
            .setting("appendonly yes")
            .environment("LD_PRELOAD", &path("clock.so"))
            .environment("PM_CLOCK", &path("moved"))
    }
}

/// What was written: occurrences by day, and how often each other kind.
#[derive(Default)]
struct Books {
    by_day: BTreeMap<String, u64>,
    rounds: u64,
}

/// One write of each kind.
#[track_caller]
fn write(client: &mut Client, books: &mut Books) {
    let n = books.rounds;
    let day = today(client);
    client.int(&["ISSUE.TRACK", "r", "style", "E501", "low", "COUNT", "2"]);
    client.ints(&["ISSUE.MTRACK", "r", "style", "E501", "high", "1", "style", "W1", "low", "3"]);
    *books.by_day.entry(day).or_default() += 6;
    client.json(&["PATTERN.STORE", "r", "t", &format!(r#"{{"n":{n}}}"#)]);
    client.int(&["PATTERN.CONFIDENCE", "r", "t", &format!("0.{n:03}")]);
    // By a thread.
    client.json(&[
        "PATTERN.STORE",
        "r",
        "large",
        &format!(r#"{{"n":{n},"text":"{}"}}"#, "in snake case, ".repeat(3_000)),
    ]);
    let key = format!("k{n}");
    for _ in 0..2 {
        let attempts = client.int(&["FIX.RECORD", "r", "style", "format", "1", "FEEDBACK", "0.5", "ID", &key]);
        assert_eq!(attempts, n as i64 + 1);
    }
    assert_eq!(client.int(&["SESSION.RECORD", "r", "nightly", "2", "1"]), n as i64 + 1);
    books.rounds += 1;
}

/// No number is below nothing, but for those that may be.
#[track_caller]
fn assert_sound(name: &str, document: &Json) {
    match document {
        Json::Number(number) if name != "confidence_change" => {
            assert!(number.as_f64().is_some_and(|number| number >= 0.0), "{name} is {number}");
        }
        Json::Array(items) => items.iter().for_each(|item| assert_sound(name, item)),
        Json::Object(fields) => fields.iter().for_each(|(name, field)| assert_sound(name, field)),
        _ => {}
    }
}

/// Every report works and tells of all that was written up to today.
#[track_caller]
fn assert_told(client: &mut Client, books: &Books) {
    for call in CALLS.iter().filter(|call| !call.writes) {
        client.run(&call.for_repo("r", ""));
    }
    assert_sound("", &reports(client, "r"));
    assert_sound("", &client.json(&["PATTERN.INSIGHTS", "r"]));
    assert_sound("", &client.json(&["ISSUE.TRENDS", "r"]));
    assert_sound("", &client.json(&["FIX.RATES", "r"]));

    let n = books.rounds;
    assert_eq!(client.json(&["ISSUE.GET", "r", "style", "E501"])["frequency"], 3 * n);
    assert_eq!(client.json(&["ISSUE.GET", "r", "style", "W1"])["frequency"], 3 * n);
    assert_eq!(client.json(&["PATTERN.GET", "r", "t"])["version"], 2 * n);
    let told = client.json(&["PATTERN.EVOLUTION", "r", "t"]);
    let versions: Vec<_> = array(&told["changes"]).iter().filter_map(|change| change["version"].as_u64()).collect();
    assert_eq!(versions, (1..=2 * n).rev().collect::<Vec<_>>());
    assert_eq!(client.json(&["PATTERN.GET", "r", "large"])["version"], n);
    assert_eq!(client.json(&["FIX.RATES", "r"])["format"]["total_attempts"], n);

    let (mut sums, days) = (BTreeMap::<&str, u64>::new(), client.key_names("pm:{r}:day:*"));
    for day in days {
        for (field, count) in client.map(&["HGETALL", &day]) {
            let kind = ["issue:", "fix:", "session:nightly:count"].into_iter().find(|kind| field.starts_with(kind));
            *sums.entry(kind.unwrap_or("others")).or_default() += count.parse::<u64>().expect("a count");
        }
    }
    assert_eq!((sums["issue:"], sums["fix:"], sums["session:nightly:count"]), (6 * n, n, n));
    let today = today(client);
    let until_today: u64 = books.by_day.range(..=today).map(|(_, count)| count).sum();
    assert_eq!(client.json(&["ISSUE.HISTORY", "r", "DAYS", "3650"])["total"], until_today);
}

#[test]
fn a_clock_that_steps_forwards_and_back_loses_nothing_and_breaks_no_report() {
    let clock = Clock::new();
    let mut server = clock.builder().start();
    if !clock.moves(&server) {
        return;
    }
    let mut books = Books::default();
    let steps = [0, HOUR, HOUR / 2, 3 * DAY, -DAY, 40 * DAY, 5 * DAY, 80 * DAY, 0, -10 * DAY, -400 * DAY, -399 * DAY];
    let mut furthest = 0;
    for (round, step) in steps.into_iter().enumerate() {
        clock.move_by(step);
        furthest = furthest.max(step);
        let mut client = server.client();
        if round > 0 {
            assert_told(&mut client, &books);
        }
        write(&mut client, &mut books);
        assert_told(&mut client, &books);
        for key in client.key_names("pm:{r}:*") {
            // Keys that were armed while the clock was ahead keep what they were given.
            let ttl = client.int(&["TTL", &key]);
            assert!(ttl > 0 && ttl <= TTL + furthest - step, "{key} at {step}: {ttl}");
        }
        for key in [
            "issues", "issues:trend", "pattern:t:default", "history:t:default", "patterns", "fixes", "sessions", "meta",
        ] {
            let ttl = client.int(&["TTL", &format!("pm:{{r}}:{key}")]);
            assert!(ttl >= TTL * 99 / 100 - 60, "{key} at {step}: {ttl}");
        }
        let document = client.text(&["PATTERN.EXPORT", "r"]);
        client.json(&["PATTERN.IMPORT", "copy", &document, "REPLACE"]);
        assert_eq!(client.json(&["PATTERN.EVOLUTION", "copy", "t"]), client.json(&["PATTERN.EVOLUTION", "r", "t"]));
        client.int(&["PATTERN.FORGET", "copy"]);
        let left = client.key_names("pm:{copy}:*");
        assert!(left.is_empty(), "{left:?}");
        if round % 3 == 2 {
            server = server.restart();
            assert_told(&mut server.client(), &books);
        }
    }
    // Far beyond every TTL the repo is gone, and begins anew.
    let mut client = server.client();
    let never = reports(&mut client, "never");
    clock.move_by(1_000 * DAY);
    assert_eq!(reports(&mut client, "r"), never);
    write(&mut client, &mut Books::default());
    assert_eq!(client.json(&["PATTERN.GET", "r", "t"])["version"], 2);
}

#[test]
fn days_ahead_of_the_clock_stayed_when_a_repo_without_its_mark_was_forgotten() {
    let clock = Clock::new();
    let server = clock.builder().start();
    if !clock.moves(&server) {
        return;
    }
    let mut client = server.client();
    for days in [300, 30, 0] {
        clock.move_by(days * DAY);
        write(&mut client, &mut Books::default());
        client.int(&[
            "DEL", "pm:{r}:sessions", "pm:{r}:fixes", "pm:{r}:fixes:stats", "pm:{r}:fixes:ids",
            "pm:{r}:pattern:t:default",
        ]);
    }
    client.int(&["DEL", "pm:{r}:meta"]);
    client.int(&["PATTERN.FORGET", "r"]);
    let left = client.key_names("pm:{r}:*");
    assert!(left.iter().all(|key| key.contains(":history:")), "{left:?}");
}
