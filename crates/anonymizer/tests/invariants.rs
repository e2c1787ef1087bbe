//! What holds for every text.

use anonymizer::{Anonymizer, Json};
use proptest::prelude::*;
use std::borrow::Cow;
use std::sync::OnceLock;

fn anonymizer() -> &'static Anonymizer {
    static ANONYMIZER: OnceLock<Anonymizer> = OnceLock::new();
    ANONYMIZER.get_or_init(Anonymizer::new)
}

/// Pieces that make findings, and that touch each other in ways nobody wrote down.
fn piece() -> impl Strategy<Value = String> {
    let fixed = prop::sample::select(vec![
        "password",
        "api_key",
        "secret",
        "token",
        "SECRET",
        "key",
        "=",
        ": ",
        " = \"",
        "\"",
        "'",
        "`",
        "\n",
        " ",
        "://",
        "@",
        ":",
        "/",
        "<",
        ">",
        "</",
        "&",
        "?",
        ";",
        "==",
        "${",
        "}",
        "{{",
        "}}",
        "(",
        ")",
        "<REDACTED>",
        "<REDACTED_EMAIL>",
        "<REDACTED",
        "REDACTED>",
        "<REDACTED:0a1b2c>",
        "ghp_",
        "sk-",
        "AKIA",
        "eyJ",
        "Bearer ",
        "Authorization: ",
        "postgres",
        "https",
        "jane@acme.com",
        "10.1.2.3",
        "2001:db8::1",
        "4111 1111 1111 1111",
        "+49 30 1234567",
        "DE89370400440532013000",
        "/home/jane/",
        "C:\\Users\\jane\\",
        "-----BEGIN PRIVATE KEY-----",
        "-----END PRIVATE KEY-----",
        "AIhq5Xyb1Gga9Q31qWzK8",
        "0123456789abcdef0123456789abcdef",
        "hunter2-x",
        "wandb ",
        "é",
        "💩",
        "\\n",
        "\\\"",
        "identified by ",
        "curl -u ",
    ]);
    prop_oneof![8 => fixed.prop_map(str::to_owned), 2 => "[ -~]{0,12}", 1 => "[0-9A-Za-z]{16,40}", 1 => any::<String>()]
}

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 0..24).prop_map(|pieces| pieces.concat())
}

fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        any::<i64>().prop_map(|number| Json::Number(number.to_string().into())),
        text().prop_map(Json::String),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Json::Array),
            prop::collection::btree_map(text(), inner, 0..6).prop_map(Json::Object),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn anonymized_text_is_clean_and_stays(text in text()) {
        let (once, redactions) = anonymizer().text(&text);
        prop_assert_eq!(redactions.is_empty(), matches!(once, Cow::Borrowed(_)));
        let (twice, again) = anonymizer().text(&once);
        prop_assert!(again.is_empty(), "{:?} -> {:?} -> {:?}", text, once, twice);
        prop_assert!(!anonymizer().holds_secret(&once));
    }

    #[test]
    fn the_same_text_gives_the_same_bytes(text in text()) {
        prop_assert_eq!(anonymizer().text(&text), anonymizer().text(&text));
    }

    #[test]
    fn bytes_are_text_where_they_are_utf8(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let (anonymized, _) = anonymizer().bytes(&bytes);
        let lossy = String::from_utf8_lossy(&bytes);
        prop_assert_eq!(anonymized, anonymizer().text(&lossy).0);
    }

    #[test]
    fn anonymized_json_is_clean_and_reads_back(document in json()) {
        let mut once = document.clone();
        let redactions = anonymizer().json(&mut once);
        prop_assert!(!redactions.is_empty() || once == document);
        let mut twice = once.clone();
        let again = anonymizer().json(&mut twice);
        prop_assert!(again.is_empty(), "{} -> {} -> {}", document, once, twice);
        prop_assert_eq!(&twice, &once);
        let text = once.to_string();
        prop_assert_eq!(&Json::parse(text.as_bytes(), 64).unwrap(), &once);
    }

    #[test]
    fn json_is_read_as_serde_json_reads_it(text in "[\\[\\]{}\",:0-9eE+.truefalsn\\\\ -]{0,24}") {
        let ours = Json::parse(text.as_bytes(), 64);
        match serde_json::from_str::<serde_json::Value>(&text) {
            Ok(value) => {
                let ours = ours.map_err(|error| TestCaseError::fail(format!("{text:?}: {error}")))?;
                prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&ours.to_string()).unwrap(), value);
            }
            // serde_json refuses numbers that are too large for it, and lone surrogates
            Err(error) => prop_assert!(ours.is_err() || error.to_string().contains("out of range") || error.to_string().contains("surrogate"), "{:?}", text),
        }
    }

    #[test]
    fn no_rule_file_makes_it_panic(text in "[a-z\\[\\]=\"'\n.#{}()*+?\\\\|^$0-9 ]{0,80}") {
        if let Err(error) = Anonymizer::builder_without_built_in_rules().rules(&text).build() {
            let message = error.to_string();
            prop_assert!(message.is_ascii() && !message.contains('\n'));
        }
    }
}
