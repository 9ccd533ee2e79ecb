//! The limits of a scenario, one by one: the scenario without it, and how often it bound.

use outlay_environment::{Episode, LimitKind, Limits, LineLimits, Money, Scenario, SoftLimit};

use super::alternatives::Alternative;
use crate::failure::Failure;
use crate::format::{major, number};
use crate::phrases::futures::Phrases;
use crate::phrases::{Language, fill};

/// One limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Limit {
    /// Judged, not enforced.
    Soft(SoftLimit),
    /// Most money in a step.
    StepCap(Money),
    /// Largest change of a line from step to step.
    LargestChange(f64),
    /// Money held for later, by its place.
    Hold(usize),
    /// Most money of a group, by its place.
    Group(usize),
    /// Most money of a line.
    Cap(usize, Money),
    /// Least money of a line.
    Floor(usize, Money),
    /// Exact money of a line.
    Pin(usize, Money),
    /// The steps in which a line may spend.
    Window(usize),
}

/// All limits of a scenario.
pub(super) fn of(scenario: &Scenario) -> Result<Vec<Limit>, Failure> {
    let limits = &scenario.brief.limits;
    let mut all: Vec<Limit> = limits.soft().map(Limit::Soft).collect();
    all.extend(limits.step_cap.map(Limit::StepCap));
    all.extend(limits.largest_change.map(Limit::LargestChange));
    all.extend((0..limits.holds.len()).map(Limit::Hold));
    all.extend((0..limits.groups.len()).map(Limit::Group));
    for (line, limits) in limits.lines.iter().enumerate() {
        all.extend(limits.cap.map(|cap| Limit::Cap(line, cap)));
        all.extend(limits.floor.map(|floor| Limit::Floor(line, floor)));
        all.extend(limits.pin.map(|pin| Limit::Pin(line, pin)));
        let whole = limits.first_step == 0 && limits.end_step >= scenario.brief.steps;
        all.extend((!whole).then_some(Limit::Window(line)));
    }
    if all.is_empty() {
        return Err(Failure::usage(format!("`{}` has no limits", scenario.name))
            .help("`--set limits.daily_cap=12000` or `--pin LINE=MONEY` says what one would cost"));
    }
    Ok(all)
}

/// The scenario without each of its limits, and, where there are several, without all.
pub(super) fn without_each(scenario: &Scenario, all: &[Limit], phrases: &Phrases) -> Vec<Alternative> {
    let without = |name: String, removed: &[Limit]| {
        let mut limits = scenario.brief.limits.clone();
        // Places in lists stay what they are until all is taken out.
        for limit in removed.iter().rev() {
            limit.remove(&mut limits, scenario.brief.steps);
        }
        Alternative { name, scenario: scenario.with_limits(limits) }
    };
    let each = all.iter().map(|limit| without(limit.name(scenario, phrases), std::slice::from_ref(limit)));
    let together = (all.len() > 1).then(|| without(phrases.all_of_them.to_owned(), all));
    each.chain(together).collect()
}

/// A soft limit's name: in English its key.
fn soft_name(soft: SoftLimit, phrases: &Phrases) -> String {
    match phrases.language {
        Language::En => soft.name().to_owned(),
        language => language.term(soft.name()),
    }
}

impl Limit {
    /// As a planner calls it.
    fn name(self, scenario: &Scenario, phrases: &Phrases) -> String {
        let (brief, limits) = (&scenario.brief, &scenario.brief.limits);
        let days = |step: usize| number(step as f64 * brief.step_days);
        let of_line =
            |line: usize, what: &str, money: Money| fill(what, &[&brief.lines[line].name, &major(money.0)]);
        match self {
            Self::Soft(soft) => format!("{} {}", soft_name(soft, phrases), number(soft.level())),
            Self::StepCap(cap) => fill(phrases.limit_step_cap, &[&major(cap.0)]),
            Self::LargestChange(change) => fill(phrases.limit_change, &[&number(change)]),
            Self::Hold(place) => {
                let hold = limits.holds[place];
                fill(phrases.limit_hold, &[&major(hold.money.0), &days(hold.until_step)])
            }
            Self::Group(place) => {
                let group = &limits.groups[place];
                fill(phrases.limit_group, &[&group.name, &major(group.most.0)])
            }
            Self::Cap(line, cap) => of_line(line, phrases.limit_cap, cap),
            Self::Floor(line, floor) => of_line(line, phrases.limit_floor, floor),
            Self::Pin(line, pin) => of_line(line, phrases.limit_pin, pin),
            Self::Window(line) => {
                let LineLimits { first_step, end_step, .. } = limits.lines[line];
                let ends = [days(first_step), days(end_step.min(brief.steps))];
                fill(phrases.limit_window, &[&brief.lines[line].name, &ends[0], &ends[1]])
            }
        }
    }

    fn remove(self, limits: &mut Limits, steps: usize) {
        match self {
            Self::Soft(SoftLimit::ReturnFloor(_)) => limits.return_floor = None,
            Self::Soft(SoftLimit::CostCap(_)) => limits.cost_cap = None,
            Self::StepCap(_) => limits.step_cap = None,
            Self::LargestChange(_) => limits.largest_change = None,
            Self::Hold(place) => _ = limits.holds.remove(place),
            Self::Group(place) => _ = limits.groups.remove(place),
            Self::Cap(line, _) => limits.lines[line].cap = None,
            Self::Floor(line, _) => limits.lines[line].floor = None,
            Self::Pin(line, _) => limits.lines[line].pin = None,
            Self::Window(line) => (limits.lines[line].first_step, limits.lines[line].end_step) = (0, steps),
        }
    }

    /// Whether the money stood at the limit in the step that was just played, whoever kept it there: the guard, or an
    /// agent that knows the limit. A soft limit binds nobody.
    pub(super) fn binds(self, episode: &Episode) -> bool {
        let (limits, ledger) = (&episode.world().scenario.brief.limits, episode.ledger());
        let step = ledger.steps() - 1;
        let rows = ledger.step(step);
        let stopped = |line: usize, limit| episode.ruling().bound.get(line) == Some(&Some(limit));
        let any = |limit| (0..rows.len()).any(|line| stopped(line, limit));
        // Money divided over lines may stay below a sum by a minor unit each.
        let rounding = Money(rows.len() as i64);
        match self {
            Self::Soft(_) => false,
            Self::StepCap(cap) => rows.iter().map(|row| row.granted).sum::<Money>() >= cap - rounding,
            Self::LargestChange(_) => any(LimitKind::LargestChange),
            Self::Hold(place) => {
                let free = ledger.budget - limits.held(step);
                step < limits.holds[place].until_step
                    && (any(LimitKind::Hold) || ledger.cash() >= free - rounding)
            }
            Self::Group(place) => {
                let group = &limits.groups[place];
                let spent: Money = group.lines.iter().map(|line| ledger.line(*line).spend).sum();
                group.lines.iter().any(|line| stopped(*line, LimitKind::Group))
                    || spent >= group.most - rounding
            }
            Self::Cap(line, cap) => limits.lines[line].is_open(step) && rows[line].granted >= cap,
            Self::Floor(line, floor) => limits.lines[line].is_open(step) && rows[line].granted <= floor,
            Self::Pin(line, _) => limits.lines[line].is_open(step),
            Self::Window(line) => !limits.lines[line].is_open(step),
        }
    }
}
