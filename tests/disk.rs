//! Disks that are full: writes are refused and change nothing, reads go on, and with room again all is well.

use std::path::Path;
use std::process::{Command, Stdio};

use redis::Value;
use tempfile::TempDir;

use crate::support::catalog::CALLS;
use crate::support::server::ServerBuilder;
use crate::support::{assert_agrees, fill, settle, under_load, wait_for, whole_state, Client, Ledger, Server};

const NO_CAPS: &str = "max-history 100000 max-fixes 100000 max-sessions 100000";

/// A file system in memory that holds so little; gone when dropped, which must be after the server on it.
struct SmallDisk {
    directory: TempDir,
}

impl SmallDisk {
    /// None where this machine lets nobody mount.
    fn of(kib: u32) -> Option<Self> {
        let directory = tempfile::tempdir().expect("a temporary directory");
        mount(&["-t", "tmpfs", "-o", &format!("size={kib}k"), "tmpfs"], directory.path()).then_some(Self { directory })
    }

    fn grow(&self, kib: u32) {
        assert!(mount(&["-o", &format!("remount,size={kib}k")], self.directory.path()), "more room");
    }

    fn folder(&self) -> TempDir {
        tempfile::tempdir_in(self.directory.path()).expect("a directory on the small disk")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.directory.path()).status();
    }
}

fn mount(arguments: &[&str], place: &Path) -> bool {
    let mut mount = Command::new("mount");
    mount.args(arguments).arg(place).stderr(Stdio::null());
    mount.status().is_ok_and(|status| status.success())
}

fn appending(policy: &str) -> ServerBuilder {
    Server::builder()
        .module_arguments(NO_CAPS)
        .setting("appendonly yes")
        .setting(&format!("appendfsync {policy}"))
        .setting("aof-load-truncated yes")
}

/// Fills the disk of a server, looks at what it does then, makes room and looks again.
#[track_caller]
fn fill_up(server: Server, grow: impl FnOnce(&Server)) -> Server {
    let mut client = server.client();
    fill(&mut client, "r");
    let export = client.text(&["PATTERN.EXPORT", "r"]);
    let filler = format!(r#"{{"text":"{}"}}"#, "in snake case, ".repeat(500));
    let error = (0..2_000).find_map(|n| client.try_run(&["PATTERN.STORE", "filler", &format!("t{n}"), &filler]).err());
    let error = error.expect("the disk is full at last");
    assert!(error.starts_with("MISCONF"), "{error}");
    let before = whole_state(&mut client);
    for call in CALLS {
        let words = call.for_repo("r", &export);
        if call.writes {
            client.error_of("MISCONF", &words);
        } else {
            client.run(&words);
        }
    }
    let background = format!(r#"{{"text":"{}"}}"#, "in snake case, ".repeat(5_000));
    client.error_of("MISCONF", &["PATTERN.STORE", "r", "t", &background]);
    assert_eq!(whole_state(&mut client), before, "what was refused changed something");
    assert_agrees(&mut client, "r");

    grow(&server);
    wait_for("a write that is taken", || client.try_run(&["ISSUE.TRACK", "r", "style", "E501", "low"]).ok());
    client.json(&["PATTERN.STORE", "r", "t", &background]);
    assert_agrees(&mut client, "r");
    assert_agrees(&mut client, "filler");
    let state = whole_state(&mut client);
    let server = appending("everysec").start_in(server.stop());
    assert_eq!(whole_state(&mut server.client()), state);
    server
}

#[test]
fn a_file_that_cannot_grow_refuses_writes_until_it_can() {
    let server = appending("everysec").file_limit(256).start();
    fill_up(server, |server| {
        let process = format!("--pid={}", server.process());
        let raised = Command::new("prlimit").args([&process, "--fsize=unlimited:unlimited"]).status();
        assert!(raised.expect("prlimit of util-linux").success());
    });
}

#[test]
fn a_full_disk_refuses_writes_until_there_is_room() {
    let Some(disk) = SmallDisk::of(1_024) else {
        println!("this machine lets nobody mount: the full disk is skipped");
        return;
    };
    let server = appending("everysec").start_in(disk.folder());
    let server = fill_up(server, |_| disk.grow(64 * 1_024));
    drop(server);
}

#[test]
fn a_server_that_ends_as_it_cannot_append_has_all_that_it_acknowledged() {
    let server = appending("always").file_limit(192).start();
    let mut ledgers = Ledger::blank(4);
    let directory = under_load(server.port, "r", &mut ledgers, 0, |_| server.ended());
    let server = appending("always").start_in(directory);
    let mut client = server.client();
    settle(&mut client, "r", &mut ledgers);
    assert_agrees(&mut client, "r");
}

/// Data whose scan takes long enough for something to happen meanwhile.
fn slow() -> String {
    format!(r#"{{"text":"{}"}}"#, "key:'".repeat(1 << 19))
}

fn wait_until_blocked(client: &mut Client) {
    wait_for("a client that waits", || (client.info("clients", "blocked_clients")? != "0").then_some(()));
}

/// Sends a write that waits, does something meanwhile, and answers the error.
#[track_caller]
fn refused_meanwhile(server: &Server, what: impl FnOnce(&mut Client)) -> String {
    let (mut writer, mut client) = (server.client(), server.client());
    writer.send(&["PATTERN.STORE", "r", "t", &slow()]);
    wait_until_blocked(&mut client);
    what(&mut client);
    assert_ne!(client.info("clients", "blocked_clients"), Some("0".into()), "it waits still");
    let error = writer.receive().expect_err("it is refused");
    assert_eq!(client.run(&["PATTERN.GET", "r", "t"]), Value::Nil);
    error
}

#[test]
fn a_command_that_waited_while_saving_failed_wrote_all_the_same() {
    let server = Server::builder().module_arguments("max-payload 67108864").start();
    // A directory in the place of the file makes every snapshot fail.
    std::fs::create_dir(server.path().join("dump.rdb")).expect("a directory");
    let mut client = server.client();
    client.int(&["ISSUE.TRACK", "r", "style", "E501", "low"]);
    client.text(&["BGSAVE"]);
    wait_for("a snapshot that failed", || {
        (client.info("persistence", "rdb_last_bgsave_status")? == "err").then_some(())
    });
    let error = refused_meanwhile(&server, |client| {
        client.text(&["CONFIG", "SET", "save", "3600 100000"]);
    });
    assert!(error.starts_with("MISCONF"), "{error}");
    client.text(&["CONFIG", "SET", "save", ""]);
    client.json(&["PATTERN.STORE", "r", "t", &slow()]);
}

#[test]
fn a_command_that_waited_while_the_replicas_left_wrote_all_the_same() {
    let server = Server::builder().module_arguments("max-payload 67108864").start();
    let error = refused_meanwhile(&server, |client| {
        client.text(&["CONFIG", "SET", "min-replicas-to-write", "1"]);
    });
    assert!(error.starts_with("NOREPLICAS"), "{error}");
    let mut client = server.client();
    client.text(&["CONFIG", "SET", "min-replicas-to-write", "0"]);
    client.json(&["PATTERN.STORE", "r", "t", &slow()]);
}
