//! `outlay train`: a run from its arguments to a saved policy and a comparison beside baselines.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use outlay_agent::checkpoint;
use outlay_agent::heads::Predictor;
use outlay_agent::learn::{
    Event, Flow, Ranks, Start, TrainError, TrainSettings, TrainState, Trained, train_among,
};
use outlay_agent::policy::{Policy, Prefer};
use outlay_environment::Scenario;

use crate::cli::{self, SeedRange};
use crate::compare::{self, Field, Found};
use crate::episodes::Games;
use crate::evaluation::scenario_id;
use crate::failure::{EXIT_INTERRUPTED, Failure};
use crate::format::{number, percent};
use crate::interrupt;
use crate::look::Look;
use crate::phrases::Language;
use crate::plan;
use crate::ranks;
use crate::results::{Contestant, Finished, TrainComparison, TrainSaved, VERSION};
use crate::saved::{Folder, card_results};
use crate::tables::{Setting, Shown, quoted};
use crate::terminal::Terminal;
use crate::watch::Watch;

/// Seed of a run that names none.
const DEFAULT_SEED: u64 = 1;
/// Least validation worlds of a run with a promise: whether a share of worlds is reached needs more of them than a mean.
const WORLDS_OF_A_PROMISE: u64 = 64;
/// Who a trained policy is shown beside, and whom it is measured against.
const BESIDE: [&str; 3] = ["buyer-rule", "even", "mpc"];
/// What the policy is called beside them.
const POLICY: &str = "policy";
/// Seeds of that comparison.
const SEEDS: std::ops::Range<u64> = 0..64;

/// A run as it was asked for.
struct Run {
    /// Scenarios as typed, for commands to copy.
    typed: Vec<String>,
    scenarios: Vec<Arc<Scenario>>,
    settings: TrainSettings,
    start: Start,
    folder: Folder,
}

impl Run {
    /// Its scenarios for a command line, without the variants that were drawn of them.
    fn names(&self) -> String {
        let named = self.settings.validated_of(self.typed.len());
        self.typed.iter().take(named).map(|name| quoted(name)).collect::<Vec<_>>().join(" ")
    }

    /// Variants of each of them.
    fn variants(&self) -> usize {
        variants(&self.settings, self.typed.len())
    }

    /// What a validation counts.
    fn unit(&self) -> String {
        validated_unit(&self.scenarios, &self.settings)
    }
}

/// What a validation of a run on these scenarios counts.
pub(crate) fn validated_unit(scenarios: &[Arc<Scenario>], settings: &TrainSettings) -> String {
    let unit = match &scenarios[..settings.validated_of(scenarios.len())] {
        [scenario] => scenario.goal.unit(),
        _ => "deviations above the even split",
    };
    match settings.risk {
        Some(share) => format!("{unit} in the worst {} of worlds", percent(share)),
        None => unit.to_owned(),
    }
}

/// Runs the command and returns its exit code. Of several processes the first shows, writes and judges.
pub(crate) fn run(arguments: &cli::Train, timing: bool, terminal: Terminal) -> Result<u8, Failure> {
    let ranks = &*ranks::join(terminal)?;
    let first = ranks.rank() == 0;
    let terminal = if first { terminal } else { terminal.silent() };
    let mut run = match &arguments.resume {
        Some(path) => {
            // The others read it once the first has put back what a killed run left beside it.
            let folder = if first { Folder::open(path) } else { Ok(Folder::of_the_first(path)) };
            let folder = ranks::all(ranks, folder)?;
            ranks::all(ranks, resumed(arguments, folder))?
        }
        None => ranks::all(ranks, fresh(arguments, first))?,
    };
    let trained = learn(&mut run, ranks, timing, terminal)?;
    run.folder.save(&trained.state, &run.scenarios, &command(&run))?;
    match trained.interrupted {
        _ if !first => Ok(if trained.interrupted { EXIT_INTERRUPTED } else { 0 }),
        true => stopped(&run, &trained.state, terminal),
        false => finished(&run, &trained.state, timing, terminal),
    }
}

