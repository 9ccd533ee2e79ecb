//! The market of shoppers beside data that it was not fitted to: `docs/credibility.md` has the tables.
//!
//! `cargo test --release -p outlay-environment --test credibility -- --nocapture`
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "support/season.rs"]
mod season;

use std::sync::Arc;

use outlay_environment::{Domain, Episode, Scenario, Seeds, Stage, World};
use season::even;

/// The rows of a table below its notice and its header.
fn rows(text: &str) -> Vec<Vec<f64>> {
    let lines = text.lines().filter(|line| !line.starts_with('#')).skip(1);
    lines.map(|line| line.split(',').map(|cell| cell.parse().unwrap()).collect()).collect()
}

/// The new-customer market over an ordinary year that begins without customers, with the season's money a day; `buyers` is
/// how its shoppers differ.
fn ordinary_year(buyers: &str) -> Arc<Scenario> {
    let folder = std::env::temp_dir().join(format!("outlay-credibility-{}", std::process::id()));
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/../../environments");
    let read = |name: &str| std::fs::read_to_string(format!("{shipped}/{name}")).unwrap();
    for kind in ["calendars", "merchants"] {
        std::fs::create_dir_all(folder.join(kind)).unwrap();
    }
    let year = "title = \"an ordinary year\"\nfirst_weekday = \"wednesday\"\n\
        weekday_traffic = [1.079, 1.224, 1.031, 1.009, 0.957, 0.862, 0.838]\n\
        [[phase]]\nname = \"ordinary\"\ndays = 365\ntraffic = 1\ndemand = 1\nprice = 1\n";
    let merchant = read("merchants/young-snack-brand.toml");
    let opening = merchant.lines().find(|line| line.starts_with("stages = ")).unwrap();
    let unknown = merchant.replace(opening, "stages = [1, 0, 0, 0, 0, 0, 0, 0]");
    let scenario = read("new-customer.toml")
        .replace("calendar = \"618\"", "calendar = \"year\"")
        .replace("budget = 300000", "budget = 3421875")
        + buyers;
    std::fs::write(folder.join("calendars/year.toml"), year).unwrap();
    std::fs::write(folder.join("merchants/young-snack-brand.toml"), unknown).unwrap();
    std::fs::write(folder.join("year.toml"), scenario).unwrap();
    let scenario = Scenario::load(folder.join("year.toml").to_str().unwrap());
    std::fs::remove_dir_all(&folder).unwrap();
    scenario.unwrap_or_else(|problems| panic!("{problems}")).with_shoppers(20_000)
}

/// Of the customers of the first 90 days with one order, the share who have ordered again so many days after these, with
/// advertising that goes on and with one that ends then.
fn came_back(scenario: &Arc<Scenario>, days: &[usize]) -> Vec<[f64; 2]> {
    let mut episode = Episode::new(World::average(scenario), 1);
    (0..90).for_each(|_| episode.step(&even(&episode)));
    let eve = episode.clone();
    let mut alone = episode.clone();
    let customers = eve.stages()[Stage::Initial as usize] as f64;
    assert!(customers > 10_000.0, "{customers} customers");
    let mut back = Vec::new();
    while !episode.is_over() {
        episode.step(&even(&episode));
        alone.replay(&[]);
        if days.contains(&(episode.observation().step - 90)) {
            back.push([&episode, &alone].map(|now| {
                let flow = now.flow_from(&eve)[Stage::Initial as usize];
                (flow[Stage::Numerous as usize] + flow[Stage::Keen as usize]) as f64 / customers
            }));
        }
    }
    back
}

