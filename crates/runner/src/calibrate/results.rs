//! What `outlay calibrate --json` writes.

use outlay_agent::calibrate::{Accuracy, Check, Doubt, Draw, Fit, History, Summary};
use serde::Serialize;

use super::cells::day_text;
use super::roles::Taken;
use super::{Found, Loaded, page};
use crate::phrases::Language;
use crate::phrases::calibrate::Phrases;
use crate::results::VERSION;

/// `outlay calibrate --json`.
#[derive(Debug, Serialize)]
pub(super) struct Document<'a> {
    /// `outlay.calibrate/1`
    pub(super) schema: &'static str,
    pub(super) version: &'static str,
    /// What was learned from.
    pub(super) history: HistoryRow<'a>,
    /// What each column of the table was taken for.
    pub(super) columns: Vec<ColumnRow<'a>>,
    /// What was decided besides, a sentence each.
    pub(super) notes: &'a [String],
    pub(super) channels: Vec<ChannelRow<'a>>,
    /// Channels by their median marginal return, the highest first.
    pub(super) ranking: Vec<RankRow<'a>>,
    /// Share of the outcome that came without paid media: low, median, high.
    pub(super) base_share: [f64; 3],
    /// Standard deviation of what is not explained, units of the outcome: low, median, high.
    pub(super) noise: [f64; 3],
    pub(super) convergence: Convergence,
    /// How the last steps would have been forecast; null without `--holdout`, or where the first part is too short.
    pub(super) check: Option<CheckRow>,
    pub(super) doubts: Vec<DoubtRow>,
    /// The scenario file that was written.
    pub(super) scenario: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct HistoryRow<'a> {
    pub(super) file: &'a str,
    pub(super) outcome: &'a str,
    pub(super) currency: &'a str,
    pub(super) steps: usize,
    pub(super) step_days: u32,
    pub(super) first: String,
    pub(super) last: String,
}

#[derive(Debug, Serialize)]
pub(super) struct ColumnRow<'a> {
    pub(super) name: &'a str,
    pub(super) taken_for: &'static str,
    pub(super) why: &'a str,
}

/// Triples are low, median and high of the 90 % interval.
#[derive(Debug, Serialize)]
pub(super) struct ChannelRow<'a> {
    name: &'a str,
    spend: f64,
    share_of_spend: f64,
    share_of_outcome: [f64; 3],
    return_on_spend: [f64; 3],
    /// Of the next unit a step, kept up, at `present`.
    marginal_return: [f64; 3],
    present: f64,
    most: f64,
    half: [f64; 3],
    half_life_steps: [f64; 3],
    p_best: f64,
    /// Chance that the marginal return is above break-even, where `--margin` is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    p_pays: Option<f64>,
}

#[derive(Debug, Serialize)]
pub(super) struct RankRow<'a> {
    channel: &'a str,
    /// Null for the last.
    p_above_next: Option<f64>,
}

#[derive(Debug, Serialize)]
pub(super) struct Convergence {
    pub(super) chains: usize,
    pub(super) draws: usize,
    pub(super) worst_r_hat: f64,
    pub(super) fewest_effective_draws: f64,
}

#[derive(Debug, Serialize)]
pub(super) struct CheckRow {
    learned_steps: usize,
    forecast_steps: usize,
    model: AccuracyRow,
    seasonal_naive: AccuracyRow,
    ridge: AccuracyRow,
}

#[derive(Debug, Serialize)]
struct AccuracyRow {
    wape: f64,
    rmse: f64,
    coverage_90: f64,
}

#[derive(Debug, Serialize)]
pub(super) struct DoubtRow {
    pub(super) kind: &'static str,
    pub(super) sentence: String,
}

/// The document.
pub(super) fn document<'a>(
    file: &'a str,
    loaded: &'a Loaded,
    found: &'a Found,
    scenario: Option<String>,
) -> Document<'a> {
    let (fit, phrases) = (&found.fit, Phrases::of(Language::En));
    let (worst_r_hat, fewest_effective_draws) = fit.convergence();
    let base = |draw: &Draw| 1.0 - draw.channels.iter().map(|it| it.contribution).sum::<f64>() / fit.level;
    let doubt =
        |doubt: &Doubt| DoubtRow { kind: doubt_kind(doubt), sentence: page::sentence(doubt, phrases) };
    Document {
        schema: "outlay.calibrate/1",
        version: VERSION,
        history: HistoryRow::new(file, &loaded.outcome, &loaded.currency, &loaded.history),
        columns: columns(&loaded.names, &loaded.taken),
        notes: &loaded.notes,
        channels: channels(&found.summaries, &found.pays),
        ranking: ranking(fit),
        base_share: fit.interval(base),
        noise: fit.interval(Draw::noise),
        convergence: Convergence {
            chains: fit.chains,
            draws: fit.draws.len(),
            worst_r_hat,
            fewest_effective_draws,
        },
        check: found.check.as_ref().ok().map(CheckRow::new),
        doubts: found.doubts.iter().map(doubt).collect(),
        scenario,
    }
}

impl<'a> HistoryRow<'a> {
    fn new(file: &'a str, outcome: &'a str, currency: &'a str, history: &History) -> Self {
        let last = history.first_day + (history.steps() as i64 - 1) * i64::from(history.step_days);
        Self {
            file,
            outcome,
            currency,
            steps: history.steps(),
            step_days: history.step_days,
            first: day_text(history.first_day),
            last: day_text(last),
        }
    }
}

fn columns<'a>(names: &'a [String], taken: &'a [Taken]) -> Vec<ColumnRow<'a>> {
    let row = |(name, taken): (&'a String, &'a Taken)| ColumnRow {
        name,
        taken_for: taken.role.name(Phrases::of(Language::En)),
        why: &taken.why,
    };
    names.iter().zip(taken).map(row).collect()
}

fn channels<'a>(summaries: &'a [Summary], pays: &[Option<f64>]) -> Vec<ChannelRow<'a>> {
    let row = |(it, pays): (&'a Summary, &Option<f64>)| ChannelRow {
        name: &it.name,
        spend: it.spend,
        share_of_spend: it.share,
        share_of_outcome: it.contribution,
        return_on_spend: it.return_on_spend,
        marginal_return: it.marginal_return,
        present: it.present,
        most: it.most,
        half: it.half,
        half_life_steps: it.half_life,
        p_best: it.best,
        p_pays: *pays,
    };
    summaries.iter().zip(pays).map(row).collect()
}

fn ranking(fit: &Fit) -> Vec<RankRow<'_>> {
    let (order, chances) = fit.ranking();
    let row = |(place, channel): (usize, &usize)| RankRow {
        channel: &fit.channels[*channel],
        p_above_next: chances.get(place).copied(),
    };
    order.iter().enumerate().map(row).collect()
}

impl CheckRow {
    fn new(check: &Check) -> Self {
        let row = |it: Accuracy| AccuracyRow { wape: it.wape, rmse: it.rmse, coverage_90: it.coverage };
        Self {
            learned_steps: check.rows,
            forecast_steps: check.ahead,
            model: row(check.model),
            seasonal_naive: row(check.seasonal_naive),
            ridge: row(check.ridge),
        }
    }
}

/// The name of a doubt's kind.
fn doubt_kind(doubt: &Doubt) -> &'static str {
    match doubt {
        Doubt::Constant { .. } => "constant",
        Doubt::Together { .. } => "together",
        Doubt::Inflated { .. } => "inflated",
        Doubt::Unmoved { .. } => "unmoved",
        Doubt::Short { .. } => "short",
        Doubt::Unsettled { .. } => "unsettled",
    }
}
