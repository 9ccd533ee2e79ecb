//! What a curves world promises: its answers hold, its books add up, its noise has mean one, its draws are its own.

use std::sync::Arc;

use outlay_environment::{Allocation, Curve, Domain, Episode, Money, Scenario, Seeds, World};

fn scenario(name: &str) -> Arc<Scenario> {
    Scenario::load(name).unwrap_or_else(|problems| panic!("{problems}"))
}

/// Plays `[lines][steps]` money on one seed.
fn play(scenario: &Arc<Scenario>, plan: &[Vec<f64>], seed: u64) -> Episode {
    let seeds = Seeds::numbered(Domain::Validate, seed, 0);
    let mut episode = Episode::new(World::draw(scenario, seeds.world), seeds.noise);
    while !episode.is_over() {
        let step = episode.observation().step;
        let money = plan.iter().map(|line| line[step]).collect();
        episode.step(&Allocation::of(money));
    }
    episode
}

fn even(scenario: &Scenario) -> Vec<Vec<f64>> {
    let brief = &scenario.brief;
    let cells = brief.steps * brief.lines.len();
    vec![vec![brief.budget.major() / cells as f64; brief.steps]; brief.lines.len()]
}

/// The plan in whole hundredths with the same sum over time: a hundredth left over is a hundredth's worth lost.
fn rounded(plan: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let mut rounded = plan.to_vec();
    let (mut exact, mut given) = (0.0, 0.0);
    for step in 0..plan[0].len() {
        for line in 0..plan.len() {
            exact += plan[line][step];
            rounded[line][step] = ((exact - given) * 100.0).round() / 100.0;
            given += rounded[line][step];
        }
    }
    rounded
}

#[test]
fn the_best_plans_of_the_problems_reach_their_answers() {
    for name in Scenario::shipped_in("problems") {
        let scenario = scenario(&name);
        let answer = scenario.answer.as_ref().unwrap_or_else(|| panic!("{name} has no answer"));
        if answer.plan.is_empty() {
            continue;
        }
        let reached = scenario.score(play(&scenario, &rounded(&answer.plan), 0).ledger());
        assert!((reached / answer.value - 1.0).abs() < 1e-6, "{name}: {reached} for {}", answer.value);
        if let Some((_, value)) = answer.others.iter().find(|(name, _)| name == "even") {
            let reached = scenario.score(play(&scenario, &even(&scenario), 0).ledger());
            assert!((reached / value - 1.0).abs() < 1e-3, "{name}: even {reached} for {value}");
        }
    }
}

#[test]
fn the_books_add_up() {
    for name in Scenario::shipped_in("families") {
        let scenario = scenario(&name);
        let episode = play(&scenario, &even(&scenario), 3);
        let ledger = episode.ledger();
        assert_eq!(ledger.spend() + episode.observation().budget_left, scenario.brief.budget);
        assert_eq!(ledger.violations(&scenario.brief.limits), 0);
        let truth = episode.world().curves().unwrap();
        let plan: Vec<f64> = ledger.rows.iter().map(|row| row.spend.major()).collect();
        let total: f64 = ledger.shop.iter().map(|row| row.expected_revenue).sum();
        assert!((total / truth.value(&plan) - 1.0).abs() < 1e-9, "{name}");
        // What arrived is what was caused, but for rounding.
        let caused: Money = ledger.rows.iter().map(|row| row.credited_revenue).sum();
        let arrived: Money = ledger.shop.iter().map(|row| row.revenue).sum();
        assert!((caused.major() - arrived.major()).abs() < 0.01 * ledger.rows.len() as f64, "{name}");
    }
}

#[test]
fn noise_has_mean_one_and_the_file_s_spread() {
    let scenario = scenario("families/concave");
    let mut logs = Vec::new();
    let (mut seen, mut expected) = (0.0, 0.0);
    for seed in 0..40 {
        let episode = play(&scenario, &even(&scenario), seed);
        for row in &episode.ledger().shop {
            seen += row.revenue.major();
            expected += row.expected_revenue;
            logs.push((row.revenue.major() / row.expected_revenue).ln());
        }
    }
    assert!((seen / expected - 1.0).abs() < 0.01, "{}", seen / expected);
    // Six lines of about equal size average the noise of a day.
    let spread = (logs.iter().map(|x| x * x).sum::<f64>() / logs.len() as f64).sqrt();
    assert!((0.07..0.13).contains(&spread), "{spread}");
}

