//! `outlay heads`: trains the heads that predict the shopper's path, and judges them on fixed seeds.

use std::path::PathBuf;
use std::sync::Arc;

use outlay_agent::checkpoint::{self, HeadsCard};
use outlay_agent::heads::{self, Epoch, HeadsError, HeadsSettings, Metrics, Play, Report, TrainedHeads};
use outlay_agent::learn::Flow;
use outlay_agent::{Entrant, Recipe};
use outlay_environment::{Domain, Scenario, Seeds};
use serde::Serialize;

use crate::cli;
use crate::episodes::Player;
use crate::evaluation::scenario_id;
use crate::failure::{EXIT_INTERRUPTED, Failure};
use crate::format::{count, number, or_undefined, signed_percent};
use crate::interrupt;
use crate::look::Look;
use crate::phrases::Language;
use crate::plan;
use crate::results::{ScenarioId, VERSION};
use crate::saved::Folder;
use crate::tables::{Setting, facts, quoted};
use crate::terminal::Terminal;
use crate::warning::Warning;

const SCHEMA: &str = "outlay.heads/1";

/// A line of `outlay heads train --json`.
#[derive(Debug, Serialize)]
struct Line<'a> {
    /// `outlay.heads/1`
    schema: &'static str,
    version: &'static str,
    /// `epoch`, or `finished` for the last.
    event: &'static str,
    /// The epoch; in the last line the best one.
    #[serde(flatten)]
    epoch: Option<Epoch>,
    /// Folder of the heads; only in the last line.
    #[serde(skip_serializing_if = "Option::is_none")]
    folder: Option<String>,
    /// Where they were trained; only in the last line.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    scenarios: &'a [ScenarioId],
}

/// `outlay heads evaluate --json`.
#[derive(Debug, Serialize)]
struct Document<'a> {
    /// `outlay.heads/1`
    schema: &'static str,
    version: &'static str,
    /// Folder of the heads.
    folder: String,
    scenario: &'a ScenarioId,
    /// Seeds, half-open, as typed.
    seeds: String,
    /// Who played each of them.
    agents: &'a [String],
    /// Lines in steps with impressions.
    rows: usize,
    /// One for each head: the predictor beside two baselines.
    heads: &'a [Report],
}

/// Runs the command and returns its exit code.
pub(crate) fn run(arguments: &cli::Heads, terminal: Terminal) -> Result<u8, Failure> {
    match &arguments.command {
        cli::HeadsCommand::Train(arguments) => train(arguments, terminal),
        cli::HeadsCommand::Evaluate(arguments) => evaluate(arguments, terminal),
    }
}

fn train(arguments: &cli::HeadsTrain, terminal: Terminal) -> Result<u8, Failure> {
    let default = HeadsSettings::default();
    let settings = HeadsSettings {
        seed: arguments.seed,
        examples: arguments.examples.map_or(default.examples, |examples| examples as usize),
        epochs: arguments.epochs.map_or(default.epochs, |epochs| epochs as usize),
        ..default
    };
    let mut plays = Vec::with_capacity(arguments.scenarios.len());
    for name in &arguments.scenarios {
        // At full size: what a small market shows differs by some hundredths from what one of many shoppers does.
        let scenario = plan::scenario(name)?;
        plays.push(Play { players: players(&arguments.agents, &scenario)?, scenario });
    }
    let folder = folder(arguments)?;
    let ids: Vec<ScenarioId> = plays.iter().map(|play| scenario_id(&play.scenario)).collect();
    let names: Vec<&str> = ids.iter().map(|id| id.name.as_str()).collect();
    terminal.note(&format!("training heads on {}, seed {}", names.join(", "), settings.seed));
    let mut failed = None;
    let trained = heads::train(&plays, &settings, &mut |epoch| match show(epoch, terminal) {
        Ok(()) if !interrupt::requested() => Flow::Continue,
        shown => {
            failed = shown.err();
            Flow::Stop
        }
    });
    failed.map_or(Ok(()), Err)?;
    let trained = trained.map_err(|error| match error {
        HeadsError::NoShoppers { .. } => Failure::usage(error.to_string())
            .help("`outlay scenarios` lists the shipped scenarios; most of them have shoppers"),
        error => Failure::run(error.to_string()),
    })?;
    if trained.interrupted {
        terminal.always("stopped; nothing was saved");
        return Ok(EXIT_INTERRUPTED);
    }
    let scenarios = plays.iter().map(|play| &*play.scenario);
    let card =
        HeadsCard::new(&trained, &settings, scenarios, &arguments.agents, command(arguments, &settings));
    checkpoint::write_heads(folder.path(), &trained.predictor, &card)
        .map_err(|error| Failure::run(format!("{} could not be saved", folder.typed())).because(error))?;
    if terminal.json {
        terminal.json_line(&Line {
            schema: SCHEMA,
            version: VERSION,
            event: "finished",
            epoch: trained.best,
            folder: Some(folder.path().display().to_string()),
            scenarios: &ids,
        })?;
    } else {
        terminal.result(&summary(&trained, arguments, &folder))?;
    }
    Ok(0)
}

