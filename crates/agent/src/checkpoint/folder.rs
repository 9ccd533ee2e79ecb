//! Files of a checkpoint: read with a bound, written aside, flushed, renamed.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::error::CheckpointError;

/// What the name of a folder that is being written goes on with, after a dot and the folder's own name.
pub(super) const NEW: &str = ".new-";
/// And that of one that is moved aside.
pub(super) const OLD: &str = ".old-";
/// What it holds.
pub(super) const OLD_CHECKPOINT: &str = "checkpoint";

/// Reads a whole file of at most `most` bytes.
pub(super) fn read_bounded(path: &Path, most: u64) -> Result<Vec<u8>, CheckpointError> {
    let io = |source| CheckpointError::Io { path: path.to_owned(), source };
    let damaged = |reason: String| CheckpointError::Damaged { path: path.to_owned(), reason };
    let about = fs::metadata(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => damaged("the file is missing".to_owned()),
        _ => io(error),
    })?;
    if !about.is_file() {
        return Err(damaged("it is not a plain file".to_owned()));
    }
    let mut bytes = Vec::new();
    // A file may grow between the two calls: the bound holds for what is read.
    File::open(path).map_err(io)?.take(most + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > most {
        return Err(damaged(format!("it has more than {most} bytes")));
    }
    Ok(bytes)
}

/// Replaces the folder `path` by one with these files (relative path, bytes), or leaves it as it was.
///
/// The files are written into a folder beside it and flushed; then the two are exchanged in one move, so that at each
/// moment a complete folder is there. Where the system knows no such move, the folder that was there is moved aside first
/// and removed last; a [`super::Claim`] puts it back should the process be killed in between.
pub(super) fn replace(path: &Path, files: &[(&str, Vec<u8>)]) -> Result<(), CheckpointError> {
    let io = |place: &Path| {
        let place = place.to_owned();
        move |source| CheckpointError::Io { path: place, source }
    };
    let absolute = std::path::absolute(path).map_err(io(path))?;
    let (Some(parent), Some(name)) = (absolute.parent(), absolute.file_name()) else {
        return Err(CheckpointError::Occupied { path: path.to_owned() });
    };
    fs::create_dir_all(parent).map_err(io(parent))?;
    if !may_replace(&absolute).map_err(io(path))? {
        return Err(CheckpointError::Occupied { path: path.to_owned() });
    }
    let name = name.to_string_lossy();
    let aside = builder(&format!(".{name}{NEW}")).tempdir_in(parent).map_err(io(parent))?;
    for (file, bytes) in files {
        let file = aside.path().join(file);
        write_flushed(&file, bytes).map_err(io(&file))?;
    }
    flush_folder(aside.path());
    if exchange(aside.path(), &absolute) {
        flush_folder(parent);
        // What lies aside now is the old folder, which goes with the name.
        return Ok(());
    }
    if absolute.exists() {
        let old = builder(&format!(".{name}{OLD}")).tempdir_in(parent).map_err(io(parent))?;
        let kept = old.path().join(OLD_CHECKPOINT);
        fs::rename(&absolute, &kept).map_err(io(path))?;
        if let Err(error) = fs::rename(aside.path(), &absolute) {
            fs::rename(&kept, &absolute).map_err(io(path))?;
            return Err(io(path)(error));
        }
    } else {
        fs::rename(aside.path(), &absolute).map_err(io(path))?;
    }
    // It has moved: there is nothing left to clean up under the old name.
    let _moved: PathBuf = aside.keep();
    flush_folder(parent);
    Ok(())
}

/// Gives two folders each other's name in one move; `false` where one is missing or the system cannot do that.
#[cfg(any(target_os = "linux", target_os = "macos"))]
fn exchange(one: &Path, other: &Path) -> bool {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).is_ok()
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn exchange(_: &Path, _: &Path) -> bool {
    false
}

/// A folder that is missing, empty, or a checkpoint may be replaced; anything else is somebody's.
fn may_replace(path: &Path) -> io::Result<bool> {
    match fs::read_dir(path) {
        Ok(mut entries) => Ok(entries.next().is_none() || path.join(super::CARD).is_file()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(false),
        Err(error) => Err(error),
    }
}

/// A temporary folder with the permissions of an ordinary one.
fn builder(prefix: &str) -> tempfile::Builder<'_, '_> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o777));
    }
    builder
}

fn write_flushed(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Flushes the names in a folder, where the system can; where it cannot there is nothing to be done about it.
fn flush_folder(path: &Path) {
    if let Ok(folder) = File::open(path) {
        let _ = folder.sync_all();
    }
}

/// 64-bit FNV-1a in hex: finds accidental damage, not a forger.
pub(super) fn checksum(bytes: &[u8]) -> String {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("fnv1a64:{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksum_has_the_published_values() {
        assert_eq!(checksum(b""), "fnv1a64:cbf29ce484222325");
        assert_eq!(checksum(b"a"), "fnv1a64:af63dc4c8601ec8c");
        assert_eq!(checksum(b"foobar"), "fnv1a64:85944171f73967e8");
    }

    #[test]
    fn leaves_folders_alone_that_are_not_checkpoints() {
        let place = tempfile::tempdir().unwrap();
        let mine = place.path().join("mine");
        fs::create_dir(&mine).unwrap();
        fs::write(mine.join("thesis.txt"), "irreplaceable").unwrap();
        assert!(matches!(replace(&mine, &[]), Err(CheckpointError::Occupied { .. })));
        assert!(mine.join("thesis.txt").exists());
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1, "nothing is left beside it");
    }
}
