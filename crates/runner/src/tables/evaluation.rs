//! The page of `outlay evaluate`.

use super::{BOLD, Setting, definitions, kept, quoted, time_to_pass};
use crate::format::{
    UNDEFINED, interval, major, number, or_undefined, percent, ratio, seconds, share, short, signed,
};
use crate::look::Look;
use crate::phrases::fill;
use crate::phrases::judging::Phrases;
use crate::results::{Evaluation, TierReached};

/// `outlay evaluate`
pub(crate) fn evaluation(name: &str, result: &Evaluation, setting: &Setting<'_>) -> String {
    let look = setting.look;
    let phrases = setting.phrases();
    let who = format!("{BOLD}{name}{BOLD:#}");
    let mut text = look.heading(3, fill(phrases.heading_of, &[&who, &setting.heading()]));
    let currency = &setting.scenario.currency;
    text.push('\n');
    text += &look.facts(&fact_rows(result, setting, currency));
    text.push('\n');
    text += &lines_table(result, setting);
    text.push('\n');
    if setting.scenario.market().is_some() {
        text += &stages_table(result, look, phrases);
        text.push('\n');
    }
    let truth = result.lines.iter().any(|line| line.truth.is_some());
    let mut notes = definitions(result.returns.break_even, truth, phrases);
    if result.lines.iter().any(|line| line.leaked.is_some()) {
        notes += phrases.leaked_defined;
    }
    if let Some(worst) = result.score.worst.first().filter(|_| result.per_seed.len() > 1) {
        let (agent, scenario) = (quoted(&result.agent), quoted(setting.typed));
        let noise = if worst.noise > 0 { format!(":{}", worst.noise) } else { String::new() };
        let command = format!("outlay evaluate {agent} {scenario} --replay {}{noise}", worst.seed);
        notes += &fill(phrases.replay_worst, &[&command]);
    }
    notes += &setting.footing();
    look.page(text + &look.notes(&notes))
}

fn fact_rows(result: &Evaluation, setting: &Setting<'_>, currency: &str) -> Vec<[String; 2]> {
    let (score, phrases) = (&result.score, setting.phrases());
    let mut rows = vec![
        [
            phrases.term(&score.unit),
            fill(
                phrases.average,
                &[&number(score.mean), &number(score.iqm), &interval(score.iqm_ci95, number)],
            ),
        ],
        [
            phrases.spread.into(),
            fill(phrases.spread_of, &[&number(score.p10), &number(score.p50), &number(score.p90)]),
        ],
        [phrases.worst_seeds.into(), worst_seeds(result, setting)],
        [phrases.without_spending.into(), number(score.without_spend)],
        [
            phrases.spend.into(),
            fill(
                phrases.spend_of,
                &[
                    &major(result.spend.mean),
                    currency,
                    &major(result.spend.budget),
                    &major(result.spend.max),
                    &major(result.spend.unspent),
                ],
            ),
        ],
        [
            phrases.roi.into(),
            fill(
                phrases.roi_of,
                &[
                    &or_undefined(result.returns.reported, ratio),
                    &or_undefined(result.returns.incremental, ratio),
                    &or_undefined(result.returns.profit, ratio),
                    &or_undefined(result.returns.break_even, ratio),
                ],
            ),
        ],
    ];
    if let Some(answer) = &setting.scenario.answer {
        let reached = share(score.mean / answer.value);
        let text = fill(phrases.answer_reached, &[&format!("{:.6}", answer.value), &reached]);
        rows.push([phrases.known_answer.into(), text]);
    }
    for promise in &result.promises {
        let interval = interval(promise.kept_ci95, percent);
        let values = [kept(promise, phrases), percent(promise.kept), interval];
        rows.push([
            phrases.term(promise.limit),
            fill(phrases.on_seeds, &values.each_ref().map(String::as_str)),
        ]);
    }
    if let Some(last_year) = &result.last_year {
        let [median, never] = time_to_pass(last_year, setting.scenario.brief.step_days, phrases);
        let revenue = major(last_year.revenue);
        let text = fill(phrases.last_year_passed, &[&revenue, currency, &median, &never]);
        rows.push([phrases.last_year.into(), text]);
    }
    rows.extend(result.tier.iter().map(|tier| [phrases.tier.into(), tier_reached(tier, phrases)]));
    rows.push([phrases.limits_broken.into(), result.violations.to_string()]);
    if let Some(time) = result.seconds_per_decision {
        rows.push([phrases.per_decision.into(), seconds(time)]);
    }
    rows
}

