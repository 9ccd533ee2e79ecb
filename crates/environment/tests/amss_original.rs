//! The vignette here against a run of the original, in the world of that run, and against its expectation.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::OnceLock;

use outlay_environment::{Domain, Scenario, Seeds, World};

#[path = "support/amss_original.rs"]
mod original;

const RUNS: u64 = 12;

/// Means and standard deviations of the figures in the world of the original, over noise seeds.
fn runs() -> ([f64; 8], [f64; 8]) {
    static MADE: OnceLock<([f64; 8], [f64; 8])> = OnceLock::new();
    *MADE.get_or_init(|| {
        let scenario = Scenario::load("references/amss-vignette").unwrap();
        let world = original::world(original::settings(&scenario).unwrap());
        let rows: Vec<_> = (0..RUNS).map(|noise| original::figures(&world, noise)).collect();
        original::summary(&rows)
    })
}

/// Expected figures of the fourth year, written down from the vignette's parameters alone: nothing lasts from week to week
/// in it, so each week begins with natural shares. Sums instead of draws, and means of ratios for ratios of means; people
/// are so many that this makes no difference to four digits.
///
/// `people` and `rounded` are for the original's returns: `CalculateROAS` scales the population to 1e18 so that noise
/// vanishes, and takes `(1 - 1/n)^m` for the chance that one of n people sees none of m exposures. Of segments near 1e16
/// people `1 - 1/n` keeps only a digit or two of `1/n` in floating point.
fn expected(people: f64, rounded: bool) -> [f64; 8] {
    let (season, flighting) = original::series();
    let empty = |balls: f64, urns: f64| {
        if rounded { (1.0 - 1.0 / urns).powf(balls) } else { (-balls / urns).exp() }
    };
    let reached =
        |balls: f64, urns: f64| -> f64 { (urns - urns * empty(balls, urns)).max(1.0).min(urns).min(balls) };
    let favorability = [0.03, 0.07, 0.65, 0.20, 0.05];
    let by_tv = [
        [0.4, 0.0, 0.4, 0.2, 0.0],
        [0.0, 0.9, 0.1, 0.0, 0.0],
        [0.0, 0.0, 0.6, 0.4, 0.0],
        [0.0, 0.0, 0.0, 0.8, 0.2],
        [0.0, 0.0, 0.0, 0.0, 1.0],
    ];
    // C = max(0, 0.8 - D0 / 2) and A = max(D0, 0.8) - C for switchers.
    let buys = [0.014, 0.0, 0.2, 0.3, 0.9].map(|d: f64| d.max(0.8) - (0.8 - 0.5 * d).max(0.0));
    // Rows: out of the market, inactive, exploring, purchasing; what search does to each.
    let (asks, clicks) = ([0.01, 0.01, 0.3, 0.4], [0.005, 0.005, 0.08, 0.10]);
    let on_click =
        [[1.0, 0.0, 0.0, 0.0], [0.0, 0.05, 0.95, 0.0], [0.0, 0.0, 0.85, 0.15], [0.0, 0.0, 0.0, 1.0]];
    let of_year: f64 = flighting[156..].iter().sum();
    let year = |with_tv: bool, with_search: bool| {
        let (mut spend, mut exposures, mut clicked, mut units) = (0.0, 0.0, 0.0, 0.0);
        for week in 156..208 {
            let rate = 0.68 * season[week];
            let shares = [1.0 - rate, 0.6 * rate, 0.3 * rate, 0.1 * rate];
            // A third of everybody for each availability: [activity][favorability] people of one third.
            let third = people / 3.0;
            let mut now = shares.map(|share| favorability.map(|f| third * share * f));
            if with_tv {
                let money = 45.5e6 * (people / 2.4e8) * flighting[week] / of_year;
                spend += money;
                exposures += money / 0.005;
                let a_head = money / 0.005 / (0.4 * people);
                for row in &mut now {
                    let before = *row;
                    for (from, people) in before.iter().enumerate() {
                        let (balls, urns) = (a_head * 0.4 * people, 0.4 * people);
                        if balls > 0.0 {
                            let reach = reached(balls, urns);
                            let moved = reach / (1.0 + 1.56 * reach / balls);
                            row[from] -= moved;
                            (0..5).for_each(|to| row[to] += moved * by_tv[from][to]);
                        }
                    }
                }
            }
            if with_search && (week + 1) % 13 > 1 {
                let before = now;
                let cell = |a: usize, f: usize| asks[a] * before[a][f];
                let cells = || (0..4).flat_map(|a| (0..5).map(move |f| (a, f)));
                let size: f64 = cells().map(|(a, f)| cell(a, f)).sum();
                let click_rate = cells().map(|(a, f)| cell(a, f) * clicks[a]).sum::<f64>() / size;
                let shown = 0.45 * size;
                clicked += 3.0 * shown * click_rate;
                for (a, f) in cells() {
                    let audience = cell(a, f);
                    let click = shown * audience * clicks[a] / size;
                    let seen = click
                        + shown * (1.0 - click_rate) * audience * (1.0 - clicks[a])
                            / (size * (1.0 - click_rate));
                    let asked = seen + (size - shown) * audience / size;
                    let asking = reached(asked, audience);
                    let seeing = reached(seen, asking);
                    let clicking = reached(click, seeing);
                    let moved = 0.1 * (seeing - clicking) + clicking;
                    now[a][f] -= moved;
                    (0..4).for_each(|to| now[to][f] += moved * on_click[a][to]);
                }
            }
            units += 3.0 * now[3].iter().zip(buys).map(|(people, buys)| people * buys).sum::<f64>();
        }
        let scale = 2.4e8 / people;
        [spend * scale, exposures * scale, 1.1 * clicked * scale, clicked * scale, units * scale]
    };
    let both = year(true, true);
    let by_tv = 80.0 * (both[4] - year(false, true)[4]) / both[0];
    let by_search = 80.0 * (both[4] - year(true, false)[4]) / both[2];
    [both[0], both[1], both[2], both[3], both[4], 80.0 * both[4], by_tv, by_search]
}

