//! Training: the same bytes however it is run, and better than the even plan after a while.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use outlay_agent::checkpoint::{self, Card, CheckpointError};
use outlay_agent::learn::{Event, Flow, Start, TrainError, TrainSettings, TrainState, Trained, train};
use outlay_agent::policy::{LearnedPolicy, Policy, Prefer, Untrained};
use outlay_agent::{Entrant, Recipe, entrant};
use outlay_environment::{Allocation, Episode, Scenario, World};

fn scenario() -> Arc<Scenario> {
    let scenario = Scenario::load("new-customer").unwrap();
    scenario.with_shoppers(400)
}

/// Six short iterations.
fn settings(scenario: &Scenario) -> TrainSettings {
    TrainSettings {
        seed: 7,
        steps: 6 * 8 * scenario.brief.steps as u64,
        worlds: 8,
        group: 2,
        minibatch: 96,
        epochs: 2,
        width: 16,
        validate_every: 2,
        validate_worlds: 2,
        ..TrainSettings::default()
    }
}

fn run(scenario: &Arc<Scenario>, settings: &TrainSettings, resume: Option<TrainState>, stop: u64) -> Trained {
    let mut stop_there = |event: &Event<'_>| match event {
        Event::Iteration(iteration) if iteration.iteration == stop => Flow::Stop,
        _ => Flow::Continue,
    };
    let start = resume.map_or(Start::Fresh, |state| Start::Resume(Box::new(state)));
    train(std::slice::from_ref(scenario), settings, start, &mut stop_there).unwrap()
}

fn save(folder: &Path, scenario: &Arc<Scenario>, trained: &Trained) {
    let card = Card::new(std::slice::from_ref(scenario), &trained.state, "outlay train");
    checkpoint::write(folder, trained.state.best_policy(), &card, Some(&trained.state)).unwrap();
}

/// Every file of a folder.
fn bytes(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    ["card.toml", "policy.safetensors", "resume/state.toml", "resume/state.safetensors"]
        .map(|file| (file.to_owned(), std::fs::read(folder.join(file)).unwrap()))
        .into()
}

fn pool(threads: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}

#[test]
fn resumed_or_not_with_one_thread_or_two_the_bytes_are_the_same() {
    let scenario = scenario();
    let settings = settings(&scenario);
    stops_and_goes_on(&scenario, &settings);
    stops_and_goes_on(&scenario, &TrainSettings { memory: 3, teacher_share: 0.0, ..settings });
}

fn stops_and_goes_on(scenario: &Arc<Scenario>, settings: &TrainSettings) {
    let place = tempfile::tempdir().unwrap();
    let whole = place.path().join("whole");
    let trained = pool(2).install(|| run(scenario, settings, None, 0));
    assert!(!trained.interrupted);
    assert_eq!(trained.state.iteration, 6);
    save(&whole, scenario, &trained);

    let parts = place.path().join("parts");
    let half = pool(1).install(|| run(scenario, settings, None, 3));
    assert!(half.interrupted);
    save(&parts, scenario, &half);
    let state = checkpoint::read_resume(&parts).unwrap();
    assert_eq!(state, half.state, "what was written is what is read");
    let rest = pool(1).install(|| run(scenario, settings, Some(state), 0));
    save(&parts, scenario, &rest);
    assert!(bytes(&whole) == bytes(&parts));
}

