//! Why a command did not do what was asked, and the exit code that says so.

use std::fmt::Display;

use outlay_environment::Problems;

/// Something failed while running.
pub(crate) const EXIT_FAILED: u8 = 1;
/// An argument or a file is bad.
pub(crate) const EXIT_USAGE: u8 = 2;
/// A `--require` is not met.
pub(crate) const EXIT_REQUIREMENT: u8 = 3;
/// Ctrl-C, as shells count it.
pub(crate) const EXIT_INTERRUPTED: u8 = 130;

/// Why a command stopped.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Bad arguments, or a bad file that is not a scenario.
    Usage(Complaint),
    /// A scenario file with problems.
    Scenario(Problems),
    /// Failed while running.
    Run(Complaint),
    /// Of several processes the first says why; the exit code.
    Said(u8),
}

/// An error as a person reads it.
#[derive(Debug)]
pub(crate) struct Complaint {
    /// What is wrong, a lower-case fragment.
    pub(crate) message: String,
    /// What caused it.
    pub(crate) cause: Option<String>,
    /// Ways out.
    pub(crate) help: Vec<String>,
}

impl Failure {
    /// A bad argument or file.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::Usage(Complaint { message: message.into(), cause: None, help: Vec::new() })
    }

    /// A failure while running.
    pub(crate) fn run(message: impl Into<String>) -> Self {
        Self::Run(Complaint { message: message.into(), cause: None, help: Vec::new() })
    }

    /// Adds the cause.
    pub(crate) fn because(mut self, cause: impl Display) -> Self {
        if let Self::Usage(complaint) | Self::Run(complaint) = &mut self {
            complaint.cause = Some(cause.to_string());
        }
        self
    }

    /// Adds a way out.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        if let Self::Usage(complaint) | Self::Run(complaint) = &mut self {
            complaint.help.push(help.into());
        }
        self
    }

    /// In one line: what is wrong and the first way out.
    pub(crate) fn sentence(&self) -> String {
        match self {
            Self::Usage(complaint) | Self::Run(complaint) => {
                let help = complaint.help.first().map(|help| format!("; {help}")).unwrap_or_default();
                format!("{}{help}", complaint.message)
            }
            Self::Scenario(problems) => problems.to_string(),
            Self::Said(_) => String::new(),
        }
    }

    /// The exit code.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Scenario(_) => EXIT_USAGE,
            Self::Run(_) => EXIT_FAILED,
            Self::Said(code) => *code,
        }
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Self::Scenario(problems)
    }
}
