//! The log of a season as a merchant has it: a row for each line and step of what was reported, and one for the shop.
//!
//! `--replay SEED --csv` writes it, `recommend` reads it. Money is in major units. Of the columns only `step`, `line` and
//! `spend` must be there; what is missing, an agent does not see. Rows of the line `shop` are the shop's own book and what
//! is left after the step; the one of the step `start` says how things stood before the first.

use std::collections::HashMap;

use outlay_environment::{Brief, LineReport, Money, Observation, Stage};

/// The line whose rows are the shop's own.
const SHOP: &str = "shop";
/// The step before the first.
const START: &str = "start";
/// Columns of every log, in the order in which they are written.
const COLUMNS: [&str; 19] = [
    "step",
    "line",
    "granted",
    "spend",
    "impressions",
    "clicks",
    "engagements",
    "carts",
    "orders",
    "new_customers",
    "revenue",
    "joins",
    "leads",
    "visitors",
    "refunds",
    "deposits",
    "rating",
    "budget_left",
    "reserved",
];
/// Advertising credit left, before the columns of stages and products.
const CREDIT: &str = "credit";
/// Prefixes of the columns of a product.
const PRODUCT: [&str; 2] = ["orders ", "stock "];

/// Problems after which a log is read no further: nobody reads more, and a table of another kind has one in every row.
const MOST_PROBLEMS: usize = 1_000;

/// `[steps seen + 1]` what was seen before each step, the first one included.
pub(crate) type Seen = Vec<Observation>;

/// Largest number in a log: as many major units as a budget may have, and more people than there are.
const MOST: f64 = 1e12;

/// What is seen before the first step where nobody says more.
pub(crate) fn opening(brief: &Brief) -> Observation {
    let lines = vec![LineReport::default(); brief.lines.len()];
    Observation { budget_left: brief.budget, lines, ..Observation::default() }
}

/// Writes what was seen before each step as a log.
pub(crate) fn write(brief: &Brief, seen: &[Observation]) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut header: Vec<String> = COLUMNS.iter().map(|name| (*name).to_owned()).collect();
    header.push(CREDIT.to_owned());
    header.extend(Stage::ALL.iter().map(|stage| stage.name().to_owned()));
    for prefix in PRODUCT {
        header.extend(brief.products.iter().map(|product| format!("{prefix}{}", product.name)));
    }
    writer.write_record(&header)?;
    for (number, observation) in seen.iter().enumerate() {
        let step = number.checked_sub(1).map_or_else(|| START.to_owned(), |step| step.to_string());
        if number > 0 {
            for (line, report) in brief.lines.iter().zip(&observation.lines) {
                writer.write_record(of_line(&step, &line.name, report, header.len()))?;
            }
        }
        writer.write_record(of_shop(&step, brief, observation))?;
    }
    let bytes = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn of_line(step: &str, line: &str, report: &LineReport, columns: usize) -> Vec<String> {
    let money = |money: Money| money.major().to_string();
    let mut row = vec![step.to_owned(), line.to_owned(), money(report.granted), money(report.spend)];
    row.extend([report.impressions, report.clicks, report.engagements, report.carts].map(|x| x.to_string()));
    row.extend([report.orders, report.new_customers].map(|x| x.to_string()));
    row.push(money(report.revenue));
    row.extend([report.joins, report.leads].map(|x| x.to_string()));
    row.resize(columns, String::new());
    row
}

fn of_shop(step: &str, brief: &Brief, observation: &Observation) -> Vec<String> {
    let shop = &observation.shop;
    let money = |money: Money| money.major().to_string();
    let mut row = vec![step.to_owned(), SHOP.to_owned()];
    row.resize(8, String::new());
    row.extend([shop.orders, shop.new_customers].map(|x| x.to_string()));
    row.push(money(shop.revenue));
    row.extend([shop.joins, shop.leads, shop.visitors].map(|x| x.to_string()));
    row.extend([shop.refunds, shop.deposits].map(money));
    row.push(shop.rating.map(|rating| rating.to_string()).unwrap_or_default());
    row.extend([observation.budget_left, observation.reserved, observation.credit].map(money));
    row.extend(observation.stages.iter().map(u64::to_string));
    for of in [&shop.products, &shop.stock] {
        row.extend(
            (0..brief.products.len()).map(|product| of.get(product).map(u64::to_string).unwrap_or_default()),
        );
    }
    row
}

