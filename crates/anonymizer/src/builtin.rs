//! The rule files that are part of this crate.

use crate::rule::Origin;
use crate::rules_file::{self, Definition};

/// Family and text of each file. Tests check that each reads, compiles and does what its examples say.
const FILES: &[(&str, &str)] = &[
    ("keys", include_str!("../rules/keys.toml")),
    ("headers", include_str!("../rules/headers.toml")),
    (
        "source_hosting",
        include_str!("../rules/source_hosting.toml"),
    ),
    ("registries", include_str!("../rules/registries.toml")),
    ("cloud", include_str!("../rules/cloud.toml")),
    ("chat", include_str!("../rules/chat.toml")),
    ("payment", include_str!("../rules/payment.toml")),
    ("ai", include_str!("../rules/ai.toml")),
    ("observability", include_str!("../rules/observability.toml")),
    ("databases", include_str!("../rules/databases.toml")),
    ("machines", include_str!("../rules/machines.toml")),
    ("services", include_str!("../rules/services.toml")),
];

/// Every built-in rule that is not code.
pub(crate) fn definitions() -> Vec<Definition> {
    FILES
        .iter()
        .flat_map(|(family, text)| {
            rules_file::read(text, family, Origin::BuiltIn)
                .expect("tested: the built-in rules read")
        })
        .collect()
}
