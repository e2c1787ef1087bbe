//! Every place where a server keeps or shows traces of what it was sent, and whether a secret is in one of them.

use std::net::TcpStream;

use redis::Value;

use super::client::as_text;
use super::server::{Listener, ServerBuilder};
use super::{wait_for, Client, Server};

/// A key and its value that are written last: what shows nothing of it is not working, or not done.
const END_KEY: &str = "the-end";
const END_VALUE: &str = "of-the-run";

/// The builder with everything on that could show what is sent; what it writes is not compressed, so that it can be
/// looked through.
pub fn revealing(builder: ServerBuilder) -> ServerBuilder {
    [
        "appendonly yes", "appendfsync no", "rdbcompression no", "slowlog-log-slower-than 0",
        "slowlog-max-len 1000000", "latency-monitor-threshold 1", "acllog-max-len 1000000",
        "notify-keyspace-events KEAmn", "loglevel debug", "client-output-buffer-limit normal 0 0 0",
        "client-output-buffer-limit pubsub 0 0 0", "client-output-buffer-limit replica 0 0 0",
    ]
    .into_iter()
    .fold(builder, ServerBuilder::setting)
}

/// What listens to a server from the start, and looks everywhere at the end.
pub struct Traces<'s> {
    server: &'s Server,
    replica: &'s Server,
    listeners: Vec<(&'static str, Listener)>,
}

impl<'s> Traces<'s> {
    /// Begins to listen to a server and its replica, both started as [`revealing`] says.
    #[track_caller]
    pub fn of(server: &'s Server, replica: &'s Server) -> Self {
        // Valkey 8.1 and later; elsewhere there is only the slow log.
        let mut client = server.client();
        for kind in ["commandlog-request-larger-than", "commandlog-reply-larger-than"] {
            let _ = client.try_run(&["CONFIG", "SET", kind, "0"]);
        }
        let tracking = "HELLO 3\r\nCLIENT TRACKING ON BCAST";
        let listeners = vec![
            ("MONITOR", server.listen("MONITOR", &["+OK"])),
            ("MONITOR of the replica", replica.listen("MONITOR", &["+OK"])),
            ("the replication stream", server.listen("SYNC", &["REDIS0", "VALKEY0"])),
            ("what is published", server.listen("PSUBSCRIBE *", &["psubscribe"])),
            ("CLIENT TRACKING", server.listen(tracking, &["+OK"])),
        ];
        Self { server, replica, listeners }
    }

    /// Each place with what is there. Places that cannot be read fail the test.
    #[track_caller]
    pub fn collect(mut self) -> Vec<(String, String)> {
        let (server, replica) = (self.server, self.replica);
        let mut client = server.client();
        client.text(&["SET", END_KEY, END_VALUE]);
        server.wait_for_replica(replica);
        let mut found = Vec::new();
        for (place, listener) in &mut self.listeners {
            found.push(((*place).to_owned(), lossy(&listener.until(END_KEY))));
        }
        found.extend(answers(&mut client, "the server"));
        found.extend(answers(&mut replica.client(), "the replica"));
        found.push(("the keyspace".to_owned(), keyspace(&mut client)));
        for (name, server) in [("the server", server), ("the replica", replica)] {
            found.extend(disk(server, name));
        }
        found
    }
}

