//! `outlay recommend`: what to spend in the step to come, line by line, and why, from a log of the season so far. Nothing
//! is spent by it.

mod page;
mod returns;

use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use outlay_agent::{Agent, Entrant, Marginal};
use outlay_environment::{
    Allocation, Brief, Guard, LimitKind, Money, Observation, Pricing, Purse, Ruling, Scenario,
};
use serde::Serialize;

use crate::cli;
use crate::entrants;
use crate::episodes::Player;
use crate::evaluation::scenario_id;
use crate::failure::Failure;
use crate::format::sha256;
use crate::log::{self, Seen};
use crate::look::Look;
use crate::plan;
use crate::results::{ScenarioId, VERSION};
use crate::terminal::Terminal;
use page::{csv, page};
use returns::{Returns, reason};

/// Largest log that is read, bytes: a season of 100,000 rows is a sixth of it.
const MOST_LOG: u64 = 64 << 20;

/// `outlay recommend --json`. Money is an integer of minor units.
#[derive(Debug, Serialize)]
struct Document {
    /// `outlay.recommend/1`
    schema: &'static str,
    version: &'static str,
    scenario: ScenarioId,
    agent: String,
    /// SHA-256 of the log; none without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    log_sha256: Option<String>,
    /// The step to come, from 0.
    step: usize,
    steps: usize,
    /// What the calendar calls it, and how much traffic and what prices it expects against an ordinary one.
    phase: String,
    traffic: f64,
    price: f64,
    budget: i64,
    spent: i64,
    left: i64,
    /// All lines together.
    today: i64,
    /// What an even pace would spend of what is left.
    even_pace: i64,
    /// Credited revenue so far / spend so far; null at zero spend.
    return_so_far: Option<f64>,
    /// The least that it is to be at the end, where the scenario says so.
    return_floor: Option<f64>,
    /// What is counted.
    unit: &'static str,
    /// Major units for which marginal returns are told: 1,000, or 1 in a season of a small budget.
    per: f64,
    /// What that much more of budget would bring where today's money goes; null where nobody can tell.
    marginal: Option<f64>,
    lines: Vec<Line>,
    /// What the plan of `--beside` would do instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    beside: Option<Beside>,
}

/// A line today.
#[derive(Debug, Serialize)]
struct Line {
    line: String,
    yesterday: i64,
    /// What the agent asked for.
    asked: i64,
    /// What the limits leave of it.
    today: i64,
    /// What [`Document::per`] more on the line would bring at yesterday's money, and at today's, now and later; null where
    /// nobody can tell.
    marginal_yesterday: Option<f64>,
    marginal_today: Option<f64>,
    /// How much more it can spend today, minor units; null where no end is known.
    room: Option<i64>,
    /// The limit that kept the line from what was asked for.
    bound: Option<&'static str>,
    reason: String,
}

/// A plan that somebody else made for the same step.
#[derive(Debug, Serialize)]
struct Beside {
    /// `[lines]` its money.
    lines: Vec<i64>,
    total: i64,
    /// What the recommendation is expected to bring beyond it, by the marginal returns half way between the two; null where
    /// nobody can tell.
    gain: Option<f64>,
}

/// Runs the command and returns its exit code.
pub(crate) fn run(arguments: &cli::Recommend, terminal: Terminal) -> Result<u8, Failure> {
    let scenario = plan::scenario(&arguments.scenario)?;
    let brief = &scenario.brief;
    let text = arguments.history.as_deref().map(read).transpose()?;
    let seen = match (&text, &arguments.history) {
        (Some(text), Some(path)) => season(text, path, brief, arguments.at)?,
        _ => vec![log::opening(brief)],
    };
    if seen.len() > brief.steps {
        let over = Failure::usage(format!("the season of {} steps is over in this log", brief.steps));
        return Err(over.help("`--at STEP` recommends for an earlier step"));
    }
    let (agent, asked) = asked(arguments, &scenario, &seen, terminal)?;
    let ruling = ruled(brief, &seen, &asked);
    let returns = Returns::new(agent, &scenario, &seen);
    let document = document(arguments, &scenario, &seen, &asked, &ruling, &returns, text.as_deref())?;
    if terminal.json {
        terminal.document(&document)?;
    } else if arguments.csv {
        terminal.result(&csv(&document)?)?;
    } else {
        terminal.result(&page(&document, &scenario, Look::new(arguments.markdown)))?;
    }
    Ok(0)
}

