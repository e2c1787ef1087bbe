//! The interface as its users see it.

use anonymizer::{Anonymizer, Json, Kind, Origin};
use std::borrow::Cow;
use std::sync::OnceLock;

fn anonymizer() -> &'static Anonymizer {
    static ANONYMIZER: OnceLock<Anonymizer> = OnceLock::new();
    ANONYMIZER.get_or_init(Anonymizer::new)
}

fn text(text: &str) -> String {
    anonymizer().text(text).0.into_owned()
}

fn json(text: &str) -> String {
    let mut document = Json::parse(text.as_bytes(), 64).unwrap();
    anonymizer().json(&mut document);
    document.to_string()
}

fn is_shared<T: Send + Sync>(_: &T) {}

#[test]
fn only_the_secret_goes() {
    is_shared(anonymizer());
    assert_eq!(
        text("password = \"hunter2-hunter\""),
        "password = \"<REDACTED>\""
    );
    assert_eq!(
        text("postgres://app:s3cretEXAMPLE@db/prod"),
        "postgres://<REDACTED>/prod"
    );
    assert_eq!(
        text("write to jane.doe@acme-widgets.com."),
        "write to <REDACTED_EMAIL>."
    );
    assert_eq!(
        text("/home/janedoe/src/x.rs"),
        "/home/<REDACTED_USER>/src/x.rs"
    );
    assert_eq!(
        text("from 93.184.216.34 port 22"),
        "from <REDACTED_IP> port 22"
    );
    assert_eq!(text("card 4111 1111 1111 1111!"), "card <REDACTED_CARD>!");
}

#[test]
fn code_is_left_alone_and_borrowed() {
    for code in [
        "sorted(xs, key='name')",
        "primary_key=\"id\"",
        "token = next(it)",
        "os.environ[\"TOKEN\"]",
        "password = os.environ[\"PASSWORD\"]",
        "api_key = \"${API_KEY}\"",
        "password: \"<your-password>\"",
        "# Basic usage",
        "git@github.com:acme/web",
        "http://127.0.0.1:8080/",
        "version 1.2.3.4",
    ] {
        let (same, redactions) = anonymizer().text(code);
        assert!(matches!(same, Cow::Borrowed(_)), "{code} -> {same}");
        assert!(redactions.is_empty());
    }
}

