//! `redact`: replaces secrets and personal data in files, streams and JSON, or reports where they are in a tree.

mod args;
mod report;
mod streams;

use anonymizer::Anonymizer;
use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = args::Args::parse();
    match run(&args) {
        Ok(found) if found && args.check => ExitCode::from(1),
        Ok(_) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("redact: {message}");
            ExitCode::from(2)
        }
    }
}

/// Whether something was found.
fn run(args: &args::Args) -> Result<bool, String> {
    let mut builder = Anonymizer::builder();
    for path in &args.rules {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        builder = builder.rules(&text);
    }
    if let Some(path) = &args.key_file {
        let key = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        builder = builder.pseudonym_key(&key);
    }
    let anonymizer = builder.build().map_err(|error| error.to_string())?;
    match &args.report {
        Some(directory) => report::run(&anonymizer, directory, args),
        None => streams::run(&anonymizer, args),
    }
}