/// Reads a log of a season of `brief`; every problem at once, each with its row and column.
pub(crate) fn read(text: &str, brief: &Brief) -> Result<Seen, Vec<String>> {
    let mut reader =
        csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| vec![error.to_string()])?.clone();
    let mut log = Reading::new(brief, &header);
    let mut record = csv::StringRecord::new();
    loop {
        match reader.read_record(&mut record) {
            Ok(true) if log.problems.len() >= MOST_PROBLEMS => {
                let row = record.position().map_or(0, csv::Position::line);
                log.problems.push(format!("row {row}: the rest was not read"));
                return Err(log.problems);
            }
            Ok(true) => log.take(&record),
            Ok(false) => break,
            Err(error) => {
                log.problems.push(error.to_string());
                break;
            }
        }
    }
    log.finish()
}

/// A log that is being read.
struct Reading<'a> {
    brief: &'a Brief,
    columns: HashMap<String, usize>,
    seen: Seen,
    /// `[steps seen][lines + 1]` the row in which each stood, the shop last.
    rows: Vec<Vec<Option<u64>>>,
    /// Whether the log says what was left.
    says_left: bool,
    problems: Vec<String>,
}

impl<'a> Reading<'a> {
    fn new(brief: &'a Brief, header: &csv::StringRecord) -> Self {
        let mut problems = Vec::new();
        let mut columns = HashMap::new();
        for (place, name) in header.iter().enumerate() {
            let name = name.trim_start_matches('\u{feff}');
            if columns.insert(name.to_owned(), place).is_some() {
                problems.push(format!("two columns are named `{name}`"));
            }
        }
        for name in ["step", "line", "spend"].iter().filter(|name| !columns.contains_key(**name)) {
            problems.push(format!("there is no column `{name}`"));
        }
        let says_left = columns.contains_key("budget_left");
        Self { brief, columns, seen: vec![opening(brief)], rows: Vec::new(), says_left, problems }
    }

    fn take(&mut self, record: &csv::StringRecord) {
        let row = record.position().map_or(0, csv::Position::line);
        let (step, line) = (self.text(record, "step"), self.text(record, "line"));
        if step == START {
            let mut opening = std::mem::take(&mut self.seen[0]);
            self.shop(record, row, &mut opening);
            self.seen[0] = opening;
            return;
        }
        let Some(step) = step.parse::<usize>().ok().filter(|step| *step < self.brief.steps) else {
            let last = self.brief.steps.saturating_sub(1);
            self.problems.push(format!("row {row}: step `{step}` is not one of 0 to {last}"));
            return;
        };
        let place = if line == SHOP {
            self.brief.lines.len()
        } else if let Some(place) = self.brief.lines.iter().position(|known| known.name == line) {
            place
        } else {
            let names = self.brief.lines.iter().map(|line| line.name.as_str()).collect::<Vec<_>>().join(", ");
            self.problems.push(format!("row {row}: there is no line `{line}`; there are {names} and {SHOP}"));
            return;
        };
        while self.rows.len() <= step {
            self.rows.push(vec![None; self.brief.lines.len() + 1]);
            let lines = vec![LineReport::default(); self.brief.lines.len()];
            self.seen.push(Observation { step: self.rows.len(), lines, ..Observation::default() });
        }
        if let Some(before) = self.rows[step][place].replace(row) {
            self.problems.push(format!("row {row}: `{line}` in step {step} stands in row {before} already"));
            return;
        }
        let mut observation = std::mem::take(&mut self.seen[step + 1]);
        match observation.lines.get(place).copied() {
            Some(_) => observation.lines[place] = self.line(record, row),
            None => self.shop(record, row, &mut observation),
        }
        self.seen[step + 1] = observation;
    }

    fn line(&mut self, record: &csv::StringRecord, row: u64) -> LineReport {
        let mut count = |name| self.number(record, row, name) as u64;
        let counts =
            ["impressions", "clicks", "engagements", "carts", "orders", "new_customers", "joins", "leads"];
        let [impressions, clicks, engagements, carts, orders, new_customers, joins, leads] =
            counts.map(&mut count);
        let mut money = |name| Money::from_major(self.number(record, row, name));
        let [spend, revenue] = ["spend", "revenue"].map(&mut money);
        // Who does not say what was granted, granted what was spent.
        let granted =
            if self.text(record, "granted").is_empty() { spend } else { self.money(record, row, "granted") };
        LineReport {
            granted,
            spend,
            impressions,
            clicks,
            engagements,
            carts,
            orders,
            new_customers,
            revenue,
            joins,
            leads,
        }
    }

