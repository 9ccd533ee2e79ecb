//! One run of several processes: the bytes of one that is alone. Threads stand for processes here; `.ci/mpi` starts real ones.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::cell::Cell;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use outlay_agent::learn::{
    Alone, Event, Flow, Ranks, RanksError, Start, TrainError, TrainSettings, TrainState, Trained, train_among,
};
use outlay_agent::policy::Prefer;
use outlay_environment::Scenario;

/// One of several threads that pass each other what they have to bring.
struct Thread {
    rank: usize,
    to: Vec<Sender<Vec<u8>>>,
    from: Vec<Receiver<Vec<u8>>>,
    /// Exchanges until it dies, where it is to die.
    left: Option<Cell<u32>>,
}

impl Ranks for Thread {
    fn rank(&self) -> usize {
        self.rank
    }

    fn count(&self) -> usize {
        self.to.len()
    }

    fn gather(&self, part: Vec<u8>) -> Result<Vec<Vec<u8>>, RanksError> {
        if let Some(left) = &self.left {
            left.set(left.get().checked_sub(1).ok_or(RanksError::Gone)?);
        }
        self.to.iter().for_each(|to| drop(to.send(part.clone())));
        self.from.iter().map(|from| from.recv().map_err(|_| RanksError::Gone)).collect()
    }
}

/// Threads of which each can hear every other and itself.
fn threads(count: usize) -> Vec<Thread> {
    let mut threads: Vec<Thread> =
        (0..count).map(|rank| Thread { rank, to: Vec::new(), from: Vec::new(), left: None }).collect();
    for from in 0..count {
        for to in 0..count {
            let (sender, receiver) = channel();
            threads[from].to.push(sender);
            threads[to].from.push(receiver);
        }
    }
    threads
}

