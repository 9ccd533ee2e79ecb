//! The page of `outlay compare`.

use std::fmt::Write;

use super::by_line::by_line;
use super::{BOLD, Setting, definitions, kept, time_to_pass};
use crate::format::{
    UNDEFINED, interval, major, number, or_undefined, p_value, percent, ratio, seconds, share, signed,
    signed_percent,
};
use crate::phrases::fill;
use crate::results::{CertifiedBound, Contestant, Finished, Pair, Profiles, Requirement};

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
    /// How often they reach how much.
    pub(crate) profiles: &'a Profiles,
    /// What was asked for.
    pub(crate) shown: Shown,
}

/// Tables that are shown where they are asked for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Shown {
    /// How often they reach how much.
    pub(crate) profile: bool,
    /// Where each put its money.
    pub(crate) by_line: bool,
}

/// `outlay compare`
pub(crate) fn comparison(result: &Comparison<'_>, setting: &Setting<'_>) -> String {
    let (look, phrases) = (setting.look, setting.phrases());
    let mut text = look.heading(3, setting.heading());
    let finished: Vec<&Finished> = result.agents.iter().filter_map(Contestant::finished).collect();
    text.push('\n');
    text += &scores_table(result, setting);
    if !result.pairs.is_empty() {
        text.push('\n');
        text += &pairs_table(result, setting);
    }
    if result.shown.profile {
        text.push('\n');
        text += &profiles_table(result.profiles, setting);
    }
    text.push('\n');
    text += &money_table(&finished, setting);
    text.push('\n');
    if result.shown.by_line {
        text += &by_line(&finished, setting);
        text.push('\n');
    }
    if setting.scenario.brief.aim.last_year_revenue.is_some() {
        text += &last_year_table(&finished, setting);
        text.push('\n');
    }
    let mut notes = String::new();
    for line in conclusions(result, setting) {
        let _ = writeln!(notes, "{line}");
    }
    for requirement in result.requirements {
        let verdict = if requirement.met { phrases.met } else { phrases.not_met };
        let _ = writeln!(notes, "{}", fill(phrases.require, &[&requirement.require, verdict]));
    }
    let break_even = finished.first().and_then(|it| it.evaluation.returns.break_even);
    notes += &definitions(break_even, false, phrases);
    notes += &setting.footing();
    look.page(text + &look.notes(&notes))
}

fn scores_table(result: &Comparison<'_>, setting: &Setting<'_>) -> String {
    let phrases = setting.phrases();
    let mut header = vec![phrases.agent.to_owned(), setting.unit_mean()];
    header.extend([phrases.iqm, phrases.interval, phrases.p10, phrases.worst_seed].map(Into::into));
    if result.range.is_some() {
        header.push(phrases.headroom.into());
    }
    let certified = result.bound.is_some_and(|bound| bound.certified);
    if certified {
        header.push(phrases.of_bound.into());
    }
    if setting.scenario.answer.is_some() {
        header.push(phrases.of_answer.into());
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
                let mut row = vec![name.clone(), phrases.failed.into()];
                row.resize(width, UNDEFINED.into());
                row
            }
        }),
    )
}

fn pairs_table(result: &Comparison<'_>, setting: &Setting<'_>) -> String {
    let (look, phrases) = (setting.look, setting.phrases());
    let mut header = vec![fill(phrases.against, &[result.against])];
    header.extend([phrases.difference, phrases.interval, phrases.uplift, phrases.interval].map(Into::into));
    header.extend([phrases.p_better, phrases.p_holm].map(Into::into));
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
    let many = if result.pairs.len() == 1 { phrases.comparison } else { phrases.comparisons };
    let adjusted = fill(many, &[&result.pairs.len().to_string()]);
    let note = fill(phrases.pairs_note, &[phrases.estimand, &adjusted]);
    rows + look.gap() + &look.notes(&note)
}

