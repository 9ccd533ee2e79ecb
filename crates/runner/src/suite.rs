//! `outlay suite`: every comparison of a file, one after the other.

use std::time::Instant;

use serde::Serialize;

use crate::board::{self, Headroom, Row};
use crate::cli;
use crate::compare::{self, Field, Found};
use crate::episodes::{Games, Participant, Player};
use crate::evaluate::{kept, warn_interrupted};
use crate::evaluation::scenario_id;
use crate::failure::{EXIT_FAILED, EXIT_INTERRUPTED, EXIT_REQUIREMENT, Failure};
use crate::look::Look;
use crate::phrases::Language;
use crate::plan;
use crate::results::{CompareDocument, ScenarioId, VERSION};
use crate::suite_file::{self, Entry};
use crate::tables::{Setting, Shown, quoted};
use crate::terminal::Terminal;

/// `outlay suite --json`.
#[derive(Debug, Serialize)]
struct Document<'a> {
    /// `outlay.suite/1`
    schema: &'static str,
    /// Version of the program.
    version: &'static str,
    /// The file as typed.
    file: String,
    /// Comparisons in the order of the file, as far as they were run.
    comparisons: Vec<Comparison<'a>>,
    /// One row for each of them; only with `--board`.
    #[serde(skip_serializing_if = "<[Row]>::is_empty")]
    board: &'a [Row],
    /// Share of what could be won over all of them; only with `--board`, where `clairvoyant` plays.
    #[serde(skip_serializing_if = "Option::is_none")]
    board_headroom: Option<Headroom>,
    /// Wall-clock seconds of the command; only with `--timing`.
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds_total: Option<f64>,
}

/// One comparison of the file.
#[derive(Debug, Serialize)]
struct Comparison<'a> {
    /// One line.
    title: &'a str,
    /// What is asked.
    question: &'a str,
    /// How to read the answer.
    reading: Option<&'a str>,
    /// The command that gives it alone.
    command: String,
    /// As `outlay compare --json`.
    comparison: CompareDocument<'a>,
}

/// A comparison that was run.
struct Ran {
    entry: Entry,
    scenario: ScenarioId,
    games: Games,
    found: Found,
}

/// Runs the command and returns its exit code.
pub(crate) fn run(arguments: &cli::Suite, timing: bool, terminal: Terminal) -> Result<u8, Failure> {
    let start = Instant::now();
    let look = Look::new(arguments.markdown);
    if terminal.json && arguments.markdown {
        return Err(Failure::usage("of `--json` and `--markdown` only one can be given"));
    }
    let mut done: Vec<Ran> = Vec::new();
    let mut board: Vec<Row> = Vec::new();
    let mut entries = suite_file::read(&arguments.file)?;
    if let Some(agent) = &arguments.board {
        entries = with_agent(entries, agent, arguments.against.as_deref())?;
    }
    for entry in entries {
        terminal.note(&format!("{}: seeds {}", entry.title, entry.seeds));
        let field = field(&entry, terminal)?;
        let mut games = games(&entry);
        games.store = kept(&arguments.keep, &games, timing, terminal)?;
        let found = compare::compare(&field, &games, timing, terminal);
        let interrupted = found.interrupted;
        if interrupted {
            warn_interrupted(&games, found.finished_episodes, terminal);
        }
        // After an interrupt there may be nothing to show.
        if !interrupted || found.finished_episodes > 0 {
            if !terminal.json && arguments.board.is_none() {
                let gap = if done.is_empty() { "" } else { "\n" };
                terminal.result(&format!("{gap}{}", page(&entry, &field, &games, &found, look)))?;
            }
            compare::report(&found, &entry.seeds, terminal);
        }
        let scenario = scenario_id(&games.scenario);
        if let Some(agent) = arguments.board.as_deref().filter(|_| !interrupted) {
            let (other, noises) = (entry.against_name(), games.noises);
            board.extend(Row::of(agent, other, &entry.typed, &scenario, &found, noises));
        }
        done.push(Ran { entry, scenario, games, found });
        if interrupted {
            break;
        }
    }
    if terminal.json {
        terminal.document(&Document {
            schema: "outlay.suite/1",
            version: VERSION,
            file: arguments.file.display().to_string(),
            comparisons: done.iter().filter(|ran| ran.found.finished_episodes > 0).map(document).collect(),
            board: &board,
            board_headroom: board::headroom(&board),
            seconds_total: timing.then(|| start.elapsed().as_secs_f64()),
        })?;
    } else if let Some(agent) = &arguments.board {
        terminal.result(&board::page(&arguments.file, agent, &board, look))?;
    }
    let codes: Vec<u8> = done.iter().map(|ran| compare::exit_code(&ran.found)).collect();
    let first = [EXIT_INTERRUPTED, EXIT_FAILED, EXIT_REQUIREMENT].into_iter().find(|it| codes.contains(it));
    Ok(first.unwrap_or(0))
}

