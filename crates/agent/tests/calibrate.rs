//! What is fitted to histories of which everything is known. `cargo run --release -p outlay-agent --example recovery` does the
//! same over hundreds.

use outlay_agent::calibrate::simulate::{Kind, simulate};
use outlay_agent::calibrate::{Doubt, Settings, check, doubts, fit, outlook};

const PLAIN: Kind = Kind { weeks: 130, channels: 3, twins: false, constant: false };

fn settings(seed: u64) -> Settings {
    Settings { seed, chains: 2, warm_up: 100, kept: 200 }
}

#[test]
fn the_truth_lies_in_the_intervals_about_as_often_as_they_say() {
    let (mut held, mut all) = (0, 0);
    let mut r_hats: f64 = 0.0;
    for seed in 0..12 {
        let (history, truth) = simulate(&PLAIN, 1_000 + seed);
        let fit = fit(&history, history.steps(), &settings(seed)).unwrap();
        r_hats += fit.convergence().0 / 12.0;
        for (channel, it) in truth.channels.iter().enumerate() {
            let present = fit.present[channel];
            let found = [
                (it.contribution, fit.interval(|draw| draw.channels[channel].contribution)),
                (it.marginal(present), fit.interval(|draw| fit.marginal_return(channel, draw))),
            ];
            held += found.iter().filter(|(truth, [low, _, high])| (low..=high).contains(&truth)).count();
            all += 2;
        }
    }
    // 72 intervals of 90 %, in pairs about one channel: 65 expected, a standard deviation of some 3.5.
    assert!((55..=72).contains(&held), "{held} of {all}");
    assert!(r_hats < 1.05, "{r_hats}");
}

#[test]
fn what_cannot_be_told_is_said_and_only_that() {
    let said = |kind: Kind, seed: u64| {
        let (history, _) = simulate(&kind, seed);
        let fit = fit(&history, history.steps(), &settings(seed)).unwrap();
        doubts(&history, &fit)
    };
    let constant = said(Kind { constant: true, ..PLAIN }, 1);
    let named = |doubt: &Doubt| matches!(doubt, Doubt::Constant { channel } if channel == "channel-1");
    let unmoved = |doubt: &Doubt| matches!(doubt, Doubt::Unmoved { channel, .. } if channel == "channel-1");
    assert!(constant.iter().any(named) && constant.iter().any(unmoved), "{constant:?}");
    let twins = said(Kind { twins: true, ..PLAIN }, 2);
    let together = |doubt: &Doubt| match doubt {
        Doubt::Together { one, other, spend, .. } => {
            one == "channel-2" && other == "channel-3" && *spend > 0.95
        }
        _ => false,
    };
    assert!(twins.iter().any(together), "{twins:?}");
    let plain = said(PLAIN, 3);
    assert!(
        !plain.iter().any(|doubt| matches!(
            doubt,
            Doubt::Constant { .. } | Doubt::Together { .. } | Doubt::Short { .. }
        )),
        "{plain:?}"
    );
    let short = said(Kind { weeks: 60, ..PLAIN }, 4);
    assert!(short.iter().any(|doubt| matches!(doubt, Doubt::Short { years } if *years < 1.2)), "{short:?}");
}

#[test]
fn what_comes_next_is_foretold_better_than_by_the_year_before() {
    let (mut model, mut naive, mut ridge, mut covered) = (0.0, 0.0, 0.0, 0.0);
    for seed in 0..6 {
        let (history, _) = simulate(&Kind { weeks: 156, ..PLAIN }, 2_000 + seed);
        let check = check(&history, 0.2, &settings(seed)).unwrap();
        assert_eq!((check.rows, check.ahead), (125, 31));
        model += check.model.wape;
        naive += check.seasonal_naive.wape;
        ridge += check.ridge.wape;
        covered += check.model.coverage / 6.0;
    }
    assert!(model < 0.8 * naive && model < 1.1 * ridge, "{model} {naive} {ridge}");
    assert!((0.8..=1.0).contains(&covered), "{covered}");
}

#[test]
fn an_outlook_adds_up_and_more_money_brings_more() {
    let (history, _) = simulate(&PLAIN, 7);
    let fit = fit(&history, history.steps(), &settings(7)).unwrap();
    let plan =
        |factor: f64| -> Vec<f64> { fit.present.repeat(8).iter().map(|spend| factor * spend).collect() };
    let [nothing, usual, double] = [0.0, 1.0, 2.0].map(|factor| outlook(&fit, &history, &plan(factor), 1));
    assert_eq!((usual.outcome.len(), usual.channels.len()), (8, 3));
    // What runs off after the last week is all that nothing brings.
    for channel in 0..3 {
        let (none, some, more) =
            (nothing.channels[channel][1], usual.channels[channel][1], double.channels[channel][1]);
        assert!(none < some && some < more && more < 2.0 * some + none, "{none} {some} {more}");
    }
    // The base has nothing to do with the plan; medians about add up.
    assert_eq!(nothing.base, double.base);
    let parts = usual.base[1] + usual.channels.iter().map(|channel| channel[1]).sum::<f64>();
    assert!((parts / usual.total[1] - 1.0).abs() < 0.05, "{parts} {:?}", usual.total);
    assert!(
        usual.band.iter().zip(&usual.outcome).all(|(band, median)| band[0] < *median && *median < band[1])
    );
}

#[test]
fn the_scale_of_money_and_outcome_changes_nothing() {
    let (history, _) = simulate(&PLAIN, 9);
    let mut scaled = history.clone();
    scaled.outcome.iter_mut().for_each(|it| *it *= 1e-6);
    scaled.channels.iter_mut().flat_map(|it| &mut it.spend).for_each(|it| *it *= 1e6);
    let fits = [&history, &scaled].map(|it| fit(it, it.steps(), &settings(9)).unwrap());
    for (one, other) in fits[0].summaries().iter().zip(fits[1].summaries()) {
        assert!(
            (other.return_on_spend[1] * 1e12 / one.return_on_spend[1] - 1.0).abs() < 1e-3,
            "{one:?} {other:?}"
        );
    }
}

#[test]
fn too_short_a_history_is_refused() {
    let (history, _) = simulate(&PLAIN, 1);
    assert!(fit(&history, 25, &settings(1)).is_err());
    assert!(check(&history.first(30), 0.2, &settings(1)).is_err());
}