/// A merchant's tier in a sentence.
pub(crate) fn tier_reached(tier: &TierReached, phrases: &Phrases) -> String {
    let mut text = fill(phrases.tier_start, &[tier.start]);
    for (place, (name, seeds)) in tier.reached.iter().enumerate() {
        text += if place > 0 { phrases.comma } else { "" };
        text += &fill(phrases.tier_on, &[name, &percent(*seeds)]);
    }
    text += &fill(phrases.tier_index, &[&ratio(tier.index)]);
    if let (Some(next), Some(lacking)) = (tier.next, tier.to_next) {
        text += &fill(phrases.tier_next, &[tier.usual, &ratio(lacking), next]);
    }
    text
}

fn worst_seeds(result: &Evaluation, setting: &Setting<'_>) -> String {
    let worst = result.score.worst.iter().map(|worst| {
        let noise = fill(setting.phrases().noise, &[&worst.noise.to_string()]);
        let noise = if setting.noise > 1 { noise } else { String::new() };
        format!("{}{noise} ({})", worst.seed, number(worst.score))
    });
    worst.collect::<Vec<_>>().join(", ")
}

fn lines_table(result: &Evaluation, setting: &Setting<'_>) -> String {
    let phrases = setting.phrases();
    let truth = result.lines.iter().any(|line| line.truth.is_some());
    let total: i64 = result.lines.iter().map(|line| line.spend).sum();
    let shoppers = setting.scenario.market().is_some();
    let mut header = vec![phrases.line.to_owned(), setting.spend(), phrases.share.into()];
    if shoppers {
        header.extend([phrases.clicks, phrases.orders, phrases.new_customers].map(Into::into));
    }
    let leaks = result.lines.iter().any(|line| line.leaked.is_some());
    if leaks {
        header.push(phrases.leaked.into());
    }
    header.push(phrases.roi_reported.into());
    if truth {
        let caused = fill(phrases.caused, &[&phrases.term(&result.score.unit)]);
        header.extend([phrases.roi_incremental.to_owned(), caused]);
    }
    let rows = result.lines.iter().map(|line| {
        let share = if total > 0 { percent(line.spend as f64 / total as f64) } else { UNDEFINED.into() };
        let mut row = vec![line.name.clone(), major(line.spend), share];
        if shoppers {
            row.extend([short(line.clicks), number(line.orders), number(line.new_customers)]);
        }
        if leaks {
            row.push(number(line.leaked.unwrap_or_default()));
        }
        row.push(or_undefined(line.return_on_spend, ratio));
        if truth {
            row.push(or_undefined(line.truth.and_then(|truth| truth.incremental_return_on_spend), ratio));
            row.push(or_undefined(line.truth.map(|truth| truth.incremental_score), signed));
        }
        row
    });
    let break_even = result.returns.break_even.map(|break_even| {
        let mut row = vec![phrases.break_even.to_owned()];
        row.resize(if shoppers { 6 + usize::from(leaks) } else { 3 }, String::new());
        row.resize(row.len() + 1 + usize::from(truth), ratio(break_even));
        row.resize(header.len(), String::new());
        row
    });
    setting.look.table(&header, rows.chain(break_even))
}

fn stages_table(result: &Evaluation, look: Look, phrases: &Phrases) -> String {
    let stages = &result.stages;
    let header = [phrases.stage, phrases.at_start, phrases.at_end, phrases.change].map(ToOwned::to_owned);
    let names: Vec<String> = stages.names.iter().map(|name| phrases.term(name)).collect();
    let deep = names.iter().zip(stages.opening.iter().zip(&stages.closing));
    let aipl = [phrases.aware, phrases.interested, phrases.purchased, phrases.loyal].map(ToOwned::to_owned);
    let aipl = aipl.iter().zip(stages.aipl_opening.iter().zip(&stages.aipl_closing));
    look.table(
        &header,
        deep.chain(aipl).map(|(name, (start, end))| {
            vec![name.clone(), short(*start), short(*end), with_sign(end - start)]
        }),
    )
}

fn with_sign(change: f64) -> String {
    let text = short(change);
    if change > 0.0 { format!("+{text}") } else { text }
}
