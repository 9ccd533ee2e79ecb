//! `outlay explain`: why money went from one line to another between two steps of an episode: what the fitted returns said
//! before and after, which limits bound, what was expected of it, and what came of it.

mod moves;
mod outcome;
mod page;

use outlay_agent::{Entrant, Marginal};
use outlay_environment::{LimitKind, Money, Observation, Scenario};
use serde::Serialize;

use crate::cli;
use crate::episodes::{self, Games, Participant, Player};
use crate::evaluation::scenario_id;
use crate::failure::Failure;
use crate::format::{major, number};
use crate::incremental::Record;
use crate::look::Look;
use crate::phrases::desk::Phrases;
use crate::phrases::fill;
use crate::plan;
use crate::recommend::{Returns, follow, limit as limit_name};
use crate::results::{ScenarioId, VERSION};
use crate::terminal::Terminal;
use moves::{Move, Wanted, largest};
use outcome::{Outcome, outcome};
use page::page;

/// `outlay explain --json`. Money is an integer of minor units.
#[derive(Debug, Serialize)]
struct Document {
    /// `outlay.explain/1`
    schema: &'static str,
    version: &'static str,
    scenario: ScenarioId,
    agent: String,
    seed: u64,
    noise: u64,
    /// The step of the move, from 1: it is held against the one before.
    step: usize,
    phase: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<String>,
    unit: &'static str,
    /// Major units for which marginal returns are told.
    per: f64,
    /// Whose fitted returns they are; null where nobody has any.
    told_by: Option<String>,
    lines: Vec<Line>,
    moved: Moved,
    came: Outcome,
    /// Why, in one sentence.
    reason: String,
}

/// A line in the two steps.
#[derive(Debug, Clone, Serialize)]
struct Line {
    line: String,
    yesterday: i64,
    /// What the agent asked for.
    asked: i64,
    /// What the limits left of it.
    today: i64,
    /// What was spent of it.
    spend: i64,
    /// The limit that kept the line from what was asked for.
    bound: Option<&'static str>,
    /// What [`Document::per`] more on the line was to bring, now and later: when yesterday was decided, of yesterday's money.
    marginal_then: Option<f64>,
    /// When today was decided, of yesterday's money.
    marginal_before: Option<f64>,
    /// When today was decided, of today's money.
    marginal_after: Option<f64>,
}

/// The money that moved.
#[derive(Debug, Clone, Serialize)]
struct Moved {
    from: String,
    to: String,
    money: i64,
    /// What it was to bring beyond what it would have brought where it was: the fitted returns of the two lines, integrated
    /// from the step without the move to the step with it by Simpson's rule; null where nobody can tell.
    expected: Option<f64>,
}

/// Runs the command and returns its exit code.
pub(crate) fn run(arguments: &cli::Explain, terminal: Terminal) -> Result<u8, Failure> {
    if terminal.json && arguments.markdown {
        return Err(Failure::usage("of `--json` and `--markdown` only one can be given"));
    }
    let scenario = plan::scenario(&arguments.scenario)?;
    let line = |name: &Option<String>, option: &str| -> Result<Option<usize>, Failure> {
        name.as_deref().map(|name| plan::line(&scenario, name, option)).transpose()
    };
    let wanted = Wanted {
        step: arguments.step,
        from: line(&arguments.from_line, "--from-line")?,
        to: line(&arguments.to_line, "--to-line")?,
    };
    let games = plan::games_in(&scenario, &stage(arguments), false);
    let (participant, warnings) =
        plan::participant(&arguments.agent, &scenario, arguments.running.time_limit)?;
    warnings.iter().for_each(|warning| terminal.warn(warning));
    let failed = |error: String| Failure::run(format!("`{}` failed: {error}", participant.name));
    let season = Season::of(&participant, &games, arguments).map_err(failed)?;
    let Some(moved) = largest(&season.record.granted, wanted) else {
        return Err(nothing_moved(&scenario, &season.record, wanted));
    };
    let seeds = [arguments.seed, arguments.noise];
    let came =
        outcome(&participant, &games, seeds, &season.record, &moved, arguments.repeat).map_err(failed)?;
    let phrases = Phrases::of(terminal.language);
    let document = document(arguments, &scenario, &participant, &season, &moved, came, phrases);
    if terminal.json {
        terminal.document(&document)?;
    } else {
        terminal.result(&page(&document, &scenario, Look::new(arguments.markdown), phrases))?;
    }
    Ok(0)
}

