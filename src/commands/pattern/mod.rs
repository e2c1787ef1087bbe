//! What is known of the patterns of a repo, and of the repo as a whole.
pub mod anonymize;
pub mod confidence;
pub mod del;
pub mod evolution;
pub mod export;
pub mod forget;
pub mod get;
pub mod health;
pub mod import;
pub mod insights;
pub mod list;
pub mod repos;
pub mod retain;
pub mod rules;
pub mod store;