    fn shop(&mut self, record: &csv::StringRecord, row: u64, to: &mut Observation) {
        let mut count = |name: &str| self.number(record, row, name) as u64;
        let [visitors, orders, new_customers, joins, leads] =
            ["visitors", "orders", "new_customers", "joins", "leads"].map(&mut count);
        to.stages = Stage::ALL.map(|stage| count(stage.name()));
        let products = |prefix: &str, reading: &mut Self| -> Vec<u64> {
            let names = reading.brief.products.iter().map(|product| format!("{prefix}{}", product.name));
            let names: Vec<String> = names.filter(|name| !reading.text(record, name).is_empty()).collect();
            names.iter().map(|name| reading.integer(record, row, name)).collect()
        };
        to.shop.products = products(PRODUCT[0], self);
        to.shop.stock = products(PRODUCT[1], self);
        (to.shop.visitors, to.shop.orders, to.shop.new_customers) = (visitors, orders, new_customers);
        (to.shop.joins, to.shop.leads) = (joins, leads);
        to.shop.revenue = self.money(record, row, "revenue");
        to.shop.refunds = self.money(record, row, "refunds");
        to.shop.deposits = self.money(record, row, "deposits");
        to.shop.rating =
            (!self.text(record, "rating").is_empty()).then(|| self.number(record, row, "rating"));
        if self.says_left {
            to.budget_left = self.money(record, row, "budget_left");
        }
        to.reserved = self.money(record, row, "reserved");
        to.credit = self.money(record, row, CREDIT);
    }

    /// What stands in a column, nothing where there is none.
    fn text(&self, record: &csv::StringRecord, column: &str) -> String {
        let place = self.columns.get(column);
        place.and_then(|place| record.get(*place)).unwrap_or_default().to_owned()
    }

    /// A number of zero or more; 0 where nothing stands.
    fn number(&mut self, record: &csv::StringRecord, row: u64, column: &str) -> f64 {
        let text = self.text(record, column);
        if text.is_empty() {
            return 0.0;
        }
        let number = text.parse::<f64>().ok().filter(|number| (0.0..=MOST).contains(number));
        number.unwrap_or_else(|| {
            let help = match text.parse::<f64>() {
                Ok(number) if number > MOST => format!(", and up to {MOST:e}"),
                Err(_) if text.contains(',') => "; write it without thousands separators".to_owned(),
                Err(_) if text.starts_with(['$', '€', '£', '¥', '￥']) => {
                    "; write it without a sign: money is in the scenario's currency".to_owned()
                }
                _ if text.starts_with('-') => {
                    "; credits and refunds belong to the step that was paid for".to_owned()
                }
                _ => String::new(),
            };
            self.problems
                .push(format!("row {row}, column `{column}`: `{text}` is no number of 0 or more{help}"));
            0.0
        })
    }

    /// As [`Self::number`], whole and up to the largest there is.
    fn integer(&mut self, record: &csv::StringRecord, row: u64, column: &str) -> u64 {
        let text = self.text(record, column);
        text.parse().unwrap_or_else(|_| self.number(record, row, column) as u64)
    }

    fn money(&mut self, record: &csv::StringRecord, row: u64, column: &str) -> Money {
        Money::from_major(self.number(record, row, column))
    }

    fn finish(mut self) -> Result<Seen, Vec<String>> {
        for (step, rows) in self.rows.iter().enumerate() {
            let missing: Vec<&str> = (self.brief.lines.iter().zip(rows))
                .filter(|(_, row)| row.is_none())
                .map(|(line, _)| line.name.as_str())
                .collect();
            if !missing.is_empty() {
                self.problems.push(format!("step {step} has no row for {}", missing.join(", ")));
            }
        }
        if !self.says_left {
            self.spend();
        }
        if self.problems.is_empty() { Ok(self.seen) } else { Err(self.problems) }
    }

    /// Finds what is left of the budget where the log does not say: what was not spent.
    fn spend(&mut self) {
        let mut left = self.brief.budget;
        for (step, observation) in self.seen.iter_mut().enumerate() {
            left -= observation.lines.iter().map(|report| report.spend).sum::<Money>();
            observation.budget_left = left;
            if left < Money::ZERO {
                self.problems.push(format!(
                    "by step {} more was spent than the budget of {}: is the log of another season?",
                    step.saturating_sub(1),
                    self.brief.budget
                ));
                return;
            }
        }
    }
}