fn stage(arguments: &cli::Explain) -> cli::Stage {
    cli::Stage {
        scenario: arguments.scenario.clone(),
        seeds: cli::SeedRange(arguments.seed..arguments.seed.saturating_add(1)),
        noise: arguments.noise.saturating_add(1),
        running: arguments.running,
    }
}

fn nothing_moved(scenario: &Scenario, record: &Record, wanted: Wanted) -> Failure {
    let last = scenario.brief.steps.saturating_sub(1);
    if let Some(step) = wanted.step.filter(|step| *step == 0 || *step > last) {
        return Failure::usage(format!("step {step} has none before it, or lies behind the season"))
            .help(format!("a step of 1 to {last} can be held against the one before"));
    }
    let name = |line: Option<usize>| line.map_or("any line", |line| &scenario.brief.lines[line].name);
    let when = wanted.step.map_or_else(|| "in no step".to_owned(), |step| format!("not in step {step}"));
    let failure = Failure::usage(format!(
        "no money went from {} to {}, {when}: none got less than in the step before while the other got more",
        name(wanted.from),
        name(wanted.to)
    ));
    match largest(&record.granted, Wanted::default()) {
        Some(found) => failure.help(format!(
            "the largest move of the season is `--step {} --from-line {} --to-line {}`",
            found.step,
            name(Some(found.from)),
            name(Some(found.to))
        )),
        None => failure.help("this agent moves nothing in this season"),
    }
}

/// An episode as it was played.
struct Season {
    record: Record,
    /// `[steps + 1]` what was seen before each step, and after the last.
    seen: Vec<Observation>,
    /// `[steps][lines]` what was asked for.
    asked: Vec<Vec<Money>>,
    /// `[steps][lines]` the limit that kept a line from it.
    bound: Vec<Vec<Option<LimitKind>>>,
}

impl Season {
    fn of(participant: &Participant, games: &Games, arguments: &cli::Explain) -> Result<Self, String> {
        let mut record = None;
        let brief = &games.scenario.brief;
        let mut seen = vec![episodes::opening(games, arguments.seed, arguments.noise)];
        let (mut asked, mut bound) = (Vec::new(), Vec::new());
        episodes::watch(participant, games, arguments.seed, arguments.noise, &mut |episode, allocation| {
            seen.push(episode.observation().clone());
            let money = |line: usize| allocation.money.get(line).copied().unwrap_or(0.0);
            asked.push((0..brief.lines.len()).map(|line| Money::from_major(money(line))).collect());
            let limits = &episode.ruling().bound;
            bound.push((0..brief.lines.len()).map(|line| limits.get(line).copied().flatten()).collect());
            if episode.is_over() {
                record = Some(Record::of(episode.ledger()));
            }
        })?;
        Ok(Self { record: record.ok_or("it has no steps")?, seen, asked, bound })
    }

    /// `[lines]` what was granted in a step, major units.
    fn money(&self, step: usize) -> Vec<f64> {
        self.record.granted[step].iter().map(|money| money.major()).collect()
    }
}

