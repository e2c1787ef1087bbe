//! Runs a command on a keyspace in memory, without a server: for the fuzz targets, which are built of the same sources.

use std::cell::RefCell;

use super::background::Nobody;
use super::prepared::Prepared;
use super::{anonymization, Answer, KeyAccess};
use crate::memory::testing::Memory;
use crate::memory::{Error, Repo, Result};
use crate::server::Invocation;
use crate::TABLE;

/// Runs the command of this name with its arguments, and carries its effects out.
pub fn run(memory: &Memory, name: &str, args: &[&[u8]]) -> Result<Answer> {
    let registered = TABLE.iter().find(|known| known.command.name == name);
    let registered = registered.ok_or(Error::Internal("there is no such command"))?;
    let rules = anonymization::current();
    let key = args
        .first()
        .filter(|_| registered.command.access != KeyAccess::None);
    let repo = key.map(|repo| Repo::check(repo, rules.checks()));
    let answer = (registered.run)(&Invocation {
        args,
        repo: repo.transpose()?,
        now: memory.now,
        settings: &memory.settings,
        anonymizer: &rules.anonymizer,
        checks: rules.checks(),
        store: memory,
        facts: &Nobody,
        prefix: "pm",
        redactions: RefCell::default(),
        prepared: Prepared::default(),
    })?;
    memory.apply(&answer.effects);
    Ok(answer)
}
