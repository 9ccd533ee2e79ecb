//! The page of `outlay evaluate`.

use std::fmt::Write;

use super::{BOLD, Setting, definitions, kept, quoted, time_to_pass};
use crate::format::{
    UNDEFINED, interval, major, number, or_undefined, percent, ratio, seconds, share, short, signed,
};
use crate::look::Look;
use crate::results::{Evaluation, TierReached};

/// `outlay evaluate`
pub(crate) fn evaluation(name: &str, result: &Evaluation, setting: &Setting<'_>) -> String {
    let look = setting.look;
    let mut text = look.heading(3, format!("{BOLD}{name}{BOLD:#} on {}", setting.heading()));
    let currency = &setting.scenario.currency;
    text.push('\n');
    text += &look.facts(&fact_rows(result, setting, currency));
    text.push('\n');
    text += &lines_table(result, setting);
    text.push('\n');
    if setting.scenario.market().is_some() {
        text += &stages_table(result, look);
        text.push('\n');
    }
    let mut notes =
        definitions(result.returns.break_even, result.lines.iter().any(|line| line.truth.is_some()));
    if result.lines.iter().any(|line| line.leaked.is_some()) {
        notes += "leaked: people who clicked on the line and then bought in the medium's own shop\n";
    }
    if let Some(worst) = result.score.worst.first().filter(|_| result.per_seed.len() > 1) {
        let (agent, scenario) = (quoted(&result.agent), quoted(setting.typed));
        let noise = if worst.noise > 0 { format!(":{}", worst.noise) } else { String::new() };
        let _ = writeln!(
            notes,
            "replay the worst seed: `outlay evaluate {agent} {scenario} --replay {}{noise}`",
            worst.seed
        );
    }
    notes += &setting.footing();
    look.page(text + &look.notes(&notes))
}

fn fact_rows(result: &Evaluation, setting: &Setting<'_>, currency: &str) -> Vec<[String; 2]> {
    let score = &result.score;
    let mut rows = vec![
        [
            score.unit.clone(),
            format!(
                "{} on average, interquartile mean {} {} 95 %",
                number(score.mean),
                number(score.iqm),
                interval(score.iqm_ci95, number)
            ),
        ],
        [
            "spread".into(),
            format!("p10 {}, median {}, p90 {}", number(score.p10), number(score.p50), number(score.p90)),
        ],
        ["worst seeds".into(), worst_seeds(result, setting.noise)],
        ["without spending".into(), number(score.without_spend)],
        [
            "spend".into(),
            format!(
                "{} {currency} on average of {}, most {}, left {}",
                major(result.spend.mean),
                major(result.spend.budget),
                major(result.spend.max),
                major(result.spend.unspent)
            ),
        ],
        [
            "return (ROI)".into(),
            format!(
                "reported {}, incremental {}, profit {}, break-even {}",
                or_undefined(result.returns.reported, ratio),
                or_undefined(result.returns.incremental, ratio),
                or_undefined(result.returns.profit, ratio),
                or_undefined(result.returns.break_even, ratio)
            ),
        ],
    ];
    if let Some(answer) = &setting.scenario.answer {
        let reached = share(score.mean / answer.value);
        rows.push(["known answer".into(), format!("{:.6}, of which {reached}", answer.value)]);
    }
    for promise in &result.promises {
        let interval = interval(promise.kept_ci95, percent);
        let text = format!("{} on {} of seeds {interval} 95 %", kept(promise), percent(promise.kept));
        rows.push([promise.limit.replace('_', " "), text]);
    }
    if let Some(last_year) = &result.last_year {
        let [median, never] = time_to_pass(last_year, setting.scenario.brief.step_days);
        let revenue = major(last_year.revenue);
        let text = format!("{revenue} {currency} passed after {median} (median), never on {never} of seeds");
        rows.push(["last year".into(), text]);
    }
    rows.extend(result.tier.iter().map(|tier| ["tier".into(), tier_reached(tier)]));
    rows.push(["limits broken".into(), result.violations.to_string()]);
    if let Some(time) = result.seconds_per_decision {
        rows.push(["per decision".into(), seconds(time)]);
    }
    rows
}

/// A merchant's tier in a sentence.
pub(crate) fn tier_reached(tier: &TierReached) -> String {
    let mut text = format!("{} at the start; at the end", tier.start);
    for (place, (name, seeds)) in tier.reached.iter().enumerate() {
        let comma = if place > 0 { "," } else { "" };
        text += &format!("{comma} {name} on {} of seeds", percent(*seeds));
    }
    text += &format!(" (index {})", ratio(tier.index));
    if let (Some(next), Some(lacking)) = (tier.next, tier.to_next) {
        text += &format!("; from {} {} more to {next}", tier.usual, ratio(lacking));
    }
    text
}

fn worst_seeds(result: &Evaluation, noises: u64) -> String {
    let worst = result.score.worst.iter().map(|worst| {
        let noise = if noises > 1 { format!(" noise {}", worst.noise) } else { String::new() };
        format!("{}{noise} ({})", worst.seed, number(worst.score))
    });
    worst.collect::<Vec<_>>().join(", ")
}

fn lines_table(result: &Evaluation, setting: &Setting<'_>) -> String {
    let currency = &setting.scenario.currency;
    let truth = result.lines.iter().any(|line| line.truth.is_some());
    let total: i64 = result.lines.iter().map(|line| line.spend).sum();
    let shoppers = setting.scenario.market().is_some();
    let mut header = vec!["line".to_owned(), format!("spend {currency}"), "share".into()];
    if shoppers {
        header.extend(["clicks", "orders", "new customers"].map(Into::into));
    }
    let leaks = result.lines.iter().any(|line| line.leaked.is_some());
    if leaks {
        header.push("leaked".into());
    }
    header.push("ROI reported".into());
    if truth {
        header.extend(["ROI incremental".to_owned(), format!("{} caused", result.score.unit)]);
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
        let mut row = vec!["break-even".to_owned()];
        row.resize(if shoppers { 6 + usize::from(leaks) } else { 3 }, String::new());
        row.resize(row.len() + 1 + usize::from(truth), ratio(break_even));
        row.resize(header.len(), String::new());
        row
    });
    setting.look.table(&header, rows.chain(break_even))
}

fn stages_table(result: &Evaluation, look: Look) -> String {
    let stages = &result.stages;
    let header = ["stage", "people at start", "at end", "change"].map(ToOwned::to_owned);
    let deep = stages.names.iter().zip(stages.opening.iter().zip(&stages.closing));
    let aipl = ["A aware", "I interested", "P purchased", "L loyal"];
    let aipl = aipl.iter().zip(stages.aipl_opening.iter().zip(&stages.aipl_closing));
    look.table(
        &header,
        deep.chain(aipl).map(|(name, (start, end))| {
            vec![(*name).to_owned(), short(*start), short(*end), with_sign(end - start)]
        }),
    )
}

fn with_sign(change: f64) -> String {
    let text = short(change);
    if change > 0.0 { format!("+{text}") } else { text }
}
