//! Heads from outside: trained, saved, judged.

mod support;

use std::path::Path;

use serde_json::Value;

use support::{has_keys, json, outlay, refused, small, stderr, stdout};

/// Heads of two small epochs in this folder, on so many threads.
fn train(folder: &str, threads: &str) -> Vec<u8> {
    let flags = ["--examples", "1500", "--epochs", "2", "--out", folder, "--json", "--threads", threads];
    let output = outlay(&[&["heads", "train", small()][..], &flags].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    output.stdout
}

fn files(folder: &str) -> [Vec<u8>; 2] {
    ["card.toml", "heads.safetensors"]
        .map(|name| std::fs::read(Path::new(folder).join(name)).expect("a file"))
}

#[test]
fn heads_are_trained_and_judged_with_the_same_bytes_at_any_number_of_threads() {
    let place = tempfile::tempdir().expect("a folder");
    let at = |name: &str| place.path().join(name).display().to_string();
    let (one, two) = (at("one"), at("two"));
    let lines = train(&one, "1");
    train(&two, "2");
    assert!(files(&one) == files(&two));
    let lines: Vec<Value> = std::str::from_utf8(&lines)
        .expect("UTF-8")
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let events: Vec<&Value> = lines.iter().map(|line| &line["event"]).collect();
    assert_eq!(events, ["epoch", "epoch", "finished"]);
    assert!(lines.iter().all(|line| line["schema"] == "outlay.heads/1"));
    has_keys(&lines[2], &["epoch", "validate_loss", "folder", "scenarios"]);

    let arguments = ["heads", "evaluate", &one, small(), "--seeds", "1000..1002"];
    let document = json(&[&arguments[..], &["--json"]].concat());
    assert_eq!(document["schema"], "outlay.heads/1");
    has_keys(&document, &["folder", "scenario", "seeds", "agents", "rows"]);
    let heads = document["heads"].as_array().expect("heads");
    let names: Vec<&Value> = heads.iter().map(|head| &head["head"]).collect();
    assert_eq!(names, ["click", "engagement", "cart", "join", "first-order", "repeat-order"]);
    for head in heads {
        has_keys(head, &["impressions", "events", "heads", "constant", "running"]);
        has_keys(&head["heads"], &["predicted_over_observed", "calibration_error", "log_loss", "auc"]);
        assert!(head["events"].as_u64() > Some(0));
    }
    // Even two epochs know more of clicks than that they are rare.
    let figure = |head: &Value, of: &str, key: &str| head[of][key].as_f64().expect("a number");
    assert!(figure(&heads[0], "heads", "log_loss") < figure(&heads[0], "constant", "log_loss"));
    assert!((figure(&heads[0], "constant", "predicted_over_observed") - 1.0).abs() < 1e-9);
    let again = outlay(&[&arguments[..], &["--threads", "2"]].concat());
    let page = stdout(&again);
    for head in names {
        assert!(page.contains(&format!("{}: ", head.as_str().expect("a name"))), "{page}");
    }
    assert_eq!(page, stdout(&outlay(&[&arguments[..], &["--threads", "1"]].concat())));
}

#[test]
fn what_cannot_be_done_is_refused() {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("heads").display().to_string();
    refused(&["heads", "train", "families/concave", "--out", &out], 2, &["shows nothing to anybody"]);
    refused(
        &["heads", "train", small(), "--agents", "clairvoyant", "--out", &out],
        2,
        &["cannot play for the heads"],
    );
    let nowhere = place.path().join("nowhere").display().to_string();
    refused(&["heads", "evaluate", &nowhere], 2, &["no heads at", "outlay heads train --out"]);
    std::fs::write(place.path().join("mine"), "").expect("a file");
    let taken = place.path().display().to_string();
    refused(&["heads", "train", small(), "--out", &taken], 2, &["already holds something"]);
    train(&out, "2");
    let file = Path::new(&out).join("heads.safetensors");
    let mut bytes = std::fs::read(&file).expect("a file");
    bytes.truncate(bytes.len() / 2);
    std::fs::write(&file, bytes).expect("a file");
    refused(&["heads", "evaluate", &out, small()], 2, &["is damaged", "checksum"]);
}
