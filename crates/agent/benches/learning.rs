//! What a decision, an update and a training run cost. Ratios within one run are what counts.

use std::sync::Arc;

use divan::counter::ItemsCount;
use outlay_agent::learn::{Adam, Alone, Batch, Flow, Lesson, Rollout, Start, TrainSettings, train, update};
use outlay_agent::policy::{LearnedPolicy, Policy, Untrained};
use outlay_agent::{Agent, Recipe};
use outlay_environment::{Episode, Key, Scenario, World};
use rayon::prelude::*;

/// As in the program: glibc's allocator halves the learner's speed.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    divan::main();
}

fn scenario(name: &str) -> Arc<Scenario> {
    Scenario::load(name).expect("it is shipped").at_training_size()
}

/// A policy in the middle of an episode, and what it sees there.
fn halfway(name: &str) -> (Box<dyn Agent>, Episode) {
    let scenario = scenario(name);
    let policy = LearnedPolicy::new(
        Policy::untrained(&Untrained { width: 64, seed: 1, log_std: -1.0, ..Untrained::default() }),
        &scenario,
    );
    let mut player = policy.make(1);
    let mut episode = Episode::new(World::average(&scenario), 1);
    player.start(&scenario.brief);
    for _ in 0..scenario.brief.steps / 2 {
        let allocation = player.decide(episode.observation());
        episode.step(&allocation);
    }
    (player, episode)
}

/// One decision of a policy in the middle of an episode, over 7 lines and over 13.
#[divan::bench(args = ["new-customer", "all-domain"])]
fn decision(bencher: divan::Bencher<'_, '_>, name: &str) {
    let (mut player, episode) = halfway(name);
    bencher.bench_local(|| player.decide(divan::black_box(episode.observation())));
}

/// A million decisions over 13 lines, on all cores.
#[divan::bench(sample_count = 1, sample_size = 1)]
fn a_million_decisions(bencher: divan::Bencher<'_, '_>) {
    const PLAYERS: usize = 64;
    const DECISIONS: usize = 1_000_000;
    let mut halfway: Vec<_> = (0..PLAYERS).map(|_| halfway("all-domain")).collect();
    bencher.counter(ItemsCount::new(DECISIONS)).bench_local(|| {
        halfway.par_iter_mut().for_each(|(player, episode)| {
            for _ in 0..DECISIONS / PLAYERS {
                divan::black_box(player.decide(divan::black_box(episode.observation())));
            }
        });
    });
}

/// The update of one iteration, the environment excluded.
#[divan::bench(sample_count = 10)]
fn one_update(bencher: divan::Bencher<'_, '_>) {
    let (scenario, settings) =
        (scenario("new-customer"), TrainSettings { target_kl: 1e9, ..TrainSettings::default() });
    let policy = Policy::untrained(&Untrained {
        width: settings.width,
        seed: 1,
        log_std: settings.log_std,
        ..Untrained::default()
    });
    let mut batch = Batch::new(&scenario, &policy, settings.worlds);
    let group = settings.group;
    let seen = batch.fill(&Rollout {
        scenario: &scenario,
        policy: &policy,
        seed: 1,
        iteration: 0,
        group,
        planner: None,
        again: false,
    });
    let transitions = settings.worlds * scenario.brief.steps;
    let advantages: Vec<f32> = (0..transitions).map(|i| Key::new(1).with(i as u64).normal() as f32).collect();
    let lesson =
        Lesson { batch, targets: advantages.clone(), advantages, explained: 0.0, seen, imitate: false };
    let lessons = [lesson];
    bencher
        .counter(ItemsCount::new(transitions))
        .with_inputs(|| (policy.clone(), Adam::new(policy.layout.parameters(), settings.adam_epsilon)))
        .bench_local_values(|(mut policy, mut adam)| {
            update(&mut policy, &mut adam, &lessons, &settings, 1e-4, Key::new(2), &Alone)
        });
}

/// Environment steps per second of a whole run, the environment included.
#[divan::bench(sample_count = 3)]
fn training(bencher: divan::Bencher<'_, '_>) {
    let scenario = scenario("new-customer");
    let settings = TrainSettings { steps: 20_000, teacher_share: 0.0, ..TrainSettings::default() };
    let round = settings.worlds * scenario.brief.steps;
    let steps = (settings.steps as usize).div_ceil(round) * round;
    bencher.counter(ItemsCount::new(steps)).bench_local(|| {
        train(std::slice::from_ref(&scenario), &settings, Start::Fresh, &mut |_| Flow::Continue)
            .expect("the settings are sound")
    });
}
