//! One run of steps from one seed, on a server that is emptied first.

mod speech;

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::time::Duration;

use redis::Value;

use super::grammar::{Command, Writing};
use super::oracle::{complaint, complaint_in_log, is_refusal};
use super::random::Random;
use super::values::{self, REPOS};
use super::wire::Wire;
use super::{plant, FUNCTION};
use crate::support::catalog::CALLS;
use crate::support::client::shown;
use crate::support::{fill, Client, Server};

const STEPS: usize = 250;
const DATABASES: usize = 3;
/// How long others may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How many inputs are printed with a failure.
const REMEMBERED: usize = 12;
/// An export longer than this is not sent again.
const LONGEST_EXPORT: usize = 300_000;

/// What was done, over all episodes.
#[derive(Default)]
pub struct Figures {
    /// Calls and requests sent.
    pub inputs: u64,
    /// Calls that were answered.
    pub successes: u64,
    /// Calls that were refused.
    pub errors: u64,
    /// Keys that were changed by hand.
    pub plants: u64,
    /// Requests that were sent as bytes.
    pub raw: u64,
    /// Reports that were asked for though keys were not as they should be.
    pub reports: u64,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} inputs ({} of them raw), {} answers, {} refusals, {} keys planted, {} reports",
            self.inputs, self.raw, self.successes, self.errors, self.plants, self.reports
        )
    }
}

/// One run of steps.
pub struct Episode<'a> {
    server: &'a Server,
    commands: &'a [Command],
    figures: &'a mut Figures,
    client: Client,
    random: Random,
    seed: u64,
    step: usize,
    database: usize,
    /// The digest of the keyspace as it was last seen.
    digest: String,
    /// How many keys had expired when that was last the reason of a change.
    expired: String,
    export: Vec<u8>,
    /// Where a key may be of a wrong type, so that reports may say so.
    mistyped: BTreeSet<(usize, &'static str)>,
    /// Connections that sent half a request and wait.
    dangling: Vec<Wire>,
    last: VecDeque<String>,
}

impl<'a> Episode<'a> {
    /// An empty server, settings and a filled repo by the seed.
    pub fn new(server: &'a Server, commands: &'a [Command], seed: u64, figures: &'a mut Figures) -> Self {
        let mut random = Random::new(seed);
        let mut client = if random.percent(50) { server.client() } else { Client::connect_resp3(server.port) };
        client.text(&["FLUSHALL"]);
        client.text(&["FUNCTION", "LOAD", "REPLACE", FUNCTION]);
        let small = |random: &mut Random| random.pick(&["2", "3", "20", "1000"]).to_owned();
        for name in ["max-history", "max-issues", "max-fixes", "max-sessions", "max-patterns", "max-fix-stats"] {
            client.text(&["CONFIG", "SET", &format!("patternmemory.{name}"), &small(&mut random)]);
        }
        let series = random.pick(&["1", "10", "1000"]);
        client.text(&["CONFIG", "SET", "patternmemory.max-daily-series", series]);
        let threshold = random.pick(&["1024", "32768"]);
        client.text(&["CONFIG", "SET", "patternmemory.background-threshold", threshold]);
        let _ = client.try_run(&["PATTERN.STORE", REPOS[0], "first", "{}"]);
        client.text(&["FLUSHALL"]);
        let expired = client.info("stats", "expired_keys").unwrap_or_default();
        let mut episode = Self {
            server,
            commands,
            figures,
            client,
            random,
            seed,
            step: 0,
            database: 0,
            digest: String::new(),
            expired,
            export: b"{}".to_vec(),
            mistyped: BTreeSet::new(),
            dangling: Vec::new(),
            last: VecDeque::new(),
        };
        episode.refill();
        episode
    }

