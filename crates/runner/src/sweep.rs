//! Something done once for every seed and noise, side by side, with a bar.

use rayon::prelude::*;

use crate::episodes::Games;
use crate::evaluate::warn_interrupted;
use crate::failure::Failure;
use crate::interrupt;
use crate::progress;
use crate::terminal::Terminal;

/// `[seeds, noises]` what `work` makes of each episode of an agent, in order; nothing after an interrupt.
///
/// # Errors
///
/// That of the first seed on which the agent fails.
pub(crate) fn episodes<T: Send>(
    games: &Games,
    agent: &str,
    terminal: Terminal,
    work: impl Fn(u64, u64) -> Result<T, String> + Sync,
) -> Result<Option<Vec<T>>, Failure> {
    let episodes: Vec<(u64, u64)> =
        games.seeds.clone().flat_map(|seed| (0..games.noises).map(move |noise| (seed, noise))).collect();
    let bar = progress::Episodes::new(terminal, episodes.len() as u64);
    let done: Vec<Option<Result<T, String>>> = episodes
        .into_par_iter()
        .map(|(seed, noise)| {
            let done = (!interrupt::requested()).then(|| work(seed, noise));
            bar.finished();
            done.map(|done| done.map_err(|error| format!("{error} (seed {seed})")))
        })
        .collect();
    bar.clear();
    if interrupt::requested() {
        warn_interrupted(games, 0, terminal);
        return Ok(None);
    }
    let done: Result<Option<Vec<T>>, String> = done.into_iter().map(Option::transpose).collect();
    done.map_err(|error| Failure::run(format!("`{agent}` failed: {error}")))
}