#[test]
fn a_run_with_a_promise_goes_on_with_the_same_price() {
    let (scenario, place) = (scenario(), tempfile::tempdir().unwrap());
    let settings = TrainSettings {
        promise: Some(0.9),
        prefer: Prefer::Target,
        risk: Some(0.5),
        teacher_share: 0.0,
        ..settings(&scenario)
    };
    let whole = pool(2).install(|| run(&scenario, &settings, None, 0));
    let price = |trained: &Trained| trained.state.tasks[0].multiplier.unwrap().price;
    assert!(price(&whole) > 0.0);
    let half = pool(1).install(|| run(&scenario, &settings, None, 3));
    assert!(price(&half) != price(&whole));
    let [parts, at_once] = ["parts", "whole"].map(|name| place.path().join(name));
    save(&parts, &scenario, &half);
    let state = checkpoint::read_resume(&parts).unwrap();
    assert_eq!(state, half.state, "what was written is what is read");
    let rest = pool(1).install(|| run(&scenario, &settings, Some(state), 0));
    save(&parts, &scenario, &rest);
    save(&at_once, &scenario, &whole);
    assert!(bytes(&at_once) == bytes(&parts));
    let read = checkpoint::read(&at_once).unwrap();
    assert_eq!(read.policy.prefer, Prefer::Target);
}

/// Nothing is promised, so nothing of a promise stands in a file: a policy without a preference spends.
#[test]
fn what_was_saved_without_a_promise_reads_as_before() {
    let (scenario, place) = (scenario(), tempfile::tempdir().unwrap());
    let trained = run(&scenario, &settings(&scenario), None, 2);
    save(place.path(), &scenario, &trained);
    let files = bytes(place.path());
    for file in ["card.toml", "resume/state.toml"] {
        let text = String::from_utf8(files[file].clone()).unwrap();
        let words = ["promise", "prefer", "risk", "multiplier", "excess"];
        assert!(!words.iter().any(|word| text.contains(&format!("{word} ="))), "{text}");
    }
    assert_eq!(checkpoint::read(place.path()).unwrap().policy.prefer, Prefer::Spend);
}

#[test]
fn a_promise_needs_a_limit_to_keep() {
    let scenario = Scenario::load("problems/p1-power").unwrap();
    let settings = TrainSettings { promise: Some(0.9), ..settings(&scenario) };
    let refused =
        train(std::slice::from_ref(&scenario), &settings, Start::Fresh, &mut |_| Flow::Continue).unwrap_err();
    assert!(refused.to_string().contains("soft limit"), "{refused}");
}

#[test]
fn a_run_goes_on_only_where_it_belongs() {
    let scenario = scenario();
    let settings = settings(&scenario);
    let state = run(&scenario, &settings, None, 1).state;
    let other = TrainSettings { seed: 8, ..settings.clone() };
    let refused =
        train(std::slice::from_ref(&scenario), &other, Start::Resume(Box::new(state.clone())), &mut |_| {
            Flow::Continue
        });
    assert!(matches!(refused, Err(TrainError::OtherSettings(_))));
    let changed = Arc::new(Scenario { hash: "f".repeat(64), ..(*scenario).clone() });
    let refused =
        train(std::slice::from_ref(&changed), &settings, Start::Resume(Box::new(state)), &mut |_| {
            Flow::Continue
        });
    assert!(matches!(refused, Err(TrainError::OtherScenario { .. })));
    let none = TrainSettings { group: 3, ..settings };
    assert!(matches!(
        train(std::slice::from_ref(&scenario), &none, Start::Fresh, &mut |_| Flow::Continue),
        Err(TrainError::Settings(_))
    ));
}

