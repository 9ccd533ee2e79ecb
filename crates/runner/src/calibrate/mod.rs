//! `outlay calibrate`: from a table of what was spent and what came of it to curves, and a scenario made of them.

mod assemble;
mod cells;
mod columns;
mod findings;
mod page;
mod results;
mod roles;
mod scenario_file;
mod table;
#[cfg(test)]
mod tests;

use outlay_agent::calibrate::{Check, Doubt, Fit, History, Settings, Summary, TooShort, check, doubts, fit};
use outlay_environment::{Problems, Scenario};

pub(crate) use cells::{DateOrder, day_of};
pub(crate) use scenario_file::quoted;

use crate::cli;
use crate::failure::Failure;
use crate::look::Look;
use crate::phrases::calibrate::Phrases;
use crate::phrases::{Language, fill};
use crate::terminal::Terminal;
use findings::Findings;
use roles::{Role, Taken};
use table::Table;

/// A history from a table, and how the table was understood.
pub(crate) struct Loaded {
    pub(crate) history: History,
    /// Code of the currency, or `units`.
    pub(crate) currency: String,
    /// What the outcome is called.
    pub(crate) outcome: String,
    /// `[columns]` names, and what each was taken for.
    names: Vec<String>,
    taken: Vec<Taken>,
    /// What was decided besides, a sentence each.
    notes: Vec<String>,
}

/// Everything that was found in it.
struct Found {
    fit: Fit,
    summaries: Vec<Summary>,
    /// `[channels]` chance that the next unit pays, where a margin is given.
    pays: Vec<Option<f64>>,
    doubts: Vec<Doubt>,
    /// The check on the last part, or why there is none.
    check: Result<Check, String>,
}

/// Runs the command and returns its exit code.
pub(crate) fn run(arguments: &cli::Calibrate, terminal: Terminal) -> Result<u8, Failure> {
    let taken = arguments.out.as_ref().filter(|out| out.exists() && !arguments.force);
    if let Some(out) = taken {
        let failure = Failure::usage(format!("`{}` is there already", out.display()));
        return Err(failure.help("name another file with `--out`, or overwrite it with `--force`"));
    }
    // A document is English in every language.
    let phrases = Phrases::of(if terminal.json { Language::En } else { terminal.language });
    let loaded = load(arguments, phrases)?;
    let history = &loaded.history;
    let unit = scenario_file::step_name(history.step_days);
    terminal.note(&format!("fitting {} channels to {} {unit}s", history.channels.len(), history.steps()));
    let found = find(arguments, history, phrases)?;
    let written = match &arguments.out {
        Some(out) => {
            let plan = plan(arguments, &loaded, &found.fit);
            write(out, &scenario_file::text(history, &found.fit, &plan))?;
            Some(out.display().to_string())
        }
        None => None,
    };
    let file = arguments.history.display().to_string();
    if terminal.json {
        terminal.document(&results::document(&file, &loaded, &found, written))?;
    } else {
        let shown = page::Shown {
            look: Look::new(arguments.markdown),
            file: &file,
            loaded: &loaded,
            found: &found,
            margin: arguments.margin,
            written: written.as_deref(),
            phrases,
        };
        terminal.result(&page::page(&shown))?;
    }
    Ok(0)
}

/// Reads the table, or says all that is wrong with it.
fn load(arguments: &cli::Calibrate, phrases: &Phrases) -> Result<Loaded, Problems> {
    let mut findings = Findings::new(&arguments.history.display().to_string());
    let table = Table::read(&arguments.history, &mut findings);
    understand(table, arguments, phrases, findings)
}

