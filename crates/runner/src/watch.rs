//! Shows a training run: a bar on a terminal, a plain line per validation without one, JSON lines where asked for.

use std::sync::Arc;
use std::time::Instant;

use indicatif::{HumanDuration, ProgressBar};
use outlay_agent::learn::{Event, Iteration, Started, TrainSettings, Validated};
use outlay_environment::Scenario;

use crate::failure::Failure;
use crate::format::{number, percent, short, sparkline};
use crate::progress;
use crate::results::{ScenarioId, TrainIteration, TrainStarted, TrainValidated, VERSION};
use crate::terminal::Terminal;
use crate::train::validated_unit;

/// Characters of the curve of held-out scores.
const CURVE: usize = 24;
const SCHEMA: &str = "outlay.train/1";

/// Watches one run.
pub(crate) struct Watch {
    terminal: Terminal,
    timing: bool,
    bar: ProgressBar,
    start: Instant,
    scenarios: Vec<ScenarioId>,
    unit: String,
    seed: u64,
    resumed: bool,
    /// Steps done before this process.
    before: u64,
    /// Steps of the whole run.
    total: u64,
    held_out: Vec<f64>,
    kl: f64,
    said_stopping: bool,
}

impl Watch {
    /// Of a run that is about to begin.
    pub(crate) fn new(
        scenarios: &[Arc<Scenario>],
        settings: &TrainSettings,
        resumed: bool,
        timing: bool,
        terminal: Terminal,
    ) -> Self {
        let bar = ProgressBar::with_draw_target(None, progress::target(terminal));
        bar.set_style(progress::style(
            "  {bar:30} {pos_short} / {len_short} steps  {per_sec_short}  eta {eta}\n  {msg}",
        ));
        let named = settings.validated_of(scenarios.len());
        let names: Vec<&str> = scenarios.iter().take(named).map(|scenario| scenario.name.as_str()).collect();
        let variants = match scenarios.len() - names.len() {
            0 => String::new(),
            count => format!(" and {count} variants of them"),
        };
        terminal.note(&format!("training on {}{variants}, seed {}", names.join(", "), settings.seed));
        Self {
            terminal,
            timing,
            bar,
            start: Instant::now(),
            scenarios: scenarios.iter().map(|scenario| crate::evaluation::scenario_id(scenario)).collect(),
            unit: validated_unit(scenarios, settings),
            seed: settings.seed,
            resumed,
            before: 0,
            total: 0,
            held_out: Vec::new(),
            kl: 0.0,
            said_stopping: false,
        }
    }

    /// Shows an event.
    pub(crate) fn show(&mut self, event: &Event<'_>) -> Result<(), Failure> {
        match event {
            Event::Started(started) => self.started(started),
            Event::Iteration(iteration) => self.iteration(iteration),
            Event::Validated(validated, _) => self.validated(validated),
            _ => Ok(()),
        }
    }

    /// Says once that the run will stop after the update.
    pub(crate) fn stopping(&mut self) {
        if !std::mem::replace(&mut self.said_stopping, true) {
            let terminal = self.terminal;
            self.bar.suspend(|| terminal.note("stopping after this update (Ctrl-C again stops at once)"));
        }
    }

    /// Takes the bar away.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    fn started(&mut self, started: &Started) -> Result<(), Failure> {
        (self.before, self.total) = (started.steps, started.total);
        self.bar.set_length(started.total);
        self.bar.set_position(started.steps);
        self.bar.reset_eta();
        self.bar.set_message(format!("held-out {}: even split {}", self.unit, number(started.even)));
        if self.terminal.json {
            self.terminal.json_line(&TrainStarted {
                schema: SCHEMA,
                version: VERSION,
                event: "started",
                scenario: self.scenarios.first().filter(|_| self.scenarios.len() == 1),
                scenarios: if self.scenarios.len() > 1 { &self.scenarios } else { &[] },
                seed: self.seed,
                resumed: self.resumed,
                run: started,
            })?;
        }
        Ok(())
    }

    fn iteration(&mut self, iteration: &Iteration) -> Result<(), Failure> {
        self.kl = iteration.kl;
        self.bar.set_position(iteration.steps);
        if self.terminal.json {
            self.terminal.json_line(&TrainIteration {
                schema: SCHEMA,
                version: VERSION,
                event: "iteration",
                iteration,
                seconds_elapsed: self.seconds(),
            })?;
        }
        Ok(())
    }

    fn validated(&mut self, validated: &Validated) -> Result<(), Failure> {
        self.held_out.push(validated.score);
        self.bar.set_message(format!(
            "held-out {} {}{}  {}  best {} at {}  even split {}",
            self.unit,
            number(validated.score),
            kept(validated),
            sparkline(&self.held_out, CURVE),
            number(validated.best),
            short(validated.best_steps as f64),
            number(validated.even)
        ));
        if !self.terminal.is_live() {
            self.line(validated);
        }
        if self.terminal.json {
            self.terminal.json_line(&TrainValidated {
                schema: SCHEMA,
                version: VERSION,
                event: "validated",
                validated,
                seconds_elapsed: self.seconds(),
            })?;
        }
        Ok(())
    }

    /// A validation in one plain line.
    fn line(&self, validated: &Validated) {
        let elapsed = self.start.elapsed();
        let rate = (validated.steps - self.before) as f64 / elapsed.as_secs_f64().max(1e-9);
        let left = self.total.saturating_sub(validated.steps) as f64 / rate.max(1e-9);
        let left = std::time::Duration::try_from_secs_f64(left).unwrap_or_default();
        self.terminal.note(&format!(
            "step {}/{}  held-out {} {}{}  best {}  even {}  kl {}  {} steps/s  {:#} left",
            validated.steps,
            self.total,
            self.unit,
            number(validated.score),
            kept(validated),
            number(validated.best),
            number(validated.even),
            number(self.kl),
            short(rate),
            HumanDuration(left)
        ));
    }

    fn seconds(&self) -> Option<f64> {
        self.timing.then(|| self.start.elapsed().as_secs_f64())
    }
}

/// How often the soft limits were kept, where that was promised.
fn kept(validated: &Validated) -> String {
    validated.kept.map_or_else(String::new, |kept| format!(", limits kept {}", percent(kept)))
}
