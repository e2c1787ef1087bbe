//! What can be read of the keyspace.

use std::ops::ControlFlow;

use super::Result;

/// The type of a key's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// A hash.
    Hash,
    /// A list.
    List,
    /// A set.
    Set,
    /// A sorted set.
    SortedSet,
    /// Any other type; no key of a memory is of it.
    Other,
}

/// When a key expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// There is no such key.
    Missing,
    /// The key has no TTL.
    Never,
    /// At this time, in milliseconds since 1970.
    At(i64),
}

/// The values of some fields of a hash, in the order asked for; `None` for a field that it does not have.
pub type Values<'v> = [Option<&'v [u8]>];

/// Reads keys. Every method that reads a value answers [`WrongType`](super::Error::WrongType) for a key of another
/// type, and treats a missing key as an empty one.
pub trait Store {
    /// The type of a key, `None` where it does not exist.
    fn kind(&self, key: &str) -> Option<KeyKind>;

    /// When a key expires.
    fn expiry(&self, key: &str) -> Expiry;

    /// One field of a hash.
    fn field(&self, key: &str, field: &str) -> Result<Option<Vec<u8>>>;

    /// Shows the values of up to eight fields of a hash, in the order asked for; nothing where the hash does not exist.
    /// For looking at many hashes by the same fields.
    fn look(
        &self,
        key: &str,
        fields: &[&'static str],
        visit: &mut dyn FnMut(&Values<'_>),
    ) -> Result<()>;

    /// How many fields a hash has.
    fn hash_len(&self, key: &str) -> Result<usize>;

    /// Every field of a hash with its value, each once, in no order.
    fn each_field(&self, key: &str, visit: &mut dyn FnMut(&[u8], &[u8])) -> Result<()>;

    /// How many elements a list has.
    fn list_len(&self, key: &str) -> Result<usize>;

    /// The elements of a list from index `start` on, until `visit` breaks.
    fn elements(
        &self,
        key: &str,
        start: usize,
        visit: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<()>;

    /// How many members a set has.
    fn set_len(&self, key: &str) -> Result<usize>;

    /// Every member of a set, each once, in no order.
    fn each_member(&self, key: &str, visit: &mut dyn FnMut(&[u8])) -> Result<()>;

    /// Up to `count` different members of a set, drawn at random.
    fn sample(&self, key: &str, count: usize) -> Result<Vec<Vec<u8>>>;

    /// How many members a sorted set has.
    fn ranking_len(&self, key: &str) -> Result<usize>;

    /// The members of a sorted set from the highest score down, until `visit` breaks.
    fn each_from_highest(
        &self,
        key: &str,
        visit: &mut dyn FnMut(&[u8], f64) -> ControlFlow<()>,
    ) -> Result<()>;

    /// The members of a sorted set from the lowest score up, until `visit` breaks.
    fn each_from_lowest(
        &self,
        key: &str,
        visit: &mut dyn FnMut(&[u8], f64) -> ControlFlow<()>,
    ) -> Result<()>;

    /// Says that a record under `key` cannot be read and was passed over.
    fn report_corrupt(&self, key: &str);
}

/// A keyspace that holds nothing, for planning what comes after everything of a repo is deleted.
pub struct Empty;

impl Store for Empty {
    fn kind(&self, _: &str) -> Option<KeyKind> {
        None
    }
    fn expiry(&self, _: &str) -> Expiry {
        Expiry::Missing
    }
    fn field(&self, _: &str, _: &str) -> Result<Option<Vec<u8>>> {
        Ok(None)
    }
    fn look(&self, _: &str, _: &[&'static str], _: &mut dyn FnMut(&Values<'_>)) -> Result<()> {
        Ok(())
    }
    fn hash_len(&self, _: &str) -> Result<usize> {
        Ok(0)
    }
    fn each_field(&self, _: &str, _: &mut dyn FnMut(&[u8], &[u8])) -> Result<()> {
        Ok(())
    }
    fn list_len(&self, _: &str) -> Result<usize> {
        Ok(0)
    }
    fn elements(
        &self,
        _: &str,
        _: usize,
        _: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<()> {
        Ok(())
    }
    fn set_len(&self, _: &str) -> Result<usize> {
        Ok(0)
    }
    fn each_member(&self, _: &str, _: &mut dyn FnMut(&[u8])) -> Result<()> {
        Ok(())
    }
    fn sample(&self, _: &str, _: usize) -> Result<Vec<Vec<u8>>> {
        Ok(Vec::new())
    }
    fn ranking_len(&self, _: &str) -> Result<usize> {
        Ok(0)
    }
    fn each_from_highest(
        &self,
        _: &str,
        _: &mut dyn FnMut(&[u8], f64) -> ControlFlow<()>,
    ) -> Result<()> {
        Ok(())
    }
    fn each_from_lowest(
        &self,
        _: &str,
        _: &mut dyn FnMut(&[u8], f64) -> ControlFlow<()>,
    ) -> Result<()> {
        Ok(())
    }
    fn report_corrupt(&self, _: &str) {}
}
