//! `outlay what-if`: what another budget, price, limit or calendar would change, on the same shoppers, rivals and noise.

mod alternatives;
mod answer;
mod limits;
mod next;
mod page;
mod sample;

use std::time::Instant;

use outlay_environment::Money;

use crate::cli;
use crate::episodes;
use crate::evaluate::setting;
use crate::evaluation::scenario_id;
use crate::failure::{EXIT_INTERRUPTED, Failure};
use crate::phrases::futures::Phrases;
use crate::phrases::{Language, fill};
use crate::plan;
use crate::results::VERSION;
use crate::statistics::ESTIMAND;
use crate::terminal::Terminal;
use crate::warning::Warning;

use alternatives::Alternative;
use answer::{Answer, Binding, Document, Forcing, Row};
use limits::Limit;
use sample::{Question, Sample};

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Asked {
    Changes,
    Next(Money),
    Limits,
    Curve,
    Stress,
}

impl Asked {
    fn of(arguments: &cli::WhatIf) -> Result<Self, Failure> {
        let cli::Changes { budget, set, price, drop, pin, .. } = &arguments.changes;
        let changes = budget.len() + set.len() + price.len() + drop.len() + pin.len();
        Ok(match arguments.next {
            Some(money) => Self::Next(Money::from_major(money)),
            None if arguments.limits => Self::Limits,
            None if arguments.curve => Self::Curve,
            None if arguments.stress => Self::Stress,
            None if changes > 0 => Self::Changes,
            None => {
                return Err(Failure::usage("nothing is to be other than it is").help(
                    "name a change, e.g. `--budget +10000`, or ask with `--next 10000`, `--limits`, `--curve` or \
                     `--stress`",
                ));
            }
        })
    }

    /// Its name in documents.
    fn name(self) -> &'static str {
        match self {
            Self::Changes => "changes",
            Self::Next(_) => "next",
            Self::Limits => "limits",
            Self::Curve => "curve",
            Self::Stress => "stress",
        }
    }
}

/// Runs the command and returns its exit code.
pub(crate) fn run(arguments: &cli::WhatIf, timing: bool, terminal: Terminal) -> Result<u8, Failure> {
    let start = Instant::now();
    if terminal.json && arguments.markdown {
        return Err(Failure::usage("of `--json` and `--markdown` only one can be given"));
    }
    let asked = Asked::of(arguments)?;
    let stage = &arguments.stage;
    let base = plan::scenario(&stage.scenario)?;
    let (participant, warnings) = plan::participant(&arguments.agent, &base, stage.running.time_limit)?;
    warnings.iter().for_each(|warning| terminal.warn(warning));
    // Names in a document are English in every language.
    let phrases = Phrases::of(if terminal.json { Language::En } else { terminal.language });
    let question = Question { arguments, base: base.clone(), timing, terminal, phrases };
    let answer = match asked {
        Asked::Changes => {
            let alternatives = alternatives::of_flags(&stage.scenario, &base, &arguments.changes, phrases)?;
            differences(&question, alternatives)
        }
        Asked::Stress => differences(&question, alternatives::of_stress(&base, phrases)?),
        Asked::Limits => price_of_limits(&question),
        Asked::Curve => curve(&question),
        Asked::Next(money) => next(&question, money),
    };
    let Some(answer) = answer? else { return Ok(EXIT_INTERRUPTED) };
    if terminal.json {
        terminal.document(&Document {
            schema: "outlay.what-if/1",
            version: VERSION,
            scenario: &scenario_id(&base),
            agent: &participant.name,
            seeds: stage.seeds.to_string(),
            noise: stage.noise,
            estimand: ESTIMAND,
            question: asked.name(),
            answer: &answer,
            seconds_total: timing.then(|| start.elapsed().as_secs_f64()),
        })?;
    } else {
        let games = plan::games_in(&base, stage, false);
        let setting = setting(&games, stage, arguments.markdown, terminal.language);
        terminal.result(&page::page(asked, &participant.name, &answer, &setting))?;
    }
    if let Some(warning) = Warning::few_seeds(&stage.seeds) {
        terminal.warn(&warning);
    }
    Ok(0)
}

