//! Clients that write for as long as they can, and books of what each was told.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use redis::Value;
use serde_json::Value as Json;

use super::Client;

/// The kinds of writes, in the order in which a writer makes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Track,
    Store,
    TrackMany,
    Fix,
    Judge,
    Session,
}

const KINDS: [Kind; 6] = [Kind::Track, Kind::Store, Kind::TrackMany, Kind::Fix, Kind::Judge, Kind::Session];

/// What one writer was told: how much of each kind is done, and how much may be, as no answer came.
#[derive(Debug, Default, Clone)]
pub struct Ledger {
    done: BTreeMap<Kind, u64>,
    open: BTreeMap<Kind, u64>,
    refusals: Vec<String>,
    turn: u64,
}

impl Ledger {
    /// Nothing told yet, for so many writers.
    pub fn blank(writers: usize) -> Vec<Self> {
        vec![Self::default(); writers]
    }

    /// The errors with which writes were refused.
    pub fn refusals(&self) -> &[String] {
        &self.refusals
    }

    fn done(&self, kinds: &[Kind]) -> u64 {
        kinds.iter().filter_map(|kind| self.done.get(kind)).sum()
    }

    fn open(&self, kinds: &[Kind]) -> u64 {
        kinds.iter().filter_map(|kind| self.open.get(kind)).sum()
    }

    fn call(&self, kind: Kind, repo: &str, writer: usize) -> Vec<String> {
        let turn = self.turn;
        let (rule, name) = (format!("R{writer}"), format!("w{writer}"));
        let text = "in snake case, ".repeat((turn % 25) as usize);
        let (data, confidence, key) =
            (format!(r#"{{"n":{turn},"text":"{text}"}}"#), format!("0.{turn:06}"), format!("{name}-{turn}"));
        let words = match kind {
            Kind::Track => vec!["ISSUE.TRACK", repo, "style", &rule, "low"],
            Kind::TrackMany => vec!["ISSUE.MTRACK", repo, "style", &rule, "low", "1", "style", "shared", "high", "1"],
            Kind::Store => vec!["PATTERN.STORE", repo, &name, &data, "REASON", "under load"],
            Kind::Judge => vec!["PATTERN.CONFIDENCE", repo, &name, &confidence],
            Kind::Fix => vec!["FIX.RECORD", repo, "style", &name, "1", "ID", &key],
            Kind::Session => vec!["SESSION.RECORD", repo, &name, "2", "1"],
        };
        words.into_iter().map(str::to_owned).collect()
    }

    /// Makes the next write; false once the connection is broken. With `replicas` a write is done when so many have it.
    fn write(&mut self, client: &mut Client, repo: &str, writer: usize, replicas: usize) -> bool {
        let kind = KINDS[(self.turn % 6) as usize];
        let call = self.call(kind, repo, writer);
        self.turn += 1;
        let answer = client.try_run(&call);
        let known = match &answer {
            // There is no record to judge yet.
            Ok(Value::Nil) => return true,
            Ok(_) if replicas == 0 => true,
            // Long enough for a busy machine; what no replica confirmed may be there or not.
            Ok(_) => matches!(client.try_run(&["WAIT", &replicas.to_string(), "2000"]),
                Ok(Value::Int(having)) if having >= replicas as i64),
            Err(error) if error.starts_with("connection lost") => false,
            Err(error) => {
                self.refusals.push(error.clone());
                return true;
            }
        };
        let count = if known { &mut self.done } else { &mut self.open };
        *count.entry(kind).or_default() += 1;
        answer.is_ok()
    }
}

/// Lets clients write to a repo, each with a ledger of its own, while `what` is done with the count of their writes; answers
/// what it answers. They write until their connection breaks or `what` has come back.
pub fn under_load<T>(
    port: u16,
    repo: &str,
    ledgers: &mut [Ledger],
    replicas: usize,
    what: impl FnOnce(&AtomicU64) -> T,
) -> T {
    let (written, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        let writers: Vec<_> = ledgers
            .iter_mut()
            .enumerate()
            .map(|(writer, ledger)| {
                let (written, stop) = (&written, &stop);
                scope.spawn(move || {
                    let Some(mut client) = Client::try_connect(port) else { return };
                    while !stop.load(Ordering::Relaxed) && ledger.write(&mut client, repo, writer, replicas) {
                        written.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        let answer = what(&written);
        stop.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.join().expect("a writer");
        }
        answer
    })
}

/// Checks that every write that was told to be done is there, and none beyond those that may be; then takes what is there
/// for what is done. Writers must have stopped.
#[track_caller]
pub fn settle(client: &mut Client, repo: &str, ledgers: &mut [Ledger]) {
    let frequency = |client: &mut Client, rule: &str| match client.run(&["ISSUE.GET", repo, "style", rule]) {
        Value::Nil => 0,
        _ => count(&client.json(&["ISSUE.GET", repo, "style", rule])["frequency"]),
    };
    let rates = client.json(&["FIX.RATES", repo]);
    let sessions = client.json(&["SESSION.ANALYTICS", repo]);
    // Of an ISSUE.MTRACK both issues are there or none: so what is there of one tells of the other.
    let (mut shared_least, mut shared_most) = (0, 0);
    for (writer, ledger) in ledgers.iter_mut().enumerate() {
        let name = format!("w{writer}");
        let pattern = match client.run(&["PATTERN.GET", repo, &name]) {
            Value::Nil => 0,
            _ => count(&client.json(&["PATTERN.GET", repo, &name])["version"]),
        };
        let observed: [(&[Kind], u64); 4] = [
            (&[Kind::Track, Kind::TrackMany], frequency(client, &format!("R{writer}"))),
            (&[Kind::Store, Kind::Judge], pattern),
            (&[Kind::Fix], count(&rates[&name]["total_attempts"])),
            (&[Kind::Session], count(&sessions["session_breakdown"][&name]["session_count"])),
        ];
        let (alone, together) = (ledger.open(&[Kind::Track]), ledger.open(&[Kind::TrackMany]));
        for (kinds, there) in observed {
            let (done, open) = (ledger.done(kinds), ledger.open(kinds));
            assert!(there >= done, "{kinds:?} of writer {writer}: {done} were acknowledged, {there} are there");
            assert!(there <= done + open, "{kinds:?} of writer {writer}: {there} are there of {done} and {open}");
            let beyond = there - done;
            if kinds[0] == Kind::Track {
                let many = ledger.done(&[Kind::TrackMany]);
                shared_least += many + beyond.saturating_sub(alone);
                shared_most += many + beyond.min(together);
                let by_many = if alone == 0 { beyond } else { 0 };
                *ledger.done.entry(Kind::TrackMany).or_default() += by_many;
                *ledger.done.entry(Kind::Track).or_default() += beyond - by_many;
            } else {
                *ledger.done.entry(kinds[0]).or_default() += beyond;
            }
        }
        ledger.open.clear();
    }
    let shared = frequency(client, "shared");
    assert!((shared_least..=shared_most).contains(&shared), "{shared} of {shared_least} to {shared_most} are there");
    assert_eq!(shared_least, shared_most, "one writer cannot have both kinds under way");
}

fn count(document: &Json) -> u64 {
    document.as_u64().unwrap_or(0)
}