/// A folder that is new or empty, and writable, before any work is done.
fn folder(arguments: &cli::HeadsTrain) -> Result<Folder, Failure> {
    let named = arguments.out.clone();
    let path = named.unwrap_or_else(|| PathBuf::from(format!("runs/heads-seed{}", arguments.seed)));
    if path.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Failure::usage(format!(
            "{} already holds something",
            quoted(&path.display().to_string())
        ))
        .help("name another folder with `--out`"));
    }
    Folder::create(&path)
}

fn show(epoch: &Epoch, terminal: Terminal) -> Result<(), Failure> {
    if terminal.json {
        let (schema, version, event) = (SCHEMA, VERSION, "epoch");
        let epoch = Some(*epoch);
        return terminal.json_line(&Line { schema, version, event, epoch, folder: None, scenarios: &[] });
    }
    terminal.note(&format!("epoch {}: validation loss {:.4}", epoch.epoch, epoch.validate_loss));
    Ok(())
}

fn summary(trained: &TrainedHeads, arguments: &cli::HeadsTrain, folder: &Folder) -> String {
    let best =
        trained.best.map(|best| format!("{:.4} nats an event in epoch {}", best.validate_loss, best.epoch));
    let typed = folder.typed();
    let scenario = arguments.scenarios.first().map(|name| quoted(name)).unwrap_or_default();
    facts(&[
        [
            "trained".into(),
            format!("on {} lines in steps of {}", count(trained.rows as u64), arguments.scenarios.join(", ")),
        ],
        ["validation".into(), best.unwrap_or_default()],
        ["saved".into(), typed.clone()],
        ["next".into(), format!("outlay heads evaluate {typed} {scenario}")],
    ])
}

/// The command that gives these heads again, without flags of output, threads and display.
fn command(arguments: &cli::HeadsTrain, settings: &HeadsSettings) -> String {
    let default = HeadsSettings::default();
    let names: Vec<String> = arguments.scenarios.iter().map(|name| quoted(name)).collect();
    let mut command = format!("outlay heads train {} --seed {}", names.join(" "), settings.seed);
    if arguments.agents != cli::HEADS_AGENTS.split(',').collect::<Vec<_>>() {
        command += &format!(" --agents {}", quoted(&arguments.agents.join(",")));
    }
    if settings.examples != default.examples {
        command += &format!(" --examples {}", settings.examples);
    }
    if settings.epochs != default.epochs {
        command += &format!(" --epochs {}", settings.epochs);
    }
    command
}

