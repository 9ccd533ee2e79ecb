//! Makes histories of which everything is known, fits them, and counts how often the truth lies in the 90 % intervals, how
//! often the ranking by marginal return is found again, and whether a warning comes where the data cannot tell.
//!
//! `cargo run --release -p outlay-agent --example recovery [-- HISTORIES [FIRST_SEED]]`
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use outlay_agent::calibrate::simulate::{Kind, Truth, simulate};
use outlay_agent::calibrate::{Doubt, Draw, Fit, History, Settings, doubts, fit};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Share of a pair's smaller marginal return by which the larger must exceed it for the order to matter.
const CLEAR: f64 = 0.5;
/// Chance from which a ranking is taken to be told by the data.
const SURE: f64 = 0.9;

/// A number of a draw, of this channel at this level.
type Number = fn(&Draw, usize, f64) -> f64;

/// Counts over all histories of a kind.
#[derive(Default)]
struct Tally {
    /// Held and all, for contribution, marginal return, value, half, slope, retention, noise.
    held: [[usize; 2]; 7],
    /// Pairs of channels ordered as in truth and all: of those that are far apart, and of those said with confidence.
    clear: [usize; 2],
    sure: [usize; 2],
    /// Histories with a warning that names the channels it should, and all.
    warned: [usize; 2],
    /// Worst R-hat of each history.
    r_hats: Vec<f64>,
}

const NAMES: [&str; 7] =
    ["return on spend", "marginal return", "value", "half", "slope", "retention", "noise"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let histories: u64 = arguments.next().map_or(Ok(200), |text| text.parse())?;
    let first: u64 = arguments.next().map_or(Ok(0), |text| text.parse())?;
    let plain = Kind { weeks: 156, channels: 4, twins: false, constant: false };
    let kinds = [
        ("four channels, three years", plain, histories),
        ("one channel constant", Kind { constant: true, ..plain }, histories / 4),
        ("two channels spent on together", Kind { twins: true, ..plain }, histories / 4),
    ];
    for (title, kind, count) in kinds {
        let mut tally = Tally::default();
        for seed in first..first + count {
            let (history, truth) = simulate(&kind, seed);
            // Half the chains and somewhat shorter ones: the counts need many histories more than smooth intervals.
            let settings = Settings { seed, chains: 2, warm_up: 150, kept: 400 };
            let fit = fit(&history, history.steps(), &settings)?;
            tally.add(&kind, &history, &truth, &fit);
        }
        tally.print(title, count);
    }
    Ok(())
}

impl Tally {
    fn add(&mut self, kind: &Kind, history: &History, truth: &Truth, fit: &Fit) {
        for (channel, it) in truth.channels.iter().enumerate() {
            let present = fit.present[channel];
            let numbers: [(f64, Number); 6] = [
                (it.contribution, |draw, channel, _| draw.channels[channel].contribution),
                (it.marginal(present), |draw, channel, present| draw.channels[channel].marginal(present)),
                (it.value, |draw, channel, _| draw.channels[channel].value),
                (it.half, |draw, channel, _| draw.channels[channel].half),
                (it.slope, |draw, channel, _| draw.channels[channel].slope),
                (it.retention, |draw, channel, _| draw.channels[channel].retention),
            ];
            for (place, (truth, of)) in numbers.into_iter().enumerate() {
                self.hold(place, truth, fit.interval(|draw| of(draw, channel, present)));
            }
        }
        let noise = truth.sigma / (1.0 - truth.phi * truth.phi).sqrt();
        self.hold(6, noise, fit.interval(Draw::noise));
        self.rank(truth, fit);
        self.r_hats.push(fit.convergence().0);
        let doubts = doubts(history, fit);
        let said = |channel: &str| {
            doubts.iter().any(|doubt| match doubt {
                Doubt::Constant { channel: it } | Doubt::Unmoved { channel: it, .. } => it == channel,
                Doubt::Together { one, other, .. } => one == channel || other == channel,
                _ => false,
            })
        };
        if kind.constant {
            self.warned[0] += usize::from(said("channel-1"));
        } else if kind.twins {
            self.warned[0] += usize::from(said("channel-3") && said("channel-4"));
        } else {
            // Where everything varies by itself nothing of the kind should be said.
            let spurious = |doubt: &Doubt| matches!(doubt, Doubt::Constant { .. } | Doubt::Together { .. });
            self.warned[0] += usize::from(doubts.iter().any(spurious));
        }
        self.warned[1] += 1;
    }

    fn hold(&mut self, place: usize, truth: f64, [low, _, high]: [f64; 3]) {
        self.held[place][0] += usize::from((low..=high).contains(&truth));
        self.held[place][1] += 1;
    }

    fn rank(&mut self, truth: &Truth, fit: &Fit) {
        for one in 0..truth.channels.len() {
            for other in one + 1..truth.channels.len() {
                let marginal = |channel: usize| truth.channels[channel].marginal(fit.present[channel]);
                let (a, b) = (marginal(one), marginal(other));
                let above = |draw: &&Draw| fit.marginal_return(one, draw) > fit.marginal_return(other, draw);
                let chance = fit.draws.iter().filter(above).count() as f64 / fit.draws.len() as f64;
                let right = (chance > 0.5) == (a > b);
                if a.max(b) > (1.0 + CLEAR) * a.min(b) {
                    self.clear[0] += usize::from(right);
                    self.clear[1] += 1;
                }
                if chance.max(1.0 - chance) > SURE {
                    self.sure[0] += usize::from(right);
                    self.sure[1] += 1;
                }
            }
        }
    }

    fn print(&mut self, title: &str, count: u64) {
        let share = |[part, all]: [usize; 2]| 100.0 * part as f64 / all.max(1) as f64;
        println!("{title}: {count} histories");
        for (name, held) in NAMES.iter().zip(self.held) {
            println!("  {name:<18} in its 90 % interval {:5.1} % of {}", share(held), held[1]);
        }
        println!(
            "  pairs ordered as in truth: {:.1} % of {} half as high again; {:.1} % of {} said with {} %",
            share(self.clear),
            self.clear[1],
            share(self.sure),
            self.sure[1],
            100.0 * SURE
        );
        println!(
            "  warned of channels that cannot be told: {:.1} % of {}",
            share(self.warned),
            self.warned[1]
        );
        self.r_hats.sort_by(f64::total_cmp);
        let place = |share: f64| self.r_hats[((self.r_hats.len() - 1) as f64 * share) as usize];
        println!("  worst R-hat of a history: median {:.3}, largest {:.3}", place(0.5), place(1.0));
    }
}
