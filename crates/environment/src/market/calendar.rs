//! Calendar files: phases of a season, weekdays, and hours of the day where steps are that short.

use crate::observation::CalendarStep;
use crate::reader::{Bounds, Section};

/// Half-hours in a day.
pub(crate) const HALF_HOURS: usize = 48;
/// Names of weekdays in files, Monday first.
pub(crate) const WEEKDAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
/// Most steps of a season: 400 days in half hours. Assumed.
const MOST_STEPS: usize = 400 * HALF_HOURS;

/// Reads a calendar as steps of which `per_day` make a day: 1 or [`HALF_HOURS`].
pub(crate) fn read_calendar(top: &mut Section<'_>, per_day: usize) -> (String, Vec<CalendarStep>) {
    let title = top.text("title", "one line for people");
    let named: Vec<(&str, usize)> = WEEKDAYS.iter().enumerate().map(|(i, name)| (*name, i)).collect();
    let first_weekday = top.choice("first_weekday", &named).unwrap_or(0);
    let weekday_traffic = top.numbers("weekday_traffic", 7, Bounds::above_zero("relative to the mean day"));
    let time_of_day =
        Bounds::above_zero("visits in each half hour relative to the mean of the day, from midnight");
    let half_hours = top.numbers_if_any("half_hour_traffic", HALF_HOURS, time_of_day);
    let hourly = half_hours.filter(|_| per_day == HALF_HOURS);
    if hourly.is_none() && per_day == HALF_HOURS {
        let help = "48 numbers, from midnight, with mean 1";
        top.object("title", "steps of half an hour need `half_hour_traffic`", "in this calendar", help);
    }
    let factor = Bounds::above_zero("relative to an ordinary day");
    let mut steps = Vec::new();
    for (phase_index, mut section) in top.sections("phase").into_iter().enumerate() {
        let phase = section.text("name", "name of the phase");
        let length = phase_steps(&mut section, per_day);
        let (traffic, demand, price) = (
            section.number("traffic", factor),
            section.number("demand", factor),
            section.number("price", factor),
        );
        if steps.len() + length > MOST_STEPS {
            let message = format!("a season of more than {MOST_STEPS} steps");
            section.object("name", message, "from here on", "leave out phases, or make them shorter");
            break;
        }
        section.finish();
        for _ in 0..length {
            let weekday = (first_weekday + steps.len() / per_day) % 7;
            let hour_traffic = hourly.as_ref().map_or(1.0, |hourly| hourly[steps.len() % per_day]);
            steps.push(CalendarStep {
                phase: phase.clone(),
                phase_index,
                weekday: weekday as u8,
                hour: 24.0 * (steps.len() % per_day) as f64 / per_day as f64,
                traffic: traffic * weekday_traffic[weekday] * hour_traffic,
                demand,
                price,
                hour_traffic,
            });
        }
    }
    (title, steps)
}

/// Length of a phase in steps: in whole days, or in hours where steps are that short.
fn phase_steps(section: &mut Section<'_>, per_day: usize) -> usize {
    let most = Bounds::between(0.5, 400.0 * 24.0, "hours");
    let Some(hours) = section.number_if_any("hours", most) else {
        return section.whole("days", Bounds::between(1.0, 400.0, "days")) as usize * per_day;
    };
    let steps = hours * per_day as f64 / 24.0;
    if steps.fract() != 0.0 {
        let message = format!("{hours} hours are no whole number of steps");
        let help = "a scenario with `step = \"half-hour\"` has steps that short";
        section.object("hours", message, "too fine", help);
    }
    steps as usize
}

/// Whole steps that make at least so many days.
pub(crate) fn steps_in(days: f64, step_days: f64) -> usize {
    // A quotient that is whole but for rounding is whole.
    libm::ceil(days / step_days - 1e-9) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_whole_steps() {
        let half_hour = 1.0 / HALF_HOURS as f64;
        assert_eq!([0.0, 0.5, 1.0, 7.0].map(|days| steps_in(days, 1.0)), [0, 1, 1, 7]);
        assert_eq!([0.0, 0.5, 1.0, 7.0].map(|days| steps_in(days, half_hour)), [0, 24, 48, 336]);
    }
}
