//! `outlay branch`: an episode up to a step, and from there two futures: it goes on, or something is changed.

use std::sync::Arc;

use outlay_environment::{Allocation, Change, Episode, Goal, Money, Scenario};
use rayon::prelude::*;
use serde::Serialize;

use crate::cli;
use crate::episodes::{self, Edit, Games, Participant, Turn};
use crate::evaluate::setting;
use crate::evaluation::scenario_id;
use crate::failure::{EXIT_INTERRUPTED, Failure};
use crate::format::{interval, major, number, or_undefined, percent, signed, signed_major, signed_percent};
use crate::interrupt;
use crate::phrases::futures::Phrases;
use crate::phrases::{Language, fill};
use crate::plan;
use crate::results::{ScenarioId, VERSION};
use crate::statistics::{self, ESTIMAND, Interval};
use crate::sweep;
use crate::tables::{Setting, noises};
use crate::terminal::Terminal;
use crate::warning::Warning;

/// `outlay branch --json`. Money is an integer of minor units.
#[derive(Debug, Serialize)]
struct Document<'a> {
    /// `outlay.branch/1`
    schema: &'static str,
    version: &'static str,
    scenario: &'a ScenarioId,
    agent: &'a str,
    /// Seed of the two futures.
    seed: u64,
    /// First step that may differ.
    at: usize,
    /// What is other from there.
    change: &'a str,
    /// As if nobody had asked.
    goes_on: &'a Future,
    /// With the change.
    changed: &'a Future,
    /// Score with the change less score without.
    difference: f64,
    /// The same over seeds; null unless `--seeds` asks for them.
    paired: Option<&'a Paired>,
}

/// One future, from the first step of the season on.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Future {
    score: f64,
    spend: i64,
    steps: Vec<Step>,
}

/// One step of a future.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Step {
    /// From 0.
    step: usize,
    /// What the calendar calls it.
    phase: String,
    /// `[lines]` money spent, in the order of the scenario.
    spend: Vec<i64>,
    /// What the step added to the score.
    score: f64,
    /// Value of all orders.
    revenue: i64,
    /// Money neither spent nor reserved after the step.
    budget_left: i64,
}

/// The difference over seeds.
#[derive(Debug, Serialize)]
struct Paired {
    /// Seeds, half-open.
    seeds: String,
    noise: u64,
    /// What the interval is about.
    estimand: &'static str,
    /// Mean score of the episodes that go on.
    goes_on: f64,
    /// Mean score of those with the change.
    changed: f64,
    difference: f64,
    /// 95 % studentised bootstrap interval of it.
    difference_ci95: Interval,
    uplift: Option<f64>,
    uplift_ci95: Option<Interval>,
    p_better: f64,
    /// Mean difference of money spent.
    spend_difference: i64,
}

