//! A machine that fails: what was acknowledged is there afterwards, and nothing is half there.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::support::server::ServerBuilder;
use crate::support::{
    assert_agrees, effort, fill, repo_state, settle, under_load, wait_for, whole_state, Ledger, Server,
};

const WRITERS: usize = 4;
/// No cap is reached, so that all that was written can be counted.
const NO_CAPS: &str = "max-history 100000 max-fixes 100000 max-sessions 100000";

fn durable() -> ServerBuilder {
    Server::builder()
        .module_arguments(NO_CAPS)
        .setting("appendonly yes")
        .setting("appendfsync always")
        .setting("aof-load-truncated yes")
}

/// Waits until so many writes were acknowledged since.
#[track_caller]
fn wait_for_writes(written: &AtomicU64, many: u64) {
    let before = written.load(Ordering::Relaxed);
    wait_for("writes", || (written.load(Ordering::Relaxed) >= before + many).then_some(()));
}

/// The file to which the server appends.
fn appended_file(directory: &Path) -> PathBuf {
    let files = fs::read_dir(directory.join("appendonlydir")).expect("the directory of the append-only file");
    let mut files: Vec<PathBuf> = files.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|path| path.to_string_lossy().ends_with(".incr.aof"));
    files.sort();
    files.pop().expect("a file")
}

/// Where the last transaction begins.
fn last_transaction(bytes: &[u8]) -> usize {
    let begin = b"*1\r\n$5\r\nMULTI\r\n";
    bytes.windows(begin.len()).rposition(|window| window == begin).expect("a transaction")
}

#[test]
fn what_was_acknowledged_before_a_kill_is_there_and_nothing_is_half_there() {
    let mut server = durable().start();
    let mut ledgers = Ledger::blank(WRITERS);
    let mut repo = String::new();
    for round in 0..effort(3, 100) {
        // A fresh repo from time to time keeps the lists short.
        if round % 10 == 0 {
            (repo, ledgers) = (format!("r{round}"), Ledger::blank(WRITERS));
        }
        let many = 40 + 37 * (round % 5);
        let directory = under_load(server.port, &repo, &mut ledgers, 0, |written| {
            wait_for_writes(written, many);
            server.kill()
        });
        server = durable().start_in(directory);
        let mut client = server.client();
        settle(&mut client, &repo, &mut ledgers);
        assert_agrees(&mut client, &repo);
    }
}

