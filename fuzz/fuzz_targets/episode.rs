//! A kept episode: the ledger's rows as lines of JSON, and what is summed over them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use outlay_environment::{LineRow, Observation, ShopRow};

fuzz_target!(|bytes: &[u8]| {
    for line in bytes.split(|byte| *byte == b'\n') {
        // What comes back is what was read, to the last bit.
        if let Ok(row) = serde_json::from_slice::<LineRow>(line) {
            let again = serde_json::to_vec(&row).expect("it can be written");
            assert_eq!(serde_json::from_slice::<LineRow>(&again).expect("it can be read"), row);
        }
        if let Ok(row) = serde_json::from_slice::<ShopRow>(line) {
            let again = serde_json::to_vec(&row).expect("it can be written");
            assert_eq!(serde_json::from_slice::<ShopRow>(&again).expect("it can be read"), row);
        }
        let _ = serde_json::from_slice::<Observation>(line);
    }
});