/// What the server shows of the past.
#[track_caller]
fn answers(client: &mut Client, whose: &str) -> Vec<(String, String)> {
    let mut commands: Vec<&[&str]> = vec![
        &["SLOWLOG", "GET", "-1"],
        &["INFO", "everything"],
        &["INFO", "commandstats"],
        &["INFO", "errorstats"],
        &["LATENCY", "DOCTOR"],
        &["LATENCY", "LATEST"],
        &["LATENCY", "HISTOGRAM"],
        &["CLIENT", "LIST"],
        &["CLIENT", "INFO"],
        &["PUBSUB", "CHANNELS"],
        &["MEMORY", "DOCTOR"],
        &["MODULE", "LIST"],
        &["CONFIG", "GET", "*"],
    ];
    if client.try_run(&["COMMANDLOG", "LEN", "slow"]).is_ok() {
        commands.push(&["COMMANDLOG", "GET", "-1", "slow"]);
        commands.push(&["COMMANDLOG", "GET", "-1", "large-request"]);
        commands.push(&["COMMANDLOG", "GET", "-1", "large-reply"]);
    }
    let found: Vec<(String, String)> = commands
        .iter()
        .map(|command| (format!("{} of {whose}", command.join(" ")), flat(&client.run(command))))
        .collect();
    for (place, text) in &found {
        let shows_arguments = ["SLOWLOG", "COMMANDLOG"].iter().any(|kind| place.starts_with(kind));
        if shows_arguments && !place.contains("reply") && !place.contains("the replica") {
            assert!(text.contains(END_VALUE), "{place} does not show what it should");
        }
    }
    found
}

/// The log, and the files before and after the rewrite of the append-only file and a snapshot.
#[track_caller]
fn disk(server: &Server, whose: &str) -> Vec<(String, String)> {
    let mut client = server.client();
    let mut found = vec![
        (format!("the log of {whose}"), server.log()),
        (format!("the files of {whose} before the rewrite"), lossy(&server.disk())),
    ];
    client.text(&["BGREWRITEAOF"]);
    wait_for("the rewrite of the append-only file", || {
        let idle = client.info("persistence", "aof_rewrite_in_progress")? == "0"
            && client.info("persistence", "aof_rewrite_scheduled")? == "0";
        idle.then_some(())
    });
    client.text(&["SAVE"]);
    found.push((format!("the files of {whose} after the rewrite"), lossy(&server.disk())));
    for (place, text) in &found[1..] {
        assert!(text.contains(END_VALUE), "{place} do not show what they should");
    }
    found
}

/// Every key, as it is called and as it would be saved.
#[track_caller]
fn keyspace(client: &mut Client) -> String {
    let names = client.key_names("*");
    assert!(names.iter().any(|name| name == END_KEY), "{names:?}");
    let mut all = String::new();
    for name in names {
        let Value::BulkString(saved) = client.run(&["DUMP", &name]) else { panic!("{name} is gone") };
        all.push_str(&name);
        all.push_str(&lossy(&saved));
    }
    all
}

/// A secret that is in one of the places.
#[track_caller]
pub fn assert_nowhere(found: &[(String, String)], secrets: &[&str]) {
    assert!(!found.is_empty() && !secrets.is_empty());
    for (place, text) in found {
        assert_none_in(place, text, secrets);
    }
}

/// None of the secrets is in the text.
#[track_caller]
pub fn assert_none_in(place: &str, text: &str, secrets: &[&str]) {
    for secret in secrets {
        if let Some(at) = text.find(secret) {
            let around = &text.as_bytes()[at.saturating_sub(200)..at + secret.len()];
            panic!("{secret} is in {place}: …{}", lossy(around));
        }
    }
}

/// Sends bytes and hangs up, without waiting for an answer.
#[track_caller]
pub fn send_and_leave(server: &Server, bytes: &[u8]) {
    use std::io::Write;
    let mut stream = TcpStream::connect(("127.0.0.1", server.port)).expect("connect");
    stream.write_all(bytes).expect("send");
}

/// All that an answer holds.
pub fn flat(value: &Value) -> String {
    match value {
        Value::Array(items) | Value::Set(items) => items.iter().map(flat).collect::<Vec<_>>().join("\n"),
        Value::Map(pairs) => pairs.iter().map(|(key, value)| flat(key) + "\n" + &flat(value)).collect(),
        Value::ServerError(error) => super::client::error_text(error),
        other => as_text(other).unwrap_or_default(),
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
