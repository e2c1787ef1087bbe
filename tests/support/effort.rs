//! How long a test may take: the short form that CI runs, or the long one of `scripts/test --soak`.

/// The short form's figure (rounds, seconds, calls), or under `PM_SOAK` that of the long form.
pub fn effort<T>(short: T, soak: T) -> T {
    if std::env::var_os("PM_SOAK").is_some() {
        soak
    } else {
        short
    }
}
