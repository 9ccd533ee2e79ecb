//! What gives where a budget and a soft limit cannot both be had.

use serde::{Deserialize, Serialize};

/// What gives where a budget and a soft limit cannot both be had.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Prefer {
    /// The limit gives: money is spent to the end, unless the goal itself has a price for it.
    #[default]
    Spend,
    /// The budget gives: money may be left to hold the limit.
    Target,
}

impl Prefer {
    /// The name in files and arguments.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Spend => "spend",
            Self::Target => "target",
        }
    }

    /// Whether it is what a file without it means.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
