//! From cells to a history: dates in order and without gaps, numbers, one currency. What is not clear is a problem.

use std::collections::{BTreeMap, BTreeSet};

use outlay_agent::calibrate::{Channel, Control, History};

use super::cells::{DateOrder, day_text};
use super::columns::{one_currency, read_control, read_days, read_numbers};
use super::findings::Findings;
use super::roles::{Role, Taken, channel_name};
use super::table::Table;
use crate::phrases::calibrate::Phrases;
use crate::phrases::fill;
use crate::warning::plural;

/// Most steps and channels that are taken.
const MOST_STEPS: usize = 4_000;
const MOST_CHANNELS: usize = 40;
/// Dates that are listed of those that are missing.
const DATES_LISTED: usize = 6;

/// A history, and what was decided about it besides the columns' roles.
#[derive(Debug)]
pub(super) struct Assembled {
    pub(super) history: History,
    /// Code of the currency, if the table names one.
    pub(super) currency: Option<String>,
    /// What a person should know, a sentence each.
    pub(super) notes: Vec<String>,
}

/// Puts the history together; where anything is wrong, nothing.
pub(super) fn assemble(
    table: &Table,
    taken: &[Taken],
    order: Option<DateOrder>,
    phrases: &Phrases,
    findings: &mut Findings,
) -> Option<Assembled> {
    let columns =
        |role: Role| -> Vec<usize> { (0..taken.len()).filter(|it| taken[*it].role == role).collect() };
    let mut notes = Vec::new();
    let mut signs: BTreeMap<String, usize> = BTreeMap::new();
    let days = columns(Role::Date).first().and_then(|column| read_days(table, *column, order, findings));
    let money: Vec<usize> = columns(Role::Spend)
        .into_iter()
        .chain(columns(Role::Outcome))
        .chain(columns(Role::WorthOfOne))
        .collect();
    let mut numbers: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    for &column in &money {
        let positive = taken[column].role == Role::Spend;
        numbers.insert(column, read_numbers(table, column, positive, &mut signs, findings));
    }
    let mut controls: Vec<(String, Vec<f64>)> = Vec::new();
    for column in columns(Role::Control) {
        read_control(table, column, &mut controls, &mut notes, phrases, findings);
    }
    let currency = one_currency(table, &columns(Role::Currency), &money, signs, findings);
    let once = columns(Role::Channel).is_empty();
    let calendar = days
        .as_ref()
        .zip(columns(Role::Date).first())
        .and_then(|(days, column)| Calendar::of(days, table, *column, once, findings));
    if !findings.are_none() {
        return None;
    }
    let (days, calendar) = (days?, calendar?);
    let rows = Rows { table, days: &days, calendar: &calendar, phrases };
    let (channels, outcome) = match columns(Role::Channel).first() {
        None => {
            let outcome = outcome(&columns(Role::Outcome), &columns(Role::WorthOfOne), &numbers);
            let channel = |column: &usize| Channel {
                name: channel_name(&table.names[*column]),
                spend: rows.placed(&numbers[column]),
            };
            controls.iter_mut().for_each(|(_, values)| *values = rows.placed(values));
            (columns(Role::Spend).iter().map(channel).collect::<Vec<_>>(), rows.placed(&outcome))
        }
        Some(&by) => {
            let spend = columns(Role::Spend);
            if spend.len() > 1 {
                findings.whole(
                    "rows are for each date and channel, and there are several columns of spend",
                    "say which with `--spend`",
                );
                return None;
            }
            let outcome = outcome(&columns(Role::Outcome), &columns(Role::WorthOfOne), &numbers);
            let channels = rows.by_channel(by, &numbers[&spend[0]], &mut notes, findings);
            for (name, values) in &mut controls {
                *values = rows.same(name, values, findings);
            }
            (channels, rows.total(&outcome, &mut notes))
        }
    };
    if !findings.are_none() {
        return None;
    }
    let (spent, idle): (Vec<Channel>, Vec<Channel>) =
        channels.into_iter().partition(|channel| channel.spend.iter().any(|spend| *spend > 0.0));
    for channel in idle {
        notes.push(fill(phrases.never_spent, &[&channel.name]));
    }
    check_names(&spent, findings);
    let history = History {
        step_days: calendar.step_days,
        first_day: calendar.first,
        outcome,
        channels: spent,
        controls: controls.into_iter().map(|(name, values)| Control { name, values }).collect(),
    };
    check_size(&history, findings);
    findings.are_none().then_some(Assembled { history, currency, notes })
}