fn profiles_table(profiles: &Profiles, setting: &Setting<'_>) -> String {
    let mut header = vec![fill(setting.phrases().above, &[&setting.unit()])];
    header.extend(profiles.agents.iter().map(|agent| agent.name.clone()));
    let rows = profiles.tau.iter().enumerate().map(|(place, tau)| {
        let share = profiles.agents.iter().map(|agent| {
            format!("{} {}", percent(agent.share[place]), interval(agent.share_ci95[place], percent))
        });
        std::iter::once(number(*tau)).chain(share).collect()
    });
    let rows = setting.look.table(&header, rows);
    let note = setting.look.notes(setting.phrases().profiles_note);
    rows + setting.look.gap() + &note
}

fn money_table(finished: &[&Finished], setting: &Setting<'_>) -> String {
    let promises = finished.first().map_or(&[][..], |it| &it.evaluation.promises);
    let timing = finished.iter().any(|it| it.evaluation.seconds_per_decision.is_some());
    let phrases = setting.phrases();
    let mut header = vec![phrases.agent.to_owned(), setting.spend(), phrases.unspent.into()];
    header.extend([phrases.roi_reported, phrases.roi_incremental, phrases.profit].map(Into::into));
    header.extend(promises.iter().map(|promise| kept(promise, phrases)));
    header.push(phrases.limits_broken.into());
    if timing {
        header.push(phrases.per_decision.into());
    }
    let break_even = finished.first().and_then(|it| it.evaluation.returns.break_even).map(|break_even| {
        let mut row = [phrases.break_even, "", ""].map(ToOwned::to_owned).to_vec();
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
                row.extend(result.promises.iter().map(|promise| {
                    format!("{} {}", percent(promise.kept), interval(promise.kept_ci95, percent))
                }));
                row.push(result.violations.to_string());
                if timing {
                    row.push(or_undefined(result.seconds_per_decision, seconds));
                }
                row
            })
            .chain(break_even),
    )
}

fn last_year_table(finished: &[&Finished], setting: &Setting<'_>) -> String {
    let revenue = finished.iter().find_map(|it| it.evaluation.last_year).map_or(0, |it| it.revenue);
    let phrases = setting.phrases();
    let passes = fill(phrases.passes_last_year, &[&major(revenue), &setting.scenario.currency]);
    let header = [phrases.agent.to_owned(), passes, phrases.never.into()];
    let rows = finished.iter().filter_map(|it| {
        let [median, never] =
            time_to_pass(&it.evaluation.last_year?, setting.scenario.brief.step_days, phrases);
        Some(vec![it.name.clone(), median, never])
    });
    let table = setting.look.table(&header, rows);
    table + setting.look.gap() + &setting.look.notes(phrases.passes_note)
}

/// The answer in sentences.
fn conclusions(result: &Comparison<'_>, setting: &Setting<'_>) -> Vec<String> {
    let (mut lines, phrases) = (Vec::new(), setting.phrases());
    let clear = result.pairs.iter().filter(|pair| pair.difference_ci95[0] > 0.0);
    if let Some(best) = clear.max_by(|a, b| a.difference.total_cmp(&b.difference)) {
        let uplift = best.uplift.map(|uplift| fill(phrases.in_brackets, &[&signed_percent(uplift)]));
        let values = [
            &format!("{BOLD}{}{BOLD:#}", best.a),
            &number(best.difference),
            &setting.unit(),
            &best.b,
            &uplift.unwrap_or_default(),
            &percent(best.p_better),
        ];
        lines.push(fill(phrases.reaches_more, &values.map(String::as_str)));
    } else if !result.pairs.is_empty() {
        lines.push(fill(phrases.none_better, &[result.against]));
    }
    if let Some([even, clairvoyant]) = result.range {
        lines.push(fill(phrases.headroom_of, &[&number(even), &number(clairvoyant)]));
    }
    if let Some(bound) = result.bound {
        let doubt = if bound.certified { "" } else { phrases.not_certified };
        lines.push(fill(phrases.bound_of, &[&number(bound.mean), doubt]));
    }
    lines.extend(setting.scenario.answer.as_ref().map(|answer| {
        fill(phrases.answer_of, &[&format!("{:.6}", answer.value), &setting.unit(), &answer.source])
    }));
    lines
}
