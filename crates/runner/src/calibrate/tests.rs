use std::fmt::Write;

use clap::Parser;
use outlay_environment::Problems;

use super::*;
use crate::cli::{Cli, Command};
use crate::diagnostic;

/// The command with these flags.
fn asked(flags: &[&str]) -> cli::Calibrate {
    let words = ["outlay", "calibrate", "history.csv"].into_iter().chain(flags.iter().copied());
    match Cli::try_parse_from(words).unwrap().command {
        Some(Command::Calibrate(arguments)) => arguments,
        other => panic!("{other:?}"),
    }
}

fn read(bytes: &[u8], flags: &[&str]) -> Result<Loaded, Problems> {
    let mut findings = Findings::new("history.csv");
    let table = Table::of(bytes, &mut findings);
    understand(table, &asked(flags), Phrases::of(Language::En), findings)
}

/// Problems as a person is shown them.
fn problems(bytes: &[u8], flags: &[&str]) -> String {
    match read(bytes, flags) {
        Err(problems) => {
            assert!(!problems.0.is_empty());
            anstream::adapter::strip_str(&diagnostic::render(&problems)).to_string()
        }
        Ok(read) => panic!("taken as it is: {:?}", read.taken),
    }
}

/// Sixty weeks of two channels, with the rows changed.
fn weeks(change: impl Fn(usize, String) -> Option<String>) -> Vec<u8> {
    let mut text = String::from("week,tv_spend,search_spend,revenue\n");
    for week in 0..60 {
        let day = cells::day_text(18_001 + 7 * week as i64);
        let row =
            format!("{day},{},{},{}", 100 + week * 37 % 91, 50 + week * 53 % 67, 4_000 + week * 29 % 500);
        if let Some(row) = change(week, row) {
            writeln!(text, "{row}").unwrap();
        }
    }
    text.into_bytes()
}

fn replaced(week: usize, column: usize, cell: &'static str) -> Vec<u8> {
    weeks(move |row, text| {
        let mut cells: Vec<&str> = text.split(',').collect();
        if row == week || row == week + 3 {
            cells[column] = cell;
        }
        Some(cells.join(","))
    })
}

#[test]
fn a_sound_table_is_taken_and_said_why() {
    let Loaded { taken, history, currency, .. } = read(&weeks(|_, row| Some(row)), &[]).unwrap();
    let roles: Vec<Role> = taken.iter().map(|it| it.role).collect();
    assert_eq!(roles, [Role::Date, Role::Spend, Role::Spend, Role::Outcome]);
    assert_eq!((history.steps(), history.step_days, history.first_day), (60, 7, 18_001));
    assert_eq!(history.channels[1].name, "search");
    assert_eq!(history.channels[0].spend[..3], [100.0, 137.0, 174.0]);
    assert_eq!(currency, "units");
}

#[test]
fn rows_in_any_order_and_a_byte_order_mark_change_nothing() {
    let sound = weeks(|_, row| Some(row));
    let mut lines: Vec<&[u8]> = sound.split_inclusive(|byte| *byte == b'\n').collect();
    lines[1..].reverse();
    let turned = [b"\xef\xbb\xbf".to_vec(), lines.concat()].concat();
    let (one, other) = (read(&sound, &[]).unwrap(), read(&turned, &[]).unwrap());
    assert_eq!(one.history, other.history);
}

#[test]
fn semicolons_quotes_and_windows_line_ends() {
    let sound = weeks(|_, row| Some(row));
    let text = String::from_utf8(sound.clone())
        .unwrap()
        .replace(',', ";")
        .replace('\n', "\r\n")
        .replace("revenue", "\"revenue\"");
    let (one, other) = (read(&sound, &[]).unwrap(), read(text.as_bytes(), &[]).unwrap());
    assert_eq!(one.history, other.history);
}

