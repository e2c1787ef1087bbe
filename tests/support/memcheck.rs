//! What Valgrind's memcheck says of a server that ran under it (`scripts/test --soak` starts servers so).

use std::fs;

use tempfile::TempDir;

use super::server::module_path;

/// Fails the test where a report names the module: an access that is not allowed, or memory that is lost. A server that did
/// not run under memcheck left no report.
#[track_caller]
pub fn assert_clean(directory: &TempDir) {
    let mut reports = 0;
    for entry in fs::read_dir(directory.path()).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "xml") {
            continue;
        }
        let report = fs::read_to_string(&path).expect("a report");
        assert!(report.contains("</valgrindoutput>"), "the report is not whole, so no leak was looked for: {report}");
        reports += 1;
        let findings: Vec<&str> = findings(&report).collect();
        assert!(findings.is_empty(), "{} findings name the module:\n{}", findings.len(), findings.join("\n"));
    }
    assert!(
        reports > 0 || std::env::var_os("PM_SERVER_WRAPPER").is_none(),
        "the server was to run under memcheck and left no report"
    );
}

/// The errors of a report that have a frame in the module.
fn findings(report: &str) -> impl Iterator<Item = &str> {
    let module = module_path();
    let file = module.file_name().expect("the name of a file").to_string_lossy();
    let frame = format!("/{file}</obj>");
    report
        .split("<error>")
        .skip(1)
        .filter_map(|error| error.split("</error>").next())
        .filter(move |error| error.contains(&frame))
}
