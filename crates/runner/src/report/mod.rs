//! `outlay report`: one page to hand over, with everything in it and nothing outside it.
//!
//! What is compared comes from kept episodes; the first agent's seasons are played again, because what is kept of one does
//! not say what happened when.

mod beside;
mod charts;
mod figures;
mod learning;
mod page;
mod phrases;
mod season;
mod study;

use std::io::Write;
use std::path::Path;

use serde::Serialize;

use crate::cli;
use crate::compare::{self, Field, Found};
use crate::deeplink;
use crate::episodes::{Games, Participant};
use crate::evaluate::{kept, warn_interrupted};
use crate::failure::{EXIT_INTERRUPTED, Failure};
use crate::format::{sha256, short};
use crate::plan;
use crate::replay;
use crate::results::{Contestant, Finished, VERSION};
use crate::statistics;
use crate::terminal::Terminal;
use figures::{Ledger, Material, Section};
use phrases::Phrases;
use study::Seasons;

/// Agents where none are named: the one reported, then those beside it.
const DEFAULT_AGENTS: [&str; 3] = ["mpc", "buyer-rule", "even"];

/// `outlay report --json`.
#[derive(Debug, Serialize)]
struct Document {
    /// `outlay.report/1`
    schema: &'static str,
    /// Version of the program.
    version: &'static str,
    /// The file that was written.
    file: String,
    /// Its length.
    bytes: usize,
    /// Its SHA-256, 64 hex digits.
    sha256: String,
}

/// Plays, writes the page, and returns the exit code.
pub(crate) fn run(arguments: &cli::ReportFile, timing: bool, terminal: Terminal) -> Result<u8, Failure> {
    writable(&arguments.out)?;
    let mut games = plan::games(&arguments.stage, &arguments.destination, false)?;
    let field = field(arguments, &games, terminal)?;
    games.store = kept(&arguments.keep, &games, timing, terminal)?;
    let found = compare::compare(&field, &games, false, terminal);
    if found.interrupted {
        warn_interrupted(&games, found.finished_episodes, terminal);
        return Ok(EXIT_INTERRUPTED);
    }
    let Some(sections) = sections(arguments, &field, &found, &games, terminal)? else {
        return Ok(EXIT_INTERRUPTED);
    };
    write(&arguments.out, &sections)?;
    let file = arguments.out.display().to_string();
    let sha256 = sha256(&sections);
    let document =
        Document { schema: "outlay.report/1", version: VERSION, file, bytes: sections.len(), sha256 };
    if terminal.json {
        terminal.document(&document)?;
    } else {
        let Document { file, sha256, bytes, .. } = &document;
        terminal.result(&format!("{file}: {} bytes, SHA-256 {sha256}\n", short(*bytes as f64)))?;
    }
    compare::report(&found, &arguments.stage.seeds, terminal);
    Ok(compare::exit_code(&found))
}

/// Who plays: the first is reported, and held against `--against` or the second.
fn field(arguments: &cli::ReportFile, games: &Games, terminal: Terminal) -> Result<Field, Failure> {
    let mut texts: Vec<String> = arguments.agents.iter().chain(&arguments.agent).cloned().collect();
    if texts.is_empty() {
        texts = DEFAULT_AGENTS.map(ToOwned::to_owned).to_vec();
    }
    let (participants, warnings) =
        plan::participants(&texts, &games.scenario, arguments.stage.running.time_limit)?;
    warnings.iter().for_each(|warning| terminal.warn(warning));
    let against = arguments.against.as_deref().map(|name| plan::place(name, &participants, "--against"));
    let against = against.transpose()?.unwrap_or(usize::from(participants.len() > 1));
    if against == 0 && participants.len() > 1 {
        return Err(Failure::usage("the first agent is the one reported: it is not held against itself")
            .help("name another agent with `--against`, or put another first in `--agents`"));
    }
    let asked = participants.len();
    Ok(Field { participants, asked, against, requirements: Vec::new() })
}

