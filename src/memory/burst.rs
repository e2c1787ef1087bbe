//! Bursts: more occurrences of late than the longer run explains.

/// The days of the fast rate.
pub const FAST_DAYS: u32 = 3;
/// The days of the slow rate.
pub const SLOW_DAYS: u32 = 30;

/// The rates of an issue, and whether the recent ones are a burst.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Burst {
    /// Occurrences a day over the last 3 days.
    pub fast_rate: f64,
    /// Occurrences a day over the last 30 days.
    pub slow_rate: f64,
    /// The probability of so many recent occurrences where only the slow rate is at work.
    pub p: f64,
    /// Whether `fast_rate >= 2 * slow_rate`, at least 5 occurrences in three days, and `p < 0.01`.
    pub is_burst: bool,
}

impl Burst {
    /// Judges `recent` occurrences in the last 3 days against `all` in the last 30 (those 3 among them).
    pub fn of(recent: u64, all: u64) -> Self {
        let fast_rate = recent as f64 / f64::from(FAST_DAYS);
        let slow_rate = all as f64 / f64::from(SLOW_DAYS);
        let p = poisson_tail(recent, slow_rate * f64::from(FAST_DAYS));
        Burst {
            fast_rate,
            slow_rate,
            p,
            is_burst: recent >= 5 && fast_rate >= 2.0 * slow_rate && p < 0.01,
        }
    }
}

/// The probability that a Poisson variable of mean `mean` is at least `count`.
///
/// Up to a mean of 1,000 by summing the terms from the side that converges; above it by the Wilson-Hilferty cube
/// root approximation of the equivalent chi-square tail (PNAS 17, 1931), whose error is then below 1e-4.
pub fn poisson_tail(count: u64, mean: f64) -> f64 {
    if count == 0 {
        return 1.0;
    }
    if mean <= 0.0 || mean.is_nan() {
        return 0.0;
    }
    let k = count as f64;
    if mean > 1_000.0 || k > 100_000.0 {
        let cube = (mean / k).cbrt();
        let z = (cube - (1.0 - 1.0 / (9.0 * k))) * 3.0 * k.sqrt();
        return (0.5 * libm::erfc(-z / std::f64::consts::SQRT_2)).clamp(0.0, 1.0);
    }
    let log_term = |k: f64| k * mean.ln() - mean - libm::lgamma(k + 1.0);
    let tail = if k > mean {
        let mut term = log_term(k).exp();
        let (mut sum, mut next) = (0.0, k);
        while term > sum * 1e-17 && term > 0.0 {
            sum += term;
            next += 1.0;
            term *= mean / next;
        }
        sum
    } else {
        let mut next = k - 1.0;
        let mut term = log_term(next).exp();
        let mut sum = 0.0;
        while next >= 0.0 && term > sum * 1e-17 {
            sum += term;
            term *= next / mean;
            next -= 1.0;
        }
        1.0 - sum
    };
    tail.clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_tail_is_that_of_the_tables() {
        assert_eq!(poisson_tail(0, 2.0), 1.0);
        assert!((poisson_tail(1, 2.0) - 0.864_664_716_8).abs() < 1e-9);
        assert!((poisson_tail(5, 2.0) - 0.052_653_017_3).abs() < 1e-9);
        assert!((poisson_tail(5, 0.5) - 1.721_156_299e-4).abs() < 1e-12);
        assert_eq!(poisson_tail(3, 0.0), 0.0);
    }

    #[test]
    fn five_sightings_of_a_new_issue_are_a_burst_and_four_are_not() {
        assert!(Burst::of(5, 5).is_burst);
        assert!(!Burst::of(4, 4).is_burst);
    }

    #[test]
    fn a_steady_issue_is_no_burst() {
        assert!(!Burst::of(300, 3_000).is_burst);
        assert!(!Burst::of(1_000_000, 10_000_000).is_burst);
    }

    proptest! {
        #[test]
        fn the_tail_falls_with_the_count_and_is_a_probability(count in 0u64..200_000, mean in 0.0..20_000.0) {
            let (p, q) = (poisson_tail(count, mean), poisson_tail(count + 1, mean));
            prop_assert!((0.0..=1.0).contains(&p));
            // The switch of methods may cost a little.
            prop_assert!(q <= p + 2e-4);
        }

        #[test]
        fn both_methods_meet(count in 900u64..1_100) {
            prop_assert!((poisson_tail(count, 999.9) - poisson_tail(count, 1_000.1)).abs() < 1e-2);
        }
    }
}
