//! Fixes that were tried.
pub mod advise;
pub mod list;
pub mod rates;
pub mod record;
