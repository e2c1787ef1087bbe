//! Looks into JSON documents; each fails the test with the document where it is not as asked.

use serde_json::Value as Json;

/// Checks that the object has exactly these fields.
#[track_caller]
pub fn fields(document: &Json, expected: &[&str]) {
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(keys(document), expected, "fields of {document}");
}

/// The sorted field names of an object.
#[track_caller]
pub fn keys(document: &Json) -> Vec<&str> {
    let mut names: Vec<&str> = match document.as_object() {
        Some(object) => object.keys().map(String::as_str).collect(),
        None => panic!("not an object: {document}"),
    };
    names.sort_unstable();
    names
}

/// The array.
#[track_caller]
pub fn array(document: &Json) -> &Vec<Json> {
    match document.as_array() {
        Some(items) => items,
        None => panic!("not an array: {document}"),
    }
}

/// The string.
#[track_caller]
pub fn text(document: &Json) -> &str {
    match document.as_str() {
        Some(text) => text,
        None => panic!("not a string: {document}"),
    }
}

/// The number.
#[track_caller]
pub fn number(document: &Json) -> f64 {
    match document.as_f64() {
        Some(number) => number,
        None => panic!("not a number: {document}"),
    }
}

/// Checks a number to six decimal places.
#[track_caller]
pub fn approx(document: &Json, expected: f64) {
    close(document, expected, 1e-6);
}

/// Checks a number to a tolerance.
#[track_caller]
pub fn close(document: &Json, expected: f64, tolerance: f64) {
    let found = number(document);
    assert!((found - expected).abs() <= tolerance, "{found} is not {expected} (within {tolerance})");
}

/// Checks for a time like `2026-01-31T23:59:59.999Z`.
#[track_caller]
pub fn is_time(document: &Json) {
    let time = text(document);
    let shape: String = time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(shape, "0000-00-00T00:00:00.000Z", "not a time in UTC with milliseconds: {time}");
}
