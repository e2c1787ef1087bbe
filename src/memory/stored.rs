//! Records as JSON text: how they are written, and how lists of them are read.

use std::ops::ControlFlow;

use serde::Serialize;

use super::answer::Room;
use super::{Result, View};

/// A value as JSON text.
pub fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("records and reports are plain data")
}

/// The readable elements of a list that holds JSON in the form in which it is answered, as one JSON array.
pub fn array(
    view: &View<'_>,
    key: &str,
    offset: usize,
    count: usize,
    is_readable: fn(&str) -> bool,
) -> Result<String> {
    let mut array = String::from("[");
    let mut left = count;
    let (mut room, mut fits) = (Room::new(), Ok(()));
    view.store.elements(key, offset, &mut |element| {
        if left > 0 {
            fits = room.take(element.len());
        }
        if left == 0 || fits.is_err() {
            return ControlFlow::Break(());
        }
        left -= 1;
        match std::str::from_utf8(element) {
            Ok(text) if is_readable(text) => {
                if array.len() > 1 {
                    array.push(',');
                }
                array.push_str(text);
            }
            _ => view.store.report_corrupt(key),
        }
        ControlFlow::Continue(())
    })?;
    array.push(']');
    fits.map(|()| array)
}

/// The readable elements of a list, as far as there is room.
pub fn elements<T>(
    view: &View<'_>,
    key: &str,
    read: fn(&str) -> Option<T>,
    room: &mut Room,
) -> Result<Vec<T>> {
    let mut elements = Vec::with_capacity(view.store.list_len(key)?);
    let mut fits = Ok(());
    view.store.elements(key, 0, &mut |element| {
        fits = room.take(element.len());
        if fits.is_err() {
            return ControlFlow::Break(());
        }
        match std::str::from_utf8(element).ok().and_then(read) {
            Some(element) => elements.push(element),
            None => view.store.report_corrupt(key),
        }
        ControlFlow::Continue(())
    })?;
    fits.map(|()| elements)
}
