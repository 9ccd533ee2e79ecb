//! What the flags mean: each a scenario that differs from the one as it is.

use std::sync::Arc;

use outlay_environment::{CalendarStep, Change, Money, Scenario, suggestion};

use crate::cli;
use crate::failure::Failure;
use crate::format::{major, number};
use crate::phrases::fill;
use crate::phrases::futures::Phrases;
use crate::plan;

/// Budgets of the curve, as multiples of the one as it is.
const CURVE: [f64; 6] = [0.25, 0.5, 0.75, 1.25, 1.5, 2.0];
/// Days by which the season is moved: whole weeks, so that weekdays stay what they are.
const WEEK: f64 = 7.0;
/// What is left of the demand of the strongest phase, and how much dearer rivals make it.
const WEAKER_PEAK: f64 = 0.7;
const DEARER_PEAK: f64 = 1.5;
/// What is left of all visits, and how much dearer everything is, all season.
const FEWER_VISITS: f64 = 0.8;
const DEARER: f64 = 1.2;

/// A scenario that differs from the one as it is.
#[derive(Debug, Clone)]
pub(super) struct Alternative {
    /// What is other.
    pub(super) name: String,
    /// The scenario.
    pub(super) scenario: Arc<Scenario>,
}

/// The alternatives that flags ask for, in the order budget, set, price, drop, pin.
pub(super) fn of_flags(
    typed: &str,
    base: &Scenario,
    changes: &cli::Changes,
    phrases: &Phrases,
) -> Result<Vec<Alternative>, Failure> {
    let mut edits = Vec::new();
    for budget in &changes.budget {
        let money = plan::money(base, *budget)?;
        edits.push(Edit::File(named_budget(base, money, phrases), vec![plan::set_budget(money)]));
    }
    for text in &changes.set {
        edits.push(Edit::File(text.clone(), vec![Change::set("--set", text)]));
    }
    for cli::LinePrice { line, factor } in &changes.price {
        edits.push(Edit::Price(line.clone(), *factor));
    }
    for line in &changes.drop {
        let name = fill(phrases.without_line, &[line]);
        edits.push(Edit::File(name, vec![Change::without_line("--drop", line)]));
    }
    for cli::LineMoney { line, money } in &changes.pin {
        let bare = line.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
        let key = if bare { line.clone() } else { format!("{line:?}") };
        let change = Change::set("--pin", &format!("line.{key}.pin={money}"));
        edits.push(Edit::File(fill(phrases.line_at, &[line, &number(*money)]), vec![change]));
    }
    if changes.together {
        return Ok(vec![alternative(typed, &edits, phrases)?]);
    }
    edits.iter().map(|edit| alternative(typed, std::slice::from_ref(edit), phrases)).collect()
}

/// The scenario with this much more, or less, to spend.
pub(super) fn with_more(
    typed: &str,
    base: &Scenario,
    more: Money,
    phrases: &Phrases,
) -> Result<Alternative, Failure> {
    let money = base.brief.budget + more;
    if money < Money::ZERO {
        return Err(Failure::usage(format!(
            "{} {} cannot be taken from a budget of {}",
            major(-more.0),
            base.currency,
            major(base.brief.budget.0)
        )));
    }
    alternative(
        typed,
        &[Edit::File(named_budget(base, money, phrases), vec![plan::set_budget(money)])],
        phrases,
    )
}

/// Other budgets, the smallest first.
pub(super) fn of_curve(typed: &str, base: &Scenario, phrases: &Phrases) -> Result<Vec<Alternative>, Failure> {
    let budgets = CURVE.map(|times| Money::from_major(times * base.brief.budget.major()));
    budgets.into_iter().map(|money| with_more(typed, base, money - base.brief.budget, phrases)).collect()
}

/// Other seasons: moved by a week, with a weaker or dearer peak, weaker or dearer as a whole.
pub(super) fn of_stress(base: &Scenario, phrases: &Phrases) -> Result<Vec<Alternative>, Failure> {
    let calendar = &base.brief.calendar;
    let week = (WEEK / base.brief.step_days).round() as usize;
    let mut seasons: Vec<(String, Vec<CalendarStep>)> = Vec::new();
    if let (true, [first, .., last]) = (calendar.len() >= 2 * week, &calendar[..]) {
        let moved = |from: &dyn Fn(usize) -> Option<usize>, edge: &CalendarStep| -> Vec<CalendarStep> {
            let moved = |(step, day)| match from(step).and_then(|from| calendar.get(from)) {
                Some(from) => from.clone(),
                None => prolonged(calendar, edge, day),
            };
            calendar.iter().enumerate().map(moved).collect()
        };
        seasons.push((phrases.week_later.into(), moved(&|step| step.checked_sub(week), first)));
        seasons.push((phrases.week_earlier.into(), moved(&|step| step.checked_add(week), last)));
    }
    let strongest = |day: &&CalendarStep| calendar.iter().all(|other| other.demand <= day.demand);
    let peak = calendar.iter().find(strongest);
    let changed = |phase: Option<usize>, change: &dyn Fn(&mut CalendarStep)| -> Vec<CalendarStep> {
        let mut season = calendar.clone();
        let concerned = season.iter_mut().filter(|day| phase.is_none_or(|phase| day.phase_index == phase));
        concerned.for_each(change);
        season
    };
    if let Some(peak) = peak.filter(|peak| calendar.iter().any(|day| day.phase_index != peak.phase_index)) {
        let (name, place) = (&peak.phase, Some(peak.phase_index));
        let weaker = changed(place, &|day| day.demand *= WEAKER_PEAK);
        seasons.push((fill(phrases.weaker_peak, &[name]), weaker));
        seasons.push((fill(phrases.dearer_peak, &[name]), changed(place, &|day| day.price *= DEARER_PEAK)));
    }
    seasons.push((phrases.fewer_visits.into(), changed(None, &|day| day.traffic *= FEWER_VISITS)));
    seasons.push((phrases.dearer.into(), changed(None, &|day| day.price *= DEARER)));
    let alternative = |(name, season)| {
        let scenario = base.with_calendar(season).ok_or_else(|| {
            Failure::usage(format!("`{}` has no calendar that could be moved", base.name))
                .help("only scenarios of shoppers have; `--set` changes figures of the others")
        })?;
        Ok(Alternative { name, scenario })
    };
    seasons.into_iter().map(alternative).collect()
}

