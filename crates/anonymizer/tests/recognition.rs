//! What was once missed, or once taken for what it is not. Values are made up and look it.

use anonymizer::Anonymizer;
use std::sync::LazyLock;

static ANONYMIZER: LazyLock<Anonymizer> = LazyLock::new(Anonymizer::new);

fn unchanged(texts: &[&str]) {
    for text in texts {
        assert_eq!(ANONYMIZER.text(text).0, *text);
    }
}

fn changed(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(ANONYMIZER.text(text).0, *expected, "{text}");
    }
}

#[test]
fn parts_of_a_placeholder_are_left_alone() {
    unchanged(&[
        "API_KEY=$acme_dev_exmpl0q9x8w7v6exmpl5u4t3s2",
        "TOKEN=exmplQ9x8W7v6ExmpL5u4T==:xxxxxxxxxxxxxxxxxxxxxxxx",
        "meraki: aaaaaaaaaa1111111111bbbbbbbbbb2222222222",
    ]);
}

#[test]
fn the_next_key_of_an_object_is_no_value() {
    unchanged(&[r#"{"dummy": "api-custom-key", "exmpl218-0q9x-8w7v-dea0-0199cba": "other"}"#]);
}

#[test]
fn a_sentence_that_ends_in_brackets_announces_nothing() {
    unchanged(&["# (not a real token)\nxhvs.hWay0wis3QpoSXob5gz9jyHmBQeyTg0l4IRsl4"]);
}

#[test]
fn a_vendors_prefix_of_another_form_is_not_the_vendors() {
    unchanged(&[
        "wandb_v2_EXAMPLEexample0123456789abcdefABCDEFEXAMPLEexample01234567",
        "sk-ant-api03-EXAMPLEexample0123456789",
        "http://acmeexampleproject.supabase.co",
    ]);
}

#[test]
fn private_keys_are_found_without_their_pem() {
    let body = "EXAMPLEexample0123456789abcdefABCDEF".repeat(2);
    changed(&[
        (&format!("data: MIIEpAIBAAKCAQEA{body}"), "data: <REDACTED>"),
        (
            &format!("data: MIIBCgKCAQEA{body}"),
            &format!("data: MIIBCgKCAQEA{body}"),
        ),
    ]);
}

#[test]
fn secrets_are_found_as_arrays_of_bytes() {
    changed(&[
        (
            "Secret: []byte{31, 139, 8, 0, 0x1f, 245, 164, 134, 217, 225, 26, 172, 39},",
            "Secret: []byte{<REDACTED>},",
        ),
        (
            "secret_key = bytes([31, 139, 8, 7, 6, 245, 164, 134, 217, 225, 26, 172])",
            "secret_key = bytes([<REDACTED>])",
        ),
    ]);
    unchanged(&[
        "secret_sizes = [31, 139, 8, 7, 6, 245, 164, 134, 217, 225, 26, 172]",
        "api_key_offsets: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]",
    ]);
}

#[test]
fn national_ids_stand_alone_where_their_form_and_check_say_enough() {
    const ID: &str = "<REDACTED_NATIONAL_ID>";
    for id in [
        "401-023-2137",
        "51 824 753 556",
        "12345678-Z",
        "X1234567L",
        "AAAPL1234C",
        "27AAPFU0939F1ZV",
        "AB 12 34 56 C",
        "AB123456C",
        "131052-308T",
        "811218-9876",
        "912-70-1234",
        "1EG4-TE5-MK73",
        "44051401359",
    ] {
        assert_eq!(
            ANONYMIZER.text(&format!("see {id}.")).0,
            format!("see {ID}."),
            "{id}"
        );
    }
    changed(&[(
        "passport number A12345678",
        "passport number <REDACTED_NATIONAL_ID>",
    )]);
    unchanged(&[
        "401-023-2138",
        "12345678-A",
        "131052-308U",
        "811318-9876",
        "1234567L",
        "123-45-6789",
        "44051401358",
        // groups of a longer number
        "code 9999 2100 0418 4502 0005 1333 1",
    ]);
}

#[test]
fn many_names_in_one_long_run_take_no_quadratic_time() {
    // would take minutes if each name measured the run anew
    for part in ["password=", "github_pat_", "datadog-"] {
        let text = part.repeat(400_000 / part.len());
        let (once, _) = ANONYMIZER.text(&text);
        assert_eq!(ANONYMIZER.text(&once).0, once);
    }
}
