//! Who begins to listen while others write misses nothing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::support::server::ServerBuilder;
use crate::support::{wait_for, whole_state, Client, Server};

#[track_caller]
fn write(client: &mut Client, n: usize) {
    client.int(&["ISSUE.TRACK", "r", "style", &format!("R{}", n % 50), "low"]);
    client.int(&["FIX.RECORD", "r", "style", &format!("f{}", n % 3), "1", "ID", &format!("k{n}")]);
    client.int(&["SESSION.RECORD", "r", "nightly", "1", "1"]);
    client.json(&["PATTERN.STORE", "r", &format!("t{}", n % 20), &format!(r#"{{"n":{n}}}"#)]);
}

/// A replica that has got the data that was there, and goes on from there.
#[track_caller]
fn attach(master: &Server, builder: ServerBuilder) -> Server {
    let replica = builder.setting(&format!("replicaof 127.0.0.1 {}", master.port)).start();
    let mut client = replica.client();
    wait_for("the replica's link", || (client.info("replication", "master_link_status")? == "up").then_some(()));
    replica
}

/// Does something while others write.
fn while_written_to<T>(server: &Server, what: impl FnOnce() -> T) -> T {
    let stop = AtomicBool::new(false);
    let (port, stop) = (server.port, &stop);
    thread::scope(|scope| {
        let writers: Vec<_> = (0..2)
            .map(|writer| {
                scope.spawn(move || {
                    let mut client = Client::connect(port);
                    for n in (writer..).step_by(2) {
                        write(&mut client, n);
                        if stop.load(Ordering::Relaxed) {
                            break;
                        }
                    }
                })
            })
            .collect();
        let done = what();
        stop.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.join().expect("the writes went well");
        }
        done
    })
}

const CAPS: &str = "max-issues 30 max-fixes 20 max-sessions 10 max-history 5";

#[test]
fn a_replica_that_comes_while_others_write_misses_nothing() {
    for diskless in ["yes", "no"] {
        let master =
            Server::builder().module_arguments(CAPS).setting(&format!("repl-diskless-sync {diskless}")).start();
        let come = || attach(&master, Server::builder());
        let (first, second) = while_written_to(&master, || (come(), come()));
        write(&mut master.client(), 7);
        let state = whole_state(&mut master.client());
        for replica in [first, second] {
            master.wait_for_replica(&replica);
            assert_eq!(whole_state(&mut replica.client()), state);
        }
    }
}

#[test]
fn a_replica_that_becomes_the_master_goes_on_replicating() {
    let master = Server::builder().module_arguments(CAPS).start();
    write(&mut master.client(), 1);
    let promoted = master.replica(Server::builder().module_arguments(CAPS));
    master.wait_for_replica(&promoted);
    promoted.client().text(&["REPLICAOF", "NO", "ONE"]);
    let replica = while_written_to(&promoted, || attach(&promoted, Server::builder()));
    promoted.wait_for_replica(&replica);
    assert_eq!(whole_state(&mut replica.client()), whole_state(&mut promoted.client()));
}

#[test]
fn a_replica_goes_on_with_a_master_that_was_restarted() {
    let master = Server::builder().module_arguments(CAPS).start();
    let replica = attach(&master, Server::builder());
    write(&mut master.client(), 1);
    master.wait_for_replica(&replica);
    // With what a replica needs to go on, which is there before the first write.
    // Saving must wait for the copy that was made for the replica.
    let mut client = master.client();
    wait_for("the data on disk", || client.try_run(&["SAVE"]).ok());
    let master = master.restart();
    for n in 2..9 {
        write(&mut master.client(), n);
    }
    replica.client().text(&["REPLICAOF", "127.0.0.1", &master.port.to_string()]);
    master.wait_for_replica(&replica);
    write(&mut master.client(), 9);
    master.wait_for_replica(&replica);
    assert_eq!(whole_state(&mut replica.client()), whole_state(&mut master.client()));
}

#[test]
fn an_append_only_file_that_is_begun_while_others_write_holds_all() {
    let server = Server::builder().module_arguments(CAPS).start();
    write(&mut server.client(), 1);
    while_written_to(&server, || {
        let mut client = server.client();
        client.text(&["CONFIG", "SET", "appendonly", "yes"]);
        wait_for("the append-only file", || {
            let idle = client.info("persistence", "aof_rewrite_in_progress")? == "0"
                && client.info("persistence", "aof_rewrite_scheduled")? == "0";
            idle.then_some(())
        });
    });
    let state = whole_state(&mut server.client());
    let directory = server.stop();
    let server = Server::builder().setting("appendonly yes").start_in(directory);
    assert_eq!(whole_state(&mut server.client()), state);
}

#[test]
fn changes_are_counted_though_nobody_listens() {
    let server = Server::start();
    let mut client = server.client();
    let count = |client: &mut Client| -> u64 {
        let changes = client.info("persistence", "rdb_changes_since_last_save").expect("the changes");
        changes.parse().expect("a number")
    };
    for n in 0..3 {
        let before = count(&mut client);
        write(&mut client, n);
        assert!(count(&mut client) >= before + 4);
    }
}