/// The scenario as it is, and each alternative against it; nothing after an interrupt.
fn differences(question: &Question<'_>, alternatives: Vec<Alternative>) -> Result<Option<Answer>, Failure> {
    let Some(base) = question.samples(&question.base)? else { return Ok(None) };
    let mut rows = Vec::with_capacity(alternatives.len());
    for alternative in alternatives {
        let Some(samples) = question.samples(&alternative.scenario)? else { return Ok(None) };
        rows.push(Row::of(&alternative, &samples).against(&base, &samples, question.arguments.stage.noise));
    }
    Ok(Some(Answer { as_it_is: as_it_is(question, &base), alternatives: rows }))
}

fn as_it_is(question: &Question<'_>, samples: &[Sample]) -> Row {
    let base = Alternative { name: question.phrases.as_it_is.to_owned(), scenario: question.base.clone() };
    Row::of(&base, samples)
}

/// Each limit, by what the agent reaches without it.
fn price_of_limits(question: &Question<'_>) -> Result<Option<Answer>, Failure> {
    let limits = limits::of(&question.base)?;
    let Some(answer) =
        differences(question, limits::without_each(&question.base, &limits, question.phrases))?
    else {
        return Ok(None);
    };
    let Some(bindings) = bindings(question, &limits)? else { return Ok(None) };
    let Answer { as_it_is, mut alternatives } = answer;
    for (row, binding) in alternatives.iter_mut().zip(bindings) {
        row.bound = Some(binding);
    }
    Ok(Some(Answer { as_it_is, alternatives }))
}

/// `[limits]` how often each bound.
fn bindings(question: &Question<'_>, limits: &[Limit]) -> Result<Option<Vec<Binding>>, Failure> {
    let stage = &question.arguments.stage;
    let (participant, _) =
        plan::participant(&question.arguments.agent, &question.base, stage.running.time_limit)?;
    let games = plan::games_in(&question.base, stage, false);
    let goal = question.base.goal;
    // `[episodes][limits]` steps in which it bound, or 1 where the episode misses a soft one.
    let counted = question.each_episode(|seed, noise| {
        let mut counts = vec![0_u64; limits.len()];
        episodes::watch(&participant, &games, seed, noise, &mut |episode, _| {
            for (count, limit) in counts.iter_mut().zip(limits) {
                *count += u64::from(match limit {
                    Limit::Soft(soft) => episode.is_over() && soft.misses(goal, &episode.ledger().total()),
                    hard => hard.binds(episode),
                });
            }
        })?;
        Ok(counts)
    })?;
    let binding = |(place, limit): (usize, &Limit), episodes: &[Vec<u64>]| {
        let soft = matches!(limit, Limit::Soft(_));
        let of_each = if soft { 1 } else { question.base.brief.steps };
        let count: u64 = episodes.iter().map(|counts| counts[place]).sum();
        let share = count as f64 / (episodes.len() * of_each).max(1) as f64;
        if soft { Binding::Missed(share) } else { Binding::Steps(share) }
    };
    Ok(counted.map(|episodes| limits.iter().enumerate().map(|it| binding(it, &episodes)).collect()))
}