fn document(
    arguments: &cli::Explain,
    scenario: &std::sync::Arc<Scenario>,
    participant: &Participant,
    season: &Season,
    moved: &Move,
    came: Outcome,
    phrases: &Phrases,
) -> Document {
    let brief = &scenario.brief;
    let step = moved.step;
    // What was known when a step was decided is what was seen up to it.
    let told = |step: usize| {
        let seen = &season.seen[..=step];
        let agent = match &participant.player {
            Player::Inside(Entrant::Agent(recipe)) => Some(follow(recipe.make(0), brief, seen)),
            _ => None,
        };
        Returns::new(agent, scenario, seen)
    };
    let (then, now) = (told(step - 1), told(step));
    let (yesterday, today) = (season.money(step - 1), season.money(step));
    let [of_then, of_before, of_after] = [then.at(&yesterday), now.at(&yesterday), now.at(&today)];
    let at = |marginal: &Option<Marginal>, line: usize| marginal.as_ref().map(|it| it.returns[line]);
    let granted = &season.record.granted;
    let line = |line: usize| Line {
        line: brief.lines[line].name.clone(),
        yesterday: granted[step - 1][line].0,
        asked: season.asked[step][line].0,
        today: granted[step][line].0,
        spend: season.seen[step + 1].lines[line].spend.0,
        bound: season.bound[step][line].map(LimitKind::name),
        marginal_then: at(&of_then, line),
        marginal_before: at(&of_before, line),
        marginal_after: at(&of_after, line),
    };
    let mut document = Document {
        schema: "outlay.explain/1",
        version: VERSION,
        scenario: scenario_id(scenario),
        agent: participant.name.clone(),
        seed: arguments.seed,
        noise: arguments.noise,
        step,
        phase: brief.calendar.get(step).map(|day| day.phase.clone()).unwrap_or_default(),
        date: scenario.date(step).map(|date| date.to_string()),
        unit: scenario.goal.unit(),
        per: now.per,
        told_by: now.told_by(&participant.name),
        lines: (0..brief.lines.len()).map(line).collect(),
        moved: Moved {
            from: brief.lines[moved.from].name.clone(),
            to: brief.lines[moved.to].name.clone(),
            money: moved.money.0,
            expected: expected(&now, &today, moved),
        },
        came,
        reason: String::new(),
    };
    let [from, to] = [moved.from, moved.to].map(|place| document.lines[place].clone());
    let unit = now.unit(scenario, phrases.language);
    document.reason = reason(&from, &to, &document, &unit, phrases);
    document
}

/// What the move was to bring, by the returns fitted when it was decided; `today` is the money with it (`[lines]`, major
/// units).
fn expected(returns: &Returns, today: &[f64], moved: &Move) -> Option<f64> {
    let money = moved.money.major();
    // How much of it is where it went to.
    let gain = |part: f64| -> Option<f64> {
        let mut at = today.to_vec();
        at[moved.from] += (1.0 - part) * money;
        at[moved.to] -= (1.0 - part) * money;
        let marginal = returns.at(&at)?;
        Some(marginal.returns[moved.to] - marginal.returns[moved.from])
    };
    let mean = (gain(0.0)? + 4.0 * gain(0.5)? + gain(1.0)?) / 6.0;
    Some(mean * money / returns.per)
}

/// Why money went `from` one line `to` another, in numbers of the document.
fn reason(
    from: &Line,
    to: &Line,
    document: &Document,
    [per, unit]: &[String; 2],
    phrases: &Phrases,
) -> String {
    let bound = |line: &Line| {
        let limit = line.bound.filter(|_| line.asked != line.today)?;
        let values = [&*limit_name(phrases, limit), &*line.line, &*major(line.today), &*major(line.asked)];
        Some(fill(phrases.explain_limit, &values))
    };
    let limits: Vec<String> = [from, to].into_iter().filter_map(bound).collect();
    let limits = match &limits[..] {
        [] => String::new(),
        limits => fill(phrases.explain_limits, &[&limits.join(phrases.and)]),
    };
    let told = [from.marginal_before, to.marginal_before, from.marginal_after, to.marginal_after];
    let (&[Some(of_from), Some(of_to), Some(after_from), Some(after_to)], Some(told_by)) =
        (&told, &document.told_by)
    else {
        return fill(phrases.explain_unknown, &[&limits]);
    };
    // Whether the numbers speak for what was done, or the agent knows better.
    let though = if of_to > of_from { "" } else { phrases.though };
    let [of_from, of_to, after_from, after_to] = [of_from, of_to, after_from, after_to].map(number);
    fill(
        phrases.explain_reason,
        &[
            though,
            told_by,
            &of_to,
            unit,
            per,
            &to.line,
            &of_from,
            &from.line,
            &after_to,
            &after_from,
            &limits,
        ],
    )
}
