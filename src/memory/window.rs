//! The daily counters of a report's window, summed: a report reads its days once, whatever it is about.

use std::collections::HashMap;

use super::days::{self, Family, Series};
use super::{Result, View};

/// The counters of some days, summed.
#[derive(Debug, Default)]
pub struct Totals {
    counters: Vec<Counter>,
    /// Where each counter is.
    places: HashMap<Box<[u8]>, usize>,
    /// Where the next counter is likely to be: days list theirs in much the same order.
    next: usize,
}

#[derive(Debug)]
struct Counter {
    field: Box<[u8]>,
    is_ours: bool,
    total: u64,
}

/// The counters of the last `days` days of some families; what is no counter is passed over and reported. Of issues
/// there are always those, as their hashes may hold what an earlier build put there of the others.
pub fn totals(view: &View<'_>, days: u32, others: &[Family]) -> Result<Totals> {
    let mut totals = Totals::default();
    for day in view.today().window(days) {
        totals.next = 0;
        for family in [Family::Issues].iter().chain(others) {
            let key = view.keys.day(day, *family);
            view.store.each_field(&key, &mut |field, value| {
                if !totals.add(field, value) {
                    view.store.report_corrupt(&key);
                }
            })?;
        }
    }
    Ok(totals)
}

impl Totals {
    /// Adds one day's counter; whether it is one.
    fn add(&mut self, field: &[u8], value: &[u8]) -> bool {
        // A name without a number is not counted at all, not even as none.
        let Some(n) = days::number(value) else {
            return false;
        };
        let place = self.place(field);
        self.next = place + 1;
        let counter = &mut self.counters[place];
        counter.total = counter.total.saturating_add(n);
        counter.is_ours
    }

    fn place(&mut self, field: &[u8]) -> usize {
        if let Some(expected) = self.counters.get(self.next) {
            if *expected.field == *field {
                return self.next;
            }
        }
        if let Some(&place) = self.places.get(field) {
            return place;
        }
        let text = std::str::from_utf8(field).ok();
        self.counters.push(Counter {
            field: field.into(),
            is_ours: text.and_then(Series::parse).is_some(),
            total: 0,
        });
        self.places.insert(field.into(), self.counters.len() - 1);
        self.counters.len() - 1
    }

    /// Every series with its sum, in no order.
    pub fn each(&self, visit: &mut dyn FnMut(Series<'_>, u64)) {
        for counter in self.counters.iter().filter(|counter| counter.is_ours) {
            let text = std::str::from_utf8(&counter.field).ok();
            if let Some(series) = text.and_then(Series::parse) {
                visit(series, counter.total);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::testing::Memory;
    use crate::memory::{Day, Plan};

    fn count(memory: &Memory, day: Day, fields: &[(&str, &str)]) {
        let view = memory.view("r");
        let mut plan = Plan::new();
        let own = |&(field, value): &(&str, &str)| (field.to_owned(), value.to_owned());
        plan.hash_set(
            view.keys.day(day, Family::Issues),
            fields.iter().map(own).collect(),
        );
        memory.apply(&plan.seal(&view).unwrap());
    }

    #[test]
    fn days_are_summed_whatever_the_order_of_their_counters() {
        let memory = Memory::empty();
        let today = memory.now.day();
        let (a, b, c) = ("issue:a:low", "fix:b:success", "session:c:count");
        count(&memory, today, &[(b, "2"), (c, "18446744073709551615")]);
        count(&memory, Day(today.0 - 1), &[(a, "1"), (b, "20"), (c, "7")]);
        count(&memory, Day(today.0 - 2), &[(a, "100"), ("0", "1")]);
        count(&memory, Day(today.0 - 3), &[(a, "1000"), ("x:y", "1")]);
        let mut found = Vec::new();
        let totals = totals(&memory.view("r"), 3, &[]).unwrap();
        totals.each(&mut |series, n| found.push((series.to_string(), n)));
        found.sort();
        let expected = [(b, 22), (a, 101), (c, u64::MAX)];
        assert_eq!(found, expected.map(|(name, n)| (name.to_owned(), n)));
        assert_eq!(memory.corrupt.get(), 1);
    }

    #[test]
    fn what_is_no_counter_is_reported_on_every_day() {
        let memory = Memory::empty();
        let today = memory.now.day();
        for back in 0..3 {
            let fields = [("x", "1"), ("issue:a:low", "many"), ("fix:b:failure", "2")];
            count(&memory, Day(today.0 - back), &fields);
        }
        let totals = totals(&memory.view("r"), 3, &[]).unwrap();
        let mut sum = 0;
        totals.each(&mut |_, n| sum += n);
        assert_eq!((sum, memory.corrupt.get()), (6, 6));
    }
}
