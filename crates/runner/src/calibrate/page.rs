//! What a person is shown of a fit.

use outlay_agent::calibrate::{Accuracy, Doubt, Fit};

use super::cells::day_text;
use super::roles::Taken;
use super::scenario_file::{percent, ratio, step_name, triple};
use super::{Found, Loaded};
use crate::format::number;
use crate::look::Look;

/// What the page is about.
pub(super) struct Shown<'a> {
    pub(super) look: Look,
    pub(super) file: &'a str,
    pub(super) loaded: &'a Loaded,
    pub(super) found: &'a Found,
    pub(super) margin: Option<f64>,
    /// The file that was written.
    pub(super) written: Option<&'a str>,
}

/// The page.
pub(super) fn page(shown: &Shown<'_>) -> String {
    let look = shown.look;
    let mut text = look.heading(3, heading(shown)) + "\n";
    text += &columns(shown);
    text += &section(look, "Channels", &channels(shown));
    text += &section(look, "Where the next unit brings most", &(ranking(&shown.found.fit) + look.gap()));
    text += &section(look, "Out of sample", &accuracy(shown));
    let doubts: String = if shown.found.doubts.is_empty() {
        "nothing was found that these data cannot tell\n".to_owned()
    } else {
        shown.found.doubts.iter().map(|doubt| sentence(doubt) + "\n").collect()
    };
    text += &section(look, "What the data cannot tell", &look.notes(&doubts));
    if let Some(file) = shown.written {
        let commands = format!(
            "{file} is written; try\n  outlay compare {file} --agents even,mpc,static-hindsight\n  outlay evaluate mpc {file}\n"
        );
        text += &("\n".to_owned() + &commands);
    }
    look.page(text)
}

fn heading(shown: &Shown<'_>) -> String {
    let Loaded { history, currency, outcome, .. } = shown.loaded;
    let last = history.first_day + (history.steps() as i64 - 1) * i64::from(history.step_days);
    format!(
        "{}: {} {}s from {} to {}, outcome `{outcome}`, money in {currency}",
        shown.file,
        history.steps(),
        step_name(history.step_days),
        day_text(history.first_day),
        day_text(last),
    )
}

fn section(look: Look, title: &str, body: &str) -> String {
    format!("\n{}\n{}{body}", look.heading(4, title.to_owned()), look.gap())
}

fn columns(shown: &Shown<'_>) -> String {
    let row =
        |(name, taken): (&String, &Taken)| [name.clone(), format!("{} ({})", taken.role.name(), taken.why)];
    let rows: Vec<[String; 2]> = shown.loaded.names.iter().zip(&shown.loaded.taken).map(row).collect();
    let notes: String = shown.loaded.notes.iter().map(|note| format!("{note}\n")).collect();
    shown.look.facts(&rows) + &shown.look.notes(&notes)
}

fn channels(shown: &Shown<'_>) -> String {
    let unit = step_name(shown.loaded.history.step_days);
    let mut header = vec![
        "channel".to_owned(),
        "spend".to_owned(),
        "share".to_owned(),
        "return on spend".to_owned(),
        "of the next unit".to_owned(),
        format!("at, a {unit}"),
        "half of the most at".to_owned(),
        format!("most in a {unit}"),
        format!("half-life, {unit}s"),
        "P(best)".to_owned(),
    ];
    if shown.margin.is_some() {
        header.push("P(pays)".to_owned());
    }
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
    let mut notes = format!(
        "median [90 % interval]; {} of the outcome came without paid media\n\
         return of the next unit: of one more a {unit}, kept up, at the level of the last {} {unit}s\n\
         {} draws from {} chains, worst R-hat {r_hat:.3}, at least {effective:.0} effective\n",
        triple(base, percent),
        if shown.loaded.history.step_days == 7 { 13 } else { 28 },
        fit.draws.len(),
        fit.chains,
    );
    if let Some(margin) = shown.margin {
        notes += &format!(
            "P(pays): the next unit brings more than it costs at a margin of {}, break-even {:.2}\n",
            percent(margin),
            1.0 / margin
        );
    }
    text += &shown.look.notes(&notes);
    text
}

fn ranking(fit: &Fit) -> String {
    let (order, chances) = fit.ranking();
    let mut text = String::new();
    for (place, channel) in order.iter().enumerate() {
        text += &fit.channels[*channel];
        if let Some(chance) = chances.get(place) {
            text += &format!(" > ({}) ", percent(*chance));
        }
    }
    text + "\nin brackets the chance that it is indeed above the next\n"
}

fn accuracy(shown: &Shown<'_>) -> String {
    let check = match &shown.found.check {
        Ok(check) => check,
        Err(why) => return why.clone() + "\n",
    };
    let unit = step_name(shown.loaded.history.step_days);
    let header = ["forecast", "WAPE", "RMSE", "in its 90 % band"].map(ToOwned::to_owned);
    let row = |name: &str, it: Accuracy| {
        vec![name.to_owned(), format!("{:.1} %", 100.0 * it.wape), number(it.rmse), percent(it.coverage)]
    };
    let rows = [
        row("this model", check.model),
        row("seasonal naive", check.seasonal_naive),
        row("ridge on raw spend", check.ridge),
    ];
    let notes = format!(
        "learned from the first {} {unit}s, forecast the last {} with their spend and controls given; the naive one needs neither\n",
        check.rows, check.ahead
    );
    shown.look.table(&header, rows.into_iter()) + shown.look.gap() + &shown.look.notes(&notes)
}

/// A doubt as a sentence.
pub(super) fn sentence(doubt: &Doubt) -> String {
    match doubt {
        Doubt::Constant { channel } => format!(
            "`{channel}`: spend hardly ever changed, so its effect cannot be told from the level; vary it on purpose"
        ),
        Doubt::Together { one, other, spend, found } => format!(
            "`{one}` and `{other}` were spent on together (correlation {spend:.2}; of what they are found to have caused {found:.2}): only their sum can be told; vary one alone"
        ),
        Doubt::Inflated { channel, factor } if factor.is_finite() => format!(
            "`{channel}`: the other channels and the base tell nearly all of its response (variance inflation {factor:.0})"
        ),
        Doubt::Inflated { channel, .. } => format!("`{channel}`: its response never varied"),
        Doubt::Unmoved { channel, distance } => format!(
            "`{channel}`: as much is known after the data as before (largest distance {distance:.2}); its figures are the prior's"
        ),
        Doubt::Short { years } => format!(
            "{years:.1} years of history: less than two, so season and trend cannot be told well from what was spent in them"
        ),
        Doubt::Unsettled { r_hat } => format!(
            "the chains do not agree (R-hat {r_hat:.2}): the figures are rough; a longer history or fewer channels would help"
        ),
    }
}