/// What came of each thread.
fn each<T: Send>(threads: Vec<Thread>, run: impl Fn(Thread) -> T + Sync) -> Vec<T> {
    std::thread::scope(|scope| {
        let started: Vec<_> = threads.into_iter().map(|thread| scope.spawn(|| run(thread))).collect();
        started.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

fn scenarios(names: &[&str]) -> Vec<Arc<Scenario>> {
    names.iter().map(|name| Scenario::load(name).unwrap().with_shoppers(400)).collect()
}

/// Six short iterations.
fn settings() -> TrainSettings {
    TrainSettings {
        seed: 7,
        steps: 6 * 12 * 32,
        worlds: 12,
        group: 2,
        minibatch: 96,
        width: 16,
        validate_every: 2,
        validate_worlds: 3,
        ..TrainSettings::default()
    }
}

fn train(
    ranks: &dyn Ranks,
    scenarios: &[Arc<Scenario>],
    settings: &TrainSettings,
    start: Start,
) -> Result<Trained, TrainError> {
    train_among(ranks, scenarios, settings, start, &mut |_| Flow::Continue)
}

#[test]
fn any_number_of_processes_comes_to_the_state_of_one() {
    let one = scenarios(&["new-customer"]);
    let alone = train(&Alone, &one, &settings(), Start::Fresh).unwrap();
    for count in [1, 2, 3, 4, 9] {
        let together = each(threads(count), |rank| train(&rank, &one, &settings(), Start::Fresh).unwrap());
        assert!(together.iter().all(|trained| *trained == alone), "{count} processes");
    }
}

/// Everything that is divided: the worlds of several scenarios, what is missed of a promise, its trials at the end.
#[test]
fn several_scenarios_and_a_promise_are_shared_too() {
    let floor = Scenario::load("problems/p5-return-floor").unwrap();
    let member = Scenario::load("member").unwrap().with_shoppers(400);
    let promised = TrainSettings {
        promise: Some(0.9),
        prefer: Prefer::Target,
        risk: Some(0.5),
        scenarios: 2,
        ..settings()
    };
    for names in [vec![floor.clone()], vec![member, floor]] {
        let alone = train(&Alone, &names, &promised, Start::Fresh).unwrap();
        let together = each(threads(3), |rank| train(&rank, &names, &promised, Start::Fresh).unwrap());
        assert!(together.iter().all(|trained| *trained == alone));
    }
}

/// One of them is asked to stop, and all stop after the same iteration; the rest may be done by another number of processes.
#[test]
fn all_stop_where_one_is_asked_to_and_any_number_goes_on() {
    let one = scenarios(&["new-customer"]);
    let stop = |rank: usize, event: &Event<'_>| match event {
        Event::Iteration(iteration) if rank == 1 && iteration.iteration == 3 => Flow::Stop,
        _ => Flow::Continue,
    };
    let stopped = each(threads(3), |rank| {
        let place = rank.rank();
        train_among(&rank, &one, &settings(), Start::Fresh, &mut |event| stop(place, event)).unwrap()
    });
    let half = &stopped[0];
    assert!(half.interrupted && half.state.iteration == 3);
    assert!(stopped.iter().all(|trained| trained == half));
    let go_on = || Start::Resume(Box::new(half.state.clone()));
    let whole = train(&Alone, &one, &settings(), Start::Fresh).unwrap();
    let rest = each(threads(2), |rank| train(&rank, &one, &settings(), go_on()).unwrap());
    assert!(rest.iter().all(|trained| *trained == whole));
}

/// Whenever one dies, the others notice, and what was saved before is a state of the run.
#[test]
fn the_others_notice_a_death() {
    let one = scenarios(&["new-customer"]);
    for exchanges in [0, 1, 5, 12, 30] {
        let mut ranks = threads(3);
        ranks[2].left = Some(Cell::new(exchanges));
        let ended = each(ranks, |rank| {
            let mut saved = None;
            let ended = train_among(&rank, &one, &settings(), Start::Fresh, &mut |event| {
                if let Event::Validated(_, state) = event {
                    saved = Some(TrainState::clone(state));
                }
                Flow::Continue
            });
            (ended.unwrap_err(), saved)
        });
        let noticed = |error: &TrainError| matches!(error, TrainError::Ranks(RanksError::Gone));
        assert!(ended.iter().all(|(error, _)| noticed(error)), "after {exchanges}: {ended:?}");
        if let Some(saved) = &ended[0].1 {
            let rest = train(&Alone, &one, &settings(), Start::Resume(Box::new(saved.clone()))).unwrap();
            assert_eq!(rest, train(&Alone, &one, &settings(), Start::Fresh).unwrap());
        }
        assert_eq!(ended[0].1.is_some(), exchanges == 30, "after {exchanges}");
    }
}

#[test]
fn processes_with_other_inputs_are_told_before_any_work() {
    let one = scenarios(&["new-customer"]);
    let changed = vec![Arc::new(Scenario { hash: "f".repeat(64), ..(*one[0]).clone() })];
    let other = TrainSettings { seed: 8, ..settings() };
    for (scenarios, settings) in [(&changed, settings()), (&one, other)] {
        let ended = each(threads(2), |rank| match rank.rank() {
            0 => train(&rank, &one, &self::settings(), Start::Fresh).unwrap_err(),
            _ => train(&rank, scenarios, &settings, Start::Fresh).unwrap_err(),
        });
        assert!(
            ended.iter().all(|error| matches!(error, TrainError::Ranks(RanksError::Differ))),
            "{ended:?}"
        );
    }
}

/// Policies that differ in one weight begin, but are noticed before an iteration is over.
#[test]
fn other_weights_are_noticed() {
    let one = scenarios(&["new-customer"]);
    let policy = train(&Alone, &one, &settings(), Start::Fresh).unwrap().state.policy;
    let ended = each(threads(2), |rank| {
        let mut from = policy.clone();
        from.weights[5] += rank.rank() as f32;
        train(&rank, &one, &settings(), Start::From(Box::new(from))).unwrap_err()
    });
    assert!(ended.iter().all(|error| matches!(error, TrainError::Ranks(RanksError::Differ))), "{ended:?}");
}

#[test]
fn soft_actor_critic_is_not_shared() {
    let one = scenarios(&["new-customer"]);
    let sac = settings().with_sac();
    let refused = each(threads(2), |rank| train(&rank, &one, &sac, Start::Fresh).unwrap_err());
    assert!(refused.iter().all(|error| matches!(error, TrainError::Settings(_))), "{refused:?}");
}
