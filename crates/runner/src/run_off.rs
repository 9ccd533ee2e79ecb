//! `outlay run-off`: spending stops, and what was spent before goes on bringing something.
//!
//! Three futures of each seed meet the same shoppers in the same moods: the agent goes on; it played to a step, and then
//! nothing is spent; nothing was ever spent. What the second brings beyond the third is still owed to the money before.

use std::sync::Arc;

use outlay_environment::{Episode, Goal, Ledger, Money, Scenario};
use serde::Serialize;

use crate::cli;
use crate::episodes::{self, Games, Participant, noise_seed};
use crate::evaluate::setting;
use crate::evaluation::scenario_id;
use crate::failure::{EXIT_INTERRUPTED, Failure};
use crate::format::{UNDEFINED, interval, major, number, or_undefined, percent, signed};
use crate::incremental::Record;
use crate::phrases::fill;
use crate::phrases::futures::Phrases;
use crate::plan;
use crate::results::{ScenarioId, VERSION};
use crate::statistics::{self, ESTIMAND, Interval};
use crate::sweep;
use crate::tables::Setting;
use crate::terminal::Terminal;
use crate::warning::Warning;

/// `outlay run-off --json`. Money is an integer of minor units.
#[derive(Debug, Serialize)]
struct Document<'a> {
    /// `outlay.run-off/1`
    schema: &'static str,
    version: &'static str,
    scenario: &'a ScenarioId,
    agent: &'a str,
    /// Seeds, half-open, as typed.
    seeds: String,
    /// Noise seeds a world.
    noise: u64,
    /// First step without spending.
    at: usize,
    /// What the intervals are about.
    estimand: &'static str,
    #[serde(flatten)]
    found: &'a Found,
}

/// What was found: means over episodes, from the first step without spending to the last of the season.
#[derive(Debug, Serialize)]
struct Found {
    /// Money spent before.
    spent_before: i64,
    /// What that money had brought by then, in units of the goal: the run less the same without any spending.
    brought_before: f64,
    /// What of the goal still arrives afterwards.
    goal: Arriving,
    /// The same of orders, new customers and revenue (major units); only where there are shoppers.
    #[serde(skip_serializing_if = "Option::is_none")]
    shop: Option<[Arriving; 3]>,
    /// Steps until half of what still arrives within the season has arrived; null where nothing does.
    half_life_steps: Option<f64>,
    steps: Vec<Step>,
}

/// What still arrives after the last step with spending.
#[derive(Debug, Serialize)]
struct Arriving {
    /// What is counted.
    unit: String,
    /// Where the agent goes on.
    goes_on: f64,
    /// Where it has stopped.
    stopped: f64,
    /// Where nothing was ever spent.
    never: f64,
    /// Stopped less never: owed to the money before.
    still: f64,
    /// 95 % studentised bootstrap interval of it.
    still_ci95: Interval,
}

/// One step after the stop, in units of the goal.
#[derive(Debug, Serialize)]
struct Step {
    step: usize,
    /// What the calendar calls it.
    phase: String,
    goes_on: f64,
    stopped: f64,
    never: f64,
    /// Stopped less never.
    still: f64,
    /// Share of all that still arrives within the season by the end of this step; null where nothing does.
    arrived: Option<f64>,
}

/// What three futures of one episode bring in each step.
struct Futures {
    goes_on: Vec<Gains>,
    stopped: Vec<Gains>,
    never: Vec<Gains>,
    spent_before: Money,
}

/// Goal, orders, new customers and revenue (major units) of one step.
type Gains = [f64; 4];

