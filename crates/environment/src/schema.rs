//! What may stand in a file, found by letting the readers read.
//!
//! A specimen is read again and again; whatever a reader asks for and does not find is added to it, until nothing is
//! missing. Then one key after the other is given another value, or left out, and the readings are compared: what is asked
//! for only with some of these answers follows from them and becomes a [`Rule`]. Nothing here knows a key by its name.

mod compare;
mod specimen;

use crate::declared::{Declared, Field};

/// A kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A scenario.
    Scenario,
    /// Where people are met, and what a contact does.
    Channel,
    /// Who the shoppers are and how they buy.
    Industry,
    /// Who sells.
    Merchant,
    /// How long, and which phases.
    Calendar,
    /// How a merchant's tier is found, and what each brings.
    Tiers,
}

impl FileKind {
    /// All kinds.
    pub const ALL: [Self; 6] =
        [Self::Scenario, Self::Channel, Self::Industry, Self::Merchant, Self::Calendar, Self::Tiers];

    /// The name on the command line and, of catalogue files, in `[set]`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scenario => "scenario",
            Self::Channel => "channel",
            Self::Industry => "industry",
            Self::Merchant => "merchant",
            Self::Calendar => "calendar",
            Self::Tiers => "tiers",
        }
    }
}

/// Everything that the reader of a kind of file can ask for.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// Keys in the order in which they are asked for. Bounds that depend on other figures are left open.
    pub keys: Vec<Declared>,
    /// What depends on answers.
    pub rules: Vec<Rule>,
}

/// What follows where all conditions hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// The paths rise from the top: each begins with the one before it.
    pub conditions: Vec<Condition>,
    /// What follows, in or below the table of the last condition.
    pub effects: Vec<Effect>,
}

/// That a key is given one of some answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// The tables the key stands in, as in [`Declared::path`].
    pub path: String,
    /// The key.
    pub key: &'static str,
    /// The answers.
    pub answers: Vec<Answer>,
}

/// What stands under a key.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Nothing.
    Absent,
    /// Anything.
    Present,
    /// This word.
    Word(String),
    /// True or false.
    Flag(bool),
}

/// What follows for a key.
#[derive(Debug, Clone, PartialEq)]
pub struct Effect {
    /// The tables the key stands in.
    pub path: String,
    /// The key.
    pub key: &'static str,
    /// Whether it may, or must, be there.
    pub stands: Stands,
    /// What it is, where that differs between the answers.
    pub field: Option<Field>,
}

/// Whether a key is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stands {
    /// It is not known here.
    Never,
    /// As is said elsewhere.
    Freely,
    /// It must be there.
    Always,
}

impl Shape {
    /// The shape of a kind of file.
    #[must_use]
    pub fn of(kind: FileKind) -> Self {
        compare::shape(kind)
    }
}

#[cfg(test)]
mod tests;
