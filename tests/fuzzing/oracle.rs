//! What must hold whatever was sent.

use redis::Value;

use super::values::MARK;
use crate::support::client::error_text;
use crate::support::Server;

/// What is wrong with a reply of the module, besides that it is an error.
pub fn complaint(reply: &Result<Value, String>) -> Option<String> {
    match reply {
        Err(error) => complaint_about(error),
        Ok(Value::ServerError(error)) => complaint_about(&error_text(error)),
        Ok(Value::Array(items)) => items.iter().find_map(|item| complaint(&Ok(item.clone()))),
        Ok(Value::BulkString(bytes)) => match serde_json::from_slice::<serde::de::IgnoredAny>(bytes) {
            Ok(_) => None,
            Err(error) => Some(format!("no JSON: {error}")),
        },
        Ok(Value::Int(_) | Value::Nil | Value::SimpleString(_) | Value::Okay) => None,
        Ok(other) => Some(format!("a reply of a kind that the module does not send: {other:?}")),
    }
}

fn complaint_about(error: &str) -> Option<String> {
    let known = ["ERR ", "WRONGTYPE ", "OOM ", "TRYAGAIN ", "EXECABORT "];
    let wrong = if !known.iter().any(|code| error.starts_with(code)) {
        "an unknown code"
    } else if !error.is_ascii() {
        "not ASCII"
    } else if error.contains(MARK) {
        "repeats the input"
    } else if error.len() > 700 {
        "much too long"
    } else if ["panic", "internal", "module failed"].iter().any(|word| error.to_ascii_lowercase().contains(word)) {
        "a fault of the module's own"
    } else {
        return None;
    };
    Some(format!("{wrong}: {error}"))
}

/// Whether nothing can have been written: an error, or several.
pub fn is_refusal(reply: &Result<Value, String>) -> bool {
    match reply {
        Err(_) | Ok(Value::ServerError(_)) => true,
        Ok(Value::Array(items)) => !items.is_empty() && items.iter().all(|item| is_refusal(&Ok(item.clone()))),
        Ok(_) => false,
    }
}

/// What the log says of a crash, of an assertion of the server's or of a panic that was caught.
pub fn complaint_in_log(server: &Server) -> Option<String> {
    let log = server.log();
    let signs = ["crashed", "BUG REPORT", "ASSERTION FAILED", "panic", "Guru Meditation", "stack overflow"];
    let line = log.lines().find(|line| signs.iter().any(|sign| line.contains(sign)));
    line.map(|line| format!("the log says: {line}"))
}