#[test]
fn a_year_is_what_the_formulas_expect() {
    let (mean, sd) = runs();
    for (place, wanted) in expected(2.4e8, false).into_iter().enumerate() {
        let error = 5.0 * sd[place] / (RUNS as f64).sqrt() + 1e-4 * wanted;
        let (name, ..) = original::FIGURES[place];
        assert!((mean[place] - wanted).abs() < error, "{name}: {} for {wanted} +- {error}", mean[place]);
    }
}

/// In the original's own world every figure of the year is the original's to the last digit noted, but for noise; the return
/// of search is 1.2 % above it, which is the original's loss of precision.
#[test]
fn a_year_is_the_original_s() {
    let (mean, sd) = runs();
    for (place, (name, wanted, half_digit)) in original::FIGURES.into_iter().enumerate() {
        // The original's figure is one draw of the noise, ours a mean; its returns have none.
        let noise = sd[place] * if place < 6 { 5.0 } else { 5.0 / (RUNS as f64).sqrt() };
        let model = if name == "search return" { 0.015 * wanted } else { 0.0 };
        let error = half_digit + noise + model;
        assert!((mean[place] - wanted).abs() < error, "{name}: {} for {wanted} +- {error}", mean[place]);
    }
}

#[test]
fn the_original_s_returns_follow_from_its_scaling() {
    let (exact, scaled) = (expected(2.4e8, false), expected(1e18, true));
    assert!((exact[6] - 3.708).abs() < 0.001 && (exact[7] - 1.539).abs() < 0.001, "{exact:?}");
    for place in [6, 7] {
        let (name, wanted, half_digit) = original::FIGURES[place];
        assert!((scaled[place] - wanted).abs() < half_digit, "{name}: {}", scaled[place]);
    }
}

/// The run of the original is one of the worlds that the scenario draws: none of its figures lies outside what ours spread
/// over. (The return of search hardly differs between worlds and is held against the formulas above.)
#[test]
fn the_original_is_one_of_our_worlds() {
    let scenario = Scenario::load("references/amss-vignette").unwrap();
    let row = |number| {
        let seeds = Seeds::numbered(Domain::Validate, number, 0);
        original::figures(World::draw(&scenario, seeds.world).amss().unwrap(), seeds.noise)
    };
    let (mean, sd) = original::summary(&(0..12).map(row).collect::<Vec<_>>());
    for (place, (name, original, half_digit)) in original::FIGURES.into_iter().enumerate().take(7) {
        let z = (original - mean[place]).abs() / (sd[place] + half_digit);
        assert!(z < 3.0, "{name}: {original} against {} +- {}", mean[place], sd[place]);
    }
}
