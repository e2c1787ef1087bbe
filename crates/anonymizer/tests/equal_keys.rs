//! Keys that redaction changes: equal ones are numbered, in linear time however many there are, and values are judged beside
//! the key that they have in the end.

use anonymizer::{Anonymizer, Json};

fn anonymized(text: &str) -> String {
    let mut document = Json::parse(text.as_bytes(), 64).expect("JSON");
    Anonymizer::new().json(&mut document);
    document.to_string()
}

#[test]
fn equal_keys_are_numbered_from_two() {
    let text = r#"{"a@corp.dev":1,"b@corp.dev":2,"c@corp.dev":3}"#;
    assert_eq!(
        anonymized(text),
        r##"{"<REDACTED_EMAIL>":1,"<REDACTED_EMAIL>#2":2,"<REDACTED_EMAIL>#3":3}"##
    );
}

#[test]
fn a_number_that_is_taken_is_passed_over() {
    let text = r##"{"<REDACTED_EMAIL>#2":0,"a@corp.dev":1,"b@corp.dev":2}"##;
    assert_eq!(
        anonymized(text),
        r##"{"<REDACTED_EMAIL>":1,"<REDACTED_EMAIL>#2":0,"<REDACTED_EMAIL>#3":2}"##
    );
}

/// Quadratic counting took minutes for what fits into one payload; this test would then not end in time.
#[test]
fn many_equal_keys_keep_all_their_values() {
    let members: Vec<String> = (0..50_000)
        .map(|n| format!(r#""u{n}@corp.dev":{n}"#))
        .collect();
    let text = anonymized(&format!("{{{}}}", members.join(",")));
    assert!(text.contains("\"<REDACTED_EMAIL>#50000\":"));
}

#[test]
fn a_value_stayed_whose_key_says_secret_only_once_it_is_redacted() {
    let text =
        r#"{"api_key\"AAaaAAAAaA0aAFBa=key":["\"AAaa0aaa0aAaAaAa",{"code":"\"AAaa0aaa0aAaAaAa"}]}"#;
    assert_eq!(
        anonymized(text),
        r#"{"api_key\"<REDACTED>key":["<REDACTED>",{"code":"\"AAaa0aaa0aAaAaAa"}]}"#
    );
}
