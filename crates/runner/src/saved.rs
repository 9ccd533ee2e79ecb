//! The folder of a run: made before any work, written whole, read back.

use std::path::{Path, PathBuf};

use outlay_agent::learn::TrainState;
use outlay_environment::Scenario;

use crate::failure::Failure;
use crate::results::Contestant;
use crate::tables::quoted;

/// The folder of a run.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// A folder for a new run: new or empty, and writable.
    pub(crate) fn create(path: &Path) -> Result<Self, Failure> {
        let folder = Self { path: path.to_owned() };
        let typed = folder.typed();
        let holds_something = path.read_dir().is_ok_and(|mut entries| entries.next().is_some());
        if holds_something {
            return Err(Failure::usage(format!("{} already holds something", folder.typed()))
                .help(format!("go on with the run in it: `outlay train --resume {typed}`"))
                .help("or name another folder with `--out`"));
        }
        let made = std::fs::create_dir_all(path).and_then(|()| tempfile::tempfile_in(path));
        made.map_err(|error| {
            Failure::usage(format!("{typed} cannot be written"))
                .because(error)
                .help("name another folder with `--out`")
        })?;
        Ok(folder)
    }

    /// The folder of a saved run.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let folder = Self { path: path.to_owned() };
        if !path.is_dir() {
            return Err(Failure::usage(format!("there is no folder {}", folder.typed()))
                .help("`outlay train` starts a run and prints its folder"));
        }
        Ok(folder)
    }

    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Its path for a command line.
    pub(crate) fn typed(&self) -> String {
        quoted(&self.path.display().to_string())
    }

    pub(crate) fn state(&self) -> Result<TrainState, Failure> {
        Err(Failure::run("not yet"))
    }

    pub(crate) fn save(
        &self,
        _state: &TrainState,
        _scenario: &Scenario,
        _command: &str,
        _beside: &[Contestant],
    ) -> Result<(), Failure> {
        Ok(())
    }
}