/// The same history with a row for each date and channel.
#[test]
fn a_long_table_is_the_wide_one() {
    let wide = weeks(|_, row| Some(row));
    let mut long = String::from("date,channel,spend,impressions,revenue\n");
    for row in String::from_utf8(wide.clone()).unwrap().lines().skip(1) {
        let cells: Vec<&str> = row.split(',').collect();
        for (place, name) in [(1, "tv"), (2, "search")] {
            writeln!(long, "{},{name},{},7,{}", cells[0], cells[place], cells[3]).unwrap();
        }
    }
    let (wide, long) = (read(&wide, &[]).unwrap(), read(long.as_bytes(), &[]).unwrap());
    assert_eq!(wide.history, long.history);
    assert_eq!(long.notes, ["the outcome is the same in all rows of a date: taken as the date's"]);
}

#[test]
fn both_public_tables_are_understood() {
    for (name, steps, channels, controls) in [("robyn_weekly", 208, 5, 4), ("meridian_national", 156, 5, 4)] {
        let path = format!("{}/../../tests/data/{name}.csv", env!("CARGO_MANIFEST_DIR"));
        let read = read(&std::fs::read(path).unwrap(), &[]).unwrap_or_else(|problems| panic!("{problems}"));
        let history = read.history;
        assert_eq!(
            (history.steps(), history.step_days, history.channels.len(), history.controls.len()),
            (steps, 7, channels, controls),
            "{name}"
        );
        let said: String = read
            .names
            .iter()
            .zip(&read.taken)
            .map(|(name, taken)| {
                format!("{name}: {}, {}\n", taken.role.name(Phrases::of(Language::En)), taken.why)
            })
            .collect();
        insta::assert_snapshot!(name, said);
    }
}

macro_rules! bad {
    ($($test:ident: $bytes:expr, $flags:expr;)*) => { $(
        #[test]
        fn $test() {
            insta::assert_snapshot!(stringify!($test), problems(AsRef::<[u8]>::as_ref(&$bytes), &$flags));
        }
    )* };
}

bad! {
    missing_weeks: weeks(|week, row| (week != 10 && week != 30 && week != 31).then_some(row)), [];
    negative_spend: replaced(5, 1, "-20"), [];
    currency_signs: weeks(|week, row| Some(if week == 4 { row.replacen(",", ",$", 1) } else if week == 9 { row.replacen(",", ",€", 1) } else { row })), [];
    currency_columns: weeks(|_, row| Some(row)).replace("tv_spend", "tv_spend_usd").replace("search_spend", "search_spend_eur"), [];
    text_in_numbers: replaced(5, 2, "n.b. none"), [];
    empty_cells: replaced(5, 3, ""), [];
    three_rows: weeks(|week, row| (week < 3).then_some(row)), [];
    thousands: replaced(5, 1, "\"1,234\""), [];
    too_many_cells: replaced(5, 1, "1,234"), [];
    dates_twice: weeks(|week, row| Some(if week == 7 { format!("{row}\n{row}") } else { row })), [];
    no_calendar_day: replaced(5, 0, "2020-02-31"), [];
    day_or_month: b"date,spend,revenue\n01/02/2020,1,2\n02/02/2020,1,2\n03/02/2020,1,2\n", [];
    day_and_month: b"date,spend,revenue\n13/02/2020,1,2\n02/14/2020,1,2\n03/02/2020,1,2\n", [];
    months: (1..=12).map(|month| format!("2020-{month:02}-01,1,2\n")).fold("date,spend,revenue\n".to_owned(), |text, row| text + &row).into_bytes(), [];
    utf_16: [vec![0xff, 0xfe], "date,spend".encode_utf16().flat_map(u16::to_le_bytes).collect()].concat(), [];
    gbk: b"date,spend,revenue\n2020-01-01,1,\xcf\xfa\xca\xdb\n", [];
    latin_1: b"date,spend,revenue\n2020-01-01,1,caf\xe9 1\n", [];
    empty_file: b"", [];
    no_outcome: weeks(|_, row| Some(row)).replace("revenue", "something"), [];
    several_outcomes: weeks(|_, row| Some(row)).replace("search_spend", "gmv"), [];
    no_spend: weeks(|_, row| Some(row)).replace("_spend", ""), [];
    no_dates: weeks(|_, row| Some(row.replacen('2', "x", 1))), [];
    unknown_columns: weeks(|_, row| Some(row)), ["--spend", "tv_spent,search_spend", "--outcome", "Revenue"];
    names_twice: weeks(|_, row| Some(row)).replace("search_spend", "tv_spend"), [];
    never_spent: weeks(|_, row| { let mut cells: Vec<&str> = row.split(',').collect(); (cells[1], cells[2]) = ("0", "0"); Some(cells.join(",")) }), [];
    everything_at_once: weeks(|week, row| match week {
        2 => Some(row.replacen(",", ",-", 1)),
        4 => Some(row.replacen(",", ",many ", 1)),
        6 => Some(row.replacen("20", "no", 1)),
        8 => Some(format!("{row},1")),
        _ => Some(row),
    }), [];
}

