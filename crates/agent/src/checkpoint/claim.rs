//! One writer at a time: a process claims the folder of a checkpoint before it works for hours to fill it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::error::CheckpointError;
use super::folder::{NEW, OLD, OLD_CHECKPOINT};

/// The right to write one folder, held by a lock that the system takes back when its process ends, however it ends.
#[derive(Debug)]
pub struct Claim {
    /// The file that is locked, beside the folder, because the folder itself is replaced with each save.
    place: PathBuf,
    /// Kept open: the lock lives as long.
    _lock: File,
}

impl Claim {
    /// Claims the folder `path`, which need not exist, and tidies up after a process that was killed while it wrote
    /// there.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Busy`] where another process holds it.
    pub fn take(path: &Path) -> Result<Self, CheckpointError> {
        let io = |source| CheckpointError::Io { path: path.to_owned(), source };
        let absolute = std::path::absolute(path).map_err(io)?;
        let (Some(parent), Some(name)) = (absolute.parent(), absolute.file_name()) else {
            return Err(CheckpointError::Occupied { path: path.to_owned() });
        };
        fs::create_dir_all(parent).map_err(io)?;
        let name = name.to_string_lossy();
        let place = parent.join(format!(".{name}.lock"));
        let lock = loop {
            let lock =
                OpenOptions::new().write(true).create(true).truncate(false).open(&place).map_err(io)?;
            match lock.try_lock() {
                // Whoever held it may have removed the file between the two calls; then it is a lock on nothing.
                Ok(()) if !is_at(&lock, &place) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(CheckpointError::Busy { path: path.to_owned() });
                }
                // Not every file system has locks; there, one writer at a time is up to the user.
                Ok(()) | Err(TryLockError::Error(_)) => break lock,
            }
        };
        tidy(&absolute, parent, &name).map_err(io)?;
        Ok(Self { place, _lock: lock })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // While it is locked, so that nobody's new lock is removed.
        let _ = fs::remove_file(&self.place);
    }
}

/// Puts back a checkpoint that was moved aside and never replaced, and removes what was never finished.
fn tidy(path: &Path, parent: &Path, name: &str) -> io::Result<()> {
    for entry in fs::read_dir(parent)?.flatten() {
        let (place, called) = (entry.path(), entry.file_name());
        let called = called.to_string_lossy();
        let starts = |kind: &str| called.starts_with(&format!(".{name}{kind}"));
        if starts(OLD) {
            let kept = place.join(OLD_CHECKPOINT);
            if kept.is_dir() && !path.exists() {
                fs::rename(&kept, path)?;
            }
            fs::remove_dir_all(&place)?;
        } else if starts(NEW) {
            fs::remove_dir_all(&place)?;
        }
    }
    Ok(())
}

/// Whether an open file is still the one of that name.
#[cfg(unix)]
fn is_at(file: &File, place: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let named = |about: fs::Metadata| (about.dev(), about.ino());
    file.metadata().ok().map(named) == fs::metadata(place).ok().map(named)
}

#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    // An open file cannot be removed there.
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_and_a_file_that_is_left_does_not_block() {
        let place = tempfile::tempdir().unwrap();
        let run = place.path().join("run");
        let first = Claim::take(&run).unwrap();
        let refused = Claim::take(&run).unwrap_err();
        assert!(matches!(refused, CheckpointError::Busy { .. }), "{refused}");
        assert!(Claim::take(&place.path().join("other")).is_ok());
        drop(first);
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0, "nothing is left");
        // As a process leaves it that was killed: the file is there, and nobody holds it.
        fs::write(place.path().join(".run.lock"), "").unwrap();
        assert!(Claim::take(&run).is_ok());
    }

    /// On a system that cannot exchange two folders, a process may be killed between two renames.
    #[test]
    fn what_a_killed_writer_left_is_put_back_or_removed() {
        let place = tempfile::tempdir().unwrap();
        let (run, old) = (place.path().join("run"), place.path().join(".run.old-x1"));
        fs::create_dir_all(old.join(OLD_CHECKPOINT)).unwrap();
        fs::write(old.join(OLD_CHECKPOINT).join("card.toml"), "the only copy").unwrap();
        fs::create_dir_all(place.path().join(".run.new-x2/resume")).unwrap();
        fs::create_dir_all(place.path().join(".runner.new-x3")).unwrap();
        drop(Claim::take(&run).unwrap());
        assert_eq!(fs::read_to_string(run.join("card.toml")).unwrap(), "the only copy");
        let mut left: Vec<_> =
            fs::read_dir(place.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, [".runner.new-x3", "run"], "what is of another folder stays");
    }
}
