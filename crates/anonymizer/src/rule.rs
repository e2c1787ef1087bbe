//! What a rule is to those who list rules.

/// What a rule finds. Decides the marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A credential of any sort.
    Secret,
    /// An e-mail address.
    Email,
    /// An IP address, of either version.
    Ip,
    /// A MAC address.
    Mac,
    /// A phone number.
    Phone,
    /// The number of a payment card.
    Card,
    /// An international bank account number.
    Iban,
    /// A national id: social security, tax or identity number.
    NationalId,
    /// The address of a crypto wallet.
    Wallet,
    /// A URL that is a secret as a whole, as those of webhooks are.
    Url,
    /// The name of a user, in the path of their home directory.
    User,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 11] = [
        Kind::Secret,
        Kind::Email,
        Kind::Ip,
        Kind::Mac,
        Kind::Phone,
        Kind::Card,
        Kind::Iban,
        Kind::NationalId,
        Kind::Wallet,
        Kind::Url,
        Kind::User,
    ];

    /// The name, as it stands in reports and in rule files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Secret => "secret",
            Kind::Email => "email",
            Kind::Ip => "ip",
            Kind::Mac => "mac",
            Kind::Phone => "phone",
            Kind::Card => "card",
            Kind::Iban => "iban",
            Kind::NationalId => "national_id",
            Kind::Wallet => "wallet",
            Kind::Url => "url",
            Kind::User => "user",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// Where a rule comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// Part of this crate.
    BuiltIn,
    /// Of a file that the user gave.
    User,
}

/// A rule, as listings show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub(crate) id: Box<str>,
    pub(crate) family: Box<str>,
    pub(crate) kind: Kind,
    pub(crate) origin: Origin,
}

impl Rule {
    /// The name of the rule, unique among the rules in force.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What the rule belongs to: the name of a file of built-in rules, or `user`.
    pub fn family(&self) -> &str {
        &self.family
    }

    /// What it finds.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Where it comes from.
    pub fn origin(&self) -> Origin {
        self.origin
    }
}
