//! The part of outlay-agent that readers of histories need.

#[path = "../../../crates/agent/src/calibrate/history.rs"]
mod history;

/// What a history is.
pub mod calibrate {
    pub use crate::history::{Channel, Control, History, TooShort};
}
