//! A cluster client: it sends each call to the node that serves its repo, and follows MOVED, ASK and TRYAGAIN.

use std::time::{Duration, Instant};

use redis::cluster::{ClusterClient, ClusterConnection};
use redis::{ErrorKind, Value};
use serde_json::Value as Json;

use super::client::{as_text, shown};

/// How long a call is tried again while nodes fail, and others take over.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection to a cluster.
pub struct Routed {
    client: ClusterClient,
    connection: ClusterConnection,
}

impl Routed {
    /// Connects to the cluster of the nodes with these ports.
    #[track_caller]
    pub fn connect(ports: &[u16]) -> Self {
        let nodes = ports.iter().map(|port| format!("redis://127.0.0.1:{port}/"));
        let client = ClusterClient::builder(nodes)
            .retries(1_000)
            .min_retry_wait(2)
            .max_retry_wait(10)
            .retry_wait_formula(1, 1)
            .connection_timeout(Duration::from_secs(2))
            .response_timeout(Duration::from_secs(20))
            .build()
            .expect("a cluster client");
        let connection = client.get_connection().expect("a cluster connection");
        Self { client, connection }
    }

    /// Sends until it is answered; an error reply that no repetition mends is its text.
    pub fn try_run<A: AsRef<[u8]>>(&mut self, args: &[A]) -> Result<Value, String> {
        let mut command = redis::Cmd::new();
        for argument in args {
            command.arg(argument.as_ref());
        }
        let deadline = Instant::now() + PATIENCE;
        loop {
            let failure = match command.query(&mut self.connection) {
                Ok(value) => return Ok(value),
                Err(failure) => failure,
            };
            let is_answer = matches!(failure.kind(), ErrorKind::Server(_)) && !failure.is_cluster_error();
            if is_answer || matches!(failure.kind(), ErrorKind::Extension) || Instant::now() > deadline {
                return Err(failure.to_string());
            }
            std::thread::sleep(Duration::from_millis(20));
            if let Ok(connection) = self.client.get_connection() {
                self.connection = connection;
            }
        }
    }

    /// Sends until it is answered; no error allowed.
    #[track_caller]
    pub fn run<A: AsRef<[u8]>>(&mut self, args: &[A]) -> Value {
        match self.try_run(args) {
            Ok(value) => value,
            Err(error) => panic!("{} answered {error}", shown(args)),
        }
    }

    /// The string.
    #[track_caller]
    pub fn text<A: AsRef<[u8]>>(&mut self, args: &[A]) -> String {
        let value = self.run(args);
        match as_text(&value) {
            Some(text) => text,
            None => panic!("{} answered {value:?}, not a string", shown(args)),
        }
    }

    /// The JSON document.
    #[track_caller]
    pub fn json<A: AsRef<[u8]>>(&mut self, args: &[A]) -> Json {
        serde_json::from_str(&self.text(args)).expect("JSON")
    }
}
