//! Ctrl-C: the first press asks the work to stop at the next safe place, the second stops at once.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::exec;
use crate::failure::{EXIT_INTERRUPTED, Failure};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Listens for Ctrl-C, and for the signal that asks a program to end.
pub(crate) fn listen() -> Result<(), Failure> {
    ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::SeqCst) {
            exec::end_all();
            std::process::exit(EXIT_INTERRUPTED.into());
        }
    })
    .map_err(|error| Failure::run("the handler for Ctrl-C could not be installed").because(error))
}

/// Whether the work was asked to stop.
pub(crate) fn requested() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}
