//! How long a snippet takes: cuts the files of a tree into pieces of 2 KiB and times each, the first one by itself.
//!
//! `cargo run --release -p anonymizer --example latency -- DIR`

use anonymizer::Anonymizer;
use std::path::Path;
use std::time::{Duration, Instant};

const PIECE: usize = 2048;
const PIECES: usize = 20_000;

fn main() {
    let directory = std::env::args().nth(1).expect("usage: latency DIR");
    let mut pieces = Vec::new();
    collect(Path::new(&directory), &mut pieces);
    let start = Instant::now();
    let anonymizer = Anonymizer::new();
    println!(
        "build {:.1} ms, {} rules",
        start.elapsed().as_secs_f64() * 1e3,
        anonymizer.rules().len()
    );
    let mut times: Vec<Duration> = pieces
        .iter()
        .map(|piece| {
            let start = Instant::now();
            std::hint::black_box(anonymizer.text(piece));
            start.elapsed()
        })
        .collect();
    let Some(first) = times.first().copied() else {
        return println!("no text under {directory}");
    };
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e6;
    println!(
        "{} snippets of 2 KiB: first {:.1} us, p50 {:.1} us, p99 {:.1} us, p99.9 {:.1} us, max {:.1} us",
        times.len(),
        first.as_secs_f64() * 1e6,
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0),
    );
    let names = [
        "acme/web",
        "python",
        "naming.functions",
        "E501",
        "feature-123",
    ];
    let start = Instant::now();
    for _ in 0..20_000 {
        for name in names {
            std::hint::black_box(anonymizer.holds_secret(name));
        }
    }
    println!(
        "holds_secret on a plain identifier: {:.0} ns",
        start.elapsed().as_secs_f64() * 1e9 / 100_000.0
    );
}

/// Pieces of many files, some of each.
fn collect(directory: &Path, pieces: &mut Vec<String>) {
    let mut entries: Vec<_> = std::fs::read_dir(directory)
        .into_iter()
        .flatten()
        .flatten()
        .collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, pieces);
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            for chunk in text.as_bytes().chunks_exact(PIECE).take(3) {
                if pieces.len() < PIECES {
                    pieces.push(String::from_utf8_lossy(chunk).into_owned());
                }
            }
        }
    }
}
