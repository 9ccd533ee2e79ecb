//! `--evidence`: a file with everything that a recommendation followed from; `--reproduce` asks again and compares.

use std::path::Path;
use std::sync::Arc;

use outlay_environment::Scenario;
use serde::{Deserialize, Serialize};

use super::answer::answer;
use super::participant;
use super::question::{File, Question};
use crate::calibrate::write_whole;
use crate::episodes::Participant;
use crate::failure::{EXIT_INTERRUPTED, Failure};
use crate::format::sha256;
use crate::plan;
use crate::results::VERSION;
use crate::terminal::Terminal;

const SCHEMA: &str = "outlay.evidence/1";

/// What a recommendation followed from.
#[derive(Debug, Serialize, Deserialize)]
struct Evidence {
    /// `outlay.evidence/1`
    schema: String,
    /// Version of the program.
    version: String,
    question: Question,
    /// Hash of the scenario's composed files.
    scenario_hash: String,
    /// The scenario's own file; none for one that ships.
    scenario_file: Option<File>,
    /// What the agent is: its name, or the hash of a checkpoint's card, which holds that of the weights; none of a program, of
    /// which nobody knows what it reads.
    agent_identity: Option<String>,
    /// SHA-256 of the recommendation.
    sha256: String,
    /// The recommendation itself, without colours.
    recommendation: String,
}

/// Writes the evidence of a recommendation.
pub(super) fn write(
    path: &Path,
    question: Question,
    scenario: &Scenario,
    participant: &Participant,
    text: &str,
) -> Result<(), Failure> {
    let file = Path::new(&question.scenario);
    let recommendation = plain(text);
    let evidence = Evidence {
        schema: SCHEMA.to_owned(),
        version: VERSION.to_owned(),
        scenario_hash: scenario.hash.clone(),
        scenario_file: file.is_file().then(|| File::read(file, "scenario")).transpose()?,
        agent_identity: participant.identity.clone(),
        sha256: sha256(&recommendation),
        recommendation,
        question,
    };
    let text = serde_json::to_string_pretty(&evidence)
        .map_err(|error| Failure::run("the evidence could not be written").because(error))?;
    write_whole(path, &(text + "\n"))
}

/// Asks again what a file is the evidence of, writes the same recommendation, or says what differs.
pub(super) fn reproduce(path: &Path, terminal: Terminal) -> Result<u8, Failure> {
    let file = File::read(path, "evidence")?;
    let bad = |cause: String| {
        Failure::usage(format!("`{}` is no evidence of a recommendation", path.display()))
            .because(cause)
            .help("`outlay recommend AGENT --evidence FILE.json` writes one")
    };
    let known: Evidence = serde_json::from_str(&file.text).map_err(|error| bad(error.to_string()))?;
    if known.schema != SCHEMA {
        return Err(bad(format!("its schema is `{}`, not `{SCHEMA}`", known.schema)));
    }
    let mut differs = Vec::new();
    if known.version != VERSION {
        differs.push(format!("this is outlay {VERSION}, it was made with {}", known.version));
    }
    let broken = known.question.log.iter().chain(&known.question.plan).chain(&known.scenario_file);
    differs.extend(
        broken
            .filter(|file| sha256(&file.text) != file.sha256)
            .map(|file| format!("what it holds of `{}` has not the hash that it names", file.path)),
    );
    let kept = tempfile::tempdir().map_err(|error| Failure::run("no folder could be made").because(error))?;
    let scenario = found(&known, kept.path(), &mut differs)?;
    let who = participant(&known.question, &scenario, terminal)?;
    match (&known.agent_identity, &who.identity) {
        (Some(before), Some(now)) if before != now => {
            differs.push(format!("the agent `{}` is {now}, it was {before}", known.question.agent));
        }
        (None, _) => {
            differs.push(format!("what the program `{}` does is not in the evidence", known.question.agent))
        }
        _ => {}
    }
    let Some(text) = answer(&known.question, &scenario, &who, terminal)? else { return Ok(EXIT_INTERRUPTED) };
    let now = plain(&text);
    if now == known.recommendation && sha256(&now) == known.sha256 {
        terminal.result(&text)?;
        return Ok(0);
    }
    if sha256(&known.recommendation) != known.sha256 {
        differs.push("the recommendation that it holds has not the hash that it names".to_owned());
    }
    let lines = known.recommendation.lines().zip(now.lines()).zip(1..);
    let first = lines.into_iter().find(|((before, now), _)| before != now);
    if let Some(((before, now), line)) = first {
        differs.push(format!(
            "line {line} of the recommendation was `{}`, it is `{}`",
            before.trim(),
            now.trim()
        ));
    }
    Err(Failure::run("the recommendation is not the same").because(differs.join("\n  ")))
}

/// The scenario of a file that is still the same, or of the text in the evidence.
fn found(known: &Evidence, folder: &Path, differs: &mut Vec<String>) -> Result<Arc<Scenario>, Failure> {
    let present = plan::scenario(&known.question.scenario);
    if let Ok(scenario) = &present
        && scenario.hash == known.scenario_hash
    {
        return present;
    }
    if let Some(file) = &known.scenario_file {
        let name = Path::new(&file.path).file_name().unwrap_or_default();
        let copy = folder.join(name);
        if std::fs::write(&copy, &file.text).is_ok()
            && let Ok(scenario) = Scenario::load(&copy.display().to_string())
            && scenario.hash == known.scenario_hash
        {
            return Ok(scenario);
        }
    }
    let scenario = present?;
    differs.push(format!(
        "the scenario `{}` has the hash {}, it had {}",
        known.question.scenario, scenario.hash, known.scenario_hash
    ));
    Ok(scenario)
}

fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}
