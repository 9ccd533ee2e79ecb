//! The processes that share a run, and how its work is divided among them.
//!
//! Work is a list of items, each of which comes out the same wherever it is done: the episodes of one world, one shard of a
//! minibatch, one world of a validation. Each process does a stretch of the list, all learn what came of the whole of it, and
//! each goes on with the same sums in the same order. So every process holds the same run at any time, bit for bit, however
//! many there are.

use outlay_environment::Key;
use rayon::prelude::*;
use thiserror::Error;

use super::event::Flow;
use super::state::TrainState;

/// The processes that share a run. Each is given the same inputs and calls [`Self::gather`] equally often.
pub trait Ranks {
    /// Place of this process among them, from 0.
    fn rank(&self) -> usize;

    /// How many they are.
    fn count(&self) -> usize;

    /// Gives every process what each of them brought, in the order of their ranks.
    ///
    /// # Errors
    ///
    /// [`RanksError::Gone`] where another process does not bring anything any more.
    fn gather(&self, part: Vec<u8>) -> Result<Vec<Vec<u8>>, RanksError>;
}

/// Why processes cannot go on together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RanksError {
    /// One of them died or ended.
    #[error("another process of this run is gone")]
    Gone,
    /// They began with different things, or came to different results.
    #[error(
        "the processes of this run hold different states: they need the same files, program and kind of processor"
    )]
    Differ,
}

/// A process that shares its run with no other.
#[derive(Debug, Clone, Copy)]
pub struct Alone;

impl Ranks for Alone {
    fn rank(&self) -> usize {
        0
    }

    fn count(&self) -> usize {
        1
    }

    fn gather(&self, part: Vec<u8>) -> Result<Vec<Vec<u8>>, RanksError> {
        Ok(vec![part])
    }
}

/// Numbers that an item of work leaves behind.
pub(super) enum Numbers<'a> {
    Single(&'a mut [f32]),
    Double(&'a mut [f64]),
}

/// An item of work: what has to be known of it where it was not done.
pub(super) trait Item: Send {
    /// As many wherever they are asked, before the work and after it.
    fn numbers(&mut self) -> Vec<Numbers<'_>>;
}

/// Does this process's stretch of the items, on all threads, and fills in the others'.
pub(super) fn divide<T: Item>(
    ranks: &dyn Ranks,
    items: &mut [T],
    work: impl Fn(usize, &mut T) + Sync,
) -> Result<(), RanksError> {
    let (all, count) = (items.len(), ranks.count());
    let stretch = |rank: usize| all * rank / count..all * (rank + 1) / count;
    let mine = stretch(ranks.rank());
    let first = mine.start;
    items[mine.clone()].par_iter_mut().enumerate().for_each(|(place, item)| work(first + place, item));
    if count == 1 {
        return Ok(());
    }
    let mut part = Vec::new();
    items[mine].iter_mut().for_each(|item| put(item, &mut part));
    for (rank, part) in ranks.gather(part)?.iter().enumerate() {
        let mut left = &part[..];
        for item in &mut items[stretch(rank)] {
            take(item, &mut left).ok_or(RanksError::Differ)?;
        }
        if !left.is_empty() {
            return Err(RanksError::Differ);
        }
    }
    Ok(())
}

fn put(item: &mut impl Item, bytes: &mut Vec<u8>) {
    for numbers in item.numbers() {
        match numbers {
            Numbers::Single(numbers) => bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes())),
            Numbers::Double(numbers) => bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes())),
        }
    }
}

/// Reads what [`put`] wrote; nothing where it ends too soon.
fn take(item: &mut impl Item, bytes: &mut &[u8]) -> Option<()> {
    for numbers in item.numbers() {
        match numbers {
            Numbers::Single(numbers) => {
                for number in numbers {
                    *number = f32::from_le_bytes(*bytes.split_off(..4)?.as_array()?);
                }
            }
            Numbers::Double(numbers) => {
                for number in numbers {
                    *number = f64::from_le_bytes(*bytes.split_off(..8)?.as_array()?);
                }
            }
        }
    }
    Some(())
}

/// Makes sure that all processes hold the same.
pub(super) fn same(ranks: &dyn Ranks, what: Key) -> Result<(), RanksError> {
    let mine = what.bits().to_le_bytes().to_vec();
    let all_same = ranks.gather(mine.clone())?.iter().all(|theirs| *theirs == mine);
    if all_same { Ok(()) } else { Err(RanksError::Differ) }
}

/// Whether all go on after an iteration: they stop together where one of them was asked to, and never go on with different
/// weights.
pub(super) fn agree(ranks: &dyn Ranks, flow: Flow, state: &TrainState) -> Result<Flow, RanksError> {
    let add = |key: Key, weight: &f32| key.with(weight.to_bits().into());
    same(ranks, state.policy.weights.iter().fold(Key::new(state.steps), add))?;
    let asked = ranks.gather(vec![u8::from(flow == Flow::Stop)])?;
    Ok(if asked.concat().contains(&1) { Flow::Stop } else { Flow::Continue })
}
