//! What is asked of `recommend`: everything that decides the answer, files and all, so that it can be asked again.

use std::fs;
use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::cli;
use crate::failure::Failure;
use crate::format::sha256;
use crate::phrases::Language;
use crate::terminal::Terminal;

/// Largest file that is read, bytes: a season of 100,000 rows is a sixth of it.
const MOST: u64 = 64 << 20;

/// Everything that decides an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Question {
    pub(super) agent: String,
    /// As typed: a shipped scenario or a path.
    pub(super) scenario: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) log: Option<File>,
    /// The plan of `--beside`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) plan: Option<File>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) at: Option<usize>,
    /// Seeds of the worlds in which the odds are found, half-open; none for no odds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) seeds: Option<String>,
    /// Seconds a program may take for one answer.
    pub(super) time_limit: f64,
    pub(super) form: Form,
    pub(super) language: Language,
}

/// How the answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Form {
    Page,
    Markdown,
    Csv,
    Json,
}

/// What helps where there is no log.
const TO_TRY: &str = "`outlay evaluate AGENT SCENARIO --replay 0 --csv > log.csv` writes one to try it with";

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct File {
    pub(super) path: String,
    pub(super) sha256: String,
    pub(super) text: String,
}

impl File {
    /// Reads the `what` of this path.
    pub(super) fn read(path: &Path, what: &str) -> Result<Self, Failure> {
        let failed = |error: &dyn std::fmt::Display| {
            Failure::usage(format!("the {what} `{}` cannot be read", path.display())).because(error)
        };
        // What has no size, such as a device, may still have no end.
        let mut bytes = Vec::new();
        let file = fs::File::open(path).map_err(|error| failed(&error))?;
        file.take(MOST + 1).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
        if bytes.len() as u64 > MOST {
            return Err(failed(&format!("it is larger than {} MiB", MOST >> 20)));
        }
        let text = String::from_utf8(bytes)
            .map_err(|_| failed(&"it is not UTF-8 text; save it again as CSV UTF-8"))?;
        Ok(Self { path: path.display().to_string(), sha256: sha256(&text), text })
    }
}

impl Question {
    /// That of the command line.
    pub(super) fn of(arguments: &cli::Recommend, agent: &str, terminal: Terminal) -> Result<Self, Failure> {
        let file = |path: &Option<std::path::PathBuf>, what| {
            path.as_deref().map(|path| File::read(path, what)).transpose()
        };
        let form = if terminal.json {
            Form::Json
        } else if arguments.csv {
            Form::Csv
        } else if arguments.markdown {
            Form::Markdown
        } else {
            Form::Page
        };
        Ok(Self {
            agent: agent.to_owned(),
            scenario: arguments.scenario.clone(),
            log: file(&arguments.history, "log").map_err(|failure| failure.help(TO_TRY))?,
            plan: file(&arguments.beside, "plan")?,
            at: arguments.at,
            seeds: (!arguments.no_odds).then(|| arguments.seeds.to_string()),
            time_limit: arguments.time_limit,
            form,
            language: terminal.language,
        })
    }
}