    /// Puts something of everything into a repo, as far as the caps allow.
    fn refill(&mut self) {
        self.client.text(&["CONFIG", "SET", "patternmemory.max-patterns", "1000"]);
        let repo = self.repo();
        if !self.mistyped.contains(&(self.database, repo))
            && self.client.key_names(&format!("pm:{{{repo}}}:*")).is_empty()
        {
            fill(&mut self.client, repo);
        }
        if let Ok(Value::BulkString(export)) = self.client.try_run(&["PATTERN.EXPORT", repo]) {
            if export.len() < LONGEST_EXPORT {
                self.export = export;
            }
        }
        self.look();
    }

    /// All steps; fails the test at the first thing that is not as it must be.
    pub fn run(mut self) {
        for step in 0..STEPS {
            self.step = step;
            match self.random.below(100) {
                0..60 => self.call(),
                60..68 => self.plant(),
                68..75 => self.transaction(),
                75..82 => self.script(),
                82..86 => self.pipeline(),
                86..94 => self.speak(),
                94..97 => self.change_database(),
                97 => self.refill(),
                _ => {
                    let repo = self.repo();
                    self.ask_for_reports(repo);
                }
            }
        }
        self.conclude();
    }

    fn conclude(&mut self) {
        for database in 0..DATABASES {
            self.ask_for_every_report(database);
            for repo in REPOS {
                let forgotten = self.client.try_run(&["PATTERN.FORGET", repo]);
                self.expect(forgotten.is_ok(), "a repo cannot be forgotten");
                self.look();
            }
        }
        self.dangling.clear();
        let info = self.client.text(&["INFO", "patternmemory"]);
        for name in ["panics", "refused_internal"] {
            let none = info.contains(&format!("patternmemory_{name}:0\r\n"));
            self.expect(none, &format!("INFO counts {name}: {info}"));
        }
        if let Some(complaint) = complaint_in_log(self.server) {
            self.fail(&complaint);
        }
    }

