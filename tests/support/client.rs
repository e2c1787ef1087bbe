//! One connection to one server, with the kinds of answers that tests ask for.

use std::collections::BTreeMap;
use std::time::Duration;

use redis::{Connection, Value};
use serde_json::Value as Json;

/// A connection. Each method fails the test where the answer is not of the kind it names.
pub struct Client {
    connection: Connection,
}

impl Client {
    /// Connects by RESP2.
    #[track_caller]
    pub fn connect(port: u16) -> Self {
        Self::open(&format!("redis://127.0.0.1:{port}/"))
    }

    /// Connects by RESP3.
    #[track_caller]
    pub fn connect_resp3(port: u16) -> Self {
        Self::open(&format!("redis://127.0.0.1:{port}/?protocol=resp3"))
    }

    /// Connects as an ACL user.
    #[track_caller]
    pub fn connect_as(port: u16, user: &str, password: &str) -> Self {
        Self::open(&format!("redis://{user}:{password}@127.0.0.1:{port}/"))
    }

    #[track_caller]
    fn open(url: &str) -> Self {
        let connection = redis::Client::open(url).and_then(|client| client.get_connection()).expect("connect");
        Self::of(connection)
    }

    fn of(connection: Connection) -> Self {
        connection.set_read_timeout(Some(Duration::from_secs(60))).expect("set a read timeout");
        Self { connection }
    }

    /// Connects if the server already listens and answers PING.
    pub fn try_connect(port: u16) -> Option<Self> {
        let client = redis::Client::open(format!("redis://127.0.0.1:{port}/")).ok()?;
        let connection = client.get_connection_with_timeout(Duration::from_millis(500)).ok()?;
        let mut client = Self::of(connection);
        matches!(client.try_run(&["PING"]), Ok(Value::SimpleString(_))).then_some(client)
    }

    /// Sends without reading: a pipeline.
    #[track_caller]
    pub fn send<A: AsRef<[u8]>>(&mut self, args: &[A]) {
        self.try_send(args).expect("send");
    }

    fn try_send<A: AsRef<[u8]>>(&mut self, args: &[A]) -> Result<(), String> {
        let mut command = redis::Cmd::new();
        for argument in args {
            command.arg(argument.as_ref());
        }
        self.connection
            .send_packed_command(&command.get_packed_command())
            .map_err(|failure| format!("connection lost: {failure}"))
    }

    /// Reads one answer; an error reply is its text.
    pub fn receive(&mut self) -> Result<Value, String> {
        match self.connection.recv_response() {
            Ok(Value::ServerError(error)) => Err(error_text(&error)),
            Ok(value) => Ok(value),
            Err(failure) => Err(format!("connection lost: {failure}")),
        }
    }

    /// Sends and reads; an error reply is its text.
    pub fn try_run<A: AsRef<[u8]>>(&mut self, args: &[A]) -> Result<Value, String> {
        self.try_send(args)?;
        self.receive()
    }

    /// Sends and reads; no error allowed.
    #[track_caller]
    pub fn run<A: AsRef<[u8]>>(&mut self, args: &[A]) -> Value {
        match self.try_run(args) {
            Ok(value) => value,
            Err(error) => panic!("{} answered {error}", shown(args)),
        }
    }

    /// The error reply, whole.
    #[track_caller]
    pub fn error<A: AsRef<[u8]>>(&mut self, args: &[A]) -> String {
        match self.try_run(args) {
            Ok(value) => panic!("{} answered {value:?}, not an error", shown(args)),
            Err(error) => {
                assert!(!error.starts_with("connection lost"), "{}: {error}", shown(args));
                error
            }
        }
    }

    /// An error reply that begins with this code.
    #[track_caller]
    pub fn error_of<A: AsRef<[u8]>>(&mut self, code: &str, args: &[A]) -> String {
        let error = self.error(args);
        assert!(error.starts_with(&format!("{code} ")), "{}: not {code}: {error}", shown(args));
        error
    }

