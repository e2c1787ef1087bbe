//! Counts that fade: an occurrence weighs half after each half-life.
//!
//! A decayed count S of occurrences i with weights w is `S(t) = sum of w_i * 2^(-(t - t_i) / h)`. Kept in
//! forward-decay form (Cormode, Shkapenyuk, Srivastava, Xu: "Forward Decay", ICDE 2009), here as one instant,
//! the time at which S falls to one. That instant changes only when something occurs, and a higher S is a later
//! instant at any moment, so a set sorted by it needs no re-ageing.

/// The instant, in seconds, at which a decayed count falls to one.
pub type Trend = f64;

/// Adds occurrences of the given weight at `now` (seconds) to a trend; half-life in seconds.
pub fn add(trend: Option<Trend>, now: f64, weight: f64, half_life: f64) -> Trend {
    match trend {
        None => now + half_life * weight.log2(),
        Some(trend) => join(trend, now + half_life * weight.log2(), half_life),
    }
}

/// The trend of the occurrences of both.
pub fn join(a: Trend, b: Trend, half_life: f64) -> Trend {
    let (late, early) = if a >= b { (a, b) } else { (b, a) };
    late + half_life * ((early - late) / half_life).exp2().ln_1p() / std::f64::consts::LN_2
}

/// The decayed count at `now` (seconds).
pub fn value(trend: Trend, now: f64, half_life: f64) -> f64 {
    ((trend - now) / half_life).exp2().min(f64::MAX)
}

/// What an occurrence `age` seconds ago weighs now; never more than one.
pub fn weight(age: f64, half_life: f64) -> f64 {
    (-age.max(0.0) / half_life).exp2()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY: f64 = 86_400.0;

    #[test]
    fn a_first_sighting_counts_one_and_half_after_a_half_life() {
        let trend = add(None, 1_000.0, 1.0, 14.0 * DAY);
        assert_eq!(value(trend, 1_000.0, 14.0 * DAY), 1.0);
        assert_eq!(value(trend, 1_000.0 + 14.0 * DAY, 14.0 * DAY), 0.5);
    }

    proptest! {
        #[test]
        fn a_trend_is_the_sum_by_definition(
            events in prop::collection::vec((0.0..400.0 * DAY, 1u32..1_000), 1..40),
            half_life in 60.0..400.0 * DAY,
        ) {
            let mut trend = None;
            for &(at, weight) in &events {
                trend = Some(add(trend, 1.7e9 + at, f64::from(weight), half_life));
            }
            let now = 1.7e9 + events.iter().map(|e| e.0).fold(0.0, f64::max);
            let sum: f64 = events.iter().map(|&(at, w)| f64::from(w) * (-(now - 1.7e9 - at) / half_life).exp2()).sum();
            let value = value(trend.unwrap(), now, half_life);
            prop_assert!((value - sum).abs() <= 1e-4 * sum, "{value} {sum}");
        }

        #[test]
        fn nothing_overflows(trend in prop::num::f64::NORMAL, now in 0.0..4e9, half_life in 1.0..1e9) {
            prop_assert!(value(trend, now, half_life).is_finite());
        }
    }
}
