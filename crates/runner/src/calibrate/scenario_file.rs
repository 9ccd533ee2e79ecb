//! The scenario that a fit becomes: a curves world whose worlds are draws of the posterior.

use outlay_agent::calibrate::{ChannelDraw, Draw, Fit, History, outlook};

use super::cells::day_text;
use crate::format::number;

/// What a plan is about.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// Major units for all steps.
    pub(super) budget: f64,
    pub(super) steps: usize,
    pub(super) currency: String,
    /// Draws that are written, at most.
    pub(super) draws: usize,
    /// The file that the history stood in, without its folder.
    pub(super) source: String,
    /// What the outcome is called.
    pub(super) outcome: String,
    pub(super) margin: Option<f64>,
    /// Seed of what is drawn to say what comes without paid media.
    pub(super) seed: u64,
}

/// Share of what was spent before that is no longer worth a line in the file.
const FORGOTTEN: f64 = 1e-3;
/// Most steps before the plan that are written.
const MOST_BEFORE: usize = 400;

/// The file.
pub(super) fn text(history: &History, fit: &Fit, plan: &Plan) -> String {
    let unit = step_name(history.step_days);
    let day = |step: usize| history.first_day + step as i64 * i64::from(history.step_days);
    let draws = fit.thinned(plan.draws);
    let base =
        fit.interval(|draw| 1.0 - draw.channels.iter().map(|it| it.contribution).sum::<f64>() / fit.level);
    let share = fit.interval(Draw::noise)[1] / fit.level.abs().max(f64::MIN_POSITIVE);
    let summaries = fit.summaries();
    let mut text = format!(
        "# Response curves fitted to {source}: {steps} {unit}s from {first} to {end}, the outcome is `{outcome}`.\n\
         # Each list holds {count} equally likely draws of one posterior; a world takes all lists at the same place, so what was\n\
         # found together stays together. Beside them stand the median and the 90 % interval of all draws.\n\
         # What these curves do not hold: {base} of the outcome came without paid media (level, trend, season, controls), and\n\
         # comes whatever is spent: {coming} in the {ahead} {unit}s planned here. A season of the response itself was not\n\
         # looked for.\n\
         kind = \"curves\"\n\
         title = {title}\n\
         question = \"Where does the next unit of money bring most, given what {steps} {unit}s of history can tell?\"\n\
         # `{outcome}` caused, before noise{margin}.\n\
         goal = \"response\"\n\
         currency = {currency}\n\
         budget = {budget}\n\
         {unit}s = {ahead}\n\
         # The {unit} after the last of the history.\n\
         start_date = \"{start}\"\n\
         # On each line's response, so that their sum is as uncertain as {outcome} was ({share} of it a {unit}).\n\
         noise = {noise}\n",
        source = plan.source,
        steps = fit.rows,
        first = day_text(history.first_day),
        end = day_text(day(history.steps() - 1)),
        start = day_text(day(history.steps())),
        outcome = plan.outcome,
        count = draws.len(),
        base = triple(base, percent),
        coming = triple(
            outlook(fit, history, &vec![0.0; plan.steps * history.channels.len()], plan.seed).base,
            number
        ),
        title = quoted(&format!("Curves fitted to {}", plan.source)),
        margin = plan.margin.map_or_else(String::new, |margin| format!(
            "; of it {} is margin, so it breaks even at a return of {:.2}",
            percent(margin),
            1.0 / margin
        )),
        currency = quoted(&plan.currency),
        budget = figure(plan.budget),
        ahead = plan.steps,
        share = percent(share),
        noise = figure(fit.noise_of_responses().min(3.0)),
    );
    for (channel, (it, summary)) in history.channels.iter().zip(&summaries).enumerate() {
        let list = |of: fn(&ChannelDraw) -> f64| {
            let list: Vec<String> = draws.iter().map(|draw| figure(of(&draw.channels[channel]))).collect();
            format!("[{}]", list.join(", "))
        };
        let said =
            |of: fn(&ChannelDraw) -> f64| triple(fit.interval(|draw| of(&draw.channels[channel])), number);
        let first = fit.rows.saturating_sub(fit.memory(channel, FORGOTTEN).clamp(1, MOST_BEFORE));
        let before: Vec<String> = it.spend[first..fit.rows].iter().map(|spend| figure(*spend)).collect();
        text += &format!(
            "\n[[line]]\n\
             name = {name}\n\
             # Return on what was spent: {roi}; of the next unit a {unit} at {present} a {unit}: {marginal}. The most that was ever\n\
             # spent in a {unit} is {most}; beyond it the curve is the formula's. `cap = {most_figure}` keeps plans below.\n\
             curve = \"hill\"\n\
             # The most that a {unit} can bring: {value}.\n\
             value = {values}\n\
             # Spend a {unit} that, kept up, brings half of it: {half}.\n\
             daily_half = {halves}\n\
             # Steepness: {slope}.\n\
             slope = {slopes}\n\
             # Left of the stock after a {unit}: {retention}.\n\
             retention = {retentions}\n\
             # Spent before the plan begins, of which some is left.\n\
             history = [{history}]\n",
            name = quoted(&it.name),
            roi = triple(summary.return_on_spend, ratio),
            present = number(summary.present),
            marginal = triple(summary.marginal_return, ratio),
            most = number(summary.most),
            most_figure = figure(summary.most),
            value = said(|it| it.value),
            values = list(|it| it.value.clamp(0.0, 1e12)),
            half = said(|it| it.half),
            halves = list(|it| it.half.clamp(1e-6, 1e12)),
            slope = said(|it| it.slope),
            slopes = list(|it| it.slope),
            retention = said(|it| it.retention),
            retentions = list(|it| it.retention),
            history = before.join(", "),
        );
    }
    text
}

/// `day` or `week`
pub(super) fn step_name(step_days: u32) -> &'static str {
    if step_days == 7 { "week" } else { "day" }
}

/// `median [low, high]`
pub(super) fn triple([low, median, high]: [f64; 3], text: fn(f64) -> String) -> String {
    format!("{} [{}, {}]", text(median), text(low), text(high))
}

pub(super) fn ratio(value: f64) -> String {
    if value.abs() < 0.995 && value != 0.0 { number(value) } else { format!("{value:.2}") }
}

pub(super) fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

/// Six digits, as TOML takes them.
fn figure(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let digits = (5 - value.abs().log10().floor() as i32).clamp(0, 12) as usize;
    let text = format!("{value:.digits$}");
    let text =
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text };
    if text.is_empty() || text == "-" { "0".to_owned() } else { text }
}

/// A text as TOML has it.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for sign in text.chars() {
        match sign {
            '"' | '\\' => quoted.extend(['\\', sign]),
            control if control.is_control() => quoted += &format!("\\u{:04X}", control as u32),
            plain => quoted.push(plain),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_six_digits_and_no_zeros_behind() {
        assert_eq!(
            [0.0, 1234567.8, 0.5, 0.000_123_456_7, 12.0, 99.999_999].map(figure),
            ["0", "1234568", "0.5", "0.000123457", "12", "100"]
        );
        assert_eq!(quoted("a\"b\\c\n"), "\"a\\\"b\\\\c\\u000A\"");
    }
}
