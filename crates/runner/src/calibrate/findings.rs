//! Problems of a table, collected: of a kind that repeats itself down a column one is shown, with all its rows.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use outlay_environment::{Problem, Problems};

/// Rows that are listed of a problem that repeats itself.
const ROWS_LISTED: usize = 8;

/// Problems so far.
#[derive(Debug)]
pub(super) struct Findings {
    file: Arc<str>,
    text: Arc<str>,
    problems: Vec<Problem>,
    /// Problem and rows by kind and column.
    repeated: BTreeMap<(&'static str, usize), (usize, Vec<usize>)>,
}

impl Findings {
    pub(super) fn new(file: &str) -> Self {
        Self { file: file.into(), text: "".into(), problems: Vec::new(), repeated: BTreeMap::new() }
    }

    pub(super) fn set_text(&mut self, text: &Arc<str>) {
        self.text = text.clone();
    }

    /// Something is wrong with the file as a whole.
    pub(super) fn whole(&mut self, message: impl Into<String>, help: &str) {
        self.add(None, message.into(), "", help);
    }

    /// Something is wrong at a place.
    pub(super) fn at(&mut self, place: Range<usize>, message: impl Into<String>, label: &str, help: &str) {
        self.add(Some(place), message.into(), label, help);
    }

    /// Something is wrong in a cell, as it may be in others of its column.
    #[expect(clippy::too_many_arguments, reason = "a cell, and what is wrong with it")]
    pub(super) fn cell(
        &mut self,
        kind: &'static str,
        column: usize,
        line: usize,
        place: Range<usize>,
        message: impl Into<String>,
        label: &str,
        help: &str,
    ) {
        if let Some((_, rows)) = self.repeated.get_mut(&(kind, column)) {
            rows.push(line);
            return;
        }
        self.repeated.insert((kind, column), (self.problems.len(), vec![line]));
        self.add(Some(place), message.into(), label, help);
    }

    fn add(&mut self, span: Option<Range<usize>>, message: String, label: &str, help: &str) {
        self.problems.push(Problem {
            file: self.file.clone(),
            text: if span.is_some() { self.text.clone() } else { "".into() },
            span,
            message,
            label: label.to_owned(),
            help: (!help.is_empty()).then(|| help.to_owned()),
        });
    }

    /// Whether nothing was found.
    pub(super) fn are_none(&self) -> bool {
        self.problems.is_empty()
    }

    /// All of them, if there are any.
    pub(super) fn finish(mut self) -> Result<(), Problems> {
        for (place, rows) in self.repeated.into_values() {
            let problem = &mut self.problems[place];
            problem.message = format!("row {}: {}", rows[0], problem.message);
            if rows.len() > 1 {
                let listed: Vec<String> = rows[1..].iter().take(ROWS_LISTED).map(usize::to_string).collect();
                let more = rows.len() - 1 - listed.len();
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                let noun = if rows.len() > 2 { "rows" } else { "row" };
                problem.message += &format!("; so in {noun} {}{more}", listed.join(", "));
            }
        }
        if self.problems.is_empty() { Ok(()) } else { Err(Problems(self.problems)) }
    }
}
