//! The `outlay` program: trains, evaluates and compares agents that split a marketing budget.
//!
//! Only [`library`] is for other programs: the Python package comes in there.

mod board;
mod branch;
mod calibrate;
mod ceiling;
mod cli;
mod compare;
mod conduct;
mod deeplink;
mod diagnostic;
mod entrants;
mod episodes;
mod evaluate;
mod evaluation;
mod exec;
mod explain;
mod export;
mod failure;
mod format;
mod heads;
mod incremental;
mod init;
mod interrupt;
mod levers;
pub mod library;
mod list;
mod log;
mod look;
mod media_plan;
mod merchants;
mod phrases;
mod plan;
mod progress;
mod ranks;
mod recommend;
mod replay;
mod report;
mod results;
mod run_off;
mod saved;
mod schema;
mod statistics;
mod store;
mod suite;
mod suite_file;
mod sweep;
mod tables;
mod terminal;
mod train;
mod traps;
mod warning;
mod watch;
mod what_if;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

use crate::cli::{Cli, Color, Command};
use crate::failure::{EXIT_USAGE, Failure};
use crate::phrases::Language;
use crate::terminal::Terminal;

/// Does what the arguments of this process say, and gives its exit code.
#[must_use]
pub fn main() -> ExitCode {
    // Before anything is parsed, so that the error of a bad argument is coloured as asked, too.
    terminal::set_color(cli::said("--color", std::env::args_os()).unwrap_or(Color::Auto));
    let mut program = Cli::command();
    if cli::said("--lang", std::env::args_os()) == Some(Language::Zh) {
        program = phrases::help::chinese(program);
    }
    let parsed = program.try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            // Help or a usage error; a closed pipe is not an error.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { EXIT_USAGE } else { 0 });
        }
    };
    let terminal = Terminal::new(&cli.common);
    let code = run(&cli, terminal).unwrap_or_else(|failure| {
        terminal.failure(&failure);
        failure.code()
    });
    ExitCode::from(code)
}

fn run(cli: &Cli, terminal: Terminal) -> Result<u8, Failure> {
    // A question on a terminal is left at once, and has nothing to finish.
    if !matches!(cli.command, Some(Command::Init(_))) {
        interrupt::listen()?;
    }
    let timing = cli.common.timing;
    let threads = cli.common.threads.map_or(0, usize::from);
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()
        .map_err(|error| Failure::run("the threads could not be started").because(error))?;
    match &cli.command {
        None => list::start(terminal),
        Some(Command::Train(arguments)) => train::run(arguments, timing, terminal),
        Some(Command::Evaluate(arguments)) => evaluate::run(arguments, timing, terminal),
        Some(Command::Compare(arguments)) => compare::run(arguments, timing, terminal),
        Some(Command::Plan(arguments)) => media_plan::run(arguments, terminal),
        Some(Command::Recommend(arguments)) => recommend::run(arguments, terminal),
        Some(Command::Report(arguments)) => report::run(arguments, timing, terminal),
        Some(Command::Levers(arguments)) => levers::run(arguments, timing, terminal),
        Some(Command::WhatIf(arguments)) => what_if::run(arguments, timing, terminal),
        Some(Command::Branch(arguments)) => branch::run(arguments, terminal),
        Some(Command::Explain(arguments)) => explain::run(arguments, terminal),
        Some(Command::RunOff(arguments)) => run_off::run(arguments, terminal),
        Some(Command::Heads(arguments)) => heads::run(arguments, terminal),
        Some(Command::Suite(arguments)) => suite::run(arguments, timing, terminal),
        Some(Command::Traps(arguments)) => traps::run(arguments, timing, terminal),
        Some(Command::Calibrate(arguments)) => calibrate::run(arguments, terminal),
        Some(Command::Init(arguments)) => init::run(arguments, terminal),
        Some(Command::Scenarios) => list::scenarios(terminal),
        Some(Command::Check(arguments)) => list::check(arguments, terminal),
        Some(Command::Schema(arguments)) => schema::run(arguments, terminal),
        Some(Command::Agents) => list::agents(terminal),
    }
}