    /// The JSON document in the bulk string.
    #[track_caller]
    pub fn json<A: AsRef<[u8]>>(&mut self, args: &[A]) -> Json {
        match self.run(args) {
            Value::BulkString(bytes) => match serde_json::from_slice(&bytes) {
                Ok(document) => document,
                Err(error) => panic!("{} answered no JSON ({error}): {}", shown(args), String::from_utf8_lossy(&bytes)),
            },
            other => panic!("{} answered {other:?}, not a bulk string", shown(args)),
        }
    }

    /// Checks that the answer is nil.
    #[track_caller]
    pub fn nil<A: AsRef<[u8]>>(&mut self, args: &[A]) {
        let value = self.run(args);
        assert_eq!(value, Value::Nil, "{}", shown(args));
    }

    /// The integer reply.
    #[track_caller]
    pub fn int<A: AsRef<[u8]>>(&mut self, args: &[A]) -> i64 {
        match self.run(args) {
            Value::Int(number) => number,
            other => panic!("{} answered {other:?}, not an integer", shown(args)),
        }
    }

    /// The array of integers.
    #[track_caller]
    pub fn ints<A: AsRef<[u8]>>(&mut self, args: &[A]) -> Vec<i64> {
        match self.run(args) {
            Value::Array(items) => items
                .into_iter()
                .map(|item| match item {
                    Value::Int(number) => number,
                    other => panic!("{} holds {other:?}, not an integer", shown(args)),
                })
                .collect(),
            other => panic!("{} answered {other:?}, not an array", shown(args)),
        }
    }

    /// The simple or bulk string.
    #[track_caller]
    pub fn text<A: AsRef<[u8]>>(&mut self, args: &[A]) -> String {
        let value = self.run(args);
        match as_text(&value) {
            Some(text) => text,
            None => panic!("{} answered {value:?}, not a string", shown(args)),
        }
    }

    /// The array (or set, or flattened map) of strings.
    #[track_caller]
    pub fn texts<A: AsRef<[u8]>>(&mut self, args: &[A]) -> Vec<String> {
        let value = self.run(args);
        let items = match &value {
            Value::Array(items) | Value::Set(items) => items.clone(),
            Value::Map(pairs) => pairs.iter().flat_map(|(key, value)| [key.clone(), value.clone()]).collect(),
            other => panic!("{} answered {other:?}, not an array", shown(args)),
        };
        items.iter().map(|item| as_text(item).unwrap_or_else(|| format!("{item:?}"))).collect()
    }

    /// A flat list of pairs, such as `HGETALL` and `CONFIG GET` answer, as a map.
    #[track_caller]
    pub fn map<A: AsRef<[u8]>>(&mut self, args: &[A]) -> BTreeMap<String, String> {
        self.texts(args).chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
    }

    /// One field of `INFO`, if there is such a field.
    #[track_caller]
    pub fn info(&mut self, section: &str, field: &str) -> Option<String> {
        self.text(&["INFO", section]).lines().find_map(|line| {
            line.split_once(':').filter(|(name, _)| *name == field).map(|(_, value)| value.trim().to_owned())
        })
    }

    /// The names of all keys of this glob, sorted.
    #[track_caller]
    pub fn key_names(&mut self, glob: &str) -> Vec<String> {
        let mut names = self.texts(&["KEYS", glob]);
        names.sort();
        names
    }
}

/// An error reply as it stood on the wire, without the leading `-`.
pub fn error_text(error: &redis::ServerError) -> String {
    format!("{} {}", error.code(), error.details().unwrap_or(""))
}

/// A string of any kind.
pub fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::BulkString(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => Some(text.clone()),
        Value::Okay => Some("OK".to_owned()),
        Value::Int(number) => Some(number.to_string()),
        Value::Double(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A command line for a failure message, each argument cut to 120 characters.
pub fn shown<A: AsRef<[u8]>>(args: &[A]) -> String {
    args.iter()
        .map(|argument| {
            let text = String::from_utf8_lossy(argument.as_ref()).into_owned();
            let cut: String = text.chars().take(120).collect();
            format!("{cut:?}")
        })
        .collect::<Vec<_>>()
        .join(" ")
}
