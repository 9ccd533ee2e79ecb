//! The answer: what to spend in the step to come, line by line, and what is known of it.

use std::sync::Arc;

use outlay_agent::Marginal;
use outlay_environment::{Allocation, LimitKind, Money, Observation, Ruling, Scenario};
use serde::Serialize;

use super::beside::{Beside, beside};
use super::decide::{asked, ruled, season};
use super::odds::{self, Odds};
use super::page::{csv, page};
use super::question::{Form, Question};
use super::returns::{Returns, reason};
use crate::episodes::Participant;
use crate::evaluation::scenario_id;
use crate::failure::Failure;
use crate::log;
use crate::look::Look;
use crate::phrases::desk::Phrases;
use crate::results::{ScenarioId, VERSION};
use crate::terminal::Terminal;

/// `outlay recommend --json`. Money is an integer of minor units.
#[derive(Debug, Serialize)]
pub(super) struct Document {
    /// `outlay.recommend/1`
    pub(super) schema: &'static str,
    pub(super) version: &'static str,
    pub(super) scenario: ScenarioId,
    pub(super) agent: String,
    /// SHA-256 of the log; none without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) log_sha256: Option<String>,
    /// The step to come, from 0.
    pub(super) step: usize,
    pub(super) steps: usize,
    /// The day on which it begins, where the scenario says when the season does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) date: Option<String>,
    /// What the calendar calls it, and how much traffic and what prices it expects against an ordinary one.
    pub(super) phase: String,
    pub(super) traffic: f64,
    pub(super) price: f64,
    pub(super) budget: i64,
    pub(super) spent: i64,
    pub(super) left: i64,
    /// All lines together.
    pub(super) today: i64,
    /// What an even pace would spend of what is left.
    pub(super) even_pace: i64,
    /// Credited revenue so far / spend so far; null at zero spend.
    pub(super) return_so_far: Option<f64>,
    /// The least that it is to be at the end, where the scenario says so.
    pub(super) return_floor: Option<f64>,
    /// What is counted.
    pub(super) unit: &'static str,
    /// Major units for which marginal returns are told: 1,000, or 1 in a season of a small budget.
    pub(super) per: f64,
    /// What that much more of budget would bring where today's money goes; null where nobody can tell.
    pub(super) marginal: Option<f64>,
    pub(super) lines: Vec<Line>,
    /// What is expected, with odds; none with `--no-odds`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) odds: Option<Odds>,
    /// What the plan of `--beside` would do instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) beside: Option<Beside>,
}

/// A line today.
#[derive(Debug, Serialize)]
pub(super) struct Line {
    pub(super) line: String,
    pub(super) yesterday: i64,
    /// What the agent asked for.
    pub(super) asked: i64,
    /// What the limits leave of it.
    pub(super) today: i64,
    /// What [`Document::per`] more on the line would bring at yesterday's money, and at today's, now and later; null where
    /// nobody can tell.
    pub(super) marginal_yesterday: Option<f64>,
    pub(super) marginal_today: Option<f64>,
    /// How much more it can spend today, minor units; null where no end is known.
    pub(super) room: Option<i64>,
    /// The limit that kept the line from what was asked for.
    pub(super) bound: Option<&'static str>,
    pub(super) reason: String,
}

/// Answers a question in its form; nothing after an interrupt.
pub(super) fn answer(
    question: &Question,
    scenario: &Arc<Scenario>,
    participant: &Participant,
    terminal: Terminal,
) -> Result<Option<String>, Failure> {
    let brief = &scenario.brief;
    let seen = match &question.log {
        Some(log) => season(log, brief, question.at)?,
        None => vec![log::opening(brief)],
    };
    if seen.len() > brief.steps {
        let over = Failure::usage(format!("the season of {} steps is over in this log", brief.steps));
        return Err(over.help("`--at STEP` recommends for an earlier step"));
    }
    let (agent, asked) = asked(participant, scenario, &seen)?;
    let asked = asked.last().cloned().unwrap_or_default();
    let ruling = ruled(brief, &seen, &asked);
    let returns = Returns::new(agent, scenario, &seen);
    let odds = match &question.seeds {
        None => None,
        Some(seeds) => match odds::odds(participant, scenario, seeds, &seen, &ruling.granted, terminal)? {
            Some(odds) => Some(odds),
            None => return Ok(None),
        },
    };
    let phrases = Phrases::of(question.language);
    let document = document(question, scenario, &seen, &asked, &ruling, &returns, odds)?;
    Ok(Some(match question.form {
        Form::Json => {
            let text = serde_json::to_string_pretty(&document);
            text.map_err(|error| Failure::run("the results could not be written as JSON").because(error))?
                + "\n"
        }
        Form::Csv => csv(&document)?,
        Form::Page => page(&document, scenario, Look::Text, phrases),
        Form::Markdown => page(&document, scenario, Look::Markdown, phrases),
    }))
}

