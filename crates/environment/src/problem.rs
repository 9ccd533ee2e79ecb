//! Problems found in a file, as data: place, cause and a way out. The runner draws them.

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::document::{Place, Source};

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where the text came from: a path, or the name of a shipped file.
    pub file: Arc<str>,
    /// The whole text of that file (empty where it could not be read).
    pub text: Arc<str>,
    /// Bytes of the text that the problem is about, if it has a place.
    pub span: Option<Range<usize>>,
    /// What is wrong, a lower-case fragment.
    pub message: String,
    /// What stands under the caret.
    pub label: String,
    /// A way out.
    pub help: Option<String>,
}

/// Everything that is wrong with what was to be read; never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(formatter, "{separator}{}: {}", problem.file, problem.message)?;
        }
        Ok(())
    }
}

/// More problems than anybody reads; what is wrong beyond them is found in the next try.
pub(crate) const MOST_PROBLEMS: usize = 100;

/// Collects problems over all files that make up one thing.
#[derive(Debug, Default)]
pub struct Notes(RefCell<Vec<Problem>>);

impl Notes {
    /// Notes a problem at a place.
    pub fn add(
        &self,
        place: &Place,
        message: impl Into<String>,
        label: impl Into<String>,
        help: Option<String>,
    ) {
        self.add_in(&place.source, Some(place), message, label, help);
    }

    /// Notes a problem of a text, at a place if it has one. What is noted already, of a file that is read twice, is not
    /// repeated.
    pub(crate) fn add_in(
        &self,
        source: &Source,
        place: Option<&Place>,
        message: impl Into<String>,
        label: impl Into<String>,
        help: Option<String>,
    ) {
        let problem = Problem {
            file: source.file.clone(),
            text: source.text.clone(),
            span: place.map(|place| place.span.clone()),
            message: message.into(),
            label: label.into(),
            help,
        };
        let mut problems = self.0.borrow_mut();
        if problems.len() < MOST_PROBLEMS && !problems.contains(&problem) {
            problems.push(problem);
        }
    }

    /// Notes what was found elsewhere.
    pub fn extend(&self, problems: Problems) {
        self.0.borrow_mut().extend(problems.0);
    }

    /// Everything noted so far, if anything was.
    ///
    /// # Errors
    ///
    /// All of it.
    pub fn verdict(&self) -> Result<(), Problems> {
        let problems = self.0.borrow();
        if problems.is_empty() { Ok(()) } else { Err(Problems(problems.clone())) }
    }
}
