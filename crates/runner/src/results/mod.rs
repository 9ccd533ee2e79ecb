//! What a command found: these structures are the export schema, written by `--json` field by field in this order.
//!
//! Money is an integer of minor units (fen, cents) unless a field says otherwise. A value that is not defined is null.

mod comparison;
mod evaluation;
mod listing;
mod training;

use serde::Serialize;

pub(crate) use comparison::*;
pub(crate) use evaluation::*;
pub(crate) use listing::*;
pub(crate) use training::*;

/// The version in every document.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Which scenario a document is about.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct ScenarioId {
    /// Its name.
    pub(crate) name: String,
    /// Hash of its composed files, 64 hexadecimal digits.
    pub(crate) hash: String,
}

fn is_false(value: &bool) -> bool {
    !value
}
