//! Bounds of a share.

/// The Wilson score interval of a share at 95 % (z = 1.96), from `successes` of `attempts`; 0 to 1 where nothing
/// was tried. Both may be decayed counts.
///
/// Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).
pub fn wilson(successes: f64, attempts: f64) -> (f64, f64) {
    const Z: f64 = 1.96;
    if attempts <= 0.0 || attempts.is_nan() {
        return (0.0, 1.0);
    }
    let share = (successes / attempts).clamp(0.0, 1.0);
    let z2 = Z * Z / attempts;
    let centre = share + z2 / 2.0;
    let spread = Z * (share * (1.0 - share) / attempts + z2 / (4.0 * attempts)).sqrt();
    if !z2.is_finite() || !spread.is_finite() {
        return (0.0, 1.0);
    }
    let low = ((centre - spread) / (1.0 + z2)).clamp(0.0, share);
    let high = ((centre + spread) / (1.0 + z2)).clamp(share, 1.0);
    (low, high)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bounds_are_those_of_the_formula() {
        let (low, high) = wilson(8.0, 10.0);
        assert!((low - 0.490_16).abs() < 1e-4, "{low}");
        assert!((high - 0.943_32).abs() < 1e-4, "{high}");
        assert_eq!(wilson(0.0, 0.0), (0.0, 1.0));
    }

    proptest! {
        #[test]
        fn the_share_lies_between_its_bounds(attempts in 1e-300..1e12, share in 0.0..=1.0) {
            let (low, high) = wilson(attempts * share, attempts);
            prop_assert!(0.0 <= low && low <= high && high <= 1.0);
            prop_assert!(low <= share + 1e-9 && share - 1e-9 <= high);
        }
    }
}
