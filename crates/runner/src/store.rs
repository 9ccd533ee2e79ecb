//! Results that last: each episode that was played is a line of a file, and is not played again.
//!
//! `DIR/VERSION-BUILD/SCENARIO-HASH.jsonl`, one JSON document a line, only ever appended to. What decides an episode is
//! its key: the build (a hash of the executable itself, so that a program compiled anew never meets results of the old
//! one), the scenario's hash, who played (see [`Participant::identity`]), the agents' seed, the seed and the noise.
//! A line that cannot be read, because somebody pulled the plug or wrote into the file, is played again.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use etcetera::BaseStrategy;
use outlay_environment::Scenario;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::cli;
use crate::episodes::{Outcome, Participant};
use crate::failure::Failure;
use crate::results::VERSION;
use crate::warning::Warning;

/// Names the folder where `--results` does not; empty, nothing is kept.
const VARIABLE: &str = "OUTLAY_RESULTS";
/// Hexadecimal digits of a hash in the name of a file or a folder: 64 bits.
const DIGITS: usize = 16;

/// What one scenario's file holds, and the file to add to.
#[derive(Debug)]
pub(crate) struct Store {
    path: PathBuf,
    file: Mutex<File>,
    known: HashMap<Key, Outcome>,
    /// Whether what is known may stand for playing.
    serves: bool,
    /// The first thing that went wrong in writing.
    trouble: Mutex<Option<io::Error>>,
}

/// What decides an episode inside one file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    agent: String,
    agent_seed: u64,
    seed: u64,
    noise: u64,
}

/// A line as it is read.
#[derive(Debug, Deserialize)]
struct Line {
    agent: String,
    agent_seed: u64,
    outcome: Outcome,
}

/// A line as it is written.
#[derive(Debug, Serialize)]
struct NewLine<'a> {
    agent: &'a str,
    agent_seed: u64,
    outcome: &'a Outcome,
}

/// The store for a scenario, unless nothing is to be kept. `timing`: what is to be timed is played, and kept.
///
/// # Errors
///
/// A folder that was named and cannot be used. Where the folder is only the default, a warning is all.
pub(crate) fn open(
    keep: &cli::Keep,
    scenario: &Scenario,
    timing: bool,
) -> Result<(Option<Store>, Option<Warning>), Failure> {
    if keep.no_reuse {
        return Ok((None, None));
    }
    let named = keep.results.clone().or_else(|| std::env::var_os(VARIABLE).map(PathBuf::from));
    let folder = match &named {
        Some(folder) if folder.as_os_str().is_empty() => return Ok((None, None)),
        Some(folder) => Ok(folder.clone()),
        None => default_folder(),
    };
    let opened = folder.as_ref().map_err(|error| io::Error::other(error.to_string()));
    let opened = opened.and_then(|folder| Store::open(folder, &build()?, scenario, !timing));
    let folder = folder.map_or_else(|_| "the user's data folder".to_owned(), |it| it.display().to_string());
    match opened {
        Ok(store) => Ok((Some(store), None)),
        Err(error) if named.is_some() => Err(Failure::usage(format!("results cannot be kept in `{folder}`"))
            .because(error)
            .help("name another folder with `--results`, or keep nothing with `--no-reuse`")),
        Err(error) => Ok((None, Some(Warning::NotKept { place: folder, cause: error.to_string() }))),
    }
}

/// `~/.local/share/outlay/results`, or what the system has for it.
fn default_folder() -> Result<PathBuf, etcetera::HomeDirError> {
    Ok(etcetera::choose_base_strategy()?.data_dir().join("outlay").join("results"))
}

/// Names this build: a hash of the running executable, with everything that was compiled into it.
fn build() -> io::Result<String> {
    // On Linux this is the file that runs, even where another has taken its path since.
    let mut file = File::open("/proc/self/exe").or_else(|_| File::open(std::env::current_exe()?))?;
    let mut digest = Sha256::new();
    io::copy(&mut file, &mut digest)?;
    let hash: String = digest.finalize().iter().take(DIGITS / 2).map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("{VERSION}-{hash}"))
}