fn outcome(columns: &[usize], worths: &[usize], numbers: &BTreeMap<usize, Vec<f64>>) -> Vec<f64> {
    let outcome = columns.first().and_then(|column| numbers.get(column)).cloned().unwrap_or_default();
    match worths.first().and_then(|column| numbers.get(column)) {
        Some(worth) => outcome.iter().zip(worth).map(|(count, worth)| count * worth).collect(),
        None => outcome,
    }
}

/// Steps without gaps.
struct Calendar {
    first: i64,
    step_days: u32,
    steps: usize,
}

impl Calendar {
    fn of(days: &[i64], table: &Table, column: usize, once: bool, findings: &mut Findings) -> Option<Self> {
        let mut order: Vec<usize> = (0..days.len()).collect();
        order.sort_by_key(|row| days[*row]);
        if once {
            for pair in order.windows(2).filter(|pair| days[pair[0]] == days[pair[1]]) {
                let message = format!(
                    "{} stands twice in column `{}`, first in row {}",
                    day_text(days[pair[1]]),
                    table.names[column],
                    table.lines[pair[0]]
                );
                findings.cell("twice", column, table.lines[pair[1]], table.place(pair[1], column), message, "again", "a date has one row; where it has one for each channel, name the channel's column with `--channel`");
            }
        }
        let distinct: Vec<i64> =
            order.iter().map(|row| days[*row]).collect::<BTreeSet<_>>().into_iter().collect();
        let gaps: Vec<i64> = distinct.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let mut counts: BTreeMap<i64, usize> = BTreeMap::new();
        gaps.iter().for_each(|gap| *counts.entry(*gap).or_default() += 1);
        let Some((&step, _)) = counts.iter().max_by_key(|(gap, count)| (**count, -**gap)) else {
            findings.whole(
                format!("the table has {}", plural(distinct.len() as u64, "date")),
                "at least half a year of weeks or eight weeks of days are needed",
            );
            return None;
        };
        if step != 1 && step != 7 {
            findings.whole(
                format!("rows are {step} days apart"),
                "only days and weeks can be fitted: curves are lost in months",
            );
            return None;
        }
        let missing: Vec<i64> =
            distinct.windows(2).flat_map(|pair| (pair[0] + step..pair[1]).step_by(step as usize)).collect();
        if let Some(uneven) = distinct.windows(2).find(|pair| (pair[1] - pair[0]) % step != 0) {
            let message = format!(
                "{} and {} are {} days apart where rows are weeks",
                day_text(uneven[0]),
                day_text(uneven[1]),
                uneven[1] - uneven[0]
            );
            findings.whole(message, "let all weeks begin on the same weekday");
        } else if !missing.is_empty() {
            let listed: Vec<String> = missing.iter().take(DATES_LISTED).map(|day| day_text(*day)).collect();
            let more = missing.len() - listed.len();
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let noun = match (step, missing.len()) {
                (7, 1) => "week is",
                (7, _) => "weeks are",
                (_, 1) => "day is",
                _ => "days are",
            };
            findings.whole(
                format!("{} {noun} missing: {}{more}", missing.len(), listed.join(", ")),
                "add a row for each; 0 where nothing was spent, and the outcome as it was",
            );
        }
        let (steps, least) = (distinct.len(), History::least_steps(step as u32));
        let unit = if step == 7 { "weeks" } else { "days" };
        if steps < least {
            let message = format!("{steps} {unit} are too few: at least {least} are needed");
            findings.whole(message, "two years and more tell a season from what was spent in it");
        }
        if steps > MOST_STEPS {
            let message = format!("{steps} {unit} are more than the {MOST_STEPS} that can be fitted");
            findings.whole(message, "leave out the oldest, or sum days to weeks");
        }
        Some(Self { first: distinct[0], step_days: step as u32, steps: distinct.len() })
    }

    fn step(&self, day: i64) -> usize {
        ((day - self.first) / i64::from(self.step_days)).clamp(0, self.steps as i64 - 1) as usize
    }
}

/// Rows and the steps they belong to.
struct Rows<'a> {
    table: &'a Table,
    days: &'a [i64],
    calendar: &'a Calendar,
    phrases: &'a Phrases,
}