/// The comparisons in which `agent` plays, each against `against`, or against whom the file says.
fn with_agent(entries: Vec<Entry>, agent: &str, against: Option<&str>) -> Result<Vec<Entry>, Failure> {
    let mut found = Vec::new();
    let mut names: Vec<String> = Vec::new();
    for mut entry in entries {
        let place = |wanted: &str| entry.names().position(|name| name == wanted);
        names.extend(entry.names().map(str::to_owned));
        let Some(other) = against.map_or(Some(entry.against), place).filter(|_| place(agent).is_some())
        else {
            continue;
        };
        entry.against = other;
        found.push(entry);
    }
    if found.is_empty() {
        let with = against.map_or_else(String::new, |against| format!(" beside `{against}`"));
        let near = plan::nearest(agent, names.iter().map(String::as_str)).filter(|near| near != agent);
        let failure = Failure::usage(format!("`{agent}` is in no comparison of the file{with}"));
        return Err(match near {
            Some(near) => failure.help(format!("did you mean `{near}`?")),
            None => failure.help("`--board` names one of its `agents`, as it stands there"),
        });
    }
    Ok(found)
}

fn games(entry: &Entry) -> Games {
    Games {
        scenario: entry.scenario.clone(),
        seeds: entry.seeds.0.clone(),
        noises: entry.noise,
        agent_seed: 0,
        truth: false,
        store: None,
    }
}

/// Who plays. An agent that does not exist fails alone: the others' results are worth having.
fn field(entry: &Entry, terminal: Terminal) -> Result<Field, Failure> {
    // No agent of a file is a program, so no time limit is ever used.
    let limit = 1.0;
    let mut participants = Vec::new();
    for text in &entry.agents {
        let text = text.trim();
        match plan::participant(text, &entry.scenario, limit) {
            Ok((participant, warnings)) => {
                warnings.iter().for_each(|warning| terminal.warn(warning));
                participants.push(participant);
            }
            Err(failure) => {
                let (alias, agent) = plan::split_alias(text);
                participants.push(Participant {
                    name: alias.unwrap_or(agent).to_owned(),
                    agent: agent.to_owned(),
                    identity: None,
                    player: Player::Absent(failure.sentence()),
                });
            }
        }
    }
    let asked = participants.len();
    compare::add_references(&mut participants, false, &entry.scenario, limit)?;
    Ok(Field { participants, asked, against: entry.against, requirements: Vec::new() })
}

/// Title, question, command, tables, reading.
fn page(entry: &Entry, field: &Field, games: &Games, found: &Found, look: Look) -> String {
    let setting = Setting {
        scenario: &games.scenario,
        typed: &entry.typed,
        seeds: entry.seeds.to_string(),
        noise: games.noises,
        look,
        language: Language::En,
    };
    let command = match look {
        Look::Text => format!("  {}\n", command(entry)),
        Look::Markdown => format!("```sh\n{}\n```\n", command(entry)),
    };
    let mut text = look.heading(2, format!("{}\n", entry.title));
    text += &format!("\n{}\n\n{command}\n", entry.question.trim());
    let shown = Shown { by_line: entry.by_line, ..Shown::default() };
    text += &compare::table(found, field, &setting, shown);
    if let Some(reading) = &entry.reading {
        text += &format!("\n{}\n", reading.trim());
    }
    text
}

fn document(ran: &Ran) -> Comparison<'_> {
    Comparison {
        title: &ran.entry.title,
        question: &ran.entry.question,
        reading: ran.entry.reading.as_deref(),
        command: command(&ran.entry),
        comparison: compare::document(&ran.found, &ran.scenario, &ran.games, None),
    }
}

/// The command that gives one comparison alone.
fn command(entry: &Entry) -> String {
    let mut command = format!("outlay compare {} --seeds {}", quoted(&entry.typed), entry.seeds);
    if entry.noise > 1 {
        command += &format!(" --noise {}", entry.noise);
    }
    let agents: Vec<&str> = entry.agents.iter().map(|agent| agent.trim()).collect();
    if agents.iter().any(|agent| agent.contains(',')) {
        agents.iter().for_each(|agent| command += &format!(" --agent {}", quoted(agent)));
    } else {
        command += &format!(" --agents {}", quoted(&agents.join(",")));
    }
    if entry.by_line {
        command += " --by-line";
    }
    if entry.against > 0 {
        let (alias, agent) = plan::split_alias(agents[entry.against]);
        command += &format!(" --against {}", quoted(alias.unwrap_or(agent)));
    }
    command
}
