//! What a person is shown of a fit.

use outlay_agent::calibrate::{Accuracy, Doubt, Fit};

use super::cells::day_text;
use super::roles::Taken;
use super::scenario_file::{percent, ratio, triple};
use super::{Found, Loaded};
use crate::format::number;
use crate::look::Look;
use crate::phrases::calibrate::Phrases;
use crate::phrases::fill;

/// What the page is about.
pub(super) struct Shown<'a> {
    pub(super) look: Look,
    pub(super) file: &'a str,
    pub(super) loaded: &'a Loaded,
    pub(super) found: &'a Found,
    pub(super) margin: Option<f64>,
    /// The file that was written.
    pub(super) written: Option<&'a str>,
    pub(super) phrases: &'a Phrases,
}

/// The page.
pub(super) fn page(shown: &Shown<'_>) -> String {
    let (look, phrases) = (shown.look, shown.phrases);
    let mut text = look.heading(3, heading(shown)) + "\n";
    text += &columns(shown);
    text += &section(look, phrases.channels, &channels(shown));
    text += &section(look, phrases.ranking, &(ranking(&shown.found.fit, phrases) + look.gap()));
    text += &section(look, phrases.out_of_sample, &accuracy(shown));
    let doubts: String = if shown.found.doubts.is_empty() {
        phrases.nothing_unclear.to_owned()
    } else {
        shown.found.doubts.iter().map(|doubt| sentence(doubt, phrases) + "\n").collect()
    };
    text += &section(look, phrases.cannot_tell, &look.notes(&doubts));
    if let Some(file) = shown.written {
        text += &format!(
            "\n{}  outlay compare {file} --agents even,mpc,static-hindsight\n  outlay evaluate mpc {file}\n",
            fill(phrases.written, &[file])
        );
    }
    look.page(text)
}

fn heading(shown: &Shown<'_>) -> String {
    let Loaded { history, currency, outcome, .. } = shown.loaded;
    let last = history.first_day + (history.steps() as i64 - 1) * i64::from(history.step_days);
    let values = [
        shown.file,
        &span(history.steps(), shown),
        &day_text(history.first_day),
        &day_text(last),
        outcome,
        currency,
    ];
    fill(shown.phrases.title, &values)
}

/// `208 weeks`
fn span(steps: usize, shown: &Shown<'_>) -> String {
    let weeks = shown.loaded.history.step_days == 7;
    fill(if weeks { shown.phrases.weeks } else { shown.phrases.days }, &[&steps.to_string()])
}

fn section(look: Look, title: &str, body: &str) -> String {
    format!("\n{}\n{}{body}", look.heading(4, title.to_owned()), look.gap())
}

fn columns(shown: &Shown<'_>) -> String {
    let row = |(name, taken): (&String, &Taken)| {
        [name.clone(), fill(shown.phrases.taken, &[taken.role.name(shown.phrases), &taken.why])]
    };
    let rows: Vec<[String; 2]> = shown.loaded.names.iter().zip(&shown.loaded.taken).map(row).collect();
    let notes: String = shown.loaded.notes.iter().map(|note| format!("{note}\n")).collect();
    shown.look.facts(&rows) + &shown.look.notes(&notes)
}