/// A new run: its folder must be new or empty, and writable, before any work is done.
fn fresh(arguments: &cli::Train, first: bool) -> Result<Run, Failure> {
    let mut typed = arguments.scenarios.clone();
    if typed.is_empty() {
        typed.push("new-customer".to_owned());
    }
    let named = typed.len();
    add_variants(&mut typed, arguments.variants as usize);
    let scenarios = typed.iter().map(|name| plan::scenario(name)).collect::<Result<Vec<_>, _>>()?;
    let seed = arguments.seed.unwrap_or(DEFAULT_SEED);
    let mut settings = TrainSettings { seed, ..TrainSettings::for_scenarios(&scenarios) };
    settings.steps = arguments.steps.unwrap_or(settings.steps);
    settings.worlds = arguments.worlds.map_or(settings.worlds, |worlds| worlds as usize);
    (settings.guided, settings.memory) = (arguments.guided, arguments.memory as usize);
    settings.validated = (arguments.variants > 0).then_some(named);
    if arguments.learner == cli::Learner::Sac {
        settings = settings.with_sac();
    }
    settings.teacher_share = arguments.teacher.unwrap_or(settings.teacher_share);
    (settings.promise, settings.risk) = (arguments.promise, arguments.risk);
    if settings.promise.is_some() {
        settings.validate_worlds = settings.validate_worlds.max(WORLDS_OF_A_PROMISE);
    }
    settings.prefer = prefer(arguments).unwrap_or_default();
    let only = scenarios.first().filter(|_| scenarios.len() == 1);
    let only = only.map_or_else(|| "several".to_owned(), |scenario| scenario.name.replace('/', "-"));
    let name = format!("{only}-seed{}", settings.seed);
    let folder = arguments.out.clone().unwrap_or_else(|| PathBuf::from("runs").join(name));
    let folder = if first { Folder::create(&folder)? } else { Folder::of_the_first(&folder) };
    let mut start = Start::Fresh;
    if let Some(from) = &arguments.from {
        let policy = trained_before(from)?;
        settings.from = Some(from.display().to_string());
        settings.teacher_share = arguments.teacher.unwrap_or(0.0);
        (settings.width, settings.memory) = (policy.sizes.width, policy.sizes.memory);
        settings.guided = policy.guided;
        settings.prefer = prefer(arguments).unwrap_or(policy.prefer);
        start = Start::From(Box::new(policy));
    }
    if let Some(heads) = &arguments.heads {
        settings.heads = Some(heads.display().to_string());
        start = Start::Seeing(Box::new(saved_heads(heads)?));
    }
    Ok(Run { typed, scenarios, settings, start, folder })
}

/// Adds so many variants of each scenario.
fn add_variants(typed: &mut Vec<String>, variants: usize) {
    let named = typed.len();
    for number in 1..=variants {
        (0..named).for_each(|place| typed.push(format!("{}~{number}", typed[place])));
    }
}

/// Variants of each scenario of a run on `scenarios` in all.
fn variants(settings: &TrainSettings, scenarios: usize) -> usize {
    (scenarios / settings.validated_of(scenarios).max(1)).saturating_sub(1)
}

/// What `--prefer` says, where it stands.
fn prefer(arguments: &cli::Train) -> Option<Prefer> {
    arguments.prefer.map(|prefer| match prefer {
        cli::Preference::Spend => Prefer::Spend,
        cli::Preference::Target => Prefer::Target,
    })
}

/// The policy of a checkpoint to go on from.
fn trained_before(folder: &Path) -> Result<Policy, Failure> {
    let read = checkpoint::read(folder).map_err(|error| {
        Failure::usage(error.to_string())
            .help("`--from` names the folder of a checkpoint, e.g. checkpoints/new-customer")
    })?;
    Ok(read.policy)
}

/// The heads in a folder.
fn saved_heads(folder: &Path) -> Result<Predictor, Failure> {
    let read = checkpoint::read_heads(folder).map_err(|error| {
        Failure::usage(error.to_string()).help("`--heads` names a folder of heads, e.g. checkpoints/heads")
    })?;
    Ok(read.0)
}

/// A saved run: everything it was asked for is in its folder.
fn resumed(arguments: &cli::Train, folder: Folder) -> Result<Run, Failure> {
    let state = folder.state()?;
    let typed = match &arguments.scenarios[..] {
        [] => state.tasks.iter().map(|task| task.scenario.clone()).collect(),
        typed => {
            let mut typed = typed.to_vec();
            add_variants(&mut typed, variants(&state.settings, state.tasks.len()));
            typed
        }
    };
    let scenarios = typed.iter().map(|name| plan::scenario(name)).collect::<Result<_, _>>();
    let scenarios = scenarios.map_err(|failure| match &arguments.scenarios[..] {
        [] => failure.help(format!("name its file: `outlay train FILE --resume {}`", folder.typed())),
        _ => failure,
    })?;
    Ok(Run {
        typed,
        scenarios,
        settings: state.settings.clone(),
        start: Start::Resume(Box::new(state)),
        folder,
    })
}

