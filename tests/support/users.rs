//! Users of the server with rules of their own, and the repos that such rules tell apart.

use super::{Client, Server};

/// A repo of the team that a user belongs to.
pub const MINE: &str = "github.com/acme/api";
/// A repo of another team.
pub const THEIRS: &str = "github.com/other/api";

/// Makes a user with these rules and connects as that user.
#[track_caller]
pub fn user(server: &Server, name: &str, rules: &[&str]) -> Client {
    let mut call = vec!["ACL", "SETUSER", name, "reset", "on", ">EXAMPLE"];
    call.extend(rules);
    server.client().text(&call);
    Client::connect_as(server.port, name, "EXAMPLE")
}