#[test]
fn worlds_differ_and_a_line_s_draws_are_its_own() {
    let text = |lines: &[&str]| {
        let head = "kind = \"curves\"\ntitle = \"t\"\nquestion = \"q\"\ngoal = \"response\"\ncurrency = \"units\"\n\
                    budget = 100\nnoise = 0.2\ndays = 5\n";
        let line = |name: &&str| {
            format!(
                "[[line]]\nname = \"{name}\"\ncurve = \"hill\"\nvalue = {{ median = 10, log_sd = 0.5 }}\n\
                 daily_half = {{ median = 4, log_sd = 0.4 }}\nretention = {{ low = 0.1, high = 0.8 }}\ndrift = 0.05\n"
            )
        };
        head.to_owned() + &lines.iter().map(line).collect::<String>()
    };
    let two = Scenario::from_text("two", &text(&["a", "b"])).unwrap();
    let three = Scenario::from_text("three", &text(&["c", "a", "b"])).unwrap();
    let (first, second) = (World::draw(&two, 7), World::draw(&three, 7));
    let (first, second) = (first.curves().unwrap(), second.curves().unwrap());
    assert_eq!(first.lines[0], second.lines[1]);
    assert_eq!(first.lines[1], second.lines[2]);
    assert_ne!(first.lines[0], World::draw(&two, 8).curves().unwrap().lines[0]);
    // Noise too: the same money brings a line the same report, whoever its neighbours are.
    let report = |scenario: &Arc<Scenario>, lines: usize, line: usize| {
        play(scenario, &vec![vec![2.0; 5]; lines], 7).ledger().line(line).credited_revenue
    };
    assert_eq!(report(&two, 2, 0), report(&three, 3, 1));
    // The average world is what the file alone tells.
    let average = World::average(&two);
    let line = &average.curves().unwrap().lines[0];
    let prior = two.brief.lines[0].prior.unwrap();
    assert_eq!((line.curve, line.retention), (prior.curve, prior.retention));
    assert!(line.weight.iter().all(|weight| *weight == 1.0));
}

#[test]
fn a_snapshot_goes_on_as_if_never_taken() {
    let scenario = scenario("families/misspecified");
    let seeds = Seeds::numbered(Domain::Validate, 1, 0);
    let mut episode = Episode::new(World::draw(&scenario, seeds.world), seeds.noise);
    let allocation = Allocation::of(vec![10.0, 20.0, 5.0, 0.0, 30.0, 1.0]);
    (0..20).for_each(|_| episode.step(&allocation));
    let mut branch = episode.clone();
    while !episode.is_over() {
        episode.step(&allocation);
        branch.step(&allocation);
    }
    assert_eq!(episode.ledger(), branch.ledger());
    assert_eq!(episode.observation(), branch.observation());
}

/// The worth of a threshold policy and of the price of the dynamic programme, by simulation.
#[test]
fn the_pacing_problem_is_the_one_that_was_solved() {
    let scenario = scenario("problems/p7-pacing-10-3");
    let answer = scenario.answer.as_ref().unwrap();
    let mut value = vec![vec![0.0; 4]; 11];
    for n in 1..=10 {
        for k in 1..=3 {
            let price: f64 = value[n - 1][k] - value[n - 1][k - 1];
            value[n][k] = value[n - 1][k] + 0.5 * (1.0 - price) * (1.0 - price);
        }
    }
    assert!((value[10][3] - answer.value).abs() < 1e-12);
    let (games, mut total) = (4_000, 0.0);
    for seed in 0..games {
        let seeds = Seeds::numbered(Domain::Validate, seed, 0);
        let mut episode = Episode::new(World::draw(&scenario, seeds.world), seeds.noise);
        while !episode.is_over() {
            let seen = episode.observation();
            let (n, k) = (10 - seen.step, seen.budget_left.major().round() as usize);
            let price = if k > 0 { value[n - 1][k] - value[n - 1][k - 1] } else { 1.0 };
            let money = if seen.offers[0] > price { 1.0 } else { 0.0 };
            episode.step(&Allocation::of(vec![money]));
        }
        total += scenario.score(episode.ledger());
    }
    // The standard deviation of one game is about 0.4.
    assert!((total / games as f64 - answer.value).abs() < 0.03, "{}", total / games as f64);
}

