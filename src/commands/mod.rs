//! The commands: one file each, with what it declares (name, flags, arguments, documentation), how its arguments
//! are read, and what it plans and answers.
//!
//! [`TABLE`] is the one list of them. Registration, `COMMAND DOCS`, ACL categories, key specifications, the names
//! of options and `docs/commands.md` all come from it.

#![forbid(unsafe_code)]

mod arguments;
mod fix;
mod issue;
mod pattern;
#[cfg(test)]
mod reference;
mod session;

use crate::server::Registered;

/// Every command.
pub const TABLE: &[Registered] = &[
    Registered::of::<pattern::store::Store>(),
    Registered::of::<pattern::get::Get>(),
    Registered::of::<pattern::list::List>(),
    Registered::of::<pattern::confidence::Confidence>(),
    Registered::of::<pattern::evolution::Evolution>(),
    Registered::of::<pattern::del::Del>(),
    Registered::of::<pattern::insights::Insights>(),
    Registered::of::<pattern::export::Export>(),
    Registered::of::<pattern::import::Import>(),
    Registered::of::<pattern::retain::Retain>(),
    Registered::of::<pattern::forget::Forget>(),
    Registered::of::<pattern::repos::Repos>(),
    Registered::of::<pattern::anonymize::Anonymize>(),
    Registered::of::<pattern::rules::Rules>(),
    Registered::of::<pattern::health::Health>(),
    Registered::of::<issue::track::Track>(),
    Registered::of::<issue::mtrack::Mtrack>(),
    Registered::of::<issue::get::Get>(),
    Registered::of::<issue::trends::Trends>(),
    Registered::of::<issue::history::History>(),
    Registered::of::<fix::record::Record>(),
    Registered::of::<fix::rates::Rates>(),
    Registered::of::<fix::advise::Advise>(),
    Registered::of::<fix::list::List>(),
    Registered::of::<session::record::Record>(),
    Registered::of::<session::analytics::Analytics>(),
    Registered::of::<session::list::List>(),
];
