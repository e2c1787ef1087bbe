//! Issues that keep coming back.
pub mod get;
pub mod history;
pub mod mtrack;
pub mod track;
pub mod trends;