fn document(
    question: &Question,
    scenario: &Arc<Scenario>,
    seen: &[Observation],
    asked: &Allocation,
    ruling: &Ruling,
    returns: &Returns,
    odds: Option<Odds>,
) -> Result<Document, Failure> {
    let brief = &scenario.brief;
    let now = &seen[seen.len() - 1];
    let yesterday: Vec<f64> = now.lines.iter().map(|report| report.granted.major()).collect();
    let granted: Vec<f64> = ruling.granted.iter().map(|money| money.major()).collect();
    let (before, after) = (returns.at(&yesterday), returns.at(&granted));
    let today: Money = ruling.granted.iter().copied().sum();
    let marginal = after.as_ref().filter(|_| today > Money::ZERO).map(|after| {
        let weighted: f64 = after.returns.iter().zip(&granted).map(|(a, b)| a * b).sum();
        weighted / today.major()
    });
    let line = |place: usize| {
        let of = |marginal: &Option<Marginal>| marginal.as_ref().map(|marginal| marginal.returns[place]);
        let room = after.as_ref().map(|after| after.room[place]).filter(|room| room.is_finite());
        let mut line = Line {
            line: brief.lines[place].name.clone(),
            yesterday: now.lines[place].granted.0,
            asked: Money::from_major(asked.money.get(place).copied().unwrap_or(0.0)).0,
            today: ruling.granted[place].0,
            marginal_yesterday: of(&before),
            marginal_today: of(&after),
            room: room.map(|room| Money::from_major(room).0),
            bound: ruling.bound[place].map(LimitKind::name),
            reason: String::new(),
        };
        line.reason = reason(
            &line,
            today.0,
            marginal,
            &returns.unit(scenario, question.language),
            Phrases::of(question.language),
        );
        line
    };
    let lines: Vec<Line> = (0..brief.lines.len()).map(line).collect();
    let day = brief.calendar.get(now.step);
    let spent: Money = seen.iter().flat_map(|seen| &seen.lines).map(|report| report.spend).sum();
    let revenue: Money = seen.iter().flat_map(|seen| &seen.lines).map(|report| report.revenue).sum();
    let steps_left = (brief.steps - now.step).max(1) as i64;
    let beside = question.plan.as_ref().map(|plan| beside(plan, brief, &granted, returns)).transpose()?;
    Ok(Document {
        schema: "outlay.recommend/1",
        version: VERSION,
        scenario: scenario_id(scenario),
        agent: question.agent.clone(),
        log_sha256: question.log.as_ref().map(|log| log.sha256.clone()),
        step: now.step,
        steps: brief.steps,
        date: scenario.date(now.step).map(|date| date.to_string()),
        phase: day.map(|day| day.phase.clone()).unwrap_or_default(),
        traffic: day.map_or(1.0, |day| day.traffic),
        price: day.map_or(1.0, |day| day.price),
        budget: brief.budget.0,
        spent: spent.0,
        left: now.budget_left.0,
        today: today.0,
        even_pace: now.budget_left.0 / steps_left,
        return_so_far: (spent > Money::ZERO).then(|| revenue.major() / spent.major()),
        return_floor: brief.limits.return_floor,
        unit: scenario.goal.unit(),
        per: returns.per,
        marginal,
        lines,
        odds,
        beside,
    })
}
