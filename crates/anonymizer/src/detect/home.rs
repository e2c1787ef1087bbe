//! The name of a user in the path of their home directory.

use super::{number, Found};

/// Directories under `/home` and `/Users` that belong to nobody in particular.
const NOBODY: &[&str] = &[
    "user",
    "users",
    "username",
    "runner",
    "ubuntu",
    "debian",
    "centos",
    "vagrant",
    "node",
    "app",
    "root",
    "circleci",
    "travis",
    "shared",
    "public",
    "default",
    "name",
    "you",
    "me",
    "someone",
    "linuxbrew",
    "jovyan",
    "vscode",
    "gitpod",
    "admin",
    "administrator",
    "appveyor",
    "ec2-user",
    "pi",
    "git",
    "www",
    "ftp",
    "all users",
    "default user",
    "xxx",
    "home",
    "bin",
    "test",
    "foo",
    "bar",
    "your_username",
    "yourname",
    "your-username",
    "my_name",
];

/// `at` is where the name begins.
pub(super) fn after(text: &[u8], at: usize, found: &mut Found<'_>) {
    let name = text[at..]
        .iter()
        .take(33)
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.') || **b >= 0x80)
        .count();
    if !(2..=32).contains(&name) {
        return;
    }
    let end = at + name;
    if !matches!(text.get(end), Some(b'/' | b'\\')) {
        return;
    }
    let lower = text[at..end].to_ascii_lowercase();
    if NOBODY.iter().any(|nobody| nobody.as_bytes() == lower) || !lower[0].is_ascii_alphanumeric() {
        return;
    }
    found.push(number::HOME_PATH, at, end);
}
