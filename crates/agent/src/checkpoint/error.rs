//! Why a checkpoint could not be written or read, and the way out.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a checkpoint could not be written or read, and the way out.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// Nothing there.
    #[error("no checkpoint at {path}: there is no such folder; `outlay train --out {path}` makes one")]
    Missing {
        /// The folder.
        path: PathBuf,
    },
    /// Something else.
    #[error("{path} is not an Outlay checkpoint: {reason}")]
    NotACheckpoint {
        /// The folder.
        path: PathBuf,
        /// What is missing or in the way.
        reason: String,
    },
    /// No heads there.
    #[error("no heads at {path}: there is no such folder; `outlay heads train --out {path}` makes some")]
    NoHeads {
        /// The folder.
        path: PathBuf,
    },
    /// Something else than heads.
    #[error("{path} does not hold heads: {reason}")]
    NotHeads {
        /// The folder.
        path: PathBuf,
        /// What is missing or in the way.
        reason: String,
    },
    /// Made by a newer program.
    #[error(
        "{path} has checkpoint format {found}, this program reads up to {known}; use the version of Outlay that made it \
         ({version})"
    )]
    Newer {
        /// The folder.
        path: PathBuf,
        /// Format of the checkpoint.
        found: u64,
        /// Newest format this program knows.
        known: u64,
        /// Version of the program that made it.
        version: String,
    },
    /// Made for other features.
    #[error(
        "{path} was trained with features {found}, this program computes features {known}; train it again"
    )]
    OtherFeatures {
        /// The folder.
        path: PathBuf,
        /// Version of the features it was trained with.
        found: u32,
        /// Version of the features of this program.
        known: u32,
    },
    /// Truncated or changed.
    #[error("{path} is damaged: {reason}; restore it from a copy, or train it again")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The run was finished.
    #[error("{path} has no state to resume: its training was finished")]
    Finished {
        /// The folder.
        path: PathBuf,
    },
    /// The folder cannot be replaced.
    #[error("{path} is not empty and not a checkpoint; choose another folder")]
    Occupied {
        /// The folder.
        path: PathBuf,
    },
    /// Another process writes it.
    #[error("another run is writing {path}; wait until it has ended, or choose another folder")]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// The file system refused.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}
