//! `outlay calibrate` and `outlay init` from outside.

mod support;

use std::path::Path;

use serde_json::Value;

use support::{has_keys, json, outlay, refused, stderr, stdout};

fn table(name: &str) -> String {
    format!("{}/../../tests/data/{name}.csv", env!("CARGO_MANIFEST_DIR"))
}

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).display().to_string()
}

#[test]
fn both_public_tables_become_scenarios_that_agents_play() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["robyn_weekly", "meridian_national"] {
        let file = path(folder.path(), &format!("{name}.toml"));
        let document =
            json(&["calibrate", &table(name), "--out", &file, "--draws", "50", "--margin", "0.5", "--json"]);
        has_keys(
            &document,
            &[
                "schema",
                "version",
                "history",
                "columns",
                "channels",
                "ranking",
                "base_share",
                "noise",
                "convergence",
                "check",
                "doubts",
                "scenario",
            ],
        );
        assert_eq!(document["schema"], "outlay.calibrate/1");
        assert_eq!(document["channels"].as_array().map(Vec::len), Some(5));
        for channel in document["channels"].as_array().expect("channels") {
            let ends: Vec<f64> = channel["return_on_spend"]
                .as_array()
                .expect("three")
                .iter()
                .filter_map(Value::as_f64)
                .collect();
            assert!(0.0 < ends[0] && ends[0] < ends[1] && ends[1] < ends[2], "{channel}");
        }
        // The chains agree, and what is forecast is not far off.
        assert!(document["convergence"]["worst_r_hat"].as_f64().is_some_and(|it| it < 1.03), "{document}");
        let wape = |who: &str| document["check"][who]["wape"].as_f64().expect("a share");
        assert!(wape("model") < wape("ridge") && wape("ridge") < wape("seasonal_naive"), "{document}");
        assert!(document["check"]["model"]["coverage_90"].as_f64().is_some_and(|it| it > 0.8));
        let checked = outlay(&["check", &file]);
        assert_eq!(checked.status.code(), Some(0), "{}", stderr(&checked));
        let agents = "even,mpc,water-filling,static-hindsight,clairvoyant";
        let compared = json(&["compare", &file, "--agents", agents, "--seeds", "0..4", "--json"]);
        let score = |place: usize| compared["agents"][place]["score"]["mean"].as_f64().expect("a score");
        assert!(score(0) < score(4) && score(3) <= score(4) * 1.000_001, "{compared}");
    }
}

#[test]
fn the_same_command_gives_the_same_bytes_at_any_number_of_threads() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |threads: &str| {
        let file = path(folder.path(), "curves.toml");
        let output = outlay(&[
            "calibrate",
            &table("meridian_national"),
            "--out",
            &file,
            "--force",
            "--holdout",
            "0",
            "--threads",
            threads,
        ]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        (stdout(&output).to_owned(), std::fs::read_to_string(&file).expect("a file"))
    };
    assert_eq!(run("1"), run("3"));
}

#[test]
fn a_file_that_is_there_is_not_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = path(folder.path(), "mine.toml");
    std::fs::write(&file, "mine").expect("a file");
    refused(&["calibrate", &table("robyn_weekly"), "--out", &file], 2, &["is there already", "--force"]);
    refused(&["init", &file, "--yes"], 2, &["is there already", "--force"]);
    assert_eq!(std::fs::read_to_string(&file).expect("a file"), "mine");
}

#[test]
fn a_bad_table_is_refused_with_all_that_is_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = path(folder.path(), "bad.csv");
    std::fs::write(&file, "date,tv_spend,revenue\n2020-01-06,-1,5\n2020-01-13,2,many\n").expect("a file");
    refused(
        &["calibrate", &file],
        2,
        &[
            "bad.csv:2:12",
            "row 2: column `tv_spend` holds a negative spend",
            "row 3: `many` in column `revenue`",
            "3 problems",
        ],
    );
    refused(
        &["calibrate", &path(folder.path(), "none.csv")],
        2,
        &["cannot be read", "a row for each day or week"],
    );
}

#[test]
fn init_writes_what_check_accepts() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = path(folder.path(), "mine.toml");
    let flags = [
        "--goal",
        "profit",
        "--budget",
        "90000",
        "--start",
        "2026-05-20",
        "--end",
        "2026-06-09",
        "--channels",
        "search,weibo",
        "--margin",
        "0.4",
    ];
    let output = outlay(&[&["init", &file][..], &flags].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let checked = outlay(&["check", &file]);
    assert_eq!(checked.status.code(), Some(0), "{}", stderr(&checked));
    for words in ["most profit", "90,000.00", "21 days", "search, weibo", "40 %"] {
        assert!(stdout(&checked).contains(words), "{words}\n{}", stdout(&checked));
    }
}

/// The dialogue on a terminal, wrong answers included, through `script` of util-linux; where that is not there, nothing is
/// tested.
#[cfg(target_os = "linux")]
#[test]
fn init_asks_on_a_terminal_until_it_is_answered() {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let folder = tempfile::tempdir().expect("a folder");
    let file = path(folder.path(), "mine.toml");
    let typed = format!("'{}' init '{file}' --lang zh", env!("CARGO_BIN_EXE_outlay"));
    let mut command = Command::new("script");
    command.args(["-qec", &typed, "/dev/null"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let Ok(mut dialogue) = command.spawn() else { return };
    let mut keys = dialogue.stdin.take().expect("an input");
    for line in ["proft", "利润", "12万", "21", "serch", "search,weibo", "40", "40%"] {
        writeln!(keys, "{line}").expect("somebody reads");
    }
    let output = dialogue.wait_with_output().expect("it ends");
    drop(keys);
    let said = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    for words in ["是不是 `profit`？", "是不是 `search`？", "`40` 不是大于 0", "已写入"] {
        assert!(said.contains(words), "{words}\n{said}");
    }
    let checked = outlay(&["check", &file]);
    for words in ["most profit", "120,000.00", "21 days", "search, weibo", "40 %"] {
        assert!(stdout(&checked).contains(words), "{words}\n{}", stdout(&checked));
    }
}

#[test]
fn init_without_a_terminal_says_all_that_is_missing() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = path(folder.path(), "mine.toml");
    refused(
        &["init", &file, "--goal", "profit"],
        2,
        &["`--budget`, `--days` (or `--start` and `--end`), `--channels`, `--margin`", "--yes"],
    );
    refused(&["init", &file, "--goal", "proft", "--yes"], 2, &["did you mean `profit`"]);
    refused(&["init", &file, "--channels", "serch", "--yes"], 2, &["serch", "search"]);
    refused(&["init", &file, "--base", "families/concave", "--yes"], 2, &["has no shoppers"]);
    assert!(!Path::new(&file).exists());
}
