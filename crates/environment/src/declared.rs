//! What readers ask of a file, noted as they ask: key, type, bounds, whether it must be there. The schema for editors is
//! made of these notes, so it says what the readers do.

use std::cell::RefCell;

use crate::bounds::Bounds;
use crate::schema::FileKind;

/// What may stand under a key.
#[derive(Debug, Clone, PartialEq)]
pub enum Field {
    /// A number.
    Number(Bounds),
    /// A whole number.
    Whole(Bounds),
    /// A number that each world may draw: bare, log-normal or uniform.
    Uncertain(Bounds),
    /// As [`Self::Uncertain`], or a list of equally likely draws.
    Drawn(Bounds),
    /// So many numbers; any number of them where the length follows from something else.
    Numbers(Bounds, Option<usize>),
    /// A list of lists of numbers.
    Rows(Bounds),
    /// A table of numbers under any names.
    NamedNumbers(Bounds),
    /// True or false.
    Flag,
    /// A text.
    Text,
    /// The name of a catalogue file in this folder.
    File(&'static str),
    /// Texts, at least one.
    Texts,
    /// One of these words.
    Choice(Vec<String>),
    /// Some of these words.
    Words(Vec<String>),
    /// A table.
    Table,
    /// A list of tables.
    Tables,
    /// Figures that are laid over those of a catalogue file of this kind.
    Overrides(FileKind),
    /// One or the other, by other answers.
    Either(Box<[Field; 2]>),
}

/// A key that a reader asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Declared {
    /// The tables it stands in, each with a `/` behind it, lists with `[]/`: `line[]/audience/`.
    pub path: String,
    /// The key.
    pub key: &'static str,
    /// What may stand there.
    pub field: Field,
    /// Whether it must be there.
    pub required: bool,
    /// What it is, where the reader says so.
    pub about: Option<String>,
}

/// Collects what is asked for.
#[derive(Debug, Default)]
pub(crate) struct Log(RefCell<Vec<Declared>>);

impl Log {
    /// Notes a key. One that is asked for twice must be there if either asks so.
    pub(crate) fn note(&self, declared: Declared) {
        let mut all = self.0.borrow_mut();
        match all.iter_mut().find(|other| other.path == declared.path && other.key == declared.key) {
            Some(other) => other.required |= declared.required,
            None => all.push(declared),
        }
    }

    pub(crate) fn take(self) -> Vec<Declared> {
        self.0.into_inner()
    }
}