fn channels(shown: &Shown<'_>) -> String {
    let phrases = shown.phrases;
    let weeks = shown.loaded.history.step_days == 7;
    let by_step = |week, day| if weeks { week } else { day };
    let mut header = vec![
        phrases.channel,
        phrases.spend,
        phrases.share,
        phrases.return_on_spend,
        phrases.of_the_next,
        by_step(phrases.at_a_week, phrases.at_a_day),
        phrases.half_at,
        by_step(phrases.most_in_a_week, phrases.most_in_a_day),
        by_step(phrases.half_life_weeks, phrases.half_life_days),
        phrases.p_best,
    ];
    if shown.margin.is_some() {
        header.push(phrases.p_pays);
    }
    let header: Vec<String> = header.into_iter().map(ToOwned::to_owned).collect();
    let rows = shown.found.summaries.iter().zip(&shown.found.pays).map(|(it, pays)| {
        let mut row = vec![
            it.name.clone(),
            number(it.spend),
            percent(it.share),
            triple(it.return_on_spend, ratio),
            triple(it.marginal_return, ratio),
            number(it.present),
            triple(it.half, number),
            number(it.most),
            triple(it.half_life, |value| format!("{value:.1}")),
            percent(it.best),
        ];
        row.extend(pays.map(percent));
        row
    });
    let mut text = shown.look.table(&header, rows) + shown.look.gap();
    let fit = &shown.found.fit;
    let base =
        fit.interval(|draw| 1.0 - draw.channels.iter().map(|it| it.contribution).sum::<f64>() / fit.level);
    let (r_hat, effective) = fit.convergence();
    let mut notes = fill(phrases.channels_note, &[&triple(base, percent)]);
    let recent = span(if weeks { 13 } else { 28 }, shown);
    notes += &fill(if weeks { phrases.next_week } else { phrases.next_day }, &[&recent]);
    let [draws, chains] = [fit.draws.len(), fit.chains].map(|count| count.to_string());
    notes += &fill(phrases.draws, &[&draws, &chains, &format!("{r_hat:.3}"), &format!("{effective:.0}")]);
    if let Some(margin) = shown.margin {
        notes += &fill(phrases.pays_note, &[&percent(margin), &format!("{:.2}", 1.0 / margin)]);
    }
    text += &shown.look.notes(&notes);
    text
}

fn ranking(fit: &Fit, phrases: &Phrases) -> String {
    let (order, chances) = fit.ranking();
    let mut text = String::new();
    for (place, channel) in order.iter().enumerate() {
        text += &fit.channels[*channel];
        if let Some(chance) = chances.get(place) {
            text += &format!(" > ({}) ", percent(*chance));
        }
    }
    text + "\n" + phrases.ranking_note
}

fn accuracy(shown: &Shown<'_>) -> String {
    let check = match &shown.found.check {
        Ok(check) => check,
        Err(why) => return why.clone() + "\n",
    };
    let phrases = shown.phrases;
    let header = [phrases.forecast, phrases.wape, phrases.rmse, phrases.in_band].map(ToOwned::to_owned);
    let row = |name: &str, it: Accuracy| {
        vec![name.to_owned(), format!("{:.1} %", 100.0 * it.wape), number(it.rmse), percent(it.coverage)]
    };
    let rows = [
        row(phrases.this_model, check.model),
        row(phrases.naive, check.seasonal_naive),
        row(phrases.ridge, check.ridge),
    ];
    let notes = fill(phrases.check_note, &[&span(check.rows, shown), &check.ahead.to_string()]);
    shown.look.table(&header, rows.into_iter()) + shown.look.gap() + &shown.look.notes(&notes)
}

/// A doubt as a sentence.
pub(super) fn sentence(doubt: &Doubt, phrases: &Phrases) -> String {
    match doubt {
        Doubt::Constant { channel } => fill(phrases.constant, &[channel]),
        Doubt::Together { one, other, spend, found } => {
            fill(phrases.together, &[one, other, &format!("{spend:.2}"), &format!("{found:.2}")])
        }
        Doubt::Inflated { channel, factor } if factor.is_finite() => {
            fill(phrases.inflated, &[channel, &format!("{factor:.0}")])
        }
        Doubt::Inflated { channel, .. } => fill(phrases.inflated_all, &[channel]),
        Doubt::Unmoved { channel, distance } => fill(phrases.unmoved, &[channel, &format!("{distance:.2}")]),
        Doubt::Short { years } => fill(phrases.short, &[&format!("{years:.1}")]),
        Doubt::Unsettled { r_hat } => fill(phrases.unsettled, &[&format!("{r_hat:.2}")]),
    }
}
