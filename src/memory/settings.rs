//! The settings that the domain depends on, as plain values.

/// A snapshot of the settings in force; `server/settings.rs` says their defaults and bounds.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The TTL that a write gives to a key, in milliseconds.
    pub default_ttl: i64,
    /// How many changes of one pattern are kept.
    pub max_history: usize,
    /// How many issues of one repo are kept.
    pub max_issues: usize,
    /// How many fix outcomes of one repo are kept.
    pub max_fixes: usize,
    /// How many sessions of one repo are kept.
    pub max_sessions: usize,
    /// How many patterns one repo may hold.
    pub max_patterns: usize,
    /// How many rows of fix statistics of one repo are kept.
    pub max_fix_stats: usize,
    /// How many different counters one day of one repo may hold.
    pub max_daily_series: usize,
    /// The largest JSON or text argument, in bytes.
    pub max_payload: usize,
    /// The largest document for an import, in bytes.
    pub max_import: usize,
    /// The half-life of an issue's trend, in seconds.
    pub trend_half_life: f64,
    /// The half-life of a fix outcome, in seconds.
    pub fix_half_life: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            default_ttl: 90 * 86_400_000,
            max_history: 1_000,
            max_issues: 10_000,
            max_fixes: 1_000,
            max_sessions: 500,
            max_patterns: 10_000,
            max_fix_stats: 2_000,
            max_daily_series: 1_000,
            max_payload: 1 << 20,
            max_import: 64 << 20,
            trend_half_life: 14.0 * 86_400.0,
            fix_half_life: 30.0 * 86_400.0,
        }
    }
}
