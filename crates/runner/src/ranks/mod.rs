//! The processes that share a training run: one, unless a launcher of MPI started several.

#[cfg(feature = "mpi")]
mod mpi;

#[cfg(not(feature = "mpi"))]
use outlay_agent::learn::Alone;
use outlay_agent::learn::{Ranks, RanksError};

#[cfg(feature = "mpi")]
pub(crate) use self::mpi::join;
use crate::failure::{EXIT_FAILED, EXIT_USAGE, Failure};
use crate::saved::Folder;
#[cfg(not(feature = "mpi"))]
use crate::terminal::Terminal;

/// The processes of this run, of which only the first prints and writes.
#[cfg(not(feature = "mpi"))]
pub(crate) fn join(_: Terminal) -> Result<Box<dyn Ranks>, Failure> {
    Ok(Box::new(Alone))
}

/// Goes on where every process can; else none does, and the first says why.
pub(crate) fn all<T>(ranks: &dyn Ranks, result: Result<T, Failure>) -> Result<T, Failure> {
    let said = result.as_ref().err().map(Failure::sentence).unwrap_or_default();
    let said = ranks.gather(said.into_bytes()).map_err(|error| apart(error, ranks, None))?;
    let Some(failed) = said.iter().position(|said| !said.is_empty()) else { return result };
    match result {
        _ if ranks.rank() > 0 => Err(Failure::Said(EXIT_USAGE)),
        Ok(_) => {
            let said = String::from_utf8_lossy(&said[failed]);
            Err(Failure::usage(format!("process {failed} of {}: {said}", ranks.count())))
        }
        failure => failure,
    }
}

/// Why processes could not go on together. Where one is gone each of the others says so: who is left is not known.
pub(crate) fn apart(error: RanksError, ranks: &dyn Ranks, folder: Option<&Folder>) -> Failure {
    let failure = Failure::run(format!("process {} of {}: {error}", ranks.rank(), ranks.count()));
    match (error, folder.map(Folder::typed)) {
        (RanksError::Gone, Some(folder)) => failure
            .help(format!("{folder} holds the last state that was saved, if one was; it is whole"))
            .help(format!(
                "go on from there, with any number of processes: `outlay train --resume {folder}`"
            )),
        (RanksError::Differ, _) if ranks.rank() > 0 => Failure::Said(EXIT_FAILED),
        _ => failure,
    }
}