/// Numbers that leave the finite end the run in the iteration in which they do, and what was saved before is whole.
#[test]
fn divergence_is_noticed_at_once_and_the_last_state_is_kept() {
    let (scenario, place) = (scenario(), tempfile::tempdir().unwrap());
    let folder = place.path().join("run");
    let good = TrainSettings { steps: 2 * 8 * 32, ..settings(&scenario) };
    let policy = run(&scenario, &good, None, 0).state.policy;
    let tame = TrainSettings { learning_rate: 1e-4, ..settings(&scenario) };
    for (poison, from) in [(f32::NAN, 0), (f32::INFINITY, 0), (f32::MAX, policy.weights.len() / 2)] {
        let mut iterations = 0;
        let mut poisoned = policy.clone();
        poisoned.weights[from..].fill(poison);
        let ended = train(
            std::slice::from_ref(&scenario),
            &TrainSettings { width: poisoned.sizes.width, teacher_share: 0.0, ..tame.clone() },
            Start::From(Box::new(poisoned)),
            &mut |event: &Event<'_>| {
                iterations += u64::from(matches!(event, Event::Iteration(_)));
                Flow::Continue
            },
        );
        assert!(matches!(ended, Err(TrainError::Diverged { steps: 256 })), "{poison}: {:?}", ended.err());
        assert_eq!(iterations, 0, "nothing was said of an iteration that came to nothing");
    }
    // A rate at which the weights leave the finite on the way.
    let wild = TrainSettings { learning_rate: 1e37, teacher_share: 0.0, ..settings(&scenario) };
    let mut saved = None;
    let ended = train(std::slice::from_ref(&scenario), &wild, Start::Fresh, &mut |event: &Event<'_>| {
        if let Event::Validated(_, state) = event {
            let card = Card::new(std::slice::from_ref(&scenario), state, "outlay train");
            checkpoint::write(&folder, state.best_policy(), &card, Some(state)).unwrap();
            saved = Some(TrainState::clone(state));
        }
        Flow::Continue
    });
    assert!(matches!(ended, Err(TrainError::Diverged { .. })), "{:?}", ended.err());
    if let Some(saved) = saved {
        assert!(saved.policy.weights.iter().all(|weight| weight.is_finite()));
        assert_eq!(checkpoint::read_resume(&folder).unwrap(), saved);
    }
}

#[test]
fn a_checkpoint_decides_as_the_policy_that_was_saved() {
    let (scenario, place) = (scenario(), tempfile::tempdir().unwrap());
    let trained = run(&scenario, &settings(&scenario), None, 0);
    let folder = place.path().join("policy");
    let card = Card::new(std::slice::from_ref(&scenario), &trained.state, "outlay train");
    checkpoint::write(&folder, trained.state.best_policy(), &card, None).unwrap();
    let read = checkpoint::read(&folder).unwrap();
    assert_eq!(&read.policy, trained.state.best_policy());
    assert_eq!(read.warning(&scenario), None);
    let changed = Scenario { hash: "f".repeat(64), ..(*scenario).clone() };
    assert!(read.warning(&changed).is_some());
    assert!(matches!(checkpoint::read_resume(&folder), Err(CheckpointError::Finished { .. })));

    let play = |recipe: &dyn Recipe| {
        let mut agent = recipe.make(1);
        let mut episode = Episode::new(World::average(&scenario), 5);
        agent.start(&scenario.brief);
        while !episode.is_over() {
            let allocation = agent.decide(episode.observation());
            episode.step(&allocation);
        }
        episode.ledger().clone()
    };
    let saved = LearnedPolicy::new(trained.state.best_policy().clone(), &scenario);
    let ledger = play(&read.recipe(&scenario));
    assert_eq!(ledger, play(&saved));
    assert!(ledger.spend() <= ledger.budget);
}