/// Runs the command and returns its exit code.
pub(crate) fn run(arguments: &cli::RunOff, terminal: Terminal) -> Result<u8, Failure> {
    if terminal.json && arguments.markdown {
        return Err(Failure::usage("of `--json` and `--markdown` only one can be given"));
    }
    let stage = &arguments.stage;
    let scenario = plan::scenario(&stage.scenario)?;
    let at = stop(arguments, &scenario)?;
    let games = plan::games_in(&scenario, stage, false);
    let (participant, warnings) = plan::participant(&arguments.agent, &scenario, stage.running.time_limit)?;
    warnings.iter().for_each(|warning| terminal.warn(warning));
    let played = sweep::episodes(&games, &participant.name, terminal, |seed, noise| {
        futures(&participant, &games, seed, noise, at)
    })?;
    let Some(played) = played else { return Ok(EXIT_INTERRUPTED) };
    let found = found(&scenario, &played, at, games.noises as usize);
    if terminal.json {
        terminal.document(&Document {
            schema: "outlay.run-off/1",
            version: VERSION,
            scenario: &scenario_id(&scenario),
            agent: &participant.name,
            seeds: stage.seeds.to_string(),
            noise: games.noises,
            at,
            estimand: ESTIMAND,
            found: &found,
        })?;
    } else {
        terminal.result(&page(
            &participant.name,
            at,
            &found,
            &setting(&games, stage, arguments.markdown, terminal.language),
        ))?;
    }
    if let Some(warning) = Warning::few_seeds(&stage.seeds) {
        terminal.warn(&warning);
    }
    Ok(0)
}

/// The first step without spending. A season is not longer than its calendar, so it lies before the end.
fn stop(arguments: &cli::RunOff, scenario: &Scenario) -> Result<usize, Failure> {
    let steps = scenario.brief.steps;
    if let Some(at) = arguments.at {
        return if (1..steps).contains(&at) {
            Ok(at)
        } else {
            Err(Failure::usage(format!("`--at {at}` leaves no step with spending or none without"))
                .help(format!("it may be 1 to {}", steps.saturating_sub(1))))
        };
    }
    let without = (arguments.days / scenario.brief.step_days).round() as usize;
    if without == 0 || without >= steps {
        let season = steps as f64 * scenario.brief.step_days;
        return Err(Failure::usage(format!("{} days without spending do not fit", number(arguments.days)))
            .help(format!(
                "the season of `{}` has {} days; nothing can be seen beyond it",
                scenario.name,
                number(season)
            )));
    }
    Ok(steps - without)
}

fn futures(
    participant: &Participant,
    games: &Games,
    seed: u64,
    noise: u64,
    at: usize,
) -> Result<Futures, String> {
    let mut played = None;
    episodes::watch(participant, games, seed, noise, &mut |episode, _| {
        if episode.is_over() {
            played = Some((episode.ledger().clone(), Arc::clone(episode.world())));
        }
    })?;
    let (ledger, world) = played.ok_or("it has no steps")?;
    let record = Record::of(&ledger);
    // The record up to a step, and nothing afterwards.
    let until = |end: usize| {
        let mut episode = Episode::new(Arc::clone(&world), noise_seed(seed, noise));
        let mut step = 0;
        let nothing = vec![Money::ZERO; ledger.lines];
        while !episode.is_over() {
            if step < end {
                episode.replay_at(&record.granted[step], &record.bids[step]);
            } else {
                episode.replay(&nothing);
            }
            step += 1;
        }
        gains(&games.scenario, episode.ledger())
    };
    Ok(Futures {
        goes_on: gains(&games.scenario, &ledger),
        stopped: until(at),
        never: until(0),
        spent_before: (0..at).flat_map(|step| ledger.step(step)).map(|row| row.spend).sum(),
    })
}

fn gains(scenario: &Scenario, ledger: &Ledger) -> Vec<Gains> {
    let of_goal = |step| match scenario.goal {
        Goal::Response => scenario.expected_step(ledger, step),
        goal => scenario.brief.aim.worth(goal, ledger, step),
    };
    let gains = |step: usize| {
        let shop = &ledger.shop[step];
        [of_goal(step), shop.orders as f64, shop.new_customers as f64, shop.revenue.major()]
    };
    (0..ledger.steps()).map(gains).collect()
}