/// Runs the command and returns its exit code.
pub(crate) fn run(arguments: &cli::Branch, terminal: Terminal) -> Result<u8, Failure> {
    if terminal.json && arguments.markdown {
        return Err(Failure::usage("of `--json` and `--markdown` only one can be given"));
    }
    let stage = stage(arguments);
    let scenario = plan::scenario(&stage.scenario)?;
    if arguments.at >= scenario.brief.steps {
        return Err(Failure::usage(format!("`--at {}` lies behind the season", arguments.at)).help(format!(
            "the steps of `{}` are 0 to {}",
            scenario.name,
            scenario.brief.steps - 1
        )));
    }
    let games = plan::games_in(&scenario, &stage, false);
    let (participant, warnings) = plan::participant(&arguments.agent, &scenario, stage.running.time_limit)?;
    warnings.iter().for_each(|warning| terminal.warn(warning));
    let change = Chosen::of(arguments, &stage, &scenario, terminal)?;
    let turn = change.turn(arguments.at);
    let futures: Vec<Result<Future, String>> = [None, Some(&turn)]
        .into_par_iter()
        .map(|turn| {
            let mut future = Future { score: 0.0, spend: 0, steps: Vec::new() };
            episodes::watch_turned(&participant, turn, &games, arguments.seed, 0, &mut |episode, _| {
                future.add(&scenario, episode);
            })?;
            Ok(future)
        })
        .collect();
    if interrupt::requested() {
        return Ok(EXIT_INTERRUPTED);
    }
    let futures = futures.into_iter().collect::<Result<Vec<_>, _>>();
    let futures = futures.map_err(|error| Failure::run(format!("`{}` failed: {error}", participant.name)))?;
    let [goes_on, changed] = &futures[..] else { return Ok(EXIT_INTERRUPTED) };
    let paired = match &arguments.seeds {
        None => None,
        Some(_) => match paired(&participant, &turn, &games, terminal)? {
            Some(paired) => Some(paired),
            None => return Ok(EXIT_INTERRUPTED),
        },
    };
    if terminal.json {
        terminal.document(&Document {
            schema: "outlay.branch/1",
            version: VERSION,
            scenario: &scenario_id(&scenario),
            agent: &participant.name,
            seed: arguments.seed,
            at: arguments.at,
            change: &change.name,
            goes_on,
            changed,
            difference: changed.score - goes_on.score,
            paired: paired.as_ref(),
        })?;
    } else {
        let page =
            Page { agent: &participant.name, seed: arguments.seed, at: arguments.at, change: &change.name };
        let setting = setting(&games, &stage, arguments.markdown, terminal.language);
        terminal.result(&page.text(goes_on, changed, paired.as_ref(), &setting))?;
    }
    if let Some(warning) = arguments.seeds.as_ref().and_then(Warning::few_seeds) {
        terminal.warn(&warning);
    }
    Ok(0)
}

/// The seeds of the paired difference, or the one seed that is shown.
fn stage(arguments: &cli::Branch) -> cli::Stage {
    let one = cli::SeedRange(arguments.seed..arguments.seed.saturating_add(1));
    cli::Stage {
        scenario: arguments.scenario.clone(),
        seeds: arguments.seeds.clone().unwrap_or(one),
        noise: arguments.noise,
        running: arguments.running,
    }
}

/// What is other from the step on.
struct Chosen {
    name: String,
    /// Who takes over, and what that agent is told the scenario is.
    successor: Option<(Participant, Games)>,
    edit: Box<Edit<'static>>,
    more: Money,
}

