//! Agents side by side, line by line: where each put its money, and what was credited there.

use super::Setting;
use crate::format::{UNDEFINED, number, or_undefined, percent};
use crate::phrases::fill;
use crate::results::{Finished, Line};

/// Share of spend, and what is credited of the goal for each 1,000 of spend.
pub(super) fn by_line(finished: &[&Finished], setting: &Setting<'_>) -> String {
    let phrases = setting.phrases();
    let unit = phrases.term(setting.scenario.goal.credited_unit());
    let credited_title = fill(phrases.credited_by_line, &[&unit, &setting.scenario.currency]);
    let share = |line: &Line| or_undefined(line.share_of_spend, percent);
    let credited = |line: &Line| or_undefined(line.credited_per_thousand, number);
    let mut text = table(phrases.share_by_line, finished, setting, share);
    text.push('\n');
    text + &table(&credited_title, finished, setting, credited)
}

/// A row for each line, a column for each agent.
fn table(
    title: &str,
    finished: &[&Finished],
    setting: &Setting<'_>,
    cell: impl Fn(&Line) -> String,
) -> String {
    let mut header = vec![title.to_owned()];
    header.extend(finished.iter().map(|agent| agent.name.clone()));
    let lines = setting.scenario.brief.lines.iter().enumerate();
    let rows = lines.map(|(place, line)| {
        let of = |agent: &&Finished| agent.evaluation.lines.get(place).map_or(UNDEFINED.into(), &cell);
        std::iter::once(line.name.clone()).chain(finished.iter().map(of)).collect()
    });
    setting.look.table(&header, rows)
}
