//! Reads a curves world, or a puzzle, from its scenario file.

use super::settings::{CurveLineSettings, CurveSettings, Delay, Synergy, UncertainCurve};
use crate::limit_parts::read_line_limits;
use crate::limits::Limits;
use crate::observation::{CalendarStep, CurvePrior, LineBrief, Pricing};
use crate::reader::{Bounds, Drawn, Section, Uncertain};
use crate::scenario_parts::line_name;

/// Days of a week.
const WEEK: f64 = 7.0;

/// Reads the lines of a curves world and, line by line, their limits; also what agents are told of them, the calendar, and
/// the length of a step in days.
pub(crate) fn read_curves(
    top: &mut Section<'_>,
    limits: &mut Limits,
) -> Option<(CurveSettings, Vec<LineBrief>, Vec<CalendarStep>, f64)> {
    let weeks = top.whole_if_any("weeks", Bounds::between(1.0, 2_000.0, "weeks"));
    let calendar = read_steps(top, weeks);
    let steps = calendar.len();
    let noise =
        top.number_if_any("noise", Bounds::between(0.0, 3.0, "of the natural logarithm")).unwrap_or(0.0);
    let delay = top.section_if_any("delay").map(|mut section| {
        let later = section.number("later", Bounds::between(0.0, 0.999, "share of what is still to come"));
        let after_end = [("counted", true), ("lost", false)];
        let counted_after_end = section.choice("after_end", &after_end).unwrap_or(true);
        section.finish();
        Delay { later, counted_after_end }
    });
    let synergy = top.section_if_any("synergy").map(|mut section| {
        let synergy = Synergy {
            density: section.number("density", Bounds::share("of entries that are not zero")),
            spread: section.number("spread", Bounds::between(0.0, 10.0, "standard deviation of an entry")),
            positive: section.flag("positive", "whether entries are made positive"),
        };
        section.finish();
        synergy
    });
    let mut lines: Vec<CurveLineSettings> = Vec::new();
    let mut briefs = Vec::new();
    let mut draws = None;
    for mut section in top.sections("line") {
        let name = line_name(&mut section, lines.iter().map(|line| line.name.as_str()));
        let curve = read_curve(&mut section);
        let share = Bounds::between(0.0, 0.999, "share of the stock that is left after a step");
        let zero = Bounds::at_least_zero("major units");
        let line = CurveLineSettings {
            name: name.clone(),
            curve,
            retention: section
                .drawn_if_any("retention", share)
                .unwrap_or(Drawn::Alone(Uncertain::Fixed(0.0))),
            stock: section.number_if_any("stock", zero).unwrap_or(0.0),
            history: section.list_if_any("history", zero),
            quadratic_cost: section
                .number_if_any("quadratic_cost", Bounds::at_least_zero("c in c / 2 * spend^2"))
                .unwrap_or(0.0),
            drift: section
                .number_if_any("drift", Bounds::between(0.0, 1.0, "of the logarithm, a day"))
                .unwrap_or(0.0),
        };
        for (key, length) in line.lists() {
            let first = *draws.get_or_insert(length);
            if length != first {
                let message =
                    format!("`{key}` has {length} draws where the first list of the file has {first}");
                section.object(key, message, "another length", "a world takes all lists at the same place");
            }
        }
        if synergy.is_some() && matches!(line.curve, UncertainCurve::Power { .. }) {
            section.object("curve", "synergy needs curves with a ceiling", "a power", "use `hill`");
        }
        let week = if weeks.is_some() { None } else { section.section_if_any("week") };
        let season = week.map(|mut week| {
            let amplitude = week.number("amplitude", Bounds::between(0.0, 0.999, "share of the mean"));
            let peak = week.number("peak_day", Bounds::between(0.0, 7.0, "days from the first day"));
            week.finish();
            let wave = |step: usize| libm::cos(std::f64::consts::TAU * (step as f64 - peak) / 7.0);
            (0..steps).map(|step| calendar[step].demand * (1.0 + amplitude * wave(step))).collect()
        });
        limits.lines.push(read_line_limits(&mut section, steps, 1));
        section.finish();
        let (curve, retention) = line.median();
        briefs.push(LineBrief {
            season: season.unwrap_or_default(),
            prior: Some(CurvePrior {
                curve,
                retention,
                stock: line.opening_stock(retention),
                quadratic_cost: line.quadratic_cost,
            }),
            ..plain_line(name)
        });
        lines.push(line);
    }
    let step_days = if weeks.is_some() { WEEK } else { 1.0 };
    let settings = CurveSettings { noise, delay, synergy, draws: draws.unwrap_or(0), lines };
    Some((settings, briefs, calendar, step_days))
}

