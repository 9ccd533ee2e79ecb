//! `outlay calibrate`: from a table of what was spent and what came of it to curves, and a scenario made of them.

mod assemble;
mod cells;
mod findings;
mod page;
mod results;
mod roles;
mod scenario_file;
mod table;
#[cfg(test)]
mod tests;

use outlay_agent::calibrate::{Fit, History, Settings, check, doubts, fit};
use outlay_environment::{Problems, Scenario};

use cells::day_text;
pub(crate) use cells::{DateOrder, day_of};
pub(crate) use scenario_file::quoted;

use crate::cli;
use crate::failure::Failure;
use crate::look::Look;
use crate::results::VERSION;
use crate::terminal::Terminal;
use assemble::Assembled;
use findings::Findings;
use roles::{Role, Taken};
use table::Table;

/// A table that was understood.
struct Read {
    names: Vec<String>,
    taken: Vec<Taken>,
    assembled: Assembled,
}

/// Runs the command and returns its exit code.
pub(crate) fn run(arguments: &cli::Calibrate, terminal: Terminal) -> Result<u8, Failure> {
    if let Some(out) = &arguments.out {
        if out.exists() && !arguments.force {
            let failure = Failure::usage(format!("`{}` is there already", out.display()));
            return Err(failure.help("name another file with `--out`, or overwrite it with `--force`"));
        }
    }
    let file = arguments.history.display().to_string();
    let mut findings = Findings::new(&file);
    let table = Table::read(&arguments.history, &mut findings);
    let Read { names, taken, assembled } = understand(table, arguments, findings)?;
    let Assembled { history, currency, notes } = assembled;
    let currency = arguments.currency.clone().or(currency).unwrap_or_else(|| "units".to_owned());
    let settings = Settings { seed: arguments.seed, ..Settings::default() };
    terminal.note(&format!(
        "fitting {} channels to {} {}s",
        history.channels.len(),
        history.steps(),
        scenario_file::step_name(history.step_days)
    ));
    let too_short = |error| Failure::usage(format!("{file}: {error}"));
    let fitted = fit(&history, history.steps(), &settings).map_err(too_short)?;
    let (checked, unchecked) = if arguments.holdout > 0.0 {
        match check(&history, arguments.holdout, &settings) {
            Ok(check) => (Some(check), None),
            Err(error) => (None, Some(format!("not done: of the first part, {error}"))),
        }
    } else {
        (None, None)
    };
    let doubts = doubts(&history, &fitted);
    let summaries = fitted.summaries();
    let pays: Vec<Option<f64>> = (0..summaries.len()).map(|it| pays(&fitted, it, arguments.margin)).collect();
    let outcome =
        names.iter().zip(&taken).find(|(_, it)| it.role == Role::Outcome).map_or("outcome", |(name, _)| name);
    let outcome = match names.iter().zip(&taken).find(|(_, it)| it.role == Role::WorthOfOne) {
        Some((worth, _)) => format!("{outcome} x {worth}"),
        None => outcome.to_owned(),
    };
    let written = match &arguments.out {
        Some(out) => {
            let plan = plan(arguments, &history, &fitted, &currency, &outcome);
            write(out, &scenario_file::text(&history, &fitted, &plan))?;
            Some(out.display().to_string())
        }
        None => None,
    };
    if terminal.json {
        let (worst_r_hat, fewest_effective_draws) = fitted.convergence();
        let base = |draw: &outlay_agent::calibrate::Draw| {
            1.0 - draw.channels.iter().map(|it| it.contribution).sum::<f64>() / fitted.level
        };
        let doubt =
            |doubt| results::DoubtRow { kind: results::doubt_kind(doubt), sentence: page::sentence(doubt) };
        terminal.document(&results::Document {
            schema: "outlay.calibrate/1",
            version: VERSION,
            history: results::HistoryRow::new(&file, &outcome, &currency, &history),
            columns: results::columns(&names, &taken),
            notes: &notes,
            channels: results::channels(&summaries, &pays),
            ranking: results::ranking(&fitted),
            base_share: fitted.interval(base),
            noise: fitted.interval(outlay_agent::calibrate::Draw::noise),
            convergence: results::Convergence {
                chains: fitted.chains,
                draws: fitted.draws.len(),
                worst_r_hat,
                fewest_effective_draws,
            },
            check: checked.as_ref().map(results::CheckRow::new),
            doubts: doubts.iter().map(doubt).collect(),
            scenario: written,
        })?;
        return Ok(0);
    }
    let last = history.first_day + (history.steps() as i64 - 1) * i64::from(history.step_days);
    let heading = format!(
        "{file}: {} {}s from {} to {}, outcome `{outcome}`, money in {currency}",
        history.steps(),
        scenario_file::step_name(history.step_days),
        day_text(history.first_day),
        day_text(last),
    );
    terminal.result(&page::page(&page::Shown {
        look: Look::new(arguments.markdown),
        heading,
        names: &names,
        taken: &taken,
        notes: &notes,
        step_days: history.step_days,
        fit: &fitted,
        summaries: &summaries,
        pays: &pays,
        margin: arguments.margin,
        check: checked.as_ref(),
        unchecked,
        doubts: &doubts,
        written: written.as_deref(),
    }))?;
    Ok(0)
}

/// What the table says, or all that is wrong with it.
fn understand(
    table: Option<Table>,
    arguments: &cli::Calibrate,
    mut findings: Findings,
) -> Result<Read, Problems> {
    let read = table.and_then(|table| {
        let taken = roles::roles(&table, arguments, &mut findings);
        let assembled = assemble::assemble(&table, &taken, arguments.dates, &mut findings)?;
        Some(Read { names: table.names, taken, assembled })
    });
    findings.finish()?;
    read.ok_or_else(|| Problems(Vec::new()))
}

/// Chance that the next unit brings more margin than it costs.
fn pays(fit: &Fit, channel: usize, margin: Option<f64>) -> Option<f64> {
    let margin = margin?;
    let pays = fit.draws.iter().filter(|draw| margin * fit.marginal_return(channel, draw) > 1.0).count();
    Some(pays as f64 / fit.draws.len().max(1) as f64)
}

fn plan(
    arguments: &cli::Calibrate,
    history: &History,
    fit: &Fit,
    currency: &str,
    outcome: &str,
) -> scenario_file::Plan {
    let steps = arguments.steps.map_or(history.recent_steps(), usize::from);
    // What was spent in the last steps, for as many to come.
    let recent = history.recent_steps();
    let spent: f64 = history.channels.iter().flat_map(|it| &it.spend[history.steps() - recent..]).sum();
    let level = if spent > 0.0 { spent / recent as f64 } else { fit.present.iter().sum() };
    scenario_file::Plan {
        budget: arguments.budget.unwrap_or_else(|| (level * steps as f64).round()),
        steps,
        currency: currency.to_owned(),
        draws: usize::from(arguments.draws),
        source: arguments
            .history
            .file_name()
            .map_or_else(String::new, |it| it.to_string_lossy().into_owned()),
        outcome: outcome.to_owned(),
        margin: arguments.margin,
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
