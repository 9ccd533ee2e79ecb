//! `outlay explain` from outside: every number that it names is that of the ledger or of the fit.

mod support;

use serde_json::Value;

use support::{has_keys, json, outlay, refused, small, stderr, stdout};

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn money(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("{value} is no money"))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn explain(arguments: &[&str]) -> Value {
    json(&[&["explain"], arguments, &["--json"]].concat())
}

/// The place of a line.
fn place(document: &Value, name: &Value) -> usize {
    list(&document["lines"]).iter().position(|line| line["line"] == *name).expect("the line")
}

#[test]
fn the_move_is_the_ledger_s() {
    let document = explain(&["mpc", small(), "--seed", "5", "--repeat", "3"]);
    assert_eq!(document["schema"], "outlay.explain/1");
    has_keys(&document, &["version", "scenario", "agent", "noise", "phase", "unit", "per", "reason"]);
    let replay = json(&["evaluate", "mpc", small(), "--replay", "5", "--json"]);
    let steps = list(&replay["agents"][0]["steps"]);
    let step = document["step"].as_u64().expect("a step") as usize;
    let granted = |step: usize, line: usize| money(&steps[step]["lines"][line]["granted"]);
    let lines = list(&document["lines"]);
    for (line, row) in lines.iter().enumerate() {
        let lived = &steps[step]["lines"][line];
        assert_eq!(
            (&row["line"], &row["asked"], &row["spend"]),
            (&lived["name"], &lived["asked"], &lived["spend"])
        );
        assert_eq!(
            (money(&row["today"]), money(&row["yesterday"])),
            (granted(step, line), granted(step - 1, line))
        );
        assert_eq!(row["bound"], lived["bound"]);
    }
    // No other move of the season is larger.
    let moved = &document["moved"];
    let size = |step: usize, from: usize, to: usize| {
        (granted(step - 1, from) - granted(step, from)).min(granted(step, to) - granted(step - 1, to))
    };
    let [from, to] = [place(&document, &moved["from"]), place(&document, &moved["to"])];
    assert_eq!(money(&moved["money"]), size(step, from, to));
    let all =
        (1..steps.len()).flat_map(|step| (0..7).flat_map(move |from| (0..7).map(move |to| (step, from, to))));
    assert_eq!(all.map(|(step, from, to)| size(step, from, to)).max(), Some(money(&moved["money"])));
    // What came is held against the season as it was.
    let held = &document["came"]["held"];
    assert_eq!(held["moved"], replay["agents"][0]["score"]);
    assert_eq!(number(&held["difference"]), number(&held["moved"]) - number(&held["undone"]));
    assert_eq!(document["came"]["decided_again"]["moved"], held["moved"]);
    assert_eq!(document["came"]["repeated"]["noises"], 3);
}

#[test]
fn the_returns_are_the_fit_s() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("season.csv").display().to_string();
    for agent in ["mpc", "buyer-rule"] {
        let written = outlay(&["evaluate", agent, small(), "--replay", "5", "--csv"]);
        std::fs::write(&log, stdout(&written)).expect("a log");
        let document = explain(&[agent, small(), "--seed", "5", "--repeat", "1"]);
        let step = document["step"].as_u64().expect("a step");
        assert_eq!(document["told_by"], "mpc");
        let ask = |at: &str| {
            json(&[
                "recommend",
                agent,
                "--scenario",
                small(),
                "--history",
                &log,
                "--at",
                at,
                "--no-odds",
                "--json",
            ])
        };
        let (then, now) = (ask(&(step - 1).to_string()), ask(&step.to_string()));
        assert_eq!(document["per"], now["per"]);
        let lines = list(&document["lines"]).iter().zip(list(&now["lines"])).zip(list(&then["lines"]));
        for ((line, now), then) in lines {
            assert_eq!(line["marginal_then"], then["marginal_today"]);
            assert_eq!(line["marginal_before"], now["marginal_yesterday"]);
            assert_eq!(line["marginal_after"], now["marginal_today"]);
        }
        assert_eq!(document["came"]["repeated"], Value::Null);
    }
}

/// On curves that are known by heart what came is what the curves say, and what was expected is what their slopes say.
#[test]
fn what_came_is_the_difference_of_the_curves() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("mine.toml");
    let line = |name: &str, value: u32| {
        format!("[[line]]\nname = \"{name}\"\ncurve = \"power\"\nvalue = {value}\nexponent = 0.5\n")
    };
    let text = "kind = \"curves\"\ntitle = \"t\"\nquestion = \"q\"\ngoal = \"response\"\ncurrency = \"units\"\n\
                budget = 200000\ndays = 20\n";
    std::fs::write(&path, format!("{text}{}{}", line("a", 1), line("b", 2))).expect("a file");
    let path = path.display().to_string();
    let document = explain(&["random", &path, "--seed", "1"]);
    let moved = &document["moved"];
    let of = |name: &Value| {
        let row = &list(&document["lines"])[place(&document, name)];
        (if *name == "b" { 2.0 } else { 1.0 }, number(&row["today"]) / 100.0)
    };
    let ((value_from, from), (value_to, to)) = (of(&moved["from"]), of(&moved["to"]));
    let part = number(&moved["money"]) / 100.0;
    let with = value_from * from.sqrt() + value_to * to.sqrt();
    let without = value_from * (from + part).sqrt() + value_to * (to - part).sqrt();
    let came = number(&document["came"]["held"]["difference"]);
    assert!((came - (with - without)).abs() < 1e-6 * with, "{came} {}", with - without);
    // What was expected is Simpson's rule on the slopes, which `mpc` knows here; below a thousandth of an even share a slope is
    // taken there, for it has none at nothing.
    let slope = |value: f64, money: f64| 0.5 * value / money.max(1e-3 * 200_000.0 / 40.0).sqrt();
    let gain = |moved: f64| slope(value_to, to - part + moved) - slope(value_from, from + part - moved);
    let simpson = (gain(0.0) + 4.0 * gain(0.5 * part) + gain(part)) / 6.0 * part;
    let expected = number(&moved["expected"]);
    assert!((expected - simpson).abs() < 1e-6 * simpson.abs().max(1.0), "{expected} {simpson}");
}

#[test]
fn the_page_gives_the_reason_and_what_came() {
    let arguments = ["explain", "buyer-rule", small(), "--seed", "5", "--step", "21"];
    let page = outlay(&arguments);
    assert_eq!(page.status.code(), Some(0), "{}", stderr(&page));
    let document = explain(&arguments[1..]);
    let text = stdout(&page);
    for said in [&document["reason"], &document["moved"]["from"], &document["moved"]["to"]] {
        assert!(text.contains(said.as_str().expect("a text")), "{said}: {text}");
    }
    for word in ["expected", "came", "over 16 draws", "decided again"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    // The same bytes at any number of threads.
    let bytes = |threads: &str| outlay(&[&arguments[..], &["--threads", threads]].concat()).stdout;
    assert_eq!(bytes("1"), bytes("2"));
}

#[test]
fn what_cannot_be_explained_is_refused() {
    let refuse = |arguments: &[&str], words: &[&str]| {
        refused(&[&["explain", "even", small()], arguments].concat(), 2, words);
    };
    refuse(&["--step", "0"], &["none before it", "1 to 31"]);
    refuse(&["--step", "40"], &["lies behind the season"]);
    refuse(&["--from-line", "serch"], &["no line `serch`", "did you mean `search`?"]);
    refused(
        &["explain", "mpc", small(), "--from-line", "notes", "--to-line", "notes"],
        2,
        &["no money went from notes to notes", "--step"],
    );
}
