//! A shared, learning memory for code-review agents, as a Redis module.
pub mod memory;