/// Of those who ordered once in the first 90 days, how many have ordered again so many days later: CDNOW's customers, and
/// shoppers of the market, alike as they are in `new-customer` and differing as they do in `repeat-purchase`.
///
/// Discs are no snacks, and CDNOW knows no advertising after the first order. What can be compared is the shape: customers
/// differ, so those who come back do so early, and the rate of the others falls. Where shoppers are alike it hardly falls.
#[test]
fn repeat_purchases_beside_cdnow() {
    let data = rows(include_str!("data/cdnow-repeat.csv"));
    let days: Vec<usize> = data.iter().map(|row| row[0] as usize).collect();
    let alike = came_back(&ordinary_year(""), &days);
    let text = include_str!("../../../environments/repeat-purchase.toml");
    let table = text.split("\n\n").find(|part| part.contains("[set.industry.buyers]")).unwrap();
    let differing = came_back(&ordinary_year(&format!("\n{table}\n")), &days);
    let series = ["CDNOW", "alike", "alone", "differing", "alone"];
    let shares: Vec<[f64; 5]> = (data.iter().zip(alike).zip(differing))
        .map(|((row, [with, without]), [then, left])| [row[1] / row[2], with, without, then, left])
        .collect();
    // Mean daily rate at which those who had not come back by one row did so by another.
    let rate = |who: usize, from: Option<usize>, to: usize| {
        let (share, day) = from.map_or((0.0, 0.0), |row| (shares[row][who], data[row][0]));
        ((1.0 - share) / (1.0 - shares[to][who])).ln() / (data[to][0] - day)
    };
    println!("share back, and daily rate of the rest: {series:?}");
    for (row, shares) in shares.iter().enumerate() {
        let rates: [f64; 5] = std::array::from_fn(|who| rate(who, row.checked_sub(1), row));
        println!("after {:3} days {shares:.3?} {rates:.4?}", data[row][0]);
    }
    let fall: [f64; 5] = std::array::from_fn(|who| rate(who, Some(5), 7) / rate(who, None, 2));
    println!("rate of days 180 to 275 for that of days 0 to 60: {fall:.2?}");
    assert!(fall[0] < 0.45, "{fall:?}");
    // Alike, and too much so.
    assert!((0.6..1.1).contains(&fall[1]) && (0.6..1.1).contains(&fall[2]), "{fall:?}");
    assert!(fall[3] < 0.75 * fall[1] && fall[4] < 0.75 * fall[2], "{fall:?}");
    assert!(shares[7][1] > shares[7][2] && shares[7][2] > shares[7][0], "{shares:?}");
}

/// BG/NBD in closed form: the share of customers with so many repeat orders after `t` (equation 8 of Fader, Hardie and Lee
/// 2005), for the figures of CDNOW (their table 2).
fn bg_nbd(orders: u32, t: f64) -> f64 {
    const R: f64 = 0.243;
    const ALPHA: f64 = 4.414;
    const A: f64 = 0.793;
    const B: f64 = 2.426;
    let log_beta = |a: f64, b: f64| libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b);
    let nbd = |x: f64| {
        let choices = libm::lgamma(R + x) - libm::lgamma(R) - libm::lgamma(x + 1.0);
        (choices + R * (ALPHA / (ALPHA + t)).ln() + x * (t / (ALPHA + t)).ln()).exp()
    };
    let x = f64::from(orders);
    let alive = (log_beta(A, B + x) - log_beta(A, B)).exp() * nbd(x);
    if orders == 0 {
        return alive;
    }
    let more = 1.0 - (0..orders).map(|fewer| nbd(f64::from(fewer))).sum::<f64>();
    alive + (log_beta(A + 1.0, B + x - 1.0) - log_beta(A, B)).exp() * more
}

/// The whole curve of repeat purchase of `references/cdnow`, whose shoppers differ as BG/NBD says those of CDNOW do, beside
/// CDNOW's customers and the model's own formula. The market agrees with the formula to within its noise, so that what is
/// left between it and the data is what BG/NBD leaves.
#[test]
fn shoppers_who_differ_return_as_cdnow_s_customers_do() {
    let weeks = rows(include_str!("data/cdnow-weeks.csv"));
    let counts = rows(include_str!("data/cdnow-orders.csv"));
    let customers: f64 = counts.iter().map(|row| row[1]).sum();
    let scenario = Scenario::load("references/cdnow").unwrap();
    let people = scenario.market().unwrap().people as f64;
    let mut episode = Episode::with_journal(World::average(&scenario), 1);
    let mut shares = Vec::new();
    let mut repeats = vec![0.0];
    for week in 1..=weeks.len() {
        (0..7).for_each(|_| episode.replay(&[]));
        repeats.push(episode.ledger().shop().orders as f64 / people);
        if [39, 65].contains(&week) {
            shares.push(episode.journal().unwrap().people_by_orders());
        }
    }
    assert!(episode.is_over());
    let formula = |week: f64| (0..200).map(|x| f64::from(x) * bg_nbd(x, week)).sum::<f64>();
    println!("week    repeat orders a customer: CDNOW   market  formula");
    for row in &weeks {
        let (week, cdnow) = (row[0], row[1] / customers);
        let market = repeats[week as usize];
        if [1.0, 4.0, 13.0, 26.0, 39.0, 52.0, 65.0].contains(&week) {
            println!("{week:4} {cdnow:34.3} {market:8.3} {:8.3}", formula(week));
        }
        let noise = 0.01 + 0.03 * formula(week);
        assert!((market - formula(week)).abs() < noise, "week {week}: {market} for {}", formula(week));
        assert!((market - cdnow).abs() < 0.03 + 0.06 * cdnow, "week {week}: {market} for CDNOW's {cdnow}");
    }
    for (column, (week, shares)) in [39.0, 65.0].into_iter().zip(&shares).enumerate() {
        println!("repeats in {week} weeks: share of CDNOW   market  formula");
        for (row, repeats) in counts.iter().zip(0..) {
            let last = repeats + 1 == counts.len();
            let of = |share: &dyn Fn(usize) -> f64| {
                if last { 1.0 - (0..repeats).map(share).sum::<f64>() } else { share(repeats) }
            };
            let market = of(&|x| shares.get(x).map_or(0.0, |people_so| *people_so as f64 / people));
            let (cdnow, model) = (row[column + 1] / customers, of(&|x| bg_nbd(x as u32, week)));
            println!("{repeats:7} {cdnow:31.3} {market:8.3} {model:8.3}");
            assert!((market - model).abs() < 0.01, "{repeats} in {week} weeks: {market} for {model}");
            assert!(
                (market - cdnow).abs() < 0.035,
                "{repeats} in {week} weeks: {market} for CDNOW's {cdnow}"
            );
        }
    }
}