/// What `edge`, the first or the last step of a calendar, would be at the place of another step: the same phase on another
/// weekday, as other phases tell weekdays apart.
fn prolonged(calendar: &[CalendarStep], edge: &CalendarStep, place: &CalendarStep) -> CalendarStep {
    let of_day = |day: &CalendarStep| day.traffic / day.hour_traffic;
    let pairs = calendar.iter().filter(|day| day.weekday == place.weekday).filter_map(|day| {
        let same =
            |other: &&CalendarStep| other.phase_index == day.phase_index && other.weekday == edge.weekday;
        calendar.iter().find(same).map(|other| of_day(day) / of_day(other))
    });
    let ratio = pairs.into_iter().next().unwrap_or(1.0);
    CalendarStep {
        weekday: place.weekday,
        hour: place.hour,
        hour_traffic: place.hour_traffic,
        traffic: of_day(edge) * ratio * place.hour_traffic,
        ..edge.clone()
    }
}

/// One change.
enum Edit {
    /// Its name, and what is laid over the file.
    File(String, Vec<Change>),
    /// A line and the factor on what it buys at.
    Price(String, f64),
}

impl Edit {
    fn name(&self, phrases: &Phrases) -> String {
        match self {
            Self::File(name, _) => name.clone(),
            Self::Price(line, factor) => fill(phrases.priced, &[line, &factor.to_string()]),
        }
    }
}

fn alternative(typed: &str, edits: &[Edit], phrases: &Phrases) -> Result<Alternative, Failure> {
    let changes: Vec<Change> = (edits.iter())
        .flat_map(|edit| match edit {
            Edit::File(_, changes) => changes.clone(),
            Edit::Price(..) => Vec::new(),
        })
        .collect();
    let mut scenario = Scenario::load_changed(typed, &changes)?;
    for edit in edits {
        if let Edit::Price(line, factor) = edit {
            scenario = dearer(&scenario, line, *factor)?;
        }
    }
    let names: Vec<String> = edits.iter().map(|edit| edit.name(phrases)).collect();
    Ok(Alternative { name: names.join(phrases.and), scenario })
}

fn dearer(scenario: &Scenario, line: &str, factor: f64) -> Result<Arc<Scenario>, Failure> {
    let lines: Vec<&str> = scenario.brief.lines.iter().map(|line| line.name.as_str()).collect();
    let Some(place) = lines.iter().position(|name| *name == line) else {
        let failure = Failure::usage(format!("`--price`: `{}` has no line `{line}`", scenario.name));
        return Err(plan::did_you_mean(failure, suggestion(line, &lines))
            .help(format!("its lines are {}", plan::list(lines.iter().copied()))));
    };
    scenario.with_price(place, factor).ok_or_else(|| {
        Failure::usage(format!("`--price`: lines of `{}` have no price", scenario.name))
            .help("only lines of scenarios with shoppers have; `--set` changes figures of the others")
    })
}

/// `budget 310,000 (+10,000)`
fn named_budget(base: &Scenario, money: Money, phrases: &Phrases) -> String {
    let more = money - base.brief.budget;
    let sign = if more < Money::ZERO { "" } else { "+" };
    fill(phrases.budget_now, &[&major(money.0), &format!("{sign}{}", major(more.0))])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phrases::Language;

    /// The season moves as a whole: no phase comes twice, weekdays stay what they are.
    #[test]
    fn a_season_is_moved_by_a_week() {
        let base = Scenario::load("new-customer").unwrap();
        let seasons = of_stress(&base, Phrases::of(Language::En)).unwrap();
        let phases = |place: usize| -> Vec<(String, usize)> {
            let mut phases: Vec<(String, usize)> = Vec::new();
            for day in &seasons[place].scenario.brief.calendar {
                match phases.last_mut() {
                    Some((name, days)) if *name == day.phase => *days += 1,
                    _ => phases.push((day.phase.clone(), 1)),
                }
            }
            phases
        };
        let named = |phases: &[(&str, usize)]| -> Vec<(String, usize)> {
            phases.iter().map(|(name, days)| ((*name).to_owned(), *days)).collect()
        };
        assert_eq!(phases(0), named(&[("warm-up", 19), ("opening", 3), ("climax", 10)]));
        assert_eq!(
            phases(1),
            named(&[("warm-up", 5), ("opening", 3), ("climax", 12), ("peak", 3), ("return", 9)])
        );
        for season in &seasons {
            for (day, place) in season.scenario.brief.calendar.iter().zip(&base.brief.calendar) {
                assert_eq!((day.weekday, day.hour), (place.weekday, place.hour));
            }
        }
        // The return is two days of the file, 19 and 20 June; a Monday of it is as much above a Sunday as any other.
        let early = &seasons[1].scenario.brief.calendar;
        let monday = early.iter().find(|day| day.phase == "return" && day.weekday == 0).unwrap();
        assert!((monday.traffic - 0.9 * 1.079).abs() < 1e-12, "{}", monday.traffic);
    }
}