/// Bytes as a text, changed.
trait Replace {
    fn replace(&self, from: &str, to: &str) -> Vec<u8>;
}

impl Replace for Vec<u8> {
    fn replace(&self, from: &str, to: &str) -> Vec<u8> {
        String::from_utf8(self.clone()).unwrap().replace(from, to).into_bytes()
    }
}

/// A stream without end is left after the largest file that is read.
#[test]
fn ten_million_rows_are_refused_in_bounded_memory() {
    use std::io::Read as _;
    let row = b"2020-01-01,search,1000.5,20\n";
    struct Endless {
        row: &'static [u8],
        place: usize,
        given: usize,
    }
    impl std::io::Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            for byte in &mut *buffer {
                *byte = self.row[self.place];
                self.place = (self.place + 1) % self.row.len();
            }
            self.given += buffer.len();
            Ok(buffer.len())
        }
    }
    let mut endless = Endless { row, place: 0, given: 0 };
    let mut findings = Findings::new("history.csv");
    let length = 10_000_000 * row.len() as u64;
    assert!(Table::of(endless.by_ref().take(length), &mut findings).is_none());
    assert!(endless.given < 100 << 20, "{} bytes were read", endless.given);
    let problems = findings.finish().unwrap_err();
    assert!(problems.to_string().contains("larger than 32 MiB"), "{problems}");
}

/// Whatever the bytes are, there is an answer and no panic.
#[test]
fn any_bytes_are_answered() {
    use proptest::prelude::*;
    let cell = "[-0-9.,$€\"a;\t /]{0,6}|2020-0[1-9]-[0-3][0-9]|0?[1-9]/[0-9]{2}/2020|";
    let rows = prop::collection::vec(prop::collection::vec(cell, 1..6), 0..40);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    runner
        .run(&rows, |rows| {
            let body: String = rows.iter().map(|row| row.join(",") + "\n").collect();
            let _ = read(format!("date,spend,revenue,event\n{body}").as_bytes(), &[]);
            let _ = read(body.as_bytes(), &[]);
            Ok(())
        })
        .unwrap();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    runner
        .run(&prop::collection::vec(any::<u8>(), 0..200), |bytes| {
            let _ = read(&bytes, &[]);
            Ok(())
        })
        .unwrap();
}

/// The file that is written is a sound scenario whose worlds are the draws.
#[test]
fn the_scenario_s_worlds_are_the_draws() {
    use outlay_environment::{Curve, Domain, Seeds, World};
    let loaded = read(&weeks(|_, row| Some(row)), &[]).unwrap();
    let history = &loaded.history;
    let settings = Settings { seed: 3, chains: 2, warm_up: 30, kept: 40 };
    let fitted = fit(history, history.steps(), &settings).unwrap();
    let arguments = asked(&["--draws", "30", "--margin", "0.5"]);
    let plan = plan(&arguments, &loaded, &fitted);
    let text = scenario_file::text(history, &fitted, &plan);
    let scenario =
        Scenario::from_text("fitted", &text).unwrap_or_else(|problems| panic!("{problems}\n{text}"));
    assert_eq!((scenario.brief.steps, scenario.brief.step_days), (13, 7.0));
    // It begins where the history ended.
    let end = history.first_day + 7 * history.steps() as i64;
    assert_eq!(scenario.start_date.map(|date| date.to_string()), Some(cells::day_text(end)));
    let draws = fitted.thinned(30);
    for seed in 0..40 {
        let seeds = Seeds::numbered(Domain::Evaluate, seed, 0);
        let world = World::draw(&scenario, seeds.world);
        let curves = world.curves().unwrap();
        let close = |a: f64, b: f64| (a / b - 1.0).abs() < 1e-4;
        let is = |draw: &&&outlay_agent::calibrate::Draw| {
            draw.channels.iter().zip(&curves.lines).all(|(draw, line)| match line.curve {
                Curve::Hill { value, half, slope } => {
                    close(value, draw.value) && close(half, draw.half_stock()) && close(slope, draw.slope)
                }
                Curve::Power { .. } => false,
            })
        };
        let draw = draws.iter().find(is).unwrap_or_else(|| panic!("seed {seed} is no draw"));
        // What is left of the last weeks' spend, by the draw's own retention.
        for ((it, line), channel) in draw.channels.iter().zip(&curves.lines).zip(&history.channels) {
            let stock = channel.spend.iter().fold(0.0, |stock, spend| spend + it.retention * stock);
            assert!((line.stock / stock - 1.0).abs() < 5e-3, "{} {stock}", line.stock);
        }
    }
}

