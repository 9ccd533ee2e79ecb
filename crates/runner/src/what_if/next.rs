//! Where the next money goes: what an agent did, with more on one line or less, on the same shoppers and noise.
//!
//! The agent's money is replayed as it was granted, so nothing else moves. More is spread evenly over the steps in which
//! the line may spend, up to its caps; less is taken in proportion, down to its floor.

use std::sync::Arc;

use outlay_environment::{Domain, Episode, Limits, Money, Scenario, Seeds, World};

use super::sample::{Question, Sample};
use crate::episodes::{self, noise_seed};
use crate::failure::Failure;
use crate::incremental::{Record, without_spend};
use crate::plan;

/// `[lines][seeds, noises]` episodes with money forced onto a line, and off it.
#[derive(Debug)]
pub(super) struct Forced {
    pub(super) onto: Vec<Vec<Sample>>,
    pub(super) off: Vec<Vec<Sample>>,
    /// `[moves]` in the order asked for.
    pub(super) moved: Vec<Vec<Sample>>,
}

/// Money from one line to another, by their places.
pub(super) type Move = [usize; 2];

/// Forces `money` onto each line and off it, and from line to line as `moves` say; `richer` is the scenario with so much more
/// to spend.
pub(super) fn force(
    question: &Question<'_>,
    richer: &Arc<Scenario>,
    money: Money,
    moves: &[Move],
) -> Result<Option<Forced>, Failure> {
    let stage = &question.arguments.stage;
    let base = &question.base;
    let (participant, _) = plan::participant(&question.arguments.agent, base, stage.running.time_limit)?;
    let games = plan::games_in(base, stage, false);
    let lines = 0..base.brief.lines.len();
    let played = question.each_episode(|seed, noise| {
        let mut kept = None;
        episodes::watch(&participant, &games, seed, noise, &mut |episode, _| {
            if episode.is_over() {
                kept = Some((Record::of(episode.ledger()), Arc::clone(episode.world())));
            }
        })?;
        let (record, world) = kept.ok_or("it has no steps")?;
        let noise = noise_seed(seed, noise);
        let free = without_spend(&world, noise).revenue;
        let richer = World::draw(richer, Seeds::numbered(Domain::Evaluate, seed, 0).world);
        let replay = |world: &Arc<World>, granted: Vec<Vec<Money>>| {
            let mut episode = Episode::new(Arc::clone(world), noise);
            Record { granted, bids: record.bids.clone() }.replay(&mut episode, |_| true);
            Sample::of(base, episode.ledger(), free)
        };
        let limits = &richer.scenario.brief.limits;
        let onto = lines.clone().map(|line| replay(&richer, with_more(&record.granted, limits, line, money)));
        let off = lines.clone().map(|line| replay(&world, with_less(&record.granted, limits, line, money)));
        let own = &base.brief.limits;
        let moved = moves.iter().map(|way| replay(&world, with_moved(&record.granted, own, *way, money)));
        Ok([onto.collect::<Vec<_>>(), off.collect(), moved.collect()])
    })?;
    Ok(played.map(|played| {
        let of = |which: usize, count: usize| {
            let of_each = |place: usize| played.iter().map(|episode| episode[which][place].clone()).collect();
            (0..count).map(of_each).collect()
        };
        Forced { onto: of(0, lines.len()), off: of(1, lines.len()), moved: of(2, moves.len()) }
    }))
}

/// `[steps][lines]` money with up to `more` spread evenly over the steps in which the line may have more.
fn with_more(granted: &[Vec<Money>], limits: &Limits, line: usize, more: Money) -> Vec<Vec<Money>> {
    let of_line = &limits.lines[line];
    let room = |(step, row): (usize, &Vec<Money>)| {
        if !of_line.is_open(step) || of_line.pin.is_some() {
            return 0;
        }
        let of_cap = of_line.cap.map_or(i64::MAX, |cap| (cap - row[line]).0);
        let all: Money = row.iter().copied().sum();
        let of_step = limits.step_cap.map_or(i64::MAX, |cap| (cap - all).0);
        of_cap.min(of_step).max(0)
    };
    let room: Vec<i64> = granted.iter().enumerate().map(room).collect();
    let groups = limits.groups.iter().filter(|group| group.lines.contains(&line)).map(|group| {
        let given: Money = granted.iter().flat_map(|row| group.lines.iter().map(|line| row[*line])).sum();
        (group.most - given).0.max(0)
    });
    let mut left = groups.fold(more.0, i64::min);
    let mut steps: Vec<usize> = (0..granted.len()).collect();
    // Steps with the least room first: what they cannot take is shared by the others.
    steps.sort_by_key(|step| (room[*step], *step));
    let mut richer = granted.to_vec();
    for (done, step) in steps.iter().enumerate() {
        let share = left / (steps.len() - done) as i64;
        let given = share.min(room[*step]);
        richer[*step][line] += Money(given);
        left -= given;
    }
    richer
}

