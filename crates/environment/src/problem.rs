//! Problems found in a file, as data: place, cause and a way out. The runner draws them.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

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
