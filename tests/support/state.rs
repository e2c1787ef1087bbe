//! All that a server holds, in a form that compares: key to type, value and time of expiry.

use std::collections::BTreeMap;

use redis::Value;

use super::client::as_text;
use super::Client;

/// Key to `type digest-of-value expiry-in-unix-milliseconds`.
pub type State = BTreeMap<String, String>;

/// Everything in the server.
#[track_caller]
pub fn whole_state(client: &mut Client) -> State {
    state(client, "*")
}

/// Everything of one repo.
#[track_caller]
pub fn repo_state(client: &mut Client, repo: &str) -> State {
    let mut glob = String::from("*{");
    for character in repo.chars() {
        if "*?[]^-\\".contains(character) {
            glob.push('\\');
        }
        glob.push(character);
    }
    glob.push_str("}*");
    state(client, &glob)
}

#[track_caller]
fn state(client: &mut Client, glob: &str) -> State {
    let names = match client.run(&["KEYS", glob]) {
        Value::Array(names) => names,
        other => panic!("KEYS answered {other:?}"),
    };
    let names: Vec<Vec<u8>> = names
        .into_iter()
        .map(|name| match name {
            Value::BulkString(bytes) => bytes,
            other => panic!("KEYS holds {other:?}"),
        })
        .collect();
    for name in &names {
        client.send(&[b"TYPE", name.as_slice()]);
        client.send(&[b"DEBUG".as_slice(), b"DIGEST-VALUE", name]);
        client.send(&[b"PEXPIRETIME", name.as_slice()]);
    }
    names
        .iter()
        .map(|name| {
            let parts: Vec<String> = (0..3)
                .map(|_| match client.receive() {
                    Ok(Value::Array(items)) => items.iter().filter_map(as_text).collect(),
                    Ok(value) => as_text(&value).expect("a string or a number"),
                    Err(error) => panic!("cannot read the state: {error}"),
                })
                .collect();
            (String::from_utf8_lossy(name).into_owned(), parts.join(" "))
        })
        .collect()
}
