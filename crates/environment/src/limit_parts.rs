//! The limits of a scenario file.

use crate::limits::{Group, Hold, Limits, LineLimits};
use crate::money::Money;
use crate::observation::{LineBrief, Pricing};
use crate::reader::{Bounds, Section};

/// Reads `[limits]` of a scenario whose days have `per_day` steps.
pub(crate) fn read_limits(top: &mut Section<'_>, per_day: usize) -> Limits {
    let mut limits = Limits::default();
    if let Some(mut section) = top.section_if_any("limits") {
        limits.return_floor =
            section.number_if_any("return_floor", Bounds::above_zero("revenue per unit of spend"));
        limits.cost_cap =
            section.number_if_any("cost_cap", Bounds::above_zero("major units for each unit of the goal"));
        limits.step_cap = section
            .number_if_any("daily_cap", Bounds::above_zero("major units a day"))
            .map(Money::from_major);
        limits.largest_change =
            section.number_if_any("largest_change", Bounds::between(0.001, 100.0, "a fraction a step"));
        for mut hold in section.sections_if_any("hold") {
            let day = Bounds::between(0.0, 10_000.0, "day from which it may be spent");
            limits.holds.push(Hold {
                until_step: libm::round(hold.number("until_day", day) * per_day as f64) as usize,
                money: Money::from_major(hold.number("money", Bounds::at_least_zero("major units"))),
            });
            hold.finish();
        }
        section.finish();
    }
    limits
}

/// Reads the limits of a line in an episode of `steps` steps, of which `per_day` make a day.
pub(crate) fn read_line_limits(section: &mut Section<'_>, steps: usize, per_day: usize) -> LineLimits {
    let day = Bounds::between(0.0, steps as f64 / per_day as f64, "day of the episode, from 0");
    let money = Bounds::at_least_zero("major units a step");
    let step = |day: f64| libm::round(day * per_day as f64) as usize;
    LineLimits {
        first_step: section.number_if_any("first_day", day).map_or(0, step),
        end_step: section.number_if_any("end_day", day).map_or(steps, step),
        cap: section.number_if_any("cap", money).map(Money::from_major),
        floor: section.number_if_any("floor", money).map(Money::from_major),
        pin: section.number_if_any("pin", money).map(Money::from_major),
        before: section.number_if_any("before", money).map(Money::from_major),
        ..LineLimits::default()
    }
}

/// Reads `[[group]]`: lines with a limit of their own over the whole episode.
pub(crate) fn read_groups(top: &mut Section<'_>, lines: &[LineBrief], budget: Money) -> Vec<Group> {
    let mut groups = Vec::new();
    for mut section in top.sections_if_any("group") {
        let name = section.text("name", "a name for the group");
        let mut members: Vec<usize> = Vec::new();
        for wanted in section.texts("lines", "names of lines") {
            match lines.iter().position(|line| line.name == wanted) {
                Some(line) if lines[line].pricing == Pricing::Commission => {
                    let message = format!("`{wanted}` is paid by commission and cannot be in a group");
                    section.object("lines", message, "falls due later", "give the others a group instead");
                }
                Some(line) if !members.contains(&line) => members.push(line),
                Some(_) => section.object("lines", format!("`{wanted}` stands twice"), "again", ""),
                None => section.object("lines", format!("no line `{wanted}`"), "not found", ""),
            }
        }
        let share = Bounds::share("of the budget, for all of them together over the whole episode");
        let most = section.number("most_share", share);
        section.finish();
        groups.push(Group { name, lines: members, most: Money::from_major(most * budget.major()) });
    }
    groups
}