#[test]
fn what_is_damaged_foreign_or_newer_is_refused_with_its_reason() {
    let (scenario, place) = (scenario(), tempfile::tempdir().unwrap());
    let trained = run(&scenario, &settings(&scenario), None, 1);
    let folder = place.path().join("policy");
    let refused = |change: &dyn Fn(&Path)| {
        save(&folder, &scenario, &trained);
        change(&folder);
        let error = checkpoint::read_resume(&folder).unwrap_err();
        std::fs::remove_dir_all(&folder).unwrap();
        error
    };
    let edit = |file: &str, edit: &dyn Fn(Vec<u8>) -> Vec<u8>, folder: &Path| {
        let path = folder.join(file);
        std::fs::write(&path, edit(std::fs::read(&path).unwrap())).unwrap();
    };
    for file in ["policy.safetensors", "resume/state.safetensors"] {
        let truncated = refused(&|folder| edit(file, &|bytes| bytes[..bytes.len() / 2].to_vec(), folder));
        assert!(matches!(truncated, CheckpointError::Damaged { .. }), "{truncated}");
        let flipped = refused(&|folder| {
            let flip = |mut bytes: Vec<u8>| {
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
                bytes
            };
            edit(file, &flip, folder);
        });
        assert!(matches!(flipped, CheckpointError::Damaged { .. }), "{flipped}");
        let gone = refused(&|folder| std::fs::remove_file(folder.join(file)).unwrap());
        assert!(matches!(gone, CheckpointError::Damaged { .. }), "{gone}");
    }
    let replace = |from: &'static str, to: &'static str| {
        move |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace(from, to).into_bytes()
    };
    let newer = refused(&|f| edit("card.toml", &replace("outlay.checkpoint/2", "outlay.checkpoint/9"), f));
    assert!(matches!(newer, CheckpointError::Newer { found: 9, .. }), "{newer}");
    let foreign = refused(&|f| edit("card.toml", &replace("outlay.checkpoint/2", "model/1"), f));
    assert!(matches!(foreign, CheckpointError::NotACheckpoint { .. }), "{foreign}");
    let old = refused(&|f| edit("card.toml", &replace("features = 3", "features = 2"), f));
    assert!(matches!(old, CheckpointError::OtherFeatures { found: 2, .. }), "{old}");
    let wide = refused(&|f| edit("card.toml", &replace("width = 16", "width = 1000000000000"), f));
    assert!(matches!(wide, CheckpointError::Damaged { .. }), "{wide}");
    let binary = refused(&|f| edit("card.toml", &|_| vec![0xff; 40], f));
    assert!(matches!(binary, CheckpointError::Damaged { .. }), "{binary}");
    assert!(matches!(checkpoint::read(&folder), Err(CheckpointError::Missing { .. })));
}

/// Lines, steps and goals differ; one network learns on all, and a run that stopped goes on as if it had not.
#[test]
fn several_scenarios_share_a_policy_and_a_run() {
    let small = |name: &str| Scenario::load(name).unwrap().with_shoppers(400);
    let scenarios = ["new-customer", "member", "steady-profit"].map(small);
    let settings = TrainSettings {
        steps: 6 * 16 * 32,
        scenarios: 2,
        worlds: 16,
        teacher_share: 0.0,
        ..settings(&scenarios[0])
    };
    let run = |start: Start, stop: u64| {
        let mut stop_there = |event: &Event<'_>| match event {
            Event::Iteration(iteration) if iteration.iteration == stop => Flow::Stop,
            _ => Flow::Continue,
        };
        train(&scenarios, &settings, start, &mut stop_there).unwrap().state
    };
    let whole = run(Start::Fresh, 0);
    let names: Vec<&str> = whole.tasks.iter().map(|task| task.scenario.as_str()).collect();
    assert_eq!(names, ["new-customer", "member", "steady-profit"]);
    assert!(whole.tasks.iter().all(|task| task.reward_scale > 0.0));
    assert_eq!(whole.even(), 0.0, "several scenarios are measured from the even plan");
    let place = tempfile::tempdir().unwrap();
    let half = run(Start::Fresh, 2);
    let card = Card::new(&scenarios, &half, "outlay train");
    checkpoint::write(place.path(), half.best_policy(), &card, Some(&half)).unwrap();
    let read = checkpoint::read(place.path()).unwrap();
    assert!(scenarios.iter().all(|scenario| read.warning(scenario).is_none()));
    let again = checkpoint::read_resume(place.path()).unwrap();
    assert_eq!(run(Start::Resume(Box::new(again)), 0), whole);
}

