//! What a run of the original gave, and the world that it ran in.

use std::sync::Arc;

use outlay_environment::amss::world::PlannedRun;
use outlay_environment::amss::{AmssSettings, AmssWorld};
use outlay_environment::{Key, Kind, Scenario};

/// Figures of the fourth year from one run of the vignette as it ships (R 4.2.2, package `amss`, `set.seed(1L)`; returns by
/// its `CalculateROAS` with two replicates), with half a unit of the last digit that was noted. The vignette itself does not
/// print them.
pub(crate) const FIGURES: [(&str, f64, f64); 8] = [
    ("tv spend", 45.5e6, 0.05e6),
    ("tv exposures", 9.1e9, 0.05e9),
    ("search spend", 24.98e6, 0.005e6),
    ("search clicks", 22.7e6, 0.05e6),
    ("units sold", 67.1e6, 0.05e6),
    ("revenue", 5.37e9, 0.005e9),
    ("tv return", 3.71, 0.005),
    ("search return", 1.52, 0.005),
];

/// `[all weeks]` season and flighting of television in that run.
pub(crate) fn series() -> (Vec<f64>, Vec<f64>) {
    let rows = include_str!("../data/amss-seed-1.csv").lines().filter(|line| !line.starts_with('#')).skip(1);
    rows.filter_map(|row| row.split_once(','))
        .filter_map(|(season, flighting)| Some((season.parse::<f64>().ok()?, flighting.parse::<f64>().ok()?)))
        .unzip()
}

/// The scenario's settings.
pub(crate) fn settings(scenario: &Scenario) -> Option<&Arc<AmssSettings>> {
    match &scenario.kind {
        Kind::Amss(settings) => Some(settings),
        _ => None,
    }
}

/// The world of that run.
pub(crate) fn world(settings: &Arc<AmssSettings>) -> AmssWorld {
    let (season, flighting) = series();
    let always = vec![1.0; season.len()];
    AmssWorld::of_series(settings, &season, &[flighting, always], Key::new(1))
}

/// The figures of one year by the vignette's plans, and of the same year without each line.
pub(crate) fn figures(world: &AmssWorld, noise: u64) -> [f64; 8] {
    let planned = world.play_planned(noise, None);
    let spend = |run: &PlannedRun| run.lines.iter().map(|line| line.spend).sum::<f64>();
    let [tv_return, search_return] = [0, 1].map(|line| {
        let without = world.play_planned(noise, Some(line));
        (planned.revenue - without.revenue) / (spend(&planned) - spend(&without))
    });
    let [tv, search] = [&planned.lines[0], &planned.lines[1]];
    [
        tv.spend,
        tv.impressions,
        search.spend,
        search.clicks,
        planned.units,
        planned.revenue,
        tv_return,
        search_return,
    ]
}

/// `[8]` means of figures, and standard deviations.
pub(crate) fn summary(rows: &[[f64; 8]]) -> ([f64; 8], [f64; 8]) {
    let n = rows.len() as f64;
    let mean: [f64; 8] = std::array::from_fn(|place| rows.iter().map(|row| row[place]).sum::<f64>() / n);
    let square = |place: usize| rows.iter().map(|row| (row[place] - mean[place]).powi(2)).sum::<f64>();
    (mean, std::array::from_fn(|place| (square(place) / (n - 1.0)).sqrt()))
}
