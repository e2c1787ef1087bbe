//! What a server that crashes writes into its log: of clients that wait, of transactions, of the command that runs.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use crate::support::traces::assert_none_in;
use crate::support::{wait_for, Client, Server};

const SECRET: &str = "EXAMPLE-hunter2-x9";

/// The log holds a crash report.
#[track_caller]
fn report_of(server: Server) -> String {
    let log = server.log_after_its_end();
    assert!(log.contains("BUG REPORT START"), "no crash report: {log}");
    log
}

/// JSON whose scan takes long, with a secret at both ends.
fn slow() -> String {
    let filler = "key:'".repeat(1 << 19);
    format!(r#"{{"password":"{SECRET}","text":"{filler}","config":"password = \"{SECRET}\""}}"#)
}

fn crash(client: &mut Client) {
    let lost = client.try_run(&["DEBUG", "PANIC"]).expect_err("the server goes on");
    assert!(lost.starts_with("connection lost"), "{lost}");
}

#[test]
fn a_crash_report_holds_nothing_of_a_client_that_waits_for_a_thread() {
    let server = Server::builder().module_arguments("max-payload 67108864").setting("loglevel debug").start();
    let mut client = server.client();
    let mut waiting = server.client();
    waiting.send(&["PATTERN.STORE", "r", "t", &slow(), "REASON", "password = \"EXAMPLE-hunter2-x9\""]);
    wait_for("a client that waits", || (client.info("clients", "blocked_clients")? == "1").then_some(()));
    for command in [["CLIENT", "LIST"], ["CLIENT", "INFO"], ["INFO", "everything"]] {
        assert_none_in(command[1], &client.text(&command), &[SECRET]);
    }
    crash(&mut client);
    assert_none_in("the crash report", &report_of(server), &[SECRET]);
}

#[test]
fn a_crash_report_holds_nothing_of_what_ran_before_in_the_transaction() {
    let server = Server::builder().setting("loglevel debug").start();
    let mut client = server.client();
    client.text(&["MULTI"]);
    client.text(&["PATTERN.STORE", "r", "t", r#"{"password":"EXAMPLE-hunter2-x9"}"#]);
    client.text(&["ISSUE.TRACK", "r", "password = \"EXAMPLE-hunter2-x9\"", "E501", "low"]);
    client.text(&["DEBUG", "PANIC"]);
    let lost = client.try_run(&["EXEC"]).expect_err("the server goes on");
    assert!(lost.starts_with("connection lost"), "{lost}");
    assert_none_in("the crash report", &report_of(server), &[SECRET]);
}

/// The log of a server that crashed while it ran a command of the module on its main thread.
#[track_caller]
fn log_of_a_crash_inside_of_a_command(settings: &[&str]) -> String {
    for _ in 0..5 {
        let builder = Server::builder().module_arguments("max-payload 67108864").setting("loglevel debug");
        let server = settings.iter().fold(builder, |builder, setting| builder.setting(setting)).start();
        let mut client = server.client();
        let slow = slow();
        // In a transaction no thread helps.
        client.text(&["MULTI"]);
        for _ in 0..20 {
            client.text(&["PATTERN.STORE", "r", "t", &slow, "REASON", "password = \"EXAMPLE-hunter2-x9\""]);
        }
        client.send(&["EXEC"]);
        wait_until_it_answers_nobody(&server);
        let pid = server.pid().to_string();
        let sent = Command::new("sh").args(["-c", "kill -SEGV \"$1\"", "sh", &pid]).status().expect("sh");
        assert!(sent.success());
        drop(client);
        let log = server.log_after_its_end();
        if log.contains("PATTERN.STORE") || settings.contains(&"crash-log-enabled no") {
            return log;
        }
    }
    panic!("{} never crashed inside of the command", crate::support::server::server_name());
}

fn wait_until_it_answers_nobody(server: &Server) {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port)).expect("connect");
    stream.set_read_timeout(Some(Duration::from_millis(50))).expect("a timeout");
    wait_for("the server to be busy", || {
        stream.write_all(b"PING\r\n").expect("send");
        stream.read(&mut [0; 64]).is_err().then_some(())
    });
}

/// Has the server a setting that keeps arguments out of its log (Redis 7.4, Valkey 8)?
fn can_hide(server: &Server) -> bool {
    !server.client().map(&["CONFIG", "GET", "hide-user-data-from-log"]).is_empty()
}

#[test]
fn a_crash_report_holds_arguments_of_the_running_command_only_where_it_may() {
    // docs/operations.md tells what to set on which server, and what a report holds where it is not set.
    let (showing, hiding): (&[&str], &[&str]) = if can_hide(&Server::shared()) {
        (&["hide-user-data-from-log no"], &["hide-user-data-from-log yes"])
    } else {
        (&[], &["crash-log-enabled no"])
    };
    let shown = log_of_a_crash_inside_of_a_command(showing);
    assert!(shown.contains(SECRET), "the setting is not needed: {shown}");
    let hidden = log_of_a_crash_inside_of_a_command(hiding);
    assert_none_in("the crash report", &hidden, &[SECRET]);
}