impl Store {
    fn open(folder: &Path, build: &str, scenario: &Scenario, serves: bool) -> io::Result<Self> {
        let folder = folder.join(build);
        fs::create_dir_all(&folder)?;
        let hash: String = scenario.hash.chars().take(DIGITS).collect();
        // A name may hold a folder: `problems/p1-power`.
        let name = scenario.name.replace(['/', '\\'], "-");
        let path = folder.join(format!("{name}-{hash}.jsonl"));
        let file = OpenOptions::new().read(true).append(true).create(true).open(&path)?;
        let known = read(&file, scenario.brief.lines.len())?;
        Ok(Self { path, file: Mutex::new(file), known, serves, trouble: Mutex::new(None) })
    }

    /// The episode, if it was played before.
    pub(crate) fn find(
        &self,
        participant: &Participant,
        agent_seed: u64,
        seed: u64,
        noise: u64,
        truth: bool,
    ) -> Option<Outcome> {
        let agent = participant.identity.clone().filter(|_| self.serves)?;
        let outcome = self.known.get(&Key { agent, agent_seed, seed, noise })?;
        if !truth {
            return Some(Outcome { without: Vec::new(), ..outcome.clone() });
        }
        (!outcome.without.is_empty()).then(|| outcome.clone())
    }

    /// Adds an episode. That it could not be written is said at the end, by [`Store::trouble`].
    pub(crate) fn keep(&self, participant: &Participant, agent_seed: u64, outcome: &Outcome) {
        let Some(agent) = &participant.identity else { return };
        let key = Key { agent: agent.clone(), agent_seed, seed: outcome.seed, noise: outcome.noise };
        // Timed episodes may be known; with the truth they say more than what is known.
        if self.known.get(&key).is_some_and(|known| known.without.len() >= outcome.without.len()) {
            return;
        }
        let line = serde_json::to_string(&NewLine { agent, agent_seed, outcome });
        let written = line.map_err(io::Error::from).and_then(|line| self.append(line + "\n"));
        if let Err(error) = written {
            self.trouble.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        }
    }

    /// Writes a whole line, one process at a time.
    fn append(&self, mut line: String) -> io::Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        // Not every file system has locks; there, a line in one write is what there is.
        let locked = file.lock().is_ok();
        let written = ends_torn(&mut file).and_then(|torn| {
            if torn {
                line.insert(0, '\n');
            }
            file.write_all(line.as_bytes())
        });
        if locked {
            file.unlock()?;
        }
        written
    }

    /// What went wrong in writing, if anything did.
    pub(crate) fn trouble(&self) -> Option<Warning> {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        let cause = trouble.as_ref()?.to_string();
        Some(Warning::NotKept { place: self.path.display().to_string(), cause })
    }
}

/// Everything in a file that can be read and that fits the scenario.
fn read(file: &File, lines: usize) -> io::Result<HashMap<Key, Outcome>> {
    let mut known = HashMap::new();
    let mut reader = BufReader::new(file);
    let mut text = Vec::new();
    while reader.read_until(b'\n', &mut text)? > 0 {
        if let Ok(Line { agent, agent_seed, outcome }) = serde_json::from_slice(&text)
            && outcome.lines.len() == lines
            && [0, lines].contains(&outcome.without.len())
        {
            let key = Key { agent, agent_seed, seed: outcome.seed, noise: outcome.noise };
            let known = known.entry(key).or_insert_with(|| outcome.clone());
            if known.without.len() < outcome.without.len() {
                *known = outcome;
            }
        }
        text.clear();
    }
    Ok(known)
}

