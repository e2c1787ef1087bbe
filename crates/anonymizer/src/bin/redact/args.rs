//! The arguments.

use clap::Parser;
use std::path::PathBuf;

/// Replaces secrets and personal data by <REDACTED>, <REDACTED_EMAIL>, ...
#[derive(Debug, Parser)]
#[command(
    name = "redact",
    version,
    after_help = "Exit status: 0; 1 with --check where something was found; 2 on an error."
)]
pub(crate) struct Args {
    /// Files to read; standard input where there is none
    #[arg(conflicts_with = "report")]
    pub files: Vec<PathBuf>,

    /// Input is a JSON document and so is output; with --report, print the report as JSON
    #[arg(long)]
    pub json: bool,

    /// Input is lines of {"id", "text"}, and so is output
    #[arg(long, conflicts_with = "json")]
    pub jsonl: bool,

    /// Walk a tree and count what is found; changes nothing
    #[arg(long, value_name = "DIR")]
    pub report: Option<PathBuf>,

    /// With --report: say where each finding is, and show its line with the finding masked
    #[arg(long, requires = "report")]
    pub show: bool,

    /// With --report --show: only findings of this rule or kind
    #[arg(long, value_name = "RULE", requires = "show")]
    pub only: Vec<String>,

    /// Add the rules of a file in the format of gitleaks
    #[arg(long, value_name = "FILE")]
    pub rules: Vec<PathBuf>,

    /// Mark equal values with equal pseudonyms, made with the key that the file holds
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,

    /// Exit with 1 where something was found
    #[arg(long)]
    pub check: bool,
}
