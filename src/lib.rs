//! Pattern Memory: a shared, learning memory for code-review agents, as a Redis module.
//!
//! | room | what is in it |
//! | --- | --- |
//! | [`commands`] | one file per command: what it declares, its arguments, its plan, its answer |
//! | [`memory`] | the domain: patterns, issues, fixes, sessions, reports. Knows no Redis API and no clock |
//! | [`server`] | the only place that touches the Redis module API: registration, keys, effects, replies, settings |
//! | `crates/anonymizer` | what is found and replaced before anything is stored |
//!
//! A command reads its arguments and the keys of its repo, and answers with a plan of effects; only then does
//! [`server`] carry the plan out. Arrows run one way: `commands` to `memory` and `server`, `memory` to the
//! anonymizer, nothing to `commands` but the table below. The settings stand in `server/settings.rs`, with
//! default, minimum and maximum side by side.

pub mod commands;
pub mod memory;
pub mod server;

/// Every command of the module; registration, documentation, ACL categories and tests come from it.
pub static TABLE: &[server::Registered] = commands::TABLE;
