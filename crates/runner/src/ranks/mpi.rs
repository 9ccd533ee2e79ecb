//! Processes that a launcher of MPI started, `mpirun` or another.
//!
//! A thread of its own speaks to the others: nobody can give up a call of MPI, but whoever waits for a thread can.

use std::cell::Cell;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use mpi::Count;
use mpi::Threading;
use mpi::datatype::PartitionMut;
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, CommunicatorCollectives};
use outlay_agent::learn::{Alone, Ranks, RanksError};

use crate::failure::Failure;
use crate::interrupt;
use crate::terminal::Terminal;

/// What launchers tell the processes that they start: Open MPI, those of MPICH's family, and those that speak PMIx.
const STARTED_BY: [&str; 3] = ["OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK"];
/// Time between two looks at whether this process was asked to end.
const LOOK: Duration = Duration::from_millis(100);
/// How long the others may take to end an iteration once this process was asked to end. Launchers that kill whoever
/// is left after a death ask first.
const PATIENCE: Duration = Duration::from_secs(30);

/// The processes of this run, of which only the first prints and writes.
pub(crate) fn join(terminal: Terminal) -> Result<Box<dyn Ranks>, Failure> {
    if STARTED_BY.iter().all(|name| std::env::var_os(name).is_none()) {
        return Ok(Box::new(Alone));
    }
    let (parts, to_thread) = channel();
    let (from_thread, gathered) = channel();
    let (tell, told) = channel();
    let thread = std::thread::spawn(move || speak(&tell, &to_thread, &from_thread));
    let (rank, count) =
        told.recv().map_err(|_| Failure::run("the Message Passing Interface could not be started"))?;
    let processes = Processes {
        rank,
        count,
        parts: Some(parts),
        gathered,
        thread: Some(thread),
        gone: Cell::new(false),
        terminal,
    };
    Ok(Box::new(processes))
}

/// What the thread does, until nobody has anything to bring any more.
fn speak(tell: &Sender<(usize, usize)>, parts: &Receiver<Vec<u8>>, gathered: &Sender<Vec<Vec<u8>>>) {
    let Some((universe, _)) = mpi::initialize_with_threading(Threading::Funneled) else { return };
    let world = universe.world();
    // Neither is ever negative.
    if tell.send((world.rank().unsigned_abs() as usize, world.size().unsigned_abs() as usize)).is_err() {
        return;
    }
    for part in parts {
        if gathered.send(all_gather(&world, &part)).is_err() {
            return;
        }
    }
}

/// What every process brought. MPI counts in 32 bits, hence the rounds.
fn all_gather(world: &SimpleCommunicator, part: &[u8]) -> Vec<Vec<u8>> {
    let count = world.size().unsigned_abs() as usize;
    let mut lengths = vec![0_u64; count];
    world.all_gather_into(&(part.len() as u64), &mut lengths[..]);
    let lengths: Vec<usize> = lengths.into_iter().map(|length| length as usize).collect();
    let mut whole: Vec<Vec<u8>> = lengths.iter().map(|&length| Vec::with_capacity(length)).collect();
    let most = Count::MAX as usize / count;
    for start in (0..lengths.iter().copied().max().unwrap_or(0)).step_by(most) {
        let in_round = |length: usize| start.min(length)..(start + most).min(length);
        let counts: Vec<Count> = lengths.iter().map(|&length| in_round(length).len() as Count).collect();
        let offsets: Vec<Count> = counts
            .iter()
            .scan(0, |end, count| {
                *end += count;
                Some(*end - count)
            })
            .collect();
        let mut round = vec![0_u8; counts.iter().map(|&count| count as usize).sum()];
        let mut places = PartitionMut::new(&mut round[..], &counts[..], &offsets[..]);
        world.all_gather_varcount_into(&part[in_round(part.len())], &mut places);
        let mut left = &round[..];
        for (whole, &count) in whole.iter_mut().zip(&counts) {
            whole.extend_from_slice(left.split_off(..count as usize).unwrap_or_default());
        }
    }
    whole
}

/// Several processes.
struct Processes {
    rank: usize,
    count: usize,
    parts: Option<Sender<Vec<u8>>>,
    gathered: Receiver<Vec<Vec<u8>>>,
    thread: Option<JoinHandle<()>>,
    /// Whether another process is.
    gone: Cell<bool>,
    terminal: Terminal,
}

impl Ranks for Processes {
    fn rank(&self) -> usize {
        self.rank
    }

    fn count(&self) -> usize {
        self.count
    }

    fn gather(&self, part: Vec<u8>) -> Result<Vec<Vec<u8>>, RanksError> {
        self.parts.as_ref().and_then(|parts| parts.send(part).ok()).ok_or(RanksError::Gone)?;
        let mut asked: Option<Instant> = None;
        loop {
            match (self.gathered.recv_timeout(LOOK), asked) {
                (Ok(gathered), _) => return Ok(gathered),
                (Err(RecvTimeoutError::Timeout), _) if !interrupt::requested() => {}
                (Err(RecvTimeoutError::Timeout), None) => {
                    asked = Some(Instant::now());
                    self.say_waiting();
                }
                (Err(RecvTimeoutError::Timeout), Some(since)) if since.elapsed() < PATIENCE => {}
                (Err(_), _) => {
                    self.gone.set(true);
                    return Err(RanksError::Gone);
                }
            }
        }
    }
}

impl Processes {
    /// A launcher may not leave the time to say more.
    fn say_waiting(&self) {
        let Self { rank, count, terminal, .. } = self;
        terminal.always(&format!(
            "process {rank} of {count}: asked to end, waiting for the others; if one of them has died, the folder of \
             the run holds the last state that was saved: `outlay train --resume DIR`"
        ));
    }
}

impl Drop for Processes {
    /// Takes leave of the others, unless one of them would never answer: one that is gone, or that still waits for the part
    /// of this one.
    fn drop(&mut self) {
        self.parts = None;
        let forsaken = self.gone.get() || std::thread::panicking();
        if let Some(thread) = self.thread.take().filter(|_| !forsaken) {
            let _ = thread.join();
        }
    }
}
