//! Files of each format that was ever written (`tests/formats/`) keep reading, or are refused with a reason.

mod support;

use std::path::{Path, PathBuf};

use serde_json::Value;

use support::{json, outlay, program, refused, stderr};

fn old(name: &str) -> String {
    format!("{}/../../tests/formats/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Every file there is has its test.
#[test]
fn every_file_is_known() {
    let mut names: Vec<String> = std::fs::read_dir(old(""))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    let known = [
        "README.md",
        "checkpoint-1",
        "checkpoint-2",
        "checkpoint-9",
        "history-1.csv",
        "kept-1.jsonl",
        "log-1.csv",
        "scenario-1.toml",
        "scenario-2.toml",
        "suite-1.toml",
    ];
    assert_eq!(names, known);
}

#[test]
fn scenarios() {
    let read = json(&["evaluate", "even", &old("scenario-1.toml"), "--seeds", "0..1", "--json"]);
    // The file alone decides what is hashed of it; the catalogue files beside it have grown since.
    assert!(read["score"]["mean"].as_f64().expect("a score") > 0.0);
    refused(&["check", &old("scenario-2.toml")], 2, &["format 2", "reads up to 1", "version of Outlay"]);
}

#[test]
fn checkpoints() {
    refused(&["evaluate", &old("checkpoint-1")], 2, &["features 1", "features 3", "train it again"]);
    refused(&["evaluate", &old("checkpoint-9")], 2, &["format 9", "reads up to 2", "9.0.0"]);
    let folder = tempfile::tempdir().expect("a folder");
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../checkpoints/new-customer");
    std::fs::copy(shipped.join("policy.safetensors"), folder.path().join("policy.safetensors"))
        .expect("a copy");
    std::fs::copy(PathBuf::from(old("checkpoint-2")).join("card.toml"), folder.path().join("card.toml"))
        .expect("a copy");
    let path = folder.path().display().to_string();
    let found = json(&["evaluate", &path, "--seeds", "0..1", "--json"]);
    let today = json(&["evaluate", &shipped.display().to_string(), "--seeds", "0..1", "--json"]);
    assert_eq!(found["score"]["mean"], today["score"]["mean"]);
}

#[test]
fn tables_and_suites() {
    let calibrated = json(&["calibrate", &old("history-1.csv"), "--draws", "20", "--json"]);
    let channels = calibrated["channels"].as_array().expect("channels");
    let names: Vec<&str> = channels.iter().filter_map(|channel| channel["name"].as_str()).collect();
    assert_eq!(names, ["search", "video"]);
    let today = json(&[
        "recommend",
        "even",
        "--scenario",
        "problems/p3-carry-over",
        "--history",
        &old("log-1.csv"),
        "--at",
        "3",
        "--json",
    ]);
    assert_eq!(today["step"], 3);
    let suite = outlay(&["suite", &old("suite-1.toml")]);
    assert!(suite.status.success(), "{}", stderr(&suite));
}

/// Of a kept file what is whole serves, and a line that was torn is played again.
#[test]
fn kept_episodes() {
    let folder = tempfile::tempdir().expect("a folder");
    let scenario = "problems/p3-carry-over";
    let arguments = ["evaluate", "even", scenario, "--seeds", "0..2", "--json"];
    let keeping = || program(&arguments).env("OUTLAY_RESULTS", folder.path()).output().expect("it starts");
    let alone = keeping();
    let build = std::fs::read_dir(folder.path()).expect("a folder").flatten().next().expect("a build").path();
    let file = std::fs::read_dir(&build).expect("a folder").flatten().next().expect("a file").path();
    // In the place of this build's own file.
    std::fs::copy(old("kept-1.jsonl"), file).expect("a copy");
    let again = keeping();
    assert_eq!(alone.stdout, again.stdout, "{}", stderr(&again));
    let _: Value = serde_json::from_slice(&again.stdout).expect("JSON");
}
