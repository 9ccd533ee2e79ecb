//! What learning must find, from outside: small runs, minutes in all.

use std::process::{Command, Stdio};

use serde_json::Value;

fn outlay(arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(env!("CARGO_BIN_EXE_outlay"))
        .args(arguments)
        .stdin(Stdio::null())
        .env("OUTLAY_RESULTS", "")
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_slice(&outlay(arguments)).expect("JSON")
}

fn scenario(name: &str) -> String {
    format!("{}/../../tests/scenarios/{name}.toml", env!("CARGO_MANIFEST_DIR"))
}

/// With one line far better than all others, a policy puts its money there.
#[test]
fn a_dominant_line_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("policy").display().to_string();
    let file = scenario("dominant");
    outlay(&["train", &file, "--steps", "150k", "--out", &out, "--json"]);
    let found = json(&["evaluate", &out, &file, "--seeds", "0..16", "--json"]);
    let lines = found["lines"].as_array().expect("lines");
    let spend = |line: &Value| line["spend"].as_f64().expect("a number");
    let total: f64 = lines.iter().map(spend).sum();
    let display = lines.iter().find(|line| line["name"] == "display").map(spend).expect("the line");
    assert!(display / total > 0.6, "{} of {}", display, total);
    let even = json(&["evaluate", "even", &file, "--seeds", "0..16", "--json"]);
    let mean = |document: &Value| document["score"]["mean"].as_f64().expect("a number");
    assert!(mean(&found) > 1.2 * mean(&even), "{} against {}", mean(&found), mean(&even));
}

/// Random splits never beat the even one.
#[test]
fn random_is_not_better_than_even() {
    let found = json(&["compare", "--agents", "even,random", "--seeds", "0..32", "--json"]);
    let low = found["pairs"][0]["difference_ci95"][0].as_f64().expect("a number");
    assert!(low <= 0.0, "{found}");
}

/// Brand search is credited with orders that were coming anyway: who trusts the report overspends on it.
#[test]
fn trust_in_the_report_overspends_on_search() {
    let found = json(&["evaluate", "roi-proportional", "--seeds", "0..8", "--truth", "--json"]);
    let lines = found["lines"].as_array().expect("lines");
    let search = lines.iter().find(|line| line["name"] == "search").expect("the line");
    let figure = |line: &Value, key: &str| line[key].as_f64().unwrap_or(0.0);
    // More than an even share, though each yuan there brings less than on display.
    let spend: f64 = lines.iter().map(|line| figure(line, "spend")).sum();
    assert!(figure(search, "spend") > 1.3 * spend / lines.len() as f64, "{found}");
    let display = lines.iter().find(|line| line["name"] == "display").expect("the line");
    let worth = |line: &Value| figure(line, "incremental_score") / figure(line, "spend");
    assert!(worth(search) < 0.8 * worth(display), "{found}");
}