#[test]
fn a_run_goes_on_from_a_policy_trained_elsewhere() {
    let scenario = scenario();
    let settings = settings(&scenario);
    let before = run(&scenario, &settings, None, 0).state.policy;
    let start = Start::From(Box::new(before.clone()));
    let begun = train(std::slice::from_ref(&scenario), &settings, start, &mut |_| Flow::Stop).unwrap().state;
    assert_eq!((begun.iteration, &begun.policy.weights), (0, &before.weights));
    // The normaliser is that of what it saw before and a first batch, not of the batch alone.
    let means = before.global_normaliser.mean.iter().zip(&begun.policy.global_normaliser.mean);
    let scales = &before.global_normaliser.scale;
    let moved = means.zip(scales).map(|((a, b), scale)| ((a - b) * scale).abs()).fold(0.0, f32::max);
    assert!(moved < 0.1, "{moved} deviations");
}

/// A guided policy that says nothing does what its planner does, but for lines that the planner leaves out.
#[test]
fn a_guided_policy_begins_where_its_planner_stands() {
    let scenario = scenario();
    let mut policy = Policy::untrained(&Untrained {
        width: 16,
        seed: 1,
        log_std: -0.7,
        guided: true,
        ..Untrained::default()
    });
    policy.weights.fill(0.0);
    let guided = LearnedPolicy::new(policy, &scenario).with_share(1.0);
    let Ok(Entrant::Agent(planner)) = entrant("mpc", &scenario) else { panic!("mpc is an agent") };
    let spent = |recipe: &dyn Recipe| -> Vec<f64> {
        let mut agent = recipe.make(1);
        let mut episode = Episode::new(World::draw(&scenario, 5), 6);
        agent.start(&scenario.brief);
        while !episode.is_over() {
            let allocation = agent.decide(episode.observation());
            episode.step(&allocation);
        }
        let rows = &episode.ledger().rows;
        let lines = scenario.brief.lines.len();
        (0..lines)
            .map(|line| rows.iter().skip(line).step_by(lines).map(|row| row.spend.major()).sum())
            .collect()
    };
    let [guided, planner] = [spent(&guided), spent(planner.as_ref())];
    let near = 0.005 * scenario.brief.budget.major();
    assert!(guided.iter().zip(&planner).all(|(a, b)| (a - b).abs() < near), "{guided:?} {planner:?}");
}

/// The one promise that all the others serve, without a teacher to lean on.
#[test]
fn learns_to_beat_the_even_plan() {
    let scenario = scenario();
    let settings = TrainSettings {
        steps: 60_000,
        teacher_share: 0.0,
        worlds: 32,
        minibatch: 512,
        width: 32,
        validate_every: 10,
        validate_worlds: 16,
        ..TrainSettings::default()
    };
    let best = train(std::slice::from_ref(&scenario), &settings, Start::Fresh, &mut |_| Flow::Continue)
        .unwrap()
        .state;
    let score = best.best.as_ref().unwrap().score;
    assert!(score > best.even() * 1.02, "{score} against {}", best.even());
}

/// The even plan by hand scores what the run says it does.
#[test]
fn the_even_plan_of_a_run_is_the_even_plan() {
    use outlay_environment::{Domain, Seeds};
    let scenario = scenario();
    let settings = settings(&scenario);
    let state = run(&scenario, &settings, None, 1).state;
    let even = |episode: &Episode| {
        let seen = episode.observation();
        let cells = (scenario.brief.steps - seen.step) * scenario.brief.lines.len();
        Allocation::of(vec![seen.budget_left.major() / cells as f64; scenario.brief.lines.len()])
    };
    let scores = (0..settings.validate_worlds).map(|number| {
        let seeds = Seeds::numbered(Domain::Validate, number, 0);
        let mut episode = Episode::new(World::draw(&scenario, seeds.world), seeds.noise);
        while !episode.is_over() {
            episode.step(&even(&episode));
        }
        scenario.expected(episode.ledger())
    });
    let mean = scores.sum::<f64>() / settings.validate_worlds as f64;
    assert!((state.even() - mean).abs() < 0.01 * mean, "{} against {mean}", state.even());
}