impl Rows<'_> {
    fn step(&self, row: usize) -> usize {
        self.calendar.step(self.days[row])
    }

    /// `[steps]` of one row a step.
    fn placed(&self, values: &[f64]) -> Vec<f64> {
        let mut placed = vec![0.0; self.calendar.steps];
        values.iter().enumerate().for_each(|(row, value)| placed[self.step(row)] = *value);
        placed
    }

    /// Channels from rows for each date and channel.
    fn by_channel(
        &self,
        column: usize,
        spend: &[f64],
        notes: &mut Vec<String>,
        findings: &mut Findings,
    ) -> Vec<Channel> {
        let mut channels: Vec<Channel> = Vec::new();
        let mut first_rows: Vec<BTreeMap<usize, usize>> = Vec::new();
        for (row, spend) in spend.iter().enumerate() {
            let name = self.table.cell(row, column);
            let place = channels.iter().position(|it| it.name == *name).unwrap_or_else(|| {
                channels
                    .push(Channel { name: name.clone().into_owned(), spend: vec![0.0; self.calendar.steps] });
                first_rows.push(BTreeMap::new());
                channels.len() - 1
            });
            if channels.len() > 4 * MOST_CHANNELS {
                break;
            }
            let step = self.step(row);
            if let Some(first) = first_rows[place].insert(step, self.table.lines[row]) {
                let message =
                    format!("{} has `{name}` twice, first in row {first}", day_text(self.days[row]));
                findings.cell(
                    "channel twice",
                    column,
                    self.table.lines[row],
                    self.table.place(row, column),
                    message,
                    "again",
                    "sum them to one row for each date and channel",
                );
            }
            channels[place].spend[step] = *spend;
        }
        for (channel, rows) in channels.iter().zip(&first_rows) {
            let lacking = self.calendar.steps - rows.len();
            if lacking > 0 {
                let [lacking, all] = [lacking, self.calendar.steps].map(|count| count.to_string());
                notes.push(fill(self.phrases.no_row, &[&channel.name, &lacking, &all]));
            }
        }
        channels
    }

    /// `[steps]` the outcome: the same in all rows of a date it is the date's, else the rows' sum.
    fn total(&self, outcome: &[f64], notes: &mut Vec<String>) -> Vec<f64> {
        let (mut totals, mut firsts) = (vec![0.0; self.calendar.steps], vec![None; self.calendar.steps]);
        let mut same = true;
        for (row, value) in outcome.iter().enumerate() {
            let step = self.step(row);
            totals[step] += value;
            same &= *firsts[step].get_or_insert(*value) == *value;
        }
        if same {
            notes.push(self.phrases.same_outcome.to_owned());
            firsts.into_iter().map(Option::unwrap_or_default).collect()
        } else {
            notes.push(self.phrases.summed_outcome.to_owned());
            totals
        }
    }

    /// `[steps]` a control, which must be the same in all rows of a date.
    fn same(&self, name: &str, values: &[f64], findings: &mut Findings) -> Vec<f64> {
        let mut firsts = vec![None; self.calendar.steps];
        for (row, value) in values.iter().enumerate() {
            if *firsts[self.step(row)].get_or_insert(*value) != *value {
                findings.whole(
                    format!("the control `{name}` differs between the rows of {}", day_text(self.days[row])),
                    "a control belongs to the date: write the same in all of its rows",
                );
                break;
            }
        }
        firsts.into_iter().map(Option::unwrap_or_default).collect()
    }
}

fn check_names(channels: &[Channel], findings: &mut Findings) {
    for (place, channel) in channels.iter().enumerate() {
        if channels[..place].iter().any(|other| other.name == channel.name) {
            findings.whole(
                format!("two channels would be called `{}`", channel.name),
                "give their columns other names",
            );
        }
    }
    if channels.is_empty() {
        findings.whole("nothing was ever spent", "without spend nothing can be learned of it");
    }
}

fn check_size(history: &History, findings: &mut Findings) {
    if history.channels.len() > MOST_CHANNELS {
        findings.whole(
            format!("more than {MOST_CHANNELS} channels"),
            "sum small ones to groups: a history cannot tell so many apart",
        );
    }
    if history.outcome.iter().all(|it| *it == 0.0) {
        findings.whole("the outcome is always 0", "");
    }
}