/// Outcome against budget, with what more brought from point to point.
fn curve(question: &Question<'_>) -> Result<Option<Answer>, Failure> {
    if question.base.brief.budget <= Money::ZERO {
        return Err(Failure::usage(format!("`{}` has no budget to multiply", question.base.name)));
    }
    let alternatives =
        alternatives::of_curve(&question.arguments.stage.scenario, &question.base, question.phrases)?;
    let noises = question.arguments.stage.noise;
    let Some(base) = question.samples(&question.base)? else { return Ok(None) };
    let mut as_it_is = as_it_is(question, &base);
    let mut rows = Vec::with_capacity(alternatives.len());
    let mut before: Option<(Money, Vec<Sample>)> = None;
    for alternative in alternatives {
        let budget = alternative.scenario.brief.budget;
        if let Some((smaller, samples)) = &before
            && (*smaller < question.base.brief.budget && question.base.brief.budget < budget)
        {
            as_it_is = as_it_is.after(samples, &base, question.base.brief.budget - *smaller, noises);
            before = Some((question.base.brief.budget, base.clone()));
        }
        let Some(samples) = question.samples(&alternative.scenario)? else { return Ok(None) };
        let mut row = Row::of(&alternative, &samples).against(&base, &samples, noises);
        if let Some((smaller, before)) = &before {
            row = row.after(before, &samples, budget - *smaller, noises);
        }
        rows.push(row);
        before = Some((budget, samples));
    }
    Ok(Some(Answer { as_it_is, alternatives: rows }))
}

/// The next money by the agent itself, and forced onto each line and off it; the largest gain first.
fn next(question: &Question<'_>, money: Money) -> Result<Option<Answer>, Failure> {
    let (typed, base) = (&question.arguments.stage.scenario, &question.base);
    let (noises, phrases) = (question.arguments.stage.noise, question.phrases);
    let richer = alternatives::with_more(typed, base, money, phrases)?;
    let poorer = alternatives::with_more(typed, base, Money::ZERO - money, phrases)?;
    let Some(samples) = question.samples(base)? else { return Ok(None) };
    let mut rows = Vec::new();
    for (alternative, money) in [(&richer, money), (&poorer, Money::ZERO - money)] {
        let Some(found) = question.samples(&alternative.scenario)? else { return Ok(None) };
        let mut row = Row::of(alternative, &found).against(&samples, &found, noises);
        row.forced = Some(Forcing { line: None, money: money.0, from: None });
        rows.push(row);
    }
    let line = |name: &str| plan::line(base, name, "--move");
    let moves = question.arguments.moves.iter().map(|it| Ok([line(&it.from)?, line(&it.to)?]));
    let moves = moves.collect::<Result<Vec<_>, Failure>>()?;
    let Some(forced) = next::force(question, &richer.scenario, money, &moves)? else { return Ok(None) };
    let here = Alternative { name: String::new(), scenario: base.clone() };
    for (alternative, lines, money) in
        [(&richer, &forced.onto, money), (&here, &forced.off, Money::ZERO - money)]
    {
        for (line, found) in base.brief.lines.iter().zip(lines) {
            let mut row = Row::of(alternative, found).against(&samples, found, noises);
            let way = if money > Money::ZERO { phrases.onto } else { phrases.off };
            row.name = fill(way, &[&line.name]);
            row.forced = Some(Forcing { line: Some(line.name.clone()), money: money.0, from: None });
            // Nobody decided this: it is the scenario as it is, with other money on a line.
            row.scenario_hash = None;
            rows.push(row);
        }
    }
    for ([from, to], found) in moves.iter().zip(&forced.moved) {
        let [from, to] = [from, to].map(|line| base.brief.lines[*line].name.clone());
        let mut row = Row::of(&here, found).against(&samples, found, noises);
        row.name = fill(phrases.from_to, &[&from, &to]);
        row.forced = Some(Forcing { line: Some(to), money: money.0, from: Some(from) });
        row.scenario_hash = None;
        rows.push(row);
    }
    // Of equal gains the first line of the scenario.
    rows.sort_by(|a, b| {
        let key = |row: &Row| {
            let forced = row.forced.as_ref();
            let of = |is: fn(&Forcing) -> bool| forced.is_some_and(is);
            (of(|it| it.from.is_some()), of(|it| it.money < 0), of(|it| it.line.is_some()))
        };
        key(a).cmp(&key(b)).then(b.gain().total_cmp(&a.gain()))
    });
    Ok(Some(Answer { as_it_is: as_it_is(question, &samples), alternatives: rows }))
}
