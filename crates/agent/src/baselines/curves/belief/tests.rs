use super::*;
use crate::baselines::linear::inverse;
use outlay_environment::{Allocation, Domain, Episode, Scenario, Seeds, World};

/// Plays uneven money and gives the belief, the truth of the rest, and the prior's idea of it.
fn learn(name: &str, seed: u64, steps: usize) -> (Belief, Curves, Curves) {
    let scenario = Scenario::load(name).unwrap();
    let settings = scenario.curves().unwrap();
    let seeds = Seeds::numbered(Domain::Validate, seed, 0);
    let mut episode = Episode::new(World::draw(&scenario, seeds.world), seeds.noise);
    let mut belief = Belief::new(settings, &scenario.brief);
    let prior = belief.rest(0);
    let mut stocks = vec![0.0; scenario.brief.lines.len()];
    for step in 0..steps {
        let money = (0..stocks.len()).map(|line| 6.0 * ((line + step) % 4) as f64).collect();
        episode.step(&Allocation::of(money));
        belief.learn(step, &episode.observation().lines);
        for ((stock, line), report) in
            stocks.iter_mut().zip(&episode.world().curves().unwrap().lines).zip(&episode.observation().lines)
        {
            *stock = report.spend.major() + line.retention * *stock;
        }
    }
    let truth = episode.world().curves().unwrap().rest(steps, &stocks);
    (belief, truth, prior)
}

/// Error of the logarithm of each line's response to steady money.
fn error(believed: &Curves, truth: &Curves) -> f64 {
    let of = |curves: &Curves, line: usize| {
        let one = Curves { lines: vec![curves.lines[line].clone()], synergy: Vec::new() };
        libm::log(one.value(&vec![12.0; one.steps().min(10)]))
    };
    let lines = truth.lines.len();
    (0..lines).map(|line| (of(believed, line) - of(truth, line)).abs()).sum::<f64>() / lines as f64
}

#[test]
fn evidence_brings_the_belief_near_the_truth() {
    for name in ["families/concave", "families/misspecified", "families/s-shaped"] {
        let (mut learned, mut known) = (0.0, 0.0);
        for seed in 0..10 {
            let (belief, truth, prior) = learn(name, seed, 30);
            learned += error(&belief.rest(30), &truth) / 10.0;
            let prior = Curves { lines: prior.rest(30, &[0.0; 6]).lines, ..Curves::default() };
            known += error(&prior, &truth) / 10.0;
        }
        assert!(learned < 0.5 * known && learned < 0.3, "{name}: {learned} after, {known} before");
    }
}

/// Forty draws of three lines; within a line value, half and retention belong together.
fn drawn() -> String {
    let mut text = String::from(
        "kind = \"curves\"\ntitle = \"t\"\nquestion = \"q\"\ngoal = \"response\"\ncurrency = \"units\"\nbudget = 300\n\
         noise = 0.2\nweeks = 40\n",
    );
    for line in ["a", "b", "c"] {
        let key = outlay_environment::Key::new(8).with_name(line);
        let list = |of: &dyn Fn(f64) -> f64| {
            let draws = (0..40).map(|draw| format!("{:.4}", of(key.with(draw).normal())));
            draws.collect::<Vec<_>>().join(", ")
        };
        text += &format!(
            "[[line]]\nname = \"{line}\"\ncurve = \"hill\"\nvalue = [{}]\ndaily_half = [{}]\nretention = [{}]\n\
             history = [3, 6]\n",
            list(&|z| 100.0 * libm::exp(0.6 * z)),
            list(&|z| 20.0 * libm::exp(0.3 * z)),
            list(&|z| 0.3 + 0.1 * z.clamp(-2.0, 2.0)),
        );
    }
    text
}

#[test]
fn a_belief_of_draws_begins_at_their_medians_and_learns() {
    let scenario = Scenario::from_text("drawn", &drawn()).unwrap();
    let settings = scenario.curves().unwrap();
    let (mut learned, mut known) = (0.0, 0.0);
    for seed in 0..10 {
        let seeds = Seeds::numbered(Domain::Validate, seed, 0);
        let mut episode = Episode::new(World::draw(&scenario, seeds.world), seeds.noise);
        let mut belief = Belief::new(settings, &scenario.brief);
        let prior = belief.rest(0);
        for (believed, line) in prior.lines.iter().zip(&scenario.brief.lines) {
            let told = line.prior.unwrap();
            assert_eq!(
                (believed.curve, believed.retention, believed.stock),
                (told.curve, told.retention, told.stock)
            );
        }
        for step in 0..20 {
            episode.step(&Allocation::of((0..3).map(|line| 4.0 * ((line + step) % 4) as f64).collect()));
            belief.learn(step, &episode.observation().lines);
        }
        let truth = episode.world().curves().unwrap();
        let stocks: Vec<f64> = belief.rest(20).lines.iter().map(|line| line.stock).collect();
        let truth = truth.rest(20, &stocks);
        learned += error(&belief.rest(20), &truth) / 10.0;
        known += error(&prior.rest(20, &stocks), &truth) / 10.0;
    }
    assert!(learned < 0.5 * known && learned < 0.2, "{learned} after, {known} before");
}

/// The draws of a line stay together: where two rise as one, the prior's correlation says so.
#[test]
fn draws_that_rise_together_are_believed_together() {
    let scenario = Scenario::from_text("drawn", &drawn()).unwrap();
    let mut precision = prior(&scenario.curves().unwrap().lines[0]);
    let covariance = inverse(&mut precision, PARAMETERS);
    assert!((covariance[1] - 0.98).abs() < 1e-9, "{covariance:?}");
    assert!((covariance[2]).abs() < 1e-9 && (covariance[PARAMETERS * 2 + 2] - 1.0).abs() < 1e-9);
}

#[test]
fn what_is_known_stays_as_it_is() {
    let (belief, truth, _) = learn("problems/p3-carry-over", 0, 3);
    for (believed, line) in belief.rest(3).lines.iter().zip(&truth.lines) {
        assert_eq!((believed.curve, believed.retention), (line.curve, line.retention));
        assert_eq!(believed.weight, line.weight);
    }
}

#[test]
fn samples_spread_around_the_estimate_and_less_with_evidence() {
    let spread = |steps: usize| {
        let (belief, ..) = learn("families/concave", 1, steps);
        let key = outlay_environment::Key::new(3);
        let mut count = 0;
        let values: Vec<f64> = (0..200)
            .map(|_| {
                let sample = belief.sample(steps, || {
                    count += 1;
                    key.with(count).normal()
                });
                libm::log(sample.value(&vec![12.0; 6 * 5]))
            })
            .collect();
        let mean = values.iter().sum::<f64>() / 200.0;
        (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 200.0).sqrt()
    };
    assert!(spread(40) < 0.5 * spread(1), "{} {}", spread(40), spread(1));
}
