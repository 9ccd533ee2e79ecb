//! The market of shoppers beside data that it was not fitted to: `docs/credibility.md` has the tables.
//!
//! `cargo test --release -p outlay-environment --test credibility -- --nocapture`

use std::sync::Arc;

use outlay_environment::{Allocation, Domain, Episode, Scenario, Seeds, Stage, World};

/// The rows of a table below its notice and its header.
fn rows(text: &str) -> Vec<Vec<f64>> {
    let lines = text.lines().filter(|line| !line.starts_with('#')).skip(1);
    lines.map(|line| line.split(',').map(|cell| cell.parse().unwrap()).collect()).collect()
}

/// The new-customer market over an ordinary year that begins without customers, with the season's money a day.
fn ordinary_year() -> Arc<Scenario> {
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
        .replace("budget = 300000", "budget = 3421875");
    std::fs::write(folder.join("calendars/year.toml"), year).unwrap();
    std::fs::write(folder.join("merchants/young-snack-brand.toml"), unknown).unwrap();
    std::fs::write(folder.join("year.toml"), scenario).unwrap();
    let scenario = Scenario::load(folder.join("year.toml").to_str().unwrap());
    std::fs::remove_dir_all(&folder).unwrap();
    scenario.unwrap_or_else(|problems| panic!("{problems}")).with_shoppers(20_000)
}

fn even_step(episode: &mut Episode) {
    let brief = episode.world().scenario.brief.clone();
    let steps_left = (brief.steps - episode.observation().step) as f64;
    let money = episode.observation().budget_left.major() / steps_left / brief.lines.len() as f64;
    episode.step(&Allocation { money: vec![money; brief.lines.len()] });
}

/// Of those who ordered once in the first 90 days, how many have ordered again so many days later: CDNOW's customers, and
/// shoppers of the market, with advertising that goes on after these days and with one that ends.
///
/// Discs are no snacks, and CDNOW knows no advertising after the first order. What can be compared is the shape: customers
/// differ, so those who come back do so early, and the rate of the others falls. It falls in the market as well, but far less:
/// its shoppers are too much alike. The bounds hold that gap as it is, so that whoever narrows it comes by here.
#[test]
fn repeat_purchases_beside_cdnow() {
    let data = rows(include_str!("data/cdnow-repeat.csv"));
    let scenario = ordinary_year();
    // Customers of the first 90 days and those who came back, by days since: advertised to, and left alone.
    let mut repeated = vec![[[0.0; 2]; 2]; data.len()];
    for number in 0..3 {
        let seeds = Seeds::numbered(Domain::Validate, number, 0);
        let mut episode = Episode::new(World::draw(&scenario, seeds.world), seeds.noise);
        (0..90).for_each(|_| even_step(&mut episode));
        let eve = episode.clone();
        let mut alone = episode.clone();
        while !episode.is_over() {
            even_step(&mut episode);
            alone.replay(&[]);
            let day = (episode.observation().step - 90) as f64;
            for (_, sums) in data.iter().zip(&mut repeated).filter(|(row, _)| row[0] == day) {
                for ([again, all], now) in sums.iter_mut().zip([&episode, &alone]) {
                    let flow = now.flow_from(&eve)[Stage::Initial as usize];
                    *again += (flow[Stage::Numerous as usize] + flow[Stage::Keen as usize]) as f64;
                    *all += flow.iter().sum::<u64>() as f64;
                }
            }
        }
    }
    println!(
        "share back          CDNOW  advertised  alone   daily rate of the rest: CDNOW  advertised    alone"
    );
    let mut before = [0.0; 4];
    let mut rates = Vec::new();
    for (row, [advertised, alone]) in data.iter().zip(&repeated) {
        let now = [row[0], row[1] / row[2], advertised[0] / advertised[1], alone[0] / alone[1]];
        // Mean rate at which those who had not come back did so since the row before.
        let rate = |who: usize| ((1.0 - before[who]) / (1.0 - now[who])).ln() / (now[0] - before[0]);
        let [cdnow, with, without] = [1, 2, 3].map(rate);
        println!(
            "after {:3} days {:10.3} {:11.3} {:6.3} {cdnow:30.5} {with:11.5} {without:8.5}",
            now[0], now[1], now[2], now[3]
        );
        rates.push([cdnow, with, without]);
        before = now;
    }
    assert!(repeated[0][0][1] > 20_000.0, "{} customers", repeated[0][0][1]);
    let fall = |who: usize| rates[rates.len() - 1][who] / rates[1][who];
    let [cdnow, with, without] = [0, 1, 2].map(fall);
    assert!(cdnow < 0.35, "{cdnow}");
    assert!((0.6..0.9).contains(&with) && (0.5..0.9).contains(&without), "{with} {without}");
    assert!(before[2] > before[3] && before[3] > before[1], "{before:?}");
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
            even_step(&mut episode);
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
