//! Bars on standard error where there is a terminal, plain lines now and then where there is none.

use std::fmt::Write;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::format::short;
use crate::terminal::Terminal;

/// Without a terminal, a line at most this often.
const BETWEEN_LINES: Duration = Duration::from_secs(10);

/// Progress over a number of episodes.
pub(crate) struct Episodes {
    terminal: Terminal,
    bar: ProgressBar,
    total: u64,
    start: Instant,
    last_line: Mutex<Instant>,
}

impl Episodes {
    /// Of `total` episodes.
    pub(crate) fn new(terminal: Terminal, total: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(total), target(terminal));
        bar.set_style(style("  {bar:30} {pos}/{len} episodes  {per_sec_short}  eta {eta}"));
        Self { terminal, bar, total, start: Instant::now(), last_line: Mutex::new(Instant::now()) }
    }

    /// One more is done.
    pub(crate) fn finished(&self) {
        self.bar.inc(1);
        if self.terminal.is_live() {
            return;
        }
        if let Ok(mut last) = self.last_line.try_lock()
            && last.elapsed() >= BETWEEN_LINES
        {
            *last = Instant::now();
            let done = self.bar.position();
            let rate = done as f64 / self.start.elapsed().as_secs_f64();
            let left = (self.total.saturating_sub(done)) as f64 / rate.max(1e-9);
            self.terminal.note(&format!("episodes {done}/{}  {}/s  eta {left:.0}s", self.total, short(rate)));
        }
    }

    /// Takes the bar away.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

/// A bar's place: standard error, or nowhere.
pub(crate) fn target(terminal: Terminal) -> ProgressDrawTarget {
    if terminal.is_live() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() }
}

/// A style of ours, with counts and the rate as `41.2k`.
pub(crate) fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .with_key("per_sec_short", |state: &ProgressState, out: &mut dyn Write| {
            let _ = write!(out, "{}/s", short(state.per_sec()));
        })
        .with_key("pos_short", |state: &ProgressState, out: &mut dyn Write| {
            let _ = write!(out, "{}", short(state.pos() as f64));
        })
        .with_key("len_short", |state: &ProgressState, out: &mut dyn Write| {
            let _ = write!(out, "{}", short(state.len().unwrap_or_default() as f64));
        })
        .progress_chars("━╸─")
}