impl Chosen {
    fn of(
        arguments: &cli::Branch,
        stage: &cli::Stage,
        scenario: &Arc<Scenario>,
        terminal: Terminal,
    ) -> Result<Self, Failure> {
        // Names in a document are English in every language.
        let phrases = Phrases::of(if terminal.json { Language::En } else { terminal.language });
        let nothing = || -> Box<Edit<'static>> { Box::new(|_, _| ()) };
        let successor = |text: &str, scenario: &Arc<Scenario>| -> Result<_, Failure> {
            let (participant, warnings) = plan::participant(text, scenario, stage.running.time_limit)?;
            warnings.iter().for_each(|warning| terminal.warn(warning));
            Ok((participant, plan::games_in(scenario, stage, false)))
        };
        let line = |name: &str, option: &str| plan::line(scenario, name, option);
        let mut chosen = Self { name: String::new(), successor: None, edit: nothing(), more: Money::ZERO };
        if let Some(text) = &arguments.from_there.with {
            chosen.successor = Some(successor(text, scenario)?);
            chosen.name = fill(phrases.takes_over, &[text]);
        } else if let Some(goal) = &arguments.from_there.goal {
            if Goal::named(goal).is_none() {
                let names: Vec<&str> = Goal::NAMED.iter().map(|(name, _)| *name).collect();
                let failure = Failure::usage(format!("there is no goal `{goal}`"));
                return Err(plan::did_you_mean(failure, plan::nearest(goal, names.into_iter()).as_deref()));
            }
            let change = Change::set("--goal", &format!("goal={goal}"));
            let other = Scenario::load_changed(&stage.scenario, &[change])?;
            chosen.successor = Some(successor(&arguments.agent, &other)?);
            chosen.name = fill(phrases.goal_becomes, &[goal]);
        } else if let Some(pin) = &arguments.from_there.pin {
            let (place, money) = (line(&pin.line, "--pin")?, pin.money);
            chosen.edit = Box::new(move |_, allocation| set(allocation, place, money));
            chosen.name = fill(phrases.gets, &[&pin.line, &number(money)]);
        } else if let Some(stopped) = &arguments.from_there.stop {
            if stopped == "all" {
                chosen.edit =
                    Box::new(|_, allocation| allocation.money.iter_mut().for_each(|money| *money = 0.0));
                chosen.name = phrases.all_stops.to_owned();
            } else {
                let place = line(stopped, "--stop")?;
                chosen.edit = Box::new(move |_, allocation| set(allocation, place, 0.0));
                chosen.name = fill(phrases.stops, &[stopped]);
            }
        } else if let Some(budget) = arguments.from_there.budget {
            let before = scenario.brief.budget;
            chosen.more = Money::from_major(budget.of(before.major())) - before;
            if chosen.more < Money::ZERO - before {
                return Err(Failure::usage(format!(
                    "more than the budget of {} is taken away",
                    major(before.0)
                )));
            }
            let sign = if chosen.more < Money::ZERO { "" } else { "+" };
            chosen.name = fill(phrases.budget_by, &[&format!("{sign}{}", major(chosen.more.0))]);
        }
        Ok(chosen)
    }

    fn turn(&self, at: usize) -> Turn<'_> {
        let successor = self.successor.as_ref().map(|(participant, games)| (participant, games));
        Turn { at, successor, edit: &*self.edit, more: self.more }
    }
}

fn set(allocation: &mut Allocation, line: usize, money: f64) {
    if allocation.money.len() <= line {
        allocation.money.resize(line + 1, 0.0);
    }
    allocation.money[line] = money;
}

impl Future {
    /// Adds the step that an episode has just done.
    fn add(&mut self, scenario: &Scenario, episode: &Episode) {
        let ledger = episode.ledger();
        let step = ledger.steps() - 1;
        let score = scenario.score(ledger);
        self.steps.push(Step {
            step,
            phase: scenario.brief.calendar.get(step).map(|day| day.phase.clone()).unwrap_or_default(),
            spend: ledger.step(step).iter().map(|row| row.spend.0).collect(),
            score: score - self.score,
            revenue: ledger.shop[step].revenue.0,
            budget_left: episode.observation().budget_left.0,
        });
        self.score = score;
        self.spend = ledger.cash().0;
    }
}

/// Both futures on every seed; nothing after an interrupt.
fn paired(
    participant: &Participant,
    turn: &Turn<'_>,
    games: &Games,
    terminal: Terminal,
) -> Result<Option<Paired>, Failure> {
    let played = sweep::episodes(games, &participant.name, terminal, |seed, noise| {
        let play = |turn: Option<&Turn<'_>>| {
            let mut end = (0.0, Money::ZERO);
            episodes::watch_turned(participant, turn, games, seed, noise, &mut |episode, _| {
                if episode.is_over() {
                    end = (games.scenario.score(episode.ledger()), episode.ledger().cash());
                }
            })?;
            Ok::<_, String>(end)
        };
        Ok((play(None)?, play(Some(turn))?))
    })?;
    let Some(played) = played else { return Ok(None) };
    let (goes_on, changed): (Vec<_>, Vec<_>) = played.into_iter().unzip();
    let scores = |ends: &[(f64, Money)]| ends.iter().map(|(score, _)| *score).collect::<Vec<_>>();
    let spend =
        |ends: &[(f64, Money)]| ends.iter().map(|(_, spend)| spend.0 as f64).sum::<f64>() / ends.len() as f64;
    let comparison = statistics::compare(&scores(&changed), &scores(&goes_on), games.noises as usize);
    Ok(Some(Paired {
        seeds: cli::SeedRange(games.seeds.clone()).to_string(),
        noise: games.noises,
        estimand: ESTIMAND,
        goes_on: statistics::mean(&scores(&goes_on)),
        changed: statistics::mean(&scores(&changed)),
        difference: comparison.difference,
        difference_ci95: comparison.difference_interval,
        uplift: comparison.uplift,
        uplift_ci95: comparison.uplift_interval,
        p_better: comparison.better,
        spend_difference: (spend(&changed) - spend(&goes_on)).round() as i64,
    }))
}

