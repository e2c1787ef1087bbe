//! Learning sessions.
pub mod analytics;
pub mod list;
pub mod record;
