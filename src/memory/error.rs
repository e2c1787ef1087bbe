//! The one error type: what a client is told.
//!
//! Texts are ASCII, start with a Redis error code, say which argument is wrong and what is allowed, and never
//! repeat what the caller sent.

use std::borrow::Cow;
use std::fmt;

/// The result of everything that can be refused.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a command was refused. Its `Display` is the error reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// A key holds another type than the one that the command needs.
    WrongType,
    /// The slot of the repo is being moved to or from this node.
    TryAgain,
    /// An argument is not what it must be.
    Argument {
        /// The argument, or the path of a field inside of it.
        name: Cow<'static, str>,
        /// What goes between "must" and the end: "be a number from 0 to 1".
        must: Cow<'static, str>,
    },
    /// The arguments are of the wrong shape, or the server is in no state to take them.
    Refused(Cow<'static, str>),
    /// The server is in no state to take a write any more; begins with the error code.
    State(&'static str),
    /// Something that should not happen did: the log says more.
    Internal(&'static str),
}

impl Error {
    /// An argument that is not what it must be.
    pub fn argument(
        name: impl Into<Cow<'static, str>>,
        must: impl Into<Cow<'static, str>>,
    ) -> Self {
        Error::Argument {
            name: name.into(),
            must: must.into(),
        }
    }

    /// A refusal in its own words, without the error code.
    pub fn refused(text: impl Into<Cow<'static, str>>) -> Self {
        Error::Refused(text.into())
    }

    /// What kind of refusal it is, for a counter.
    pub fn kind(&self) -> &'static str {
        match self {
            Error::WrongType => "wrong_type",
            Error::TryAgain => "try_again",
            Error::Argument { .. } => "argument",
            Error::Refused(_) => "usage",
            Error::State(_) => "state",
            Error::Internal(_) => "internal",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::WrongType => {
                f.write_str("WRONGTYPE Operation against a key holding the wrong kind of value")
            }
            Error::TryAgain => f.write_str(
                "TRYAGAIN The slot of this repo is being migrated; try again in a moment",
            ),
            Error::Argument { name, must } => write!(f, "ERR {name} must {must}"),
            Error::Refused(text) => write!(f, "ERR {text}"),
            Error::State(text) => f.write_str(text),
            Error::Internal(text) => write!(f, "ERR {text}"),
        }
    }
}

impl std::error::Error for Error {}