/// A policy is saved with the heads it sees by, and a run that sees goes on where it stopped.
#[test]
fn heads_are_saved_with_their_policy() {
    let scenario = scenario();
    let settings = settings(&scenario);
    let (heads, _) = checkpoint::read_heads("../../checkpoints/heads".as_ref()).unwrap();
    let run = |start: Start, stop: u64| {
        let mut flow = |event: &Event<'_>| match event {
            Event::Iteration(iteration) if iteration.iteration == stop => Flow::Stop,
            _ => Flow::Continue,
        };
        train(std::slice::from_ref(&scenario), &settings, start, &mut flow).unwrap().state
    };
    let whole = run(Start::Seeing(Box::new(heads.clone())), 0);
    let half = run(Start::Seeing(Box::new(heads.clone())), 3);
    let folder = tempfile::tempdir().unwrap();
    let card = Card::new(std::slice::from_ref(&scenario), &half, "outlay train");
    checkpoint::write(folder.path(), half.best_policy(), &card, Some(&half)).unwrap();
    let read = checkpoint::read(folder.path()).unwrap();
    assert_eq!(read.policy.heads.as_deref(), Some(&heads));
    let again = checkpoint::read_resume(folder.path()).unwrap();
    assert_eq!(run(Start::Resume(Box::new(again)), 0), whole);
    // What is predicted is looked at.
    let plain = run(Start::Fresh, 0);
    assert_ne!(plain.best_policy().sizes, whole.best_policy().sizes);
}

/// One policy for a scenario that opens bids and one that does not: it bids in the first alone.
#[test]
fn bids_are_decided_where_the_scenario_opens_them() {
    let open = Scenario::load("break-out-of-circle").unwrap().with_shoppers(300);
    let scenarios = [open, scenario()];
    let settings = TrainSettings { teacher_share: 0.0, ..settings(&scenarios[0]) };
    let before = Policy::untrained(&Untrained { width: 16, seed: 7, bids: true, ..Untrained::default() });
    let run = || train(&scenarios, &settings, Start::Fresh, &mut |_| Flow::Continue).unwrap().state;
    let state = run();
    assert_eq!(state.policy, run().policy);
    assert_eq!(state.policy.sizes, before.sizes);
    let folder = tempfile::tempdir().unwrap();
    let card = Card::new(&scenarios, &state, "outlay train");
    checkpoint::write(folder.path(), state.best_policy(), &card, None).unwrap();
    let read = checkpoint::read(folder.path()).unwrap();
    assert_eq!(&read.policy, state.best_policy());
    for (scenario, bids) in scenarios.iter().zip([true, false]) {
        let mut agent = read.recipe(scenario).make(1);
        agent.start(&scenario.brief);
        let episode = Episode::new(World::draw(scenario, 5), 6);
        let allocation = agent.decide(episode.observation());
        assert_eq!(allocation.bids.len(), if bids { scenario.brief.lines.len() } else { 0 });
        assert!(allocation.bids.iter().all(|bid| bid.is_finite() && *bid > 0.0));
    }
    // A policy that never decided bids learns to where it goes on, and keeps what it knew of money.
    let bidless = Policy::untrained(&Untrained { width: 16, seed: 7, ..Untrained::default() });
    let start = Start::From(Box::new(bidless.clone()));
    let begun = train(&scenarios, &settings, start, &mut |_| Flow::Stop).unwrap().state.policy;
    assert_eq!(begun.sizes, before.sizes);
    let money = |policy: &Policy| -> Vec<_> {
        let tensors =
            policy.layout.tensors().filter(|(name, ..)| !name.contains("bid") && !name.contains("log_std"));
        tensors.map(|(name, _, range)| (name, policy.weights[range].to_vec())).collect()
    };
    assert_eq!(money(&begun), money(&bidless));
    // A learner that judges money alone refuses to go on from it.
    let sac = settings.clone().with_sac();
    let start = Start::From(Box::new(read.policy));
    let refused = train(&scenarios, &sac, start, &mut |_| Flow::Continue).unwrap_err();
    assert!(refused.to_string().contains("neither bids nor heads"), "{refused}");
}