fn understand(
    table: Option<Table>,
    arguments: &cli::Calibrate,
    phrases: &Phrases,
    mut findings: Findings,
) -> Result<Loaded, Problems> {
    let loaded = table.and_then(|table| {
        let taken = roles::roles(&table, arguments, phrases, &mut findings);
        let assembled = assemble::assemble(&table, &taken, arguments.dates, phrases, &mut findings)?;
        let named =
            |role: Role| taken.iter().position(|it| it.role == role).map(|it| table.names[it].clone());
        let outcome = named(Role::Outcome).unwrap_or_default();
        Some(Loaded {
            history: assembled.history,
            currency: (arguments.currency.clone().or(assembled.currency))
                .unwrap_or_else(|| "units".to_owned()),
            outcome: match named(Role::WorthOfOne) {
                Some(worth) => format!("{outcome} x {worth}"),
                None => outcome,
            },
            names: table.names,
            taken,
            notes: assembled.notes,
        })
    });
    if loaded.is_none() && findings.are_none() {
        findings.whole("the table holds no history", "");
    }
    findings.finish()?;
    loaded.ok_or_else(|| Problems(Vec::new()))
}

fn find(arguments: &cli::Calibrate, history: &History, phrases: &Phrases) -> Result<Found, Failure> {
    let settings = Settings { seed: arguments.seed, ..Settings::default() };
    let fit = fit(history, history.steps(), &settings).map_err(|error| Failure::usage(error.to_string()))?;
    let check = if arguments.holdout > 0.0 {
        check(history, arguments.holdout, &settings)
            .map_err(|error| fill(phrases.not_done, &[&too_short(&error, phrases)]))
    } else {
        Err(phrases.not_asked.to_owned())
    };
    Ok(Found {
        summaries: fit.summaries(),
        pays: (0..history.channels.len()).map(|channel| pays(&fit, channel, arguments.margin)).collect(),
        doubts: doubts(history, &fit),
        fit,
        check,
    })
}

/// Why there is no fit.
fn too_short(error: &TooShort, phrases: &Phrases) -> String {
    fill(
        phrases.too_few,
        &[error.steps, error.least].map(|count| count.to_string()).each_ref().map(String::as_str),
    )
}

/// Chance that the next unit brings more margin than it costs.
fn pays(fit: &Fit, channel: usize, margin: Option<f64>) -> Option<f64> {
    let margin = margin?;
    let pays = fit.draws.iter().filter(|draw| margin * fit.marginal_return(channel, draw) > 1.0).count();
    Some(pays as f64 / fit.draws.len().max(1) as f64)
}

fn plan(arguments: &cli::Calibrate, loaded: &Loaded, fit: &Fit) -> scenario_file::Plan {
    let history = &loaded.history;
    let steps = arguments.steps.map_or(history.recent_steps(), usize::from);
    // What was spent in the last steps, for as many to come.
    let recent = history.recent_steps();
    let spent: f64 = history.channels.iter().flat_map(|it| &it.spend[history.steps() - recent..]).sum();
    let level = if spent > 0.0 { spent / recent as f64 } else { fit.present.iter().sum() };
    let source = arguments.history.file_name();
    scenario_file::Plan {
        budget: arguments.budget.unwrap_or_else(|| (level * steps as f64).round()),
        steps,
        currency: loaded.currency.clone(),
        draws: usize::from(arguments.draws),
        source: source.map_or_else(String::new, |it| it.to_string_lossy().into_owned()),
        outcome: loaded.outcome.clone(),
        margin: arguments.margin,
        seed: arguments.seed,
    }
}

/// Writes a scenario, which must be sound, in one go.
pub(crate) fn write(path: &std::path::Path, text: &str) -> Result<(), Failure> {
    Scenario::from_text("written", text)?;
    write_whole(path, text)
}

/// Writes a file aside and moves it to its place.
pub(crate) fn write_whole(path: &std::path::Path, text: &str) -> Result<(), Failure> {
    use std::io::Write;
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(std::path::Path::new("."));
    let failed = |error: std::io::Error| {
        Failure::run(format!("`{}` could not be written", path.display())).because(error)
    };
    let mut builder = tempfile::Builder::new();
    // As any new file of the user's, not as a secret.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}
