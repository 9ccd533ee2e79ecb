//! Checkpoints: to come.