#[test]
fn json_is_anonymized_at_any_depth() {
    assert_eq!(
        json(r#"{"db":{"password":"hunter2"}}"#),
        r#"{"db":{"password":"<REDACTED>"}}"#
    );
    assert_eq!(
        json(r#"{"a":[{"mail":"jane@acme-widgets.com"}]}"#),
        r#"{"a":[{"mail":"<REDACTED_EMAIL>"}]}"#
    );
    assert_eq!(
        json(r#"{"n":4111111111111111,"m":1.50}"#),
        r#"{"m":1.50,"n":"<REDACTED_CARD>"}"#
    );
    assert_eq!(
        json(r#"{"a@acme.com":1,"b@acme.com":2,"c":3}"#),
        r##"{"<REDACTED_EMAIL>":1,"<REDACTED_EMAIL>#2":2,"c":3}"##
    );
}

#[test]
fn json_is_scanned_as_values_not_as_escaped_text() {
    assert_eq!(
        json(r#"{"a":"password = \"hunter2-hunter\"\n"}"#),
        r#"{"a":"password = \"<REDACTED>\"\n"}"#
    );
}

#[test]
fn holds_secret_means_credentials_only() {
    let holds = |text| anonymizer().holds_secret(text);
    assert!(holds("ghp_EXAMPLEexample0123456789abcdefABCDEF"));
    assert!(holds("https://user:s3cretEXAMPLE@host/acme/web"));
    for name in [
        "git@github.com:acme/web",
        "/home/someone/project",
        "acme/web",
        "jane@acme.com",
        "10.1.2.3",
        "",
    ] {
        assert!(!holds(name), "{name}");
    }
}

#[test]
fn bytes_that_are_not_utf8_are_replaced() {
    assert_eq!(anonymizer().bytes(b"a\xff").0, "a\u{fffd}");
    assert!(matches!(anonymizer().bytes(b"a").0, Cow::Borrowed("a")));
}

#[test]
fn pseudonyms_are_equal_for_equal_values() {
    let anonymizer = Anonymizer::builder().pseudonym_key(b"key").build().unwrap();
    let (text, _) = anonymizer.text("jane@acme.com joe@acme.com jane@acme.com");
    let marks: Vec<_> = text.split(' ').collect();
    assert!(
        marks[0].starts_with("<REDACTED_EMAIL:")
            && marks[0].len() == "<REDACTED_EMAIL:123456>".len()
    );
    assert_eq!(marks[0], marks[2]);
    assert_ne!(marks[0], marks[1]);
    assert!(anonymizer.text(&text).1.is_empty());
}

#[test]
fn a_user_file_adds_rules() {
    let anonymizer = Anonymizer::builder()
        .rules("[[rules]]\nid = 'acme'\nregex = 'acme_([0-9]{6})'\nkeywords = ['acme_']\n")
        .build()
        .unwrap();
    assert_eq!(anonymizer.text("x acme_123456 y").0, "x acme_<REDACTED> y");
    let rule = anonymizer.rules().last().unwrap();
    assert_eq!(
        (rule.id(), rule.family(), rule.kind(), rule.origin()),
        ("acme", "user", Kind::Secret, Origin::User)
    );
    let refused = Anonymizer::builder()
        .rules("[[rules]]\nid = 'acme'\nregex = '('\n")
        .build()
        .unwrap_err();
    assert!(
        refused
            .to_string()
            .starts_with("line 3: rule acme: the regex does not compile"),
        "{refused}"
    );
}

#[test]
fn a_rule_of_gitleaks_works_unchanged() {
    let anonymizer = Anonymizer::builder_without_built_in_rules()
        .rules(
            r#"
title = "a company's rules"

[[rules]]
id = "acme-generic"
description = "a generic rule, in the words of Go"
regex = '''(?i)[\w.-]{0,50}?(?:acme)(?:[ \t\w.-]{0,20})[\s'"]{0,3}(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)[\x60'"\s=]{0,5}([\w.=-]{10,150}|[a-z0-9][a-z0-9+/]{11,}={0,3})(?:[\x60'"\s;]|\\[nr]|$)'''
entropy = 3.5
keywords = ["acme"]

[[rules.allowlists]]
description = "not these"
condition = "OR"
regexes = ['''^[a-zA-Z_.-]+$''']
stopwords = ["000000"]

[[rules]]
id = "braces"
regex = '''{{acme-([0-9]+)}}'''
secretGroup = 1
keywords = ["{{acme"]
"#,
        )
        .build()
        .unwrap();
    let text = |text: &str| anonymizer.text(text).0.into_owned();
    assert_eq!(
        text("acme_id = \"q9x8w7v6u5t4s3r2\""),
        "acme_id = \"<REDACTED>\""
    );
    assert_eq!(
        text("acme_id = \"words_and_words\""),
        "acme_id = \"words_and_words\""
    );
    assert_eq!(
        text("acme_id = \"q9x8w7v6u5000000\""),
        "acme_id = \"q9x8w7v6u5000000\""
    );
    assert_eq!(text("x {{acme-123}} y"), "x {{acme-<REDACTED>}} y");
}

#[test]
fn a_rule_of_the_user_replaces_the_built_in_one_of_its_name() {
    let anonymizer = Anonymizer::builder()
        .rules("[[rules]]\nid = 'npm-token'\nregex = 'npm-never'\nkeywords = ['npm-never']\n")
        .build()
        .unwrap();
    assert_eq!(
        anonymizer
            .rules()
            .iter()
            .filter(|rule| rule.id() == "npm-token")
            .count(),
        1
    );
}