/// The declared traffic of a week beside the table that it comes from.
#[test]
fn weekdays_beside_the_traffic_of_114_regions() {
    let data = rows(include_str!("data/weekday-traffic.csv"));
    let scenario = Scenario::load("new-customer").unwrap();
    // The first phase has twelve days, so each weekday once.
    let week = &scenario.brief.calendar[..7];
    let total: f64 = week.iter().map(|day| day.traffic).sum();
    println!("weekday   data   calendar");
    for row in &data {
        let day = week.iter().find(|day| f64::from(day.weekday) + 1.0 == row[0]).unwrap();
        let share = day.traffic / total;
        println!("{:7} {:6.4} {:10.4}", row[0], row[1], share);
        assert!((share / row[1] - 1.0).abs() < 0.006, "{}: {share} for {}", row[0], row[1]);
    }
}

/// Criteo (2018 attribution data): of conversions 35 % come within an hour of the click, 50 % within 24 hours, and some as
/// late as 30 days. The market's step is a day, so the hour is out of its reach.
#[test]
fn late_reports_beside_criteo() {
    let scenario = Scenario::load("new-customer").unwrap().with_shoppers(20_000);
    let delay = scenario.market().unwrap().industry.report;
    let by_day = |day: usize| 1.0 - (1.0 - delay.same_day) * (1.0 - delay.daily).powi(day as i32);
    assert_eq!(by_day(0), 0.5);
    assert_eq!(delay.longest, 30);
    // What was reported by the end of each day, against the credited orders of the ledger spread by that rule.
    let (mut reported, mut credited) = (vec![0.0; 32], vec![0.0; 32]);
    for number in 0..6 {
        let seeds = Seeds::numbered(Domain::Validate, number, 0);
        let mut episode = Episode::new(World::draw(&scenario, seeds.world), seeds.noise);
        while !episode.is_over() {
            episode.step(&even(&episode));
            let day = episode.observation().step - 1;
            reported[day] += episode.observation().lines.iter().map(|line| line.orders as f64).sum::<f64>();
            credited[day] +=
                episode.ledger().step(day).iter().map(|line| line.credited_orders as f64).sum::<f64>();
        }
    }
    println!("by day   reported of all credited so far   by the rule");
    for day in [0, 1, 3, 7, 15, 31] {
        let so_far: f64 = credited[..=day].iter().sum();
        let seen = reported[..=day].iter().sum::<f64>() / so_far;
        let spread = |(then, orders): (usize, &f64)| orders * by_day(day - then);
        let wanted = credited[..=day].iter().enumerate().map(spread).sum::<f64>() / so_far;
        println!("{day:6} {seen:33.3} {wanted:13.3}");
        // Each shopper stands for 20 people, so that there are a twentieth as many independent orders.
        let error = 5.0 * (wanted * (1.0 - wanted) / (so_far / 20.0)).sqrt();
        assert!((seen - wanted).abs() < error, "day {day}: {seen} for {wanted} +- {error}");
    }
}
