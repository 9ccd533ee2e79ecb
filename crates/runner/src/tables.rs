//! Results as text: pure functions, so that what a person reads can be tested.

use std::fmt::Write;

use anstyle::Style;
use comfy_table::{CellAlignment, Table, presets};
use outlay_environment::Scenario;

use crate::format::{
    UNDEFINED, interval, major, number, or_undefined, p_value, percent, ratio, seconds, share, short, signed,
    signed_percent,
};
use crate::look::Look;
use crate::results::{
    CertifiedBound, Contestant, Evaluation, Finished, Pair, Profiles, Requirement, VERSION,
};
use crate::statistics::ESTIMAND;

const BOLD: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();

/// Where and how results came about.
pub(crate) struct Setting<'a> {
    /// The scenario.
    pub(crate) scenario: &'a Scenario,
    /// Its name as typed, for commands to copy.
    pub(crate) typed: &'a str,
    /// Seeds, half-open.
    pub(crate) seeds: String,
    /// Noise seeds a world.
    pub(crate) noise: u64,
    /// How the page looks.
    pub(crate) look: Look,
}

impl Setting<'_> {
    /// What is played: goal, money, time, seeds.
    pub(crate) fn heading(&self) -> String {
        let brief = &self.scenario.brief;
        let noise = if self.noise > 1 { format!(" x {} noises", self.noise) } else { String::new() };
        format!(
            "{BOLD}{}{BOLD:#}: most {} with {} {} in {}, seeds {}{noise}\n",
            self.scenario.name,
            self.scenario.goal.unit(),
            major(brief.budget.0),
            self.scenario.currency,
            duration(brief.steps, brief.step_days),
            self.seeds,
        )
    }

    /// What made the page.
    pub(crate) fn footing(&self) -> String {
        let hash: String = self.scenario.hash.chars().take(12).collect();
        format!("{FAINT}outlay {VERSION}, scenario {} {hash}{FAINT:#}\n", self.scenario.name)
    }
}

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
    if let (Some(floor), Some(share)) =
        (setting.scenario.brief.limits.return_floor, result.misses.get("return_floor"))
    {
        rows.push([
            "return floor".into(),
            format!("{} missed on {} of seeds", ratio(floor), percent(*share)),
        ]);
    }
    rows.push(["limits broken".into(), result.violations.to_string()]);
    if let Some(time) = result.seconds_per_decision {
        rows.push(["per decision".into(), seconds(time)]);
    }
    rows
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
        row.push(or_undefined(line.return_on_spend, ratio));
        if truth {
            row.push(or_undefined(line.truth.and_then(|truth| truth.incremental_return_on_spend), ratio));
            row.push(or_undefined(line.truth.map(|truth| truth.incremental_score), signed));
        }
        row
    });
    let break_even = result.returns.break_even.map(|break_even| {
        let mut row = vec!["break-even".to_owned()];
        row.resize(if shoppers { 6 } else { 3 }, String::new());
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

/// Everything a comparison found.
pub(crate) struct Comparison<'a> {
    /// Agents in the order asked for.
    pub(crate) agents: &'a [Contestant],
    /// Each other agent against one.
    pub(crate) pairs: &'a [Pair],
    /// The one.
    pub(crate) against: &'a str,
    /// What each `--require` came to.
    pub(crate) requirements: &'a [Requirement],
    /// Interquartile means of even and of the clairvoyant plan, where headroom was asked for.
    pub(crate) range: Option<[f64; 2]>,
    /// What no plan can exceed.
    pub(crate) bound: Option<&'a CertifiedBound>,
    /// How often they reach how much, where that was asked for.
    pub(crate) profiles: Option<&'a Profiles>,
}

/// `outlay compare`
pub(crate) fn comparison(result: &Comparison<'_>, setting: &Setting<'_>) -> String {
    let look = setting.look;
    let mut text = look.heading(3, setting.heading());
    let finished: Vec<&Finished> = result.agents.iter().filter_map(Contestant::finished).collect();
    text.push('\n');
    text += &scores_table(result, setting);
    if !result.pairs.is_empty() {
        text.push('\n');
        text += &pairs_table(result, setting.look);
    }
    if let Some(profiles) = result.profiles {
        text.push('\n');
        text += &profiles_table(profiles, setting);
    }
    text.push('\n');
    text += &money_table(&finished, setting);
    text.push('\n');
    let mut notes = String::new();
    for line in conclusions(result, setting) {
        let _ = writeln!(notes, "{line}");
    }
    for requirement in result.requirements {
        let verdict = if requirement.met { "met" } else { "not met" };
        let _ = writeln!(notes, "require {}: {verdict}", requirement.require);
    }
    let break_even = finished.first().and_then(|it| it.evaluation.returns.break_even);
    notes += &definitions(break_even, false);
    notes += &setting.footing();
    look.page(text + &look.notes(&notes))
}

fn scores_table(result: &Comparison<'_>, setting: &Setting<'_>) -> String {
    let mut header = vec!["agent".to_owned(), format!("{} (mean)", setting.scenario.goal.unit())];
    header.extend(["IQM", "95 % interval", "p10", "worst seed"].map(Into::into));
    if result.range.is_some() {
        header.push("headroom".into());
    }
    let certified = result.bound.is_some_and(|bound| bound.certified);
    if certified {
        header.push("of bound".into());
    }
    if setting.scenario.answer.is_some() {
        header.push("of answer".into());
    }
    let width = header.len();
    setting.look.table(
        &header,
        result.agents.iter().map(|agent| match agent {
            Contestant::Finished(finished) => {
                let score = &finished.evaluation.score;
                let worst = score.worst.first().map_or_else(String::new, |worst| worst.seed.to_string());
                let mut row = vec![finished.name.clone(), number(score.mean), number(score.iqm)];
                row.extend([interval(score.iqm_ci95, number), number(score.p10), worst]);
                if result.range.is_some() {
                    row.push(or_undefined(finished.headroom, ratio));
                }
                row.extend(finished.of_bound.map(share));
                row.extend(finished.of_answer.map(share));
                row
            }
            Contestant::Failed { name, .. } => {
                let mut row = vec![name.clone(), "failed".into()];
                row.resize(width, UNDEFINED.into());
                row
            }
        }),
    )
}

fn pairs_table(result: &Comparison<'_>, look: Look) -> String {
    let mut header = vec![format!("against {}", result.against)];
    header.extend(["difference", "95 % interval", "uplift", "95 % interval", "P(better)"].map(Into::into));
    header.push("p (Holm)".into());
    let rows = look.table(
        &header,
        result.pairs.iter().map(|pair| {
            vec![
                pair.a.clone(),
                signed(pair.difference),
                interval(pair.difference_ci95, signed),
                or_undefined(pair.uplift, signed_percent),
                pair.uplift_ci95.map_or_else(|| UNDEFINED.into(), |ends| interval(ends, signed_percent)),
                percent(pair.p_better),
                p_value(pair.p_holm),
            ]
        }),
    );
    let adjusted = crate::warning::plural(result.pairs.len() as u64, "comparison");
    let note = look.notes(&format!("difference: {ESTIMAND}; p values are adjusted for {adjusted}\n"));
    rows + look.gap() + &note
}

fn profiles_table(profiles: &Profiles, setting: &Setting<'_>) -> String {
    let mut header = vec![format!("{} above", setting.scenario.goal.unit())];
    header.extend(profiles.agents.iter().map(|agent| agent.name.clone()));
    let rows = profiles.tau.iter().enumerate().map(|(place, tau)| {
        let share = profiles.agents.iter().map(|agent| {
            format!("{} {}", percent(agent.share[place]), interval(agent.share_ci95[place], percent))
        });
        std::iter::once(number(*tau)).chain(share).collect()
    });
    let rows = setting.look.table(&header, rows);
    let note =
        setting.look.notes("share of episodes above each decile of all scores, with its own 95 % interval\n");
    rows + setting.look.gap() + &note
}

fn money_table(finished: &[&Finished], setting: &Setting<'_>) -> String {
    let floor = setting.scenario.brief.limits.return_floor;
    let timing = finished.iter().any(|it| it.evaluation.seconds_per_decision.is_some());
    let mut header =
        vec!["agent".to_owned(), format!("spend {}", setting.scenario.currency), "unspent".into()];
    header.extend(["ROI reported", "ROI incremental", "profit"].map(Into::into));
    header.extend(floor.map(|floor| format!("misses ROI {}", ratio(floor))));
    header.push("limits broken".into());
    if timing {
        header.push("per decision".into());
    }
    let break_even = finished.first().and_then(|it| it.evaluation.returns.break_even).map(|break_even| {
        let mut row = ["break-even", "", ""].map(ToOwned::to_owned).to_vec();
        row.extend([ratio(break_even), ratio(break_even), ratio(0.0)]);
        row.resize(header.len(), String::new());
        row
    });
    setting.look.table(
        &header,
        finished
            .iter()
            .map(|it| {
                let result = &it.evaluation;
                let mut row = vec![it.name.clone(), major(result.spend.mean), major(result.spend.unspent)];
                row.extend(
                    [result.returns.reported, result.returns.incremental, result.returns.profit]
                        .map(|it| or_undefined(it, ratio)),
                );
                row.extend(
                    floor.and_then(|_| result.misses.get("return_floor")).map(|share| percent(*share)),
                );
                row.push(result.violations.to_string());
                if timing {
                    row.push(or_undefined(result.seconds_per_decision, seconds));
                }
                row
            })
            .chain(break_even),
    )
}

/// The answer in sentences.
fn conclusions(result: &Comparison<'_>, setting: &Setting<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    let clear = result.pairs.iter().filter(|pair| pair.difference_ci95[0] > 0.0);
    if let Some(best) = clear.max_by(|a, b| a.difference.total_cmp(&b.difference)) {
        let uplift = best.uplift.map(|uplift| format!(" ({})", signed_percent(uplift))).unwrap_or_default();
        lines.push(format!(
            "{BOLD}{}{BOLD:#} reaches {} more {} than {}{uplift}, and is better on {} of seeds",
            best.a,
            number(best.difference),
            setting.scenario.goal.unit(),
            best.b,
            percent(best.p_better)
        ));
    } else if !result.pairs.is_empty() {
        lines.push(format!("no agent is better than {} beyond doubt", result.against));
    }
    if let Some([even, clairvoyant]) = result.range {
        lines.push(format!(
            "headroom: 0 is the even split ({}), 1 the clairvoyant plan ({})",
            number(even),
            number(clairvoyant)
        ));
    }
    if let Some(bound) = result.bound {
        let doubt = if bound.certified { "" } else { ", not certified: lines change each other's response" };
        lines.push(format!(
            "bound: no plan brings more than {} on average over these worlds{doubt}",
            number(bound.mean)
        ));
    }
    lines.extend(setting.scenario.answer.as_ref().map(|answer| {
        format!("known answer: {:.6} {}; {}", answer.value, setting.scenario.goal.unit(), answer.source)
    }));
    lines
}

/// What the columns mean.
fn definitions(break_even: Option<f64>, truth: bool) -> String {
    let mut text = String::from(
        "ROI reported = credited revenue / spend; ROI incremental = (revenue - revenue without spending) / spend\n",
    );
    if truth {
        text += "per line: incremental = the run, less the same run with this line at zero and its money not moved\n";
    }
    if let Some(break_even) = break_even {
        let _ = writeln!(
            text,
            "break-even ROI = 1 / margin = {}; profit = ROI incremental / break-even - 1",
            ratio(break_even)
        );
    }
    text
}

/// `32 days`, `26 weeks`, `48 half-hours`
pub(crate) fn duration(steps: usize, step_days: f64) -> String {
    let unit = match step_days {
        1.0 => "day",
        7.0 => "week",
        days if (days * 48.0 - 1.0).abs() < 1e-9 => "half-hour",
        days => return format!("{steps} steps of {} days", number(days)),
    };
    crate::warning::plural(steps as u64, unit)
}

/// A word for a command line.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | ':' | '=' | ',');
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Two columns, the first faint.
pub(crate) fn facts(rows: &[[String; 2]]) -> String {
    let width = rows.iter().map(|[name, _]| name.chars().count()).max().unwrap_or_default();
    rows.iter().map(|[name, value]| format!("  {FAINT}{name:width$}{FAINT:#}  {value}\n")).collect()
}

/// A table without borders, its first column to the left and the others to the right.
pub(crate) fn table(header: &[String], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header);
    table.add_rows(rows);
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((if index == 0 { 2 } else { 1 }, 1));
        if index > 0 {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let text = table.trim_fmt();
    let (head, body) = text.split_once('\n').unwrap_or((&text, ""));
    format!("{FAINT}{head}{FAINT:#}\n{body}\n")
}