fn read(path: &Path) -> Result<String, Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        Failure::usage(format!("the log `{}` cannot be read", path.display())).because(error)
    };
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(|error| failed(&error))?;
    file.take(MOST_LOG + 1).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    if bytes.len() as u64 > MOST_LOG {
        return Err(failed(&format!("it is larger than {} MiB", MOST_LOG >> 20)));
    }
    String::from_utf8(bytes).map_err(|_| failed(&"it is not UTF-8 text; save it again as CSV UTF-8"))
}

/// What was seen before each step, up to the one that is asked for.
fn season(text: &str, path: &Path, brief: &Brief, at: Option<usize>) -> Result<Seen, Failure> {
    /// More problems than anybody reads.
    const SHOWN: usize = 20;
    let mut seen = log::read(text, brief).map_err(|problems| {
        let more = problems.len().saturating_sub(SHOWN);
        let mut shown: Vec<String> = problems.into_iter().take(SHOWN).collect();
        shown.extend((more > 0).then(|| format!("and {more} more")));
        Failure::usage(format!("the log `{}` is not one of this season", path.display()))
            .because(shown.join("\n  "))
            .help("`outlay evaluate even SCENARIO --replay 0 --csv` writes one that is")
    })?;
    if let Some(at) = at {
        if at >= seen.len() {
            let last = seen.len() - 1;
            return Err(Failure::usage(format!(
                "the log ends before step {at}: the next one to decide is {last}"
            )));
        }
        seen.truncate(at + 1);
    }
    Ok(seen)
}

/// What the agent asks for in the last of the steps it is shown; it comes back too, where it is one of ours.
fn asked(
    arguments: &cli::Recommend,
    scenario: &Arc<Scenario>,
    seen: &[Observation],
    terminal: Terminal,
) -> Result<(Option<Box<dyn Agent>>, Allocation), Failure> {
    let known = entrants::player(&arguments.agent, scenario, arguments.time_limit)?;
    known.warning.iter().for_each(|warning| terminal.warn(warning));
    let failed = |error: String| Failure::run(format!("`{}` failed: {error}", arguments.agent));
    match known.player {
        Player::Inside(Entrant::Agent(recipe)) => {
            let (agent, answer) = follow(recipe.make(0), &scenario.brief, seen);
            Ok((Some(agent), answer))
        }
        Player::Outside(program) => {
            let mut process = program.start(&scenario.brief, 0).map_err(failed)?;
            let mut answer = Allocation::default();
            for observation in seen {
                answer = process.decide(observation).map_err(failed)?;
            }
            Ok((None, answer))
        }
        Player::Inside(Entrant::Oracle(_)) | Player::Absent(_) => {
            let oracle = Failure::usage(format!("`{}` plans with a world's hidden numbers", arguments.agent));
            Err(oracle.help("nobody knows those of the real one; `mpc` or a checkpoint plans without"))
        }
    }
}

/// Lets an agent decide every step it is shown; gives it back with its last decision.
fn follow(mut agent: Box<dyn Agent>, brief: &Brief, seen: &[Observation]) -> (Box<dyn Agent>, Allocation) {
    agent.start(brief);
    let mut answer = Allocation::default();
    for observation in seen {
        answer = agent.decide(observation);
    }
    (agent, answer)
}