/// Curves as mirror ascent needs them: a plan step by step, the gradient by going back through the carry-over.
struct Whole<'c>(&'c outlay_environment::Curves);

impl outlay_agent::planning::Response for Whole<'_> {
    fn gradient(&self, plan: &[f64], gradient: &mut [f64]) -> f64 {
        use outlay_environment::curve::{adstock, adstock_gradient};
        let lines = self.0.lines.len();
        let mut total = 0.0;
        for (place, line) in self.0.lines.iter().enumerate() {
            let mut stock: Vec<f64> = plan.iter().skip(place).step_by(lines).copied().collect();
            if let Some(first) = stock.first_mut() {
                *first += line.retention * line.stock;
            }
            adstock(&mut stock, line.retention);
            let mut slopes: Vec<f64> = stock
                .iter()
                .zip(&line.weight)
                .map(|(stock, weight)| weight * line.curve.slope(*stock))
                .collect();
            total += stock
                .iter()
                .zip(&line.weight)
                .map(|(stock, weight)| weight * line.curve.value(*stock))
                .sum::<f64>();
            adstock_gradient(&mut slopes, line.retention);
            gradient.iter_mut().skip(place).step_by(lines).zip(slopes).for_each(|(to, slope)| *to = slope);
        }
        total
    }
}

/// On the median curves of both public tables, Newton's method on a barrier and mirror ascent, which knows gradients alone,
/// reach the same.
#[test]
fn the_planner_agrees_with_another_optimiser_on_fitted_curves() {
    use outlay_agent::planning::{mirror_ascent, plan};
    use outlay_environment::World;
    for name in ["robyn_weekly", "meridian_national"] {
        let path = format!("{}/../../tests/data/{name}.csv", env!("CARGO_MANIFEST_DIR"));
        let loaded = read(&std::fs::read(path).unwrap(), &[]).unwrap();
        let history = &loaded.history;
        let settings = Settings { seed: 1, chains: 2, warm_up: 60, kept: 60 };
        let fitted = fit(history, history.steps(), &settings).unwrap();
        let about = super::plan(&asked(&["--draws", "100"]), &loaded, &fitted);
        let scenario = Scenario::from_text("fitted", &scenario_file::text(history, &fitted, &about)).unwrap();
        let world = World::average(&scenario);
        let (curves, budget) = (world.curves().unwrap(), scenario.brief.budget.major());
        let best = plan(curves, budget, None, None);
        let cells = curves.steps() * curves.lines.len();
        let mut shares = vec![1.0 / cells as f64; cells];
        mirror_ascent(&Whole(curves), budget, &vec![f64::INFINITY; cells], &mut shares, 0.5, 4_000);
        let money: Vec<f64> = shares.iter().map(|share| share * budget).collect();
        let (reached, even) = (curves.value(&money), curves.value(&vec![budget / cells as f64; cells]));
        assert!((best.value / reached - 1.0).abs() < 1e-4, "{name}: {} and {reached}", best.value);
        assert!(best.value > even, "{name}: {} and {even} evenly", best.value);
    }
}