/// Reads a world of lines without any figures of their own.
pub(crate) fn read_puzzle(
    top: &mut Section<'_>,
    limits: &mut Limits,
) -> Option<(Vec<LineBrief>, Vec<CalendarStep>)> {
    let calendar = read_steps(top, None);
    let mut lines: Vec<LineBrief> = Vec::new();
    for mut section in top.sections("line") {
        let name = line_name(&mut section, lines.iter().map(|line| line.name.as_str()));
        limits.lines.push(read_line_limits(&mut section, calendar.len(), 1));
        section.finish();
        lines.push(plain_line(name));
    }
    Some((lines, calendar))
}

fn plain_line(name: String) -> LineBrief {
    LineBrief::new(name, Pricing::Curve)
}

fn read_curve(section: &mut Section<'_>) -> UncertainCurve {
    let value = section.drawn("value", Bounds::between(0.0, 1e12, "units of the goal"));
    let positive = Bounds::between(1e-6, 1e12, "major units");
    let Some(is_hill) = section.choice("curve", &[("power", false), ("hill", true)]) else {
        // What else is wrong with a curve of no known kind cannot be said; its keys are known all the same.
        for key in ["exponent", "half", "daily_half", "slope"] {
            section.drawn_if_any(key, Bounds::at_least_zero("of the curve"));
        }
        return UncertainCurve::Power { value, exponent: Drawn::Alone(Uncertain::Fixed(1.0)) };
    };
    if !is_hill {
        let exponent = section.drawn("exponent", Bounds::between(0.01, 1.0, "1 is a line"));
        return UncertainCurve::Power { value, exponent };
    }
    let (half, daily) = match section.drawn_if_any("half", positive) {
        Some(half) => (half, false),
        None => (section.drawn("daily_half", positive), true),
    };
    let steep = Bounds::between(0.05, 20.0, "1 is concave, more is S-shaped");
    let slope = section.drawn_if_any("slope", steep).unwrap_or(Drawn::Alone(Uncertain::Fixed(1.0)));
    UncertainCurve::Hill { value, half, daily, slope }
}

/// The steps of a world without a calendar file: so many `weeks`, or else its `days`, and factors on them.
fn read_steps(top: &mut Section<'_>, weeks: Option<u64>) -> Vec<CalendarStep> {
    let steps = weeks.unwrap_or_else(|| top.whole("days", Bounds::between(1.0, 2_000.0, "days"))) as usize;
    let factor = Bounds::between(0.0, 1e3, "response relative to an ordinary day");
    let season = top.numbers_if_any("season", steps, factor);
    let mut calendar: Vec<CalendarStep> = (0..steps)
        .map(|step| CalendarStep {
            hour: 0.0,
            hour_traffic: 1.0,
            phase: "ordinary".to_owned(),
            phase_index: 0,
            weekday: if weeks.is_some() { 0 } else { (step % 7) as u8 },
            traffic: 1.0,
            demand: season.as_ref().and_then(|season| season.get(step)).copied().unwrap_or(1.0),
            price: 1.0,
        })
        .collect();
    for mut section in top.sections_if_any("promotion") {
        let day =
            section.whole("day", Bounds::between(0.0, steps as f64 - 1.0, "day of the episode, from 0"));
        let factor = section.number("factor", factor);
        section.finish();
        if let Some(step) = calendar.get_mut(day as usize) {
            step.phase = "promotion".to_owned();
            step.phase_index = 1;
            step.demand *= factor;
        }
    }
    calendar
}
