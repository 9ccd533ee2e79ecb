//! Everything a person or a pipe sees: results on standard output, everything else on standard error.
//!
//! A closed pipe is not an error: whoever reads has seen enough.

use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use outlay_environment::Problems;
use serde::Serialize;

use crate::cli::{Color, Common};
use crate::diagnostic;
use crate::failure::{Complaint, Failure};
use crate::phrases::Language;
use crate::warning::Warning;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HELP: Style = AnsiColor::Cyan.on_default().bold();

/// Where a command writes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terminal {
    /// Whether results are JSON.
    pub(crate) json: bool,
    /// Language of pages and tables.
    pub(crate) language: Language,
    quiet: bool,
    live: bool,
}

/// Sets when to colour, for every stream of the process.
pub(crate) fn set_color(color: Color) {
    match color {
        Color::Auto => anstream::ColorChoice::Auto,
        Color::Always => anstream::ColorChoice::Always,
        Color::Never => anstream::ColorChoice::Never,
    }
    .write_global();
}

impl Terminal {
    /// As the flags and the surroundings say.
    pub(crate) fn new(common: &Common) -> Self {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
        let moves = !(dumb && cfg!(unix)) && io::stderr().is_terminal();
        Self { json: common.json, quiet: common.quiet, live: moves && !common.quiet, language: common.lang }
    }

    /// Of a process whose first neighbour shows everything.
    pub(crate) fn silent(self) -> Self {
        Self { json: false, quiet: true, live: false, ..self }
    }

    /// Whether something may move on standard error: a bar.
    pub(crate) fn is_live(self) -> bool {
        self.live
    }

    /// Writes a result.
    pub(crate) fn result(self, text: &str) -> Result<(), Failure> {
        let mut stream = anstream::stdout().lock();
        let written = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
        forgive_closed_pipe(written)
    }

    /// Writes a JSON document on lines of its own.
    pub(crate) fn document(self, document: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(document);
        self.json_text(text)
    }

    /// Writes one line of JSON.
    pub(crate) fn json_line(self, document: &impl Serialize) -> Result<(), Failure> {
        self.json_text(serde_json::to_string(document))
    }

    fn json_text(self, text: serde_json::Result<String>) -> Result<(), Failure> {
        let text =
            text.map_err(|error| Failure::run("the results could not be written as JSON").because(error))?;
        self.result(&(text + "\n"))
    }

    /// Writes a line about what is going on, unless asked to be quiet.
    pub(crate) fn note(self, text: &str) {
        if !self.quiet {
            to_stderr(&format!("{text}\n"));
        }
    }

    /// Writes lines that a person needs even where they asked to be quiet: how to resume.
    pub(crate) fn always(self, text: &str) {
        to_stderr(&format!("{text}\n"));
    }

    /// Warns, unless asked to be quiet.
    pub(crate) fn warn(self, warning: &Warning) {
        if !self.quiet {
            to_stderr(&complaint_text("warning", WARNING, &warning.complaint()));
        }
    }

    /// Says what one agent failed of; the command goes on.
    pub(crate) fn agent_failed(self, name: &str, error: &str) {
        let message = format!("`{name}` failed: {error}");
        to_stderr(&complaint_text("error", ERROR, &Complaint { message, cause: None, help: Vec::new() }));
    }

    /// Says why the command stopped.
    pub(crate) fn failure(self, failure: &Failure) {
        to_stderr(&failure_text(failure));
    }
}

/// An error as text, with colours.
pub(crate) fn failure_text(failure: &Failure) -> String {
    match failure {
        Failure::Usage(complaint) | Failure::Run(complaint) => complaint_text("error", ERROR, complaint),
        Failure::Scenario(problems) => diagnostic::render(problems) + &problem_count(problems),
        Failure::Said(_) => String::new(),
    }
}

fn complaint_text(word: &str, style: Style, complaint: &Complaint) -> String {
    let mut text = format!("{style}{word}{style:#}: {}\n", harmless(&complaint.message));
    if let Some(cause) = &complaint.cause {
        text += &format!("{style}cause{style:#}: {}\n", harmless(cause));
    }
    for help in &complaint.help {
        text += &format!("{HELP}help{HELP:#}: {}\n", harmless(help));
    }
    text
}

/// What was quoted from a file, without characters that move a cursor or change colours.
fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// `error: 2 problems in FILE`
fn problem_count(problems: &Problems) -> String {
    let mut files: Vec<&str> = Vec::new();
    for problem in &problems.0 {
        if !files.contains(&&*problem.file) {
            files.push(&problem.file);
        }
    }
    let count = crate::warning::plural(problems.0.len() as u64, "problem");
    format!("{ERROR}error{ERROR:#}: {count} in {}\n", files.join(", "))
}

fn to_stderr(text: &str) {
    // Nobody is left to be told where standard error is closed.
    let _ = anstream::stderr().lock().write_all(text.as_bytes());
}

fn forgive_closed_pipe(written: io::Result<()>) -> Result<(), Failure> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::run("the results could not be written").because(error))
        }
        _ => Ok(()),
    }
}