#[test]
fn a_transaction_cut_short_on_disk_is_not_there_at_all() {
    let mut server = durable().start();
    let mut client = server.client();
    fill(&mut client, "r");
    let export = client.text(&["PATTERN.EXPORT", "r"]);
    let long = format!(r#"{{"text":"{}"}}"#, "in snake case, ".repeat(10));
    let calls: [&[&str]; 9] = [
        &["ISSUE.TRACK", "r", "style", "E501", "low"],
        &["ISSUE.MTRACK", "r", "style", "E501", "low", "1", "style", "W1", "high", "2"],
        &["FIX.RECORD", "r", "style", "autoformat", "1", "ID", "another"],
        &["SESSION.RECORD", "r", "nightly", "1", "1"],
        &["PATTERN.STORE", "r", "naming", &long, "REASON", "cut"],
        &["PATTERN.STORE", "r", "new", &long, "ID", "AUTO"],
        &["PATTERN.CONFIDENCE", "r", "naming", "0.25"],
        &["PATTERN.DEL", "r", "naming"],
        &["PATTERN.IMPORT", "r", &export, "REPLACE"],
    ];
    let cuts = effort(2, 25);
    for call in calls {
        let before = repo_state(&mut server.client(), "r");
        server.client().run(call);
        let after = repo_state(&mut server.client(), "r");
        let directory = server.kill();
        let file = appended_file(directory.path());
        let whole = fs::read(&file).expect("the append-only file");
        let begin = last_transaction(&whole);
        let mut directory = directory;
        for n in 1..=cuts {
            let cut = begin + (whole.len() - begin) * n / (cuts + 1);
            fs::write(&file, &whole[..cut]).expect("cut the file");
            let cut_short = durable().start_in(directory);
            assert_eq!(repo_state(&mut cut_short.client(), "r"), before, "{} cut at {cut}", call[0]);
            directory = cut_short.kill();
        }
        fs::write(&file, &whole).expect("the whole file");
        server = durable().start_in(directory);
        assert_eq!(repo_state(&mut server.client(), "r"), after, "{}", call[0]);
    }
}

#[test]
fn a_tail_cut_after_a_kill_under_load_loses_the_last_command_and_no_half() {
    let mut server = durable().start();
    for round in 0..effort(2, 30) {
        let repo = format!("r{round}");
        let mut ledgers = Ledger::blank(WRITERS);
        let directory = under_load(server.port, &repo, &mut ledgers, 0, |written| {
            wait_for_writes(written, 60 + round);
            server.kill()
        });
        let file = appended_file(directory.path());
        let whole = fs::read(&file).expect("the append-only file");
        let begin = last_transaction(&whole);
        let cut = begin + (whole.len() - begin) * (round as usize % 7 + 1) / 8;
        fs::write(&file, &whole[..cut]).expect("cut the file");
        server = durable().start_in(directory);
        let mut client = server.client();
        assert_agrees(&mut client, &repo);
        // And the next writers go on.
        let before = client.int(&["ISSUE.TRACK", &repo, "style", "R0", "low"]);
        assert_eq!(client.int(&["ISSUE.TRACK", &repo, "style", "R0", "low"]), before + 1);
        assert_agrees(&mut client, &repo);
    }
}

#[test]
fn what_a_replica_confirmed_is_there_once_it_is_promoted() {
    for round in 0..effort(1, 20) {
        let master = Server::builder().module_arguments(NO_CAPS).start();
        let replica = master.replica(Server::builder().module_arguments(NO_CAPS));
        let mut ledgers = Ledger::blank(WRITERS);
        under_load(master.port, "r", &mut ledgers, 1, |written| {
            wait_for_writes(written, 100 + 23 * (round % 5));
            // Half of the time the master dies first; else it still writes while the replica is promoted.
            if round % 2 == 0 {
                drop(master.kill());
            } else {
                replica.client().text(&["REPLICAOF", "NO", "ONE"]);
                drop(master.kill());
            }
        });
        let mut promoted = replica.client();
        promoted.text(&["REPLICAOF", "NO", "ONE"]);
        settle(&mut promoted, "r", &mut ledgers);
        assert_agrees(&mut promoted, "r");
        under_load(replica.port, "r", &mut ledgers, 0, |written| wait_for_writes(written, 60));
        settle(&mut promoted, "r", &mut ledgers);
        assert_agrees(&mut promoted, "r");
        // It has a history of its own now, which a replica of its own follows.
        let next = replica.replica(Server::builder());
        assert_eq!(whole_state(&mut next.client()), whole_state(&mut promoted));
    }
}

#[test]
fn a_shutdown_under_load_keeps_what_was_acknowledged() {
    let shared = |save: bool| match save {
        true => Server::builder().module_arguments(NO_CAPS),
        false => Server::builder().module_arguments(NO_CAPS).setting("appendonly yes").setting("appendfsync everysec"),
    };
    for round in 0..effort(2, 20) {
        let save = round % 2 == 0;
        let server = shared(save).start();
        let mut ledgers = Ledger::blank(WRITERS);
        let directory = under_load(server.port, "r", &mut ledgers, 0, |written| {
            wait_for_writes(written, 100);
            let how: &[&str] = if save { &["SHUTDOWN", "SAVE"] } else { &["SHUTDOWN"] };
            server.client().try_run(how).expect_err("no answer");
            server.ended()
        });
        let server = shared(save).start_in(directory);
        let mut client = server.client();
        settle(&mut client, "r", &mut ledgers);
        assert_agrees(&mut client, "r");
    }
}
