//! The harness: real servers as child processes, clients, and comparisons.

pub mod accounts;
pub mod agreement;
pub mod catalog;
pub mod client;
pub mod cluster;
pub mod effort;
pub mod json;
pub mod load;
pub mod memcheck;
pub mod memory;
pub mod misuse;
pub mod reports;
pub mod routed;
pub mod server;
pub mod state;
pub mod stream;
pub mod traces;
pub mod users;

use std::time::{Duration, Instant};

pub use agreement::assert_agrees;
pub use client::Client;
pub use effort::effort;
pub use json::{approx, array, fields, is_time, number, text};
pub use load::{settle, under_load, Ledger};
pub use memory::{fill, filling, FAKE_SECRETS};
pub use server::Server;
pub use state::{repo_state, whole_state};

/// Polls until the closure answers something; fails the test after 20 seconds.
#[track_caller]
pub fn wait_for<T>(what: &str, mut poll: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(found) = poll() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain for: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Today's UTC date as the server's clock says it, `YYYY-MM-DD`.
pub fn today(client: &mut Client) -> String {
    day_before(client, 0)
}

/// The UTC date so many days before the server's today.
pub fn day_before(client: &mut Client, days: i64) -> String {
    let seconds: i64 = client.texts(&["TIME"])[0].parse().expect("TIME");
    civil_date(seconds.div_euclid(86_400) - days)
}

/// Days since 1970-01-01 to `YYYY-MM-DD` (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn civil_date(days: i64) -> String {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// An export of today as it would have been so many days ago: each date in it is moved, and the number of the day (since
/// 1970) of an issue's daily counts.
#[track_caller]
pub fn aged(client: &mut Client, document: &str, days: i64) -> String {
    let seconds: i64 = client.texts(&["TIME"])[0].parse().expect("TIME");
    let day = seconds.div_euclid(86_400);
    let dated = document.replace(&today(client), &day_before(client, days));
    assert_ne!(dated, document, "the export has no dates of today");
    let aged = dated.replace(&format!("\"day\":{day}"), &format!("\"day\":{}", day - days));
    assert_ne!(aged, dated, "the export has no day numbers of today");
    aged
}