struct Page<'a> {
    agent: &'a str,
    seed: u64,
    at: usize,
    change: &'a str,
}

impl Page<'_> {
    fn text(
        &self,
        goes_on: &Future,
        changed: &Future,
        paired: Option<&Paired>,
        setting: &Setting<'_>,
    ) -> String {
        let (look, scenario) = (setting.look, setting.scenario);
        let (unit, phrases, judging) = (setting.unit(), Phrases::of(setting.language), setting.phrases());
        let (seed, at) = (self.seed.to_string(), self.at.to_string());
        let title = fill(phrases.branch_title, &[self.agent, &scenario.name, &seed, &at, self.change]);
        let mut text = look.heading(3, title) + "\n\n";
        text += &(self.days(phrases.goes_on, goes_on, None, setting) + "\n");
        text += &(self.days(self.change, changed, Some(goes_on), setting) + "\n");
        let end = |future: &Future| fill(phrases.ends, &[&number(future.score), &unit, &major(future.spend)]);
        text += &look.facts(&[
            [phrases.goes_on.into(), end(goes_on)],
            [self.change.to_owned(), end(changed)],
            [judging.difference.into(), format!("{} {unit}", signed(changed.score - goes_on.score))],
        ]);
        if let Some(paired) = paired {
            text += "\n";
            let noise = noises(paired.noise, judging);
            let mut header = vec![fill(phrases.seeds, &[&paired.seeds, &noise]), setting.unit_mean()];
            let heads = [judging.difference, judging.interval, judging.uplift, judging.p_better];
            header.extend(heads.map(Into::into));
            header.push(setting.spend());
            let mut base = vec![phrases.goes_on.into(), number(paired.goes_on)];
            base.resize(7, String::new());
            let row = vec![
                self.change.to_owned(),
                number(paired.changed),
                signed(paired.difference),
                interval(paired.difference_ci95, signed),
                or_undefined(paired.uplift, signed_percent),
                percent(paired.p_better),
                signed_major(paired.spend_difference),
            ];
            text += &look.table(&header, [base, row].into_iter());
        }
        text += look.gap();
        let notes = fill(phrases.same_until, &[&at]) + &setting.footing();
        look.page(text + &look.notes(&notes))
    }

    /// The steps from the turn on.
    fn days(&self, title: &str, future: &Future, other: Option<&Future>, setting: &Setting<'_>) -> String {
        let phrases = Phrases::of(setting.language);
        let mut header = vec![title.to_owned(), phrases.phase.into()];
        header.extend(setting.scenario.brief.lines.iter().map(|line| line.name.clone()));
        header.extend([phrases.spent.into(), phrases.left.into(), setting.unit()]);
        header.extend(other.map(|_| phrases.so_far.to_owned()));
        let mut so_far = 0.0;
        let rows = future.steps.iter().skip(self.at).map(|step| {
            let mut row = vec![step.step.to_string(), step.phase.clone()];
            row.extend(step.spend.iter().map(|spend| major(*spend)));
            row.extend([major(step.spend.iter().sum()), major(step.budget_left), number(step.score)]);
            if let Some(other) = other.and_then(|other| other.steps.get(step.step)) {
                so_far += step.score - other.score;
                row.push(signed(so_far));
            }
            row
        });
        setting.look.table(&header, rows)
    }
}