/// Whether the last line of a file has no end.
fn ends_torn(file: &mut File) -> io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::episodes::{Games, Player, play};

    fn participant(agent: &str, scenario: &std::sync::Arc<Scenario>) -> Participant {
        let (participant, _) = crate::plan::participant(agent, scenario, 1.0).unwrap();
        participant
    }

    fn episodes(games: &Games, agent: &str) -> (Vec<Outcome>, u64) {
        let participants = [participant(agent, &games.scenario)];
        assert!(matches!(participants[0].player, Player::Inside(_)));
        let mut played = play(&participants, games, &|| false, &|| ());
        let mut outcomes = played.outcomes.remove(0).unwrap();
        outcomes.iter_mut().for_each(|outcome| outcome.deciding = std::time::Duration::ZERO);
        (outcomes, played.reused)
    }

    fn games(folder: &Path, build: &str, truth: bool) -> Games {
        let scenario = Scenario::load("new-customer").unwrap().with_shoppers(200);
        let store = Store::open(folder, build, &scenario, true).unwrap();
        Games { scenario, seeds: 0..3, noises: 2, agent_seed: 0, truth, store: Some(store) }
    }

    /// What comes back is what was played, to the last bit; a torn line costs one episode, a new build all.
    #[test]
    fn what_comes_back_is_what_was_played() {
        let folder = tempfile::tempdir().unwrap();
        let (first, reused) = episodes(&games(folder.path(), "a", false), "random");
        assert_eq!((first.len(), reused), (6, 0));
        let (second, reused) = episodes(&games(folder.path(), "a", false), "random");
        assert_eq!((&second, reused), (&first, 6));

        let path = games(folder.path(), "a", false).store.unwrap().path;
        let text = fs::read(&path).unwrap();
        fs::write(&path, &text[..text.len() - 40]).unwrap();
        let (third, reused) = episodes(&games(folder.path(), "a", false), "random");
        assert_eq!((&third, reused), (&first, 5));
        assert_eq!(episodes(&games(folder.path(), "a", false), "random").1, 6);
        assert_eq!(episodes(&games(folder.path(), "b", false), "random").1, 0);
        assert_eq!(episodes(&games(folder.path(), "a", false), "even").1, 0);
    }

    /// The truth serves those who do not ask for it, and not the other way round.
    #[test]
    fn the_truth_is_kept_apart() {
        let folder = tempfile::tempdir().unwrap();
        let (plain, _) = episodes(&games(folder.path(), "a", false), "even");
        let (truth, reused) = episodes(&games(folder.path(), "a", true), "even");
        assert!(reused == 0 && truth.iter().all(|outcome| !outcome.without.is_empty()));
        assert_eq!(episodes(&games(folder.path(), "a", true), "even"), (truth, 6));
        assert_eq!(episodes(&games(folder.path(), "a", false), "even"), (plain, 6));
        let timed = Store { serves: false, ..games(folder.path(), "a", false).store.unwrap() };
        let games = Games { store: Some(timed), ..games(folder.path(), "a", false) };
        assert_eq!(episodes(&games, "even").1, 0);
    }

    /// Many writers, whole lines.
    #[test]
    fn writers_do_not_mix_their_lines() {
        let folder = tempfile::tempdir().unwrap();
        let (outcomes, _) = episodes(&games(folder.path(), "a", false), "even");
        let path = games(folder.path(), "a", false).store.unwrap().path;
        let even = participant("even", &games(folder.path(), "a", false).scenario);
        // Opened before anybody writes, as by processes that start together: nobody knows of the others' lines.
        let stores: Vec<Store> = (0..8).filter_map(|_| games(folder.path(), "a", false).store).collect();
        std::thread::scope(|scope| {
            for store in &stores {
                scope.spawn(|| {
                    for seed in 100..140 {
                        store.keep(&even, 0, &Outcome { seed, ..outcomes[0].clone() });
                    }
                });
            }
        });
        let text = fs::read_to_string(path).unwrap();
        assert!(text.lines().all(|line| serde_json::from_str::<Line>(line).is_ok()));
        assert_eq!(text.lines().count(), 6 + 8 * 40);
    }
}