fn found(scenario: &Scenario, played: &[Futures], at: usize, noises: usize) -> Found {
    let mean = |value: &dyn Fn(&Futures) -> f64| played.iter().map(value).sum::<f64>() / played.len() as f64;
    let arriving = |what: usize, unit: &str| {
        let sums = |future: fn(&Futures) -> &[Gains]| -> Vec<f64> {
            played.iter().map(|it| future(it)[at..].iter().map(|gains| gains[what]).sum()).collect()
        };
        let [goes_on, stopped, never] =
            [sums(|it| &it.goes_on), sums(|it| &it.stopped), sums(|it| &it.never)];
        let comparison = statistics::compare(&stopped, &never, noises);
        Arriving {
            unit: unit.to_owned(),
            goes_on: statistics::mean(&goes_on),
            stopped: statistics::mean(&stopped),
            never: statistics::mean(&never),
            still: comparison.difference,
            still_ci95: comparison.difference_interval,
        }
    };
    let mut steps: Vec<Step> = (at..scenario.brief.steps)
        .map(|step| {
            let [stopped, never] = [mean(&|it| it.stopped[step][0]), mean(&|it| it.never[step][0])];
            Step {
                step,
                phase: scenario.brief.calendar.get(step).map(|day| day.phase.clone()).unwrap_or_default(),
                goes_on: mean(&|it| it.goes_on[step][0]),
                stopped,
                never,
                still: stopped - never,
                arrived: None,
            }
        })
        .collect();
    let all: f64 = steps.iter().map(|step| step.still).sum();
    let mut so_far = 0.0;
    let mut half_life = None;
    for (past, step) in steps.iter_mut().enumerate().filter(|_| all > 0.0) {
        let before = so_far;
        so_far += step.still;
        step.arrived = Some(so_far / all);
        if half_life.is_none() && so_far >= all / 2.0 {
            // Within a step what arrives is taken as even.
            half_life = Some(past as f64 + (all / 2.0 - before) / step.still);
        }
    }
    let before = |it: &Futures| {
        let sum = |gains: &[Gains]| gains[..at].iter().map(|gains| gains[0]).sum::<f64>();
        sum(&it.stopped) - sum(&it.never)
    };
    let shop = scenario.market().map(|_| {
        [(1, "orders"), (2, "new customers"), (3, "revenue")].map(|(what, unit)| arriving(what, unit))
    });
    Found {
        spent_before: mean(&|it| it.spent_before.0 as f64).round() as i64,
        brought_before: mean(&before),
        goal: arriving(0, scenario.goal.unit()),
        shop,
        half_life_steps: half_life,
        steps,
    }
}

fn page(agent: &str, at: usize, found: &Found, setting: &Setting<'_>) -> String {
    let (look, scenario) = (setting.look, setting.scenario);
    let (goal, unit) = (scenario.goal.unit(), setting.unit());
    let (phrases, judging) = (Phrases::of(setting.language), setting.phrases());
    let title = fill(phrases.stop_title, &[agent, &at.to_string(), &setting.heading()]);
    let mut text = look.heading(3, title) + "\n";
    let futures = [phrases.goes_on, phrases.stopped, phrases.never_spent, phrases.still_arrives];
    let heads = |first: &[&str], last: &str| -> Vec<String> {
        first.iter().chain(&futures).chain(&[last]).map(|head| (*head).to_owned()).collect()
    };
    let rows = found.steps.iter().map(|step| {
        let mut row = vec![step.step.to_string(), step.phase.clone()];
        row.extend([step.goes_on, step.stopped, step.never].map(number));
        row.extend([signed(step.still), or_undefined(step.arrived, percent)]);
        row
    });
    text += &(look.table(&heads(&[phrases.step, phrases.phase], phrases.by_then), rows) + "\n");
    let all = std::iter::once(&found.goal).chain(found.shop.iter().flatten().filter(|it| it.unit != goal));
    let rows = all.map(|it| {
        let mut row = vec![setting.language.term(&it.unit)];
        row.extend([it.goes_on, it.stopped, it.never].map(number));
        row.extend([signed(it.still), interval(it.still_ci95, signed)]);
        row
    });
    text += &(look.table(&heads(&[phrases.after_stop], judging.interval), rows) + "\n");
    let half_life = found.half_life_steps.map_or_else(
        || UNDEFINED.to_owned(),
        |steps| fill(judging.days, &[&number(steps * scenario.brief.step_days)]),
    );
    text += &look.facts(&[
        [
            phrases.before_stop.to_owned(),
            fill(
                phrases.before_stop_of,
                &[&major(found.spent_before), &scenario.currency, &signed(found.brought_before), &unit],
            ),
        ],
        [phrases.after.to_owned(), fill(phrases.after_of, &[&signed(found.goal.still), &unit])],
        [phrases.half_within.to_owned(), half_life],
    ]);
    text += look.gap();
    let left = scenario.brief.steps - at;
    let left = fill(if left == 1 { phrases.one_step } else { phrases.steps }, &[&left.to_string()]);
    let notes = fill(phrases.run_off_note, &[judging.estimand, &left]);
    look.page(text + &look.notes(&(notes + &setting.footing())))
}