    fn repo(&mut self) -> &'static str {
        self.random.pick(REPOS)
    }

    /// A call of some command; whether it writes.
    fn write_call(&mut self) -> (Vec<Vec<u8>>, bool) {
        let repo = self.repo();
        let command = &self.commands[self.random.place(self.commands)];
        let call = Writing { repo, export: &self.export, command }.call(&mut self.random);
        self.remember(shown(&call));
        self.figures.inputs += 1;
        (call, command.writes)
    }

    fn remember(&mut self, input: String) {
        if self.last.len() == REMEMBERED {
            self.last.pop_front();
        }
        self.last.push_back(input);
    }

    fn call(&mut self) {
        let (call, writes) = self.write_call();
        let reply = self.client.try_run(&call);
        self.judge(&reply, writes);
        if let Ok(Value::BulkString(document)) = reply {
            if call[0] == b"PATTERN.EXPORT" && document.len() < LONGEST_EXPORT {
                self.export = document;
            }
        }
    }

    fn transaction(&mut self) {
        let _ = self.client.try_run(&["MULTI"]);
        let mut writes = false;
        for _ in 0..1 + self.random.below(4) {
            let (call, one_writes) = self.write_call();
            writes |= one_writes;
            let queued = self.client.try_run(&call);
            if let Some(complaint) = complaint(&queued) {
                self.fail(&complaint);
            }
        }
        let reply = self.client.try_run(&["EXEC"]);
        self.judge(&reply, writes);
    }

    fn script(&mut self) {
        let (call, writes) = self.write_call();
        let script = self.random.pick(&[
            "return redis.call(unpack(ARGV))", "return redis.pcall(unpack(ARGV))",
            "local a = redis.pcall(unpack(ARGV)) local b = redis.pcall(unpack(ARGV)) return {a, b}",
        ]);
        let mut words: Vec<&[u8]> = match self.random.percent(50) {
            true => vec![b"FCALL", b"pass", b"0"],
            false => vec![b"EVAL", script.as_bytes(), b"0"],
        };
        words.extend(call.iter().map(Vec::as_slice));
        let reply = self.client.try_run(&words);
        self.judge(&reply, writes);
    }

    fn pipeline(&mut self) {
        let calls: Vec<_> = (0..2 + self.random.below(6)).map(|_| self.write_call()).collect();
        calls.iter().for_each(|(call, _)| self.client.send(call));
        self.client.send(&["ECHO", "in step"]);
        let mut wrote = false;
        for (_, writes) in &calls {
            let reply = self.client.receive();
            if let Some(complaint) = complaint(&reply) {
                self.fail(&complaint);
            }
            wrote |= writes & !is_refusal(&reply);
        }
        let echo = self.client.receive();
        self.expect(echo == Ok(Value::BulkString(b"in step".to_vec())), "the protocol is out of step");
        self.compare(wrote);
    }

    fn plant(&mut self) {
        let repo = self.repo();
        self.remember(format!("a key of {repo} changed by hand"));
        self.figures.plants += 1;
        if plant::plant(&mut self.random, &mut self.client, repo) {
            self.mistyped.insert((self.database, repo));
        }
        self.look();
        if self.random.percent(15) {
            self.ask_for_reports(repo);
        }
    }

    fn change_database(&mut self) {
        self.database = self.random.below(DATABASES);
        self.client.text(&["SELECT", &self.database.to_string()]);
    }

    fn ask_for_every_report(&mut self, database: usize) {
        self.database = database;
        self.client.text(&["SELECT", &database.to_string()]);
        REPOS.iter().for_each(|repo| self.ask_for_reports(repo));
    }

    /// Every report is answered, whatever lies in the keys; only a key of another type may be said to be one.
    fn ask_for_reports(&mut self, repo: &'static str) {
        for call in CALLS.iter().filter(|call| !call.writes) {
            let words = call.for_repo(repo, "");
            self.remember(shown(&words));
            self.figures.reports += 1;
            let reply = self.client.try_run(&words);
            if let Err(error) = &reply {
                let may = error.starts_with("WRONGTYPE ") && self.mistyped.contains(&(self.database, repo));
                self.expect(may, &format!("a report answered {error}"));
            }
            self.judge(&reply, false);
        }
    }

    /// What the reply says and leaves behind is as it must be.
    fn judge(&mut self, reply: &Result<Value, String>, writes: bool) {
        if let Some(complaint) = complaint(reply) {
            self.fail(&complaint);
        }
        let refused = is_refusal(reply);
        *(if refused { &mut self.figures.errors } else { &mut self.figures.successes }) += 1;
        self.compare(writes && !refused);
    }

    /// Nothing has changed where nothing may have.
    fn compare(&mut self, wrote: bool) {
        let before = self.digest.clone();
        self.look();
        if !wrote && before != self.digest {
            // A key whose time is over is gone whoever looks.
            let expired = self.client.info("stats", "expired_keys").unwrap_or_default();
            self.expect(expired != self.expired, "an error or a read changed something");
            self.expired = expired;
        }
    }

    fn look(&mut self) {
        match self.client.try_run(&["DEBUG", "DIGEST"]) {
            Ok(Value::SimpleString(digest)) => self.digest = digest,
            other => self.fail(&format!("the server is not well: {other:?}")),
        }
    }

    fn expect(&self, holds: bool, complaint: &str) {
        if !holds {
            self.fail(complaint);
        }
    }

    fn fail(&self, complaint: &str) -> ! {
        let last: Vec<&str> = self.last.iter().map(String::as_str).collect();
        let log = self.server.log();
        let end: Vec<&str> = log.lines().rev().take(30).collect();
        panic!(
            "{complaint}\nseed {}, step {}: PM_FUZZ_SEED={} runs it again\nthe last inputs:\n{}\nthe end of the log, last line first:\n{}",
            self.seed,
            self.step,
            self.seed,
            last.join("\n"),
            end.join("\n")
        );
    }
}