/// Trains, shows it, and saves after each validation, so that a crash costs little.
fn learn(run: &mut Run, ranks: &dyn Ranks, timing: bool, terminal: Terminal) -> Result<Trained, Failure> {
    let command = command(run);
    let mut watch =
        Watch::new(&run.scenarios, &run.settings, matches!(run.start, Start::Resume(_)), timing, terminal);
    let mut failed = None;
    let mut on_event = |event: &Event<'_>| {
        let mut attempt = || {
            watch.show(event)?;
            match event {
                Event::Validated(_, state) => run.folder.save(state, &run.scenarios, &command),
                _ => Ok(()),
            }
        };
        match attempt() {
            Ok(()) if !interrupt::requested() => Flow::Continue,
            Ok(()) => {
                watch.stopping();
                Flow::Stop
            }
            Err(failure) => {
                failed.get_or_insert(failure);
                Flow::Stop
            }
        }
    };
    let start = std::mem::take(&mut run.start);
    let trained = train_among(ranks, &run.scenarios, &run.settings, start, &mut on_event);
    watch.clear();
    failed.map_or(Ok(()), Err)?;
    trained.map_err(|error| match error {
        TrainError::Ranks(error) => ranks::apart(error, ranks, Some(&run.folder)),
        error if ranks.rank() > 0 => Failure::Said(refused(&error, &run.folder).code()),
        error => refused(&error, &run.folder),
    })
}

fn refused(error: &TrainError, folder: &Folder) -> Failure {
    match error {
        TrainError::Diverged { steps } => {
            let typed = folder.typed();
            Failure::run(format!("training diverged: after {steps} steps its numbers are no longer finite"))
                .help(format!("{typed} holds the last state that was saved, if one was; it is whole"))
                .help(format!(
                    "go on from its policy on other draws: `outlay train --from {typed} --seed N --out DIR`"
                ))
                .help("or start with more `--worlds`, which makes each step steadier")
        }
        _ => Failure::usage(error.to_string()),
    }
}

/// The command that gives this run again, without flags of output, threads and display.
fn command(run: &Run) -> String {
    let default = TrainSettings::for_scenarios(&run.scenarios);
    let mut command = format!("outlay train {} --seed {}", run.names(), run.settings.seed);
    if let Some(from) = &run.settings.from {
        command += &format!(" --from {}", quoted(from));
    }
    if let Some(heads) = &run.settings.heads {
        command += &format!(" --heads {}", quoted(heads));
    }
    if run.settings.steps != default.steps {
        command += &format!(" --steps {}", run.settings.steps);
    }
    if run.settings.worlds != default.worlds {
        command += &format!(" --worlds {}", run.settings.worlds);
    }
    if run.variants() > 0 {
        command += &format!(" --variants {}", run.variants());
    }
    if run.settings.guided && run.settings.from.is_none() {
        command += " --guided";
    }
    if run.settings.memory > 0 && run.settings.from.is_none() {
        command += &format!(" --memory {}", run.settings.memory);
    }
    if let Some(promise) = run.settings.promise {
        command += &format!(" --promise {promise}");
        command += &format!(" --prefer {}", run.settings.prefer.name());
    }
    if let Some(risk) = run.settings.risk {
        command += &format!(" --risk {risk}");
    }
    if run.settings.learner.sac().is_some() {
        command += " --learner sac";
    }
    let teacher = if run.settings.from.is_some() { 0.0 } else { default.teacher_share };
    if run.settings.teacher_share != teacher {
        command += &format!(" --teacher {}", run.settings.teacher_share);
    }
    command
}

/// After Ctrl-C: what was saved, and how to go on.
fn stopped(run: &Run, state: &TrainState, terminal: Terminal) -> Result<u8, Failure> {
    let folder = run.folder.typed();
    let same = run.typed.iter().eq(run.scenarios.iter().map(|scenario| &scenario.name));
    let scenario = if same { String::new() } else { run.names() + " " };
    let resume = format!("outlay train {scenario}--resume {folder}");
    if terminal.json {
        terminal.json_line(&saved(run, state, "interrupted", Some(resume.clone())))?;
    }
    terminal.always(&format!("saved {folder} ({} steps)\nresume with `{resume}`", state.steps));
    Ok(EXIT_INTERRUPTED)
}