/// What the scenario's limits leave of what is asked for, as an episode would find.
fn ruled(brief: &Brief, seen: &[Observation], asked: &Allocation) -> Ruling {
    let mut guard = Guard::new(&brief.limits, brief.budget, brief.steps);
    for observation in &seen[1..] {
        guard.book(observation.lines.iter().map(|report| report.spend));
        // A log does not say for which line: each that is paid by commission may be the one.
        let by_sale = brief.lines.iter().map(|line| line.pricing == Pricing::Commission);
        guard.reserve(by_sale.map(|by_sale| if by_sale { observation.reserved } else { Money::ZERO }));
    }
    let mut wish = asked.clone();
    wish.money.resize(brief.lines.len(), 0.0);
    brief.levers.ties(brief).iter().for_each(|tie| tie.share_out(&mut wish.money));
    let Some(now) = seen.last() else { return Ruling::default() };
    let previous: Vec<Money> = now.lines.iter().map(|report| report.granted).collect();
    let purse = Purse { cash: now.budget_left, credit: now.credit };
    let mut ruling = Ruling::default();
    guard.rule(now.step, purse, (now.step > 0).then_some(previous.as_slice()), &wish, &mut ruling);
    ruling
}

fn document(
    arguments: &cli::Recommend,
    scenario: &Arc<Scenario>,
    seen: &[Observation],
    asked: &Allocation,
    ruling: &Ruling,
    returns: &Returns,
    text: Option<&str>,
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
        line.reason = reason(&line, today.0, marginal, &returns.unit(scenario));
        line
    };
    let lines: Vec<Line> = (0..brief.lines.len()).map(line).collect();
    let day = brief.calendar.get(now.step);
    let spent: Money = seen.iter().flat_map(|seen| &seen.lines).map(|report| report.spend).sum();
    let revenue: Money = seen.iter().flat_map(|seen| &seen.lines).map(|report| report.revenue).sum();
    let steps_left = (brief.steps - now.step).max(1) as i64;
    let beside =
        arguments.beside.as_deref().map(|path| beside(path, brief, &granted, returns)).transpose()?;
    Ok(Document {
        schema: "outlay.recommend/1",
        version: VERSION,
        scenario: scenario_id(scenario),
        agent: arguments.agent.clone(),
        log_sha256: text.map(sha256),
        step: now.step,
        steps: brief.steps,
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
        beside,
    })
}

/// Reads a plan of somebody else, `line,money`, and weighs it.
fn beside(path: &Path, brief: &Brief, granted: &[f64], returns: &Returns) -> Result<Beside, Failure> {
    let text = read(path)?;
    let bad = |cause: String| {
        Failure::usage(format!("the plan `{}` cannot be used", path.display()))
            .because(cause)
            .help("it has the columns `line` and `money`, a row for each line, money in major units")
    };
    let mut money = vec![None; brief.lines.len()];
    let mut problems = Vec::new();
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| bad(error.to_string()))?.clone();
    let column = |name: &str| header.iter().position(|known| known.trim_start_matches('\u{feff}') == name);
    let (Some(line), Some(amount)) = (column("line"), column("money")) else {
        return Err(bad("a column `line` or `money` is missing".to_owned()));
    };
    for (row, record) in (2..).zip(reader.records()) {
        let record = record.map_err(|error| bad(error.to_string()))?;
        let (name, text) = (record.get(line).unwrap_or_default(), record.get(amount).unwrap_or_default());
        let place = brief.lines.iter().position(|known| known.name == name);
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
        match (place, number) {
            (None, _) => problems.push(format!("row {row}: there is no line `{name}`")),
            (_, None) => problems.push(format!("row {row}: `{text}` is no number of 0 or more")),
            (Some(place), Some(number)) => money[place] = Some(number),
        }
    }
    let missing = brief.lines.iter().zip(&money).filter(|(_, money)| money.is_none());
    problems.extend(missing.map(|(line, _)| format!("there is no row for `{}`", line.name)));
    if !problems.is_empty() {
        return Err(bad(problems.join("\n  ")));
    }
    let money: Vec<f64> = money.into_iter().flatten().collect();
    let middle: Vec<f64> = money.iter().zip(granted).map(|(a, b)| 0.5 * (a + b)).collect();
    let gain = |marginal: Marginal| {
        let each = marginal.returns.iter().zip(granted).zip(&money);
        each.map(|((each, ours), theirs)| each * (ours - theirs)).sum::<f64>() / returns.per
    };
    let lines: Vec<i64> = money.iter().map(|money| Money::from_major(*money).0).collect();
    Ok(Beside { total: lines.iter().sum(), lines, gain: returns.at(&middle).map(gain) })
}
