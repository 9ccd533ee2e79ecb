//! Soft actor-critic: the same bytes however it is run, and a known answer.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;
use std::sync::Arc;

use outlay_agent::checkpoint::{self, Card};
use outlay_agent::learn::{
    Event, Flow, Learner, SacSettings, Start, TrainError, TrainSettings, TrainState, train,
};
use outlay_agent::policy::LearnedPolicy;
use outlay_agent::{Agent, Recipe};
use outlay_environment::{Domain, Episode, Scenario, Seeds, World};

/// Scenarios with other numbers of lines and of steps.
fn scenarios() -> Vec<Arc<Scenario>> {
    ["new-customer", "problems/p3-carry-over"]
        .map(|name| Scenario::load(name).unwrap())
        .map(|scenario| if scenario.market().is_some() { scenario.with_shoppers(300) } else { scenario })
        .into()
}

/// Eight short iterations; the memory holds about five of them, the first follow a teacher.
fn settings() -> TrainSettings {
    TrainSettings {
        seed: 7,
        steps: 8 * 8 * 32,
        worlds: 8,
        group: 2,
        scenarios: 1,
        teacher_share: 0.25,
        width: 12,
        shards: 2,
        validate_every: 2,
        validate_worlds: 2,
        learner: Learner::Sac(SacSettings {
            memory: 700,
            replay_ratio: 4.0,
            minibatch: 300,
            critics_alone: 0.5,
            ..SacSettings::default()
        }),
        ..TrainSettings::default()
    }
}

fn run(start: Start, stop: u64) -> TrainState {
    let mut stop_there = |event: &Event<'_>| match event {
        Event::Iteration(iteration) if iteration.iteration == stop => Flow::Stop,
        _ => Flow::Continue,
    };
    train(&scenarios(), &settings(), start, &mut stop_there).unwrap().state
}

fn save(folder: &Path, state: &TrainState) {
    let card = Card::new(&scenarios(), state, "outlay train");
    checkpoint::write(folder, state.best_policy(), &card, Some(state)).unwrap();
}

fn bytes(folder: &Path) -> [Vec<u8>; 4] {
    ["card.toml", "policy.safetensors", "resume/state.toml", "resume/state.safetensors"]
        .map(|file| std::fs::read(folder.join(file)).unwrap())
}

fn pool(threads: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}

/// Wherever it stops: while it imitates, while the critics learn alone, after the memory has forgotten.
#[test]
fn resumed_or_not_with_one_thread_or_two_the_bytes_are_the_same() {
    let place = tempfile::tempdir().unwrap();
    let (whole, parts) = (place.path().join("whole"), place.path().join("parts"));
    let trained = pool(2).install(|| run(Start::Fresh, 0));
    save(&whole, &trained);
    let sac = trained.sac.as_ref().unwrap();
    assert!(sac.replay.iter().all(|played| played.iteration > 1), "the first iterations are forgotten");
    assert!(sac.replay.decisions() > 400);
    for stop in [1, 3, 6] {
        let half = pool(1).install(|| run(Start::Fresh, stop));
        assert_eq!(half.iteration, stop);
        save(&parts, &half);
        let read = checkpoint::read_resume(&parts).unwrap();
        let rest = pool(1).install(|| run(Start::Resume(Box::new(read)), 0));
        assert!(rest == trained, "stopped after {stop}: the memory is the same too");
        save(&parts, &rest);
        assert!(bytes(&whole) == bytes(&parts), "stopped after {stop}");
    }
}

#[test]
fn a_memory_that_the_run_cannot_have_played_is_refused() {
    let mut state = run(Start::Fresh, 2);
    let sac = state.sac.as_mut().unwrap();
    let mut strange = sac.replay.iter().next().unwrap().clone();
    strange.task = 1 - strange.task;
    sac.replay.push(strange);
    let refused = train(&scenarios(), &settings(), Start::Resume(Box::new(state)), &mut |_| Flow::Continue);
    assert!(matches!(refused, Err(TrainError::Memory)));
}

#[test]
fn settings_come_back_as_they_were_and_say_nothing_of_the_usual_learner() {
    let usual = toml::to_string(&TrainSettings::default()).unwrap();
    assert!(!usual.contains("learner"));
    assert_eq!(toml::from_str::<TrainSettings>(&usual).unwrap(), TrainSettings::default());
    let text = toml::to_string(&settings()).unwrap();
    assert_eq!(toml::from_str::<TrainSettings>(&text).unwrap(), settings());
    let short: TrainSettings = toml::from_str("learner = { sac = {} }").unwrap();
    assert_eq!(short.learner, Learner::Sac(SacSettings::default()));
    let wrong = SacSettings { blend: 0.0, ..SacSettings::default() };
    let wrong = TrainSettings { learner: Learner::Sac(wrong), ..settings() };
    let refused = train(&scenarios(), &wrong, Start::Fresh, &mut |_| Flow::Continue);
    assert!(matches!(refused, Err(TrainError::Settings(_))));
}

/// Money follows the square of what a line is worth: 9, 4 and 1 parts of 14.
#[test]
fn finds_the_closed_form_of_a_problem_of_one_step() {
    let scenario = Scenario::load("problems/p1-power").unwrap();
    let settings = TrainSettings {
        seed: 1,
        steps: 6_000,
        teacher_share: 0.0,
        width: 16,
        learning_rate: 3e-3,
        validate_worlds: 1,
        validate_every: 30,
        learner: Learner::Sac(SacSettings {
            minibatch: 128,
            replay_ratio: 32.0,
            critics_alone: 0.1,
            ..SacSettings::default()
        }),
        ..TrainSettings::default()
    };
    let scenarios = std::slice::from_ref(&scenario);
    let trained = train(scenarios, &settings, Start::Fresh, &mut |_| Flow::Continue).unwrap();
    let policy = LearnedPolicy::new(trained.state.best_policy().clone(), &scenario);
    let seeds = Seeds::numbered(Domain::Evaluate, 0, 0);
    let mut episode = Episode::new(World::draw(&scenario, seeds.world), seeds.noise);
    let mut agent: Box<dyn Agent> = policy.make(0);
    agent.start(&scenario.brief);
    let allocation = agent.decide(episode.observation());
    for (money, parts) in allocation.money.iter().zip([9.0, 4.0, 1.0]) {
        assert!((money / 100.0 - parts / 14.0).abs() < 0.04, "{:?}", allocation.money);
    }
    episode.step(&allocation);
    let share = scenario.score(episode.ledger()) / scenario.answer.as_ref().unwrap().value;
    assert!(share > 0.998, "{share}");
}