/// `[steps][lines]` money with up to `less` taken from a line, in proportion to what it had above its floor.
fn with_less(granted: &[Vec<Money>], limits: &Limits, line: usize, less: Money) -> Vec<Vec<Money>> {
    let floor = limits.lines[line].committed();
    let spare = |row: &Vec<Money>| i128::from((row[line] - floor).0.max(0));
    let all: i128 = granted.iter().map(spare).sum();
    let wanted = all.min(i128::from(less.0));
    let (mut before, mut taken) = (0, 0);
    let mut poorer = granted.to_vec();
    for (row, old) in poorer.iter_mut().zip(granted) {
        before += spare(old);
        // Of what the steps so far had, as much is taken as of all: rounding never adds up.
        let until_now = if all > 0 { before * wanted / all } else { 0 };
        row[line] -= Money((until_now - taken) as i64);
        taken = until_now;
    }
    poorer
}

/// `[steps][lines]` money with up to `money` taken from one line and given to another.
fn with_moved(granted: &[Vec<Money>], limits: &Limits, [from, to]: Move, money: Money) -> Vec<Vec<Money>> {
    let sum = |money: &[Vec<Money>], line: usize| money.iter().map(|row| row[line]).sum::<Money>();
    let poorer = with_less(granted, limits, from, money);
    let taken = sum(granted, from) - sum(&poorer, from);
    let moved = with_more(&poorer, limits, to, taken);
    // What the other line has no room for stays where it was.
    let given = sum(&moved, to) - sum(granted, to);
    if given == taken {
        moved
    } else {
        with_more(&with_less(granted, limits, from, given), limits, to, given)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use outlay_environment::{Group, LineLimits};

    fn money(rows: &[[i64; 2]]) -> Vec<Vec<Money>> {
        rows.iter().map(|row| row.map(Money).to_vec()).collect()
    }

    fn limits(line: LineLimits) -> Limits {
        let open = LineLimits { end_step: 4, ..LineLimits::default() };
        Limits { lines: vec![line, open], ..Limits::default() }
    }

    const OPEN: LineLimits = LineLimits {
        first_step: 0,
        end_step: 4,
        cap: None,
        floor: None,
        pin: None,
        before: None,
        credit: false,
    };

    #[test]
    fn more_is_spread_evenly_up_to_every_limit() {
        let granted = money(&[[10, 5], [10, 5], [10, 5], [10, 5]]);
        let column = |limits: &Limits, more| {
            with_more(&granted, limits, 0, Money(more)).iter().map(|row| row[0].0).collect::<Vec<_>>()
        };
        assert_eq!(column(&limits(OPEN), 8), [12, 12, 12, 12]);
        assert_eq!(column(&limits(OPEN), 9).iter().sum::<i64>(), 49);
        let late = LineLimits { first_step: 2, ..OPEN };
        assert_eq!(column(&limits(late), 8), [10, 10, 14, 14]);
        let capped = LineLimits { cap: Some(Money(11)), ..OPEN };
        assert_eq!(column(&limits(capped.clone()), 8), [11, 11, 11, 11]);
        assert_eq!(column(&limits(LineLimits { pin: Some(Money(10)), ..OPEN }), 8), [10; 4]);
        let step_cap = Limits { step_cap: Some(Money(16)), ..limits(OPEN) };
        assert_eq!(column(&step_cap, 100), [11; 4]);
        let group = Group { name: "g".into(), lines: vec![0, 1], most: Money(64) };
        assert_eq!(column(&Limits { groups: vec![group], ..limits(OPEN) }, 100), [11; 4]);
        assert!(with_more(&granted, &limits(capped), 0, Money(8)).iter().all(|row| row[1] == Money(5)));
    }

    #[test]
    fn what_moves_is_neither_lost_nor_made() {
        let granted = money(&[[10, 5], [30, 5], [0, 5], [60, 5]]);
        let all = |money: &[Vec<Money>]| money.iter().flatten().copied().sum::<Money>();
        for (line, most, moved) in
            [(OPEN, 50, 20), (OPEN, 7, 7), (LineLimits { cap: Some(Money(40)), ..OPEN }, 50, 20)]
        {
            let found = with_moved(&granted, &limits(line), [1, 0], Money(most));
            assert_eq!(all(&found), all(&granted));
            assert_eq!(found.iter().map(|row| row[1].0).sum::<i64>(), 20 - moved);
        }
        // The line that is to get it has room for ten.
        let full = LineLimits { cap: Some(Money(10)), end_step: 3, ..OPEN };
        let found = with_moved(&granted, &limits(full), [1, 0], Money(20));
        assert_eq!((all(&found), found[2][0]), (all(&granted), Money(10)));
    }

    #[test]
    fn less_is_taken_in_proportion_down_to_the_floor() {
        let granted = money(&[[10, 5], [30, 5], [0, 5], [60, 5]]);
        let column = |limits: &Limits, less| {
            with_less(&granted, limits, 0, Money(less)).iter().map(|row| row[0].0).collect::<Vec<_>>()
        };
        assert_eq!(column(&limits(OPEN), 50), [5, 15, 0, 30]);
        assert_eq!(column(&limits(OPEN), 7).iter().sum::<i64>(), 93);
        assert_eq!(column(&limits(OPEN), 1_000), [0; 4]);
        assert_eq!(column(&limits(LineLimits { floor: Some(Money(10)), ..OPEN }), 1_000), [10, 10, 0, 10]);
        assert_eq!(column(&limits(OPEN), 0), [10, 30, 0, 60]);
    }
}