fn evaluate(arguments: &cli::HeadsEvaluate, terminal: Terminal) -> Result<u8, Failure> {
    if terminal.json && arguments.markdown {
        return Err(Failure::usage("of `--json` and `--markdown` only one can be given"));
    }
    let folder = arguments.folder.display().to_string();
    let (predictor, card) = checkpoint::read_heads(&arguments.folder).map_err(|error| {
        Failure::usage(error.to_string()).help("`outlay heads train` makes such a folder")
    })?;
    let scenario = plan::scenario(&arguments.scenario)?;
    let agents = if arguments.agents.is_empty() { &card.players } else { &arguments.agents };
    let play = Play { players: players(agents, &scenario)?, scenario: Arc::clone(&scenario) };
    if !card.scenarios.iter().any(|trained| trained.hash == scenario.hash) {
        let names = plan::list(card.scenarios.iter().map(|trained| trained.name.as_str()));
        let warning = format!("trained for {names}, not for `{}` as it is", scenario.name);
        let command = format!("outlay heads train {}", quoted(&arguments.scenario));
        terminal.warn(&Warning::OtherScenario { agent: folder.clone(), warning, command });
    }
    let episodes: Vec<(Seeds, usize)> = arguments
        .seeds
        .0
        .clone()
        .flat_map(|seed| {
            (0..agents.len()).map(move |agent| (Seeds::numbered(Domain::Evaluate, seed, 0), agent))
        })
        .collect();
    let examples = heads::gather(&play, &episodes);
    if examples.counts.is_empty() {
        return Err(Failure::usage(format!("`{}` shows nothing to anybody", scenario.name)).help(
            "heads are judged where there are shoppers: `outlay scenarios` lists the shipped scenarios",
        ));
    }
    let reports = heads::judge(&predictor, &examples);
    if terminal.json {
        terminal.document(&Document {
            schema: SCHEMA,
            version: VERSION,
            folder,
            scenario: &scenario_id(&scenario),
            seeds: arguments.seeds.to_string(),
            agents,
            rows: examples.counts.len(),
            heads: &reports,
        })?;
    } else {
        let setting = Setting {
            scenario: &scenario,
            typed: &arguments.scenario,
            seeds: arguments.seeds.to_string(),
            noise: 1,
            look: Look::new(arguments.markdown),
            language: Language::En,
        };
        terminal.result(&page(&reports, agents, &setting))?;
    }
    if let Some(warning) = Warning::few_seeds(&arguments.seeds) {
        terminal.warn(&warning);
    }
    Ok(0)
}

/// Agents that can play here: inside this program, and without a look at what is hidden.
fn players(names: &[String], scenario: &Arc<Scenario>) -> Result<Vec<Box<dyn Recipe>>, Failure> {
    let player = |name: &String| match plan::participant(name, scenario, 1.0)?.0.player {
        Player::Inside(Entrant::Agent(recipe)) => Ok(recipe),
        _ => Err(Failure::usage(format!("`{name}` cannot play for the heads"))
            .help("name agents of `outlay agents` that are no oracles, or checkpoint folders")),
    };
    names.iter().map(player).collect()
}

/// A table for each head.
fn page(reports: &[Report], agents: &[String], setting: &Setting<'_>) -> String {
    let look = setting.look;
    let mut text = look.heading(3, setting.heading()) + "\n";
    for report in reports {
        let rate = report.events as f64 / (report.impressions as f64).max(1.0);
        let (name, events) = (report.head.name(), count(report.events));
        let title = format!(
            "{name}: {events} in {} impressions, a rate of {}\n",
            count(report.impressions),
            number(rate)
        );
        let header = [
            "predicted by",
            "predicted / observed",
            "ECE",
            "ECE / rate",
            "log-loss",
            "against constant",
            "AUC",
        ];
        let row = |name: &str, metrics: &Metrics| {
            let base = report.constant.log_loss;
            vec![
                name.to_owned(),
                or_undefined(metrics.predicted_over_observed, |x| format!("{x:.3}")),
                number(metrics.calibration_error),
                or_undefined((rate > 0.0).then(|| metrics.calibration_error / rate), |x| {
                    format!("{:.1} %", 100.0 * x)
                }),
                format!("{:.4e}", metrics.log_loss),
                or_undefined((base > 0.0).then(|| metrics.log_loss / base - 1.0), signed_percent),
                or_undefined(metrics.auc, |x| format!("{x:.3}")),
            ]
        };
        let rows = [
            row("heads", &report.heads),
            row("constant", &report.constant),
            row("line so far", &report.running),
        ];
        text += &look.heading(4, title);
        text += look.gap();
        text += &look.table(&header.map(Into::into), rows.into_iter());
        text += "\n";
    }
    let notes = format!(
        "chances are given an impression; orders count by the step of their click, as credited by the end\n\
         constant: the observed rate itself, the best constant in hindsight; line so far: its mean in the reports by then\n\
         ECE: mean distance of predicted from observed rates over ten bins of equal impressions; log-loss in nats an impression\n\
         played by {}\n{}",
        agents.join(", "),
        setting.footing()
    );
    look.page(text + &look.notes(&notes))
}
