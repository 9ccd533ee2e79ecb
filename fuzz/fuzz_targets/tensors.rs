//! The numbers of a checkpoint, and the text of its card.
#![no_main]
#![allow(dead_code, reason = "what writes is not used here")]

#[path = "../../crates/agent/src/checkpoint/tensors.rs"]
mod tensors;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(mut tensors) = tensors::Tensors::from_bytes(bytes, "outlay.policy/1") {
        for shape in [&[1][..], &[2, 3], &[usize::MAX, 2], &[0]] {
            let _ = tensors.take_f32("a", shape);
            let _ = tensors.take_f32("normaliser.line.mean", shape);
        }
        let _ = tensors.take_f64("b", usize::MAX);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = text.parse::<toml::Table>();
    }
});
