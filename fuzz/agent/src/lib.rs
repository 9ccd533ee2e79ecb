//! The part of outlay-agent that readers of histories need.

/// What a history is.
pub mod calibrate {
    #[path = "../../../../crates/agent/src/calibrate/history.rs"]
    mod history;
    pub use history::{Channel, Control, History, TooShort};
}