/// The whole page; nothing after an interrupt.
fn sections(
    arguments: &cli::ReportFile,
    field: &Field,
    found: &Found,
    games: &Games,
    terminal: Terminal,
) -> Result<Option<String>, Failure> {
    let against = (field.asked > 1).then_some(field.against);
    let first = finished(found, 0)?;
    if let Some(place) = against {
        finished(found, place)?;
    }
    let participant = &field.participants[0];
    let Some(seasons) = seasons(participant, games)? else { return Ok(None) };
    let mut courses = vec![(participant.name.clone(), seasons.course())];
    if let Some(place) = against {
        let other = &field.participants[place];
        let Some(seasons) = self::seasons(other, games)? else { return Ok(None) };
        courses.push((other.name.clone(), seasons.course()));
    }
    let Some(responses) = seasons.responses(games) else { return Ok(None) };
    let shoppers = match games.scenario.market() {
        None => None,
        Some(_) => match deeplink::whole(participant, games, terminal)? {
            None => return Ok(None),
            report => report,
        },
    };
    let material = Material {
        phrases: Phrases::of(terminal.language),
        arguments,
        scenario: &games.scenario,
        participants: &field.participants,
        found,
        first,
        against,
        courses,
        responses,
        shoppers,
        learning: learning::card(participant),
        ledger: ledger(participant, first, games)?,
    };
    let failed = |error: String| Failure::run("a chart could not be drawn").because(error);
    let sections: Vec<Section> = [
        Some(beside::result_section(&material).map_err(failed)?),
        beside::agents_section(&material).map_err(failed)?,
        Some(season::money_section(&material).map_err(failed)?),
        Some(season::lines_section(&material).map_err(failed)?),
        season::shoppers_section(&material).map_err(failed)?,
        learning::learning_section(&material).map_err(failed)?,
        Some(beside::ledger_section(&material)),
        Some(beside::evidence_section(&material)),
    ]
    .into_iter()
    .flatten()
    .collect();
    Ok(Some(page::page(&material, &sections)))
}

/// The results of the agent at a place, without which there is no report.
fn finished(found: &Found, place: usize) -> Result<&Finished, Failure> {
    match &found.agents[place] {
        Contestant::Finished(finished) => Ok(finished),
        Contestant::Failed { name, error, .. } => Err(Failure::run(format!("`{name}` failed: {error}"))),
    }
}

fn seasons(participant: &Participant, games: &Games) -> Result<Option<Seasons>, Failure> {
    let played = Seasons::play(participant, games);
    played.map_err(|error| Failure::run(format!("`{}` failed: {error}", participant.name)))
}

/// The season nearest to the median.
fn ledger(participant: &Participant, first: &Finished, games: &Games) -> Result<Ledger, Failure> {
    let rows = &first.evaluation.per_seed;
    let scores: Vec<f64> = rows.iter().map(|row| row.score).collect();
    let median = statistics::quantile(&scores, 0.5);
    let near = |score: f64| (score - median).abs();
    let usual = rows.iter().min_by(|a, b| near(a.score).total_cmp(&near(b.score)));
    let at = usual.map_or(cli::Replay { seed: games.seeds.start, noise: 0 }, |row| cli::Replay {
        seed: row.seed,
        noise: row.noise,
    });
    let (header, rows) = replay::ledger(participant, games, at)
        .map_err(|error| Failure::run(format!("`{}` failed: {error}", participant.name)))?;
    Ok(Ledger { at, header, rows })
}

/// Whether a file can be put there, before anything is played.
fn writable(path: &Path) -> Result<(), Failure> {
    let refused = |cause: String| {
        Failure::usage(format!("`{}` cannot be written", path.display()))
            .because(cause)
            .help("name another file with `--out`")
    };
    if path.is_dir() {
        return Err(refused("it is a folder".to_owned()));
    }
    tempfile::tempfile_in(folder(path)).map(|_| ()).map_err(|error| refused(error.to_string()))
}

/// The folder that a file is in.
fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Written aside and renamed: nobody meets half a page.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As any new file, less what the user's mask takes away: a report is made to be passed on.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let written = builder.tempfile_in(folder(path)).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)
    });
    let failed = |error| Failure::run(format!("`{}` could not be written", path.display())).because(error);
    written.map(|_| ()).map_err(failed)
}