/// What `--json` says of a saved run.
fn saved(run: &Run, state: &TrainState, event: &'static str, resume: Option<String>) -> TrainSaved {
    let folder = run.folder.path().display().to_string();
    TrainSaved { schema: "outlay.train/1", version: VERSION, event, folder, steps: state.steps, resume }
}

/// At the end: judges the policy beside baselines, completes its card, says what to do next.
fn finished(run: &Run, state: &TrainState, timing: bool, terminal: Terminal) -> Result<u8, Failure> {
    let [scenario] = &run.scenarios[..] else { return several(run, state, terminal) };
    let scenario = Arc::clone(scenario);
    let games = Games { scenario, seeds: SEEDS, noises: 1, agent_seed: 0, truth: false, store: None };
    let field = field(run, &games.scenario)?;
    let found = compare::compare(&field, &games, timing, terminal);
    if found.interrupted {
        return stopped(run, state, terminal);
    }
    let mut finished = found.agents.iter().filter_map(Contestant::finished);
    if let Some(policy) = finished.next().filter(|first| first.name == POLICY) {
        let beside: Vec<&Finished> = finished.collect();
        let results = card_results(policy, &beside, &SeedRange(SEEDS).to_string(), 1);
        run.folder.save_finished(state, &run.scenarios, &command(run), results)?;
    }
    if terminal.json {
        let scenario = scenario_id(&games.scenario);
        terminal.json_line(&TrainComparison {
            schema: "outlay.train/1",
            version: VERSION,
            event: "finished",
            scenario: &scenario,
            folder: run.folder.path().display().to_string(),
            steps: state.steps,
            seeds: SeedRange(SEEDS).to_string(),
            agents: &found.agents,
            pairs: &found.pairs,
        })?;
    } else {
        terminal.result(&(summary(run, state) + "\n" + &comparison(run, &games, &field, &found)))?;
    }
    compare::report(&found, &SeedRange(SEEDS), terminal);
    Ok(compare::exit_code(&found))
}

/// After a run on several scenarios, whose goals cannot be added up: its card and what to do next.
fn several(run: &Run, state: &TrainState, terminal: Terminal) -> Result<u8, Failure> {
    run.folder.save_finished(state, &run.scenarios, &command(run), Vec::new())?;
    if terminal.json {
        terminal.json_line(&saved(run, state, "finished", None))?;
    } else {
        terminal.result(&summary(run, state))?;
    }
    Ok(0)
}

/// The policy and the baselines there are.
fn field(run: &Run, scenario: &Arc<Scenario>) -> Result<Field, Failure> {
    let policy = format!("{POLICY}={}", run.folder.path().display());
    let texts: Vec<String> = std::iter::once(policy).chain(BESIDE.map(str::to_owned)).collect();
    let (participants, _) = plan::participants(&texts, scenario, 1.0)?;
    let asked = participants.len();
    Ok(Field { participants, asked, against: 1, requirements: Vec::new() })
}

fn comparison(run: &Run, games: &Games, field: &Field, found: &Found) -> String {
    let setting = Setting {
        scenario: &games.scenario,
        typed: run.typed.first().map_or("", String::as_str),
        seeds: SeedRange(SEEDS).to_string(),
        noise: 1,
        look: Look::Text,
        language: Language::En,
    };
    compare::table(found, field, &setting, Shown::default())
}

/// Five lines on what came of it.
fn summary(run: &Run, state: &TrainState) -> String {
    let best = state.best.as_ref().map_or_else(String::new, |best| {
        let (unit, even) = (run.unit(), number(state.even()));
        format!("{} {unit} after {} steps, even split {even}", number(best.score), best.steps)
    });
    let folder = run.folder.typed();
    let scenario = run.typed.first().filter(|typed| *typed != "new-customer");
    let scenario = scenario.map_or_else(String::new, |typed| format!(" {}", quoted(typed)));
    let variants = match run.variants() {
        0 => String::new(),
        count => format!(", {count} variants of each,"),
    };
    let trained = format!("{}{variants} with seed {}, {} steps", run.names(), run.settings.seed, state.steps);
    crate::tables::facts(&[
        ["trained".into(), trained],
        ["validation".into(), best],
        ["saved".into(), folder.clone()],
        ["next".into(), format!("outlay evaluate {folder}{scenario} --truth")],
        [String::new(), format!("outlay compare{scenario} --agents even,buyer-rule,{folder} --headroom")],
    ])
}
