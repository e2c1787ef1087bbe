//! National ids. Those that have only digits are looked for where a word announces them, or where they are written in
//! groups as no other number is and pass their check; chance makes too many others.

mod check;
mod lettered;

use super::numbers::announced;
use super::{number, Found};
use crate::judge::checksum::{cpf, luhn, verhoeff};

pub(super) use lettered::{after_letters, before_letter, with_letters};

/// An id of digits.
struct Form {
    groups: &'static [usize],
    /// What may separate the groups where no word announces the id; nothing where one must. [`UNGROUPED`] where the
    /// digits alone say enough: two check digits, a date and one, or one by a large number.
    alone: &'static [u8],
    words: &'static [&'static str],
    valid: fn(&[u8]) -> bool,
}

const UNGROUPED: &[u8] = &[0];

const FORMS: &[Form] = &[
    Form {
        groups: &[3, 2, 4],
        alone: b"-",
        words: &["ssn", "ss#", "social security", "social", "itin", "tax"],
        valid: check::us_ssn_or_itin,
    },
    Form {
        groups: &[9],
        alone: b"",
        words: &["ssn", "social security", "itin"],
        valid: check::us_ssn_or_itin,
    },
    Form {
        groups: &[3, 3, 3, 2],
        alone: b"-",
        words: &["cpf"],
        valid: cpf,
    },
    Form {
        groups: &[11],
        alone: UNGROUPED,
        words: &["cpf"],
        valid: cpf,
    },
    Form {
        groups: &[3, 3, 4],
        alone: b"- ",
        words: &["nhs"],
        valid: check::uk_nhs,
    },
    Form {
        groups: &[10],
        alone: b"",
        words: &["nhs"],
        valid: check::uk_nhs,
    },
    Form {
        groups: &[4, 4, 4],
        alone: b" -",
        words: &["aadhaar", "aadhar", "uid", "uidai"],
        valid: check::aadhaar,
    },
    Form {
        groups: &[12],
        alone: b"",
        words: &["aadhaar", "aadhar", "uidai"],
        valid: check::aadhaar,
    },
    Form {
        groups: &[11],
        alone: UNGROUPED,
        words: &["pesel"],
        valid: check::pesel,
    },
    Form {
        groups: &[9],
        alone: b"",
        words: &["bsn", "burgerservicenummer", "sofinummer"],
        valid: check::bsn,
    },
    Form {
        groups: &[3, 3, 3],
        alone: b"",
        words: &["sin", "social insurance", "tfn", "tax file", "acn"],
        valid: check::sin_tfn_or_acn,
    },
    Form {
        groups: &[9],
        alone: b"",
        words: &["sin", "social insurance", "tfn", "tax file", "acn"],
        valid: check::sin_tfn_or_acn,
    },
    Form {
        groups: &[2, 3, 3, 3],
        alone: b" ",
        words: &["abn", "business number"],
        valid: check::abn,
    },
    Form {
        groups: &[11],
        alone: UNGROUPED,
        words: &["abn", "business number"],
        valid: check::abn,
    },
    Form {
        groups: &[4, 5, 1],
        alone: b" -",
        words: &["medicare"],
        valid: check::medicare,
    },
    Form {
        groups: &[10],
        alone: b"",
        words: &["medicare"],
        valid: check::medicare,
    },
    Form {
        groups: &[6, 4],
        alone: b"-",
        words: &["personnummer", "personal number", "pnr"],
        valid: check::personnummer,
    },
    Form {
        groups: &[8, 4],
        alone: b"-",
        words: &["personnummer", "personal number", "pnr"],
        valid: check::personnummer,
    },
    Form {
        groups: &[6, 7],
        alone: b"-",
        words: &["rrn", "resident registration"],
        valid: check::rrn,
    },
    Form {
        groups: &[1, 4, 5, 2, 1],
        alone: b"- ",
        words: &["thai", "id"],
        valid: check::thai,
    },
    Form {
        groups: &[13],
        alone: b"",
        words: &["thai", "tnin", "rrn"],
        valid: |id| check::thai(id) || check::rrn(id),
    },
    Form {
        groups: &[11],
        alone: UNGROUPED,
        words: &["tckn", "kimlik"],
        valid: check::tckn,
    },
    Form {
        groups: &[11],
        alone: b"",
        words: &["nin", "national identification"],
        valid: verhoeff,
    },
    Form {
        groups: &[11],
        alone: b"",
        words: &["iva", "vat"],
        valid: luhn,
    },
    Form {
        groups: &[11],
        alone: b"",
        words: &[
            "steuer-id",
            "steuerid",
            "steueridentifikationsnummer",
            "idnr",
            "tin",
        ],
        valid: check::german_tax,
    },
    Form {
        groups: &[1, 2, 2, 2, 3, 3, 2],
        alone: b" .-",
        words: &["nir"],
        valid: check::french,
    },
    Form {
        groups: &[15],
        alone: b"",
        words: &["nir", "insee", "secu", "social"],
        valid: check::french,
    },
    Form {
        groups: &[9],
        alone: b"",
        words: &["aba", "routing"],
        valid: check::routing,
    },
    Form {
        groups: &[10],
        alone: b"",
        words: &["npi", "provider"],
        valid: check::npi,
    },
    Form {
        groups: &[9],
        alone: b"",
        words: &["passport"],
        valid: |_| true,
    },
];

/// An id of digits in groups, from its first digit. Gives where it ends.
pub(super) fn in_groups(text: &[u8], start: usize, found: &mut Found<'_>) -> Option<usize> {
    let mut lengths = [0usize; 8];
    let mut count = 0;
    let mut separators = [0u8; 8];
    let mut at = start;
    loop {
        let run = text[at..]
            .iter()
            .take(20)
            .take_while(|b| b.is_ascii_digit())
            .count();
        *lengths.get_mut(count)? = run;
        count += 1;
        at += run;
        let separated = matches!(text.get(at), Some(b' ' | b'-' | b'.'))
            && text.get(at + 1).is_some_and(u8::is_ascii_digit);
        if !separated || count == lengths.len() {
            break;
        }
        separators[count - 1] = text[at];
        at += 1;
    }
    if text
        .get(at)
        .is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
    {
        return None;
    }
    let (groups, separators) = (&lengths[..count], &separators[..count - 1]);
    let apart = match text[..start] {
        // the last groups of a longer number
        [.., digit, b' '] => !digit.is_ascii_digit(),
        [.., before] => !matches!(before, b'-' | b'+' | b'/' | b'#' | b'.' | b'$'),
        [] => true,
    };
    FORMS.iter().find(|form| {
        form.groups == groups
            && (form.valid)(&text[start..at])
            && ((apart && stands_alone(form, separators)) || announced(text, start, form.words))
    })?;
    found.push(number::NATIONAL_ID, start, at);
    Some(at)
}

/// Whether the id is written so that no word needs to announce it. The last separator tells: a CPF has dots before it.
fn stands_alone(form: &Form, separators: &[u8]) -> bool {
    let last = separators.last().unwrap_or(&UNGROUPED[0]);
    form.alone.contains(last)
}