#[test]
fn an_exploration_world_pays_the_chance_of_the_line_that_is_tried() {
    let scenario = scenario("problems/p8-exploration-30");
    let (mut first, mut wins, mut expected) = (0.0, 0.0, 0.0);
    for seed in 0..2_000 {
        let episode = play(&scenario, &[vec![1.0; 30], vec![0.0; 30]], seed);
        wins += episode.ledger().shop().revenue.major();
        expected += scenario.score(episode.ledger());
        first += episode.ledger().shop[0].revenue.major();
        assert_eq!(episode.ledger().spend(), Money(3_000));
    }
    // Uniform chances: half of all tries succeed.
    assert!((expected / 60_000.0 - 0.5).abs() < 0.02 && (wins / expected - 1.0).abs() < 0.02);
    assert!((first / 2_000.0 - 0.5).abs() < 0.05);
}

/// A file of two lines whose numbers are lists of draws.
fn drawn(first: &str, second: &str, more: &str) -> String {
    format!(
        "kind = \"curves\"\ntitle = \"t\"\nquestion = \"q\"\ngoal = \"response\"\ncurrency = \"units\"\nbudget = 100\n\
         weeks = 4\n{more}[[line]]\nname = \"a\"\ncurve = \"hill\"\nvalue = [{first}]\ndaily_half = [1, 2, 3]\n\
         retention = [0.5, 0, 0.25]\nhistory = [8, 4]\nstock = 16\n[[line]]\nname = \"b\"\ncurve = \"power\"\n\
         value = [{second}]\nexponent = 0.5\n"
    )
}

#[test]
fn lists_of_draws_are_taken_at_one_place() {
    let scenario = Scenario::from_text("drawn", &drawn("10, 20, 30", "5, 6, 7", "")).unwrap();
    assert_eq!((scenario.brief.steps, scenario.brief.step_days), (4, 7.0));
    let mut places = [0; 3];
    for seed in 0..600 {
        let world = World::draw(&scenario, Seeds::numbered(Domain::Validate, seed, 0).world);
        let lines = &world.curves().unwrap().lines;
        let Curve::Hill { value, half, slope } = lines[0].curve else { panic!("{:?}", lines[0].curve) };
        let place = (value / 10.0) as usize - 1;
        places[place] += 1;
        let retention = [0.5, 0.0, 0.25][place];
        assert_eq!((slope, lines[0].retention), (1.0, retention));
        assert!((half - [1.0, 2.0, 3.0][place] / (1.0 - retention)).abs() < 1e-12);
        // By hand: 16 before, then 8 and 4 with half, nothing or a quarter left each time.
        assert_eq!(lines[0].stock, [12.0, 4.0, 7.0][place]);
        assert_eq!(lines[1].curve, Curve::Power { value: [5.0, 6.0, 7.0][place], exponent: 0.5 });
    }
    // A third each: 200 with a standard deviation of 11.5.
    assert!(places.iter().all(|count| (150..250).contains(count)), "{places:?}");
    // The average world has the median of each list, and tells it.
    let average = World::average(&scenario);
    let line = &average.curves().unwrap().lines[0];
    let prior = scenario.brief.lines[0].prior.unwrap();
    assert_eq!((line.curve, line.retention, line.stock), (prior.curve, prior.retention, prior.stock));
    assert_eq!((line.retention, line.stock), (0.25, 7.0));
}

#[test]
fn what_is_wrong_with_lists_and_weeks_is_said() {
    for (text, words) in [
        (drawn("10, 20", "5, 6, 7", ""), "`daily_half` has 3 draws where the first list of the file has 2"),
        (drawn("", "5, 6, 7", ""), "`value` is empty"),
        (drawn("10, -1, 2", "5, 6, 7", ""), "`value` must lie between 0"),
        (drawn("10, 20, 30", "5, 6, 7", "days = 3\n"), "unknown key `days`"),
    ] {
        let problems = Scenario::from_text("drawn", &text).unwrap_err().to_string();
        assert!(problems.contains(words), "{problems}");
    }
}
