//! What tells a secret from a text that looks like one.

pub(crate) mod checksum;
pub(crate) mod entropy;
pub(crate) mod look;
pub(crate) mod name;
mod pairs;
pub(crate) mod placeholder;
pub(crate) mod value;
