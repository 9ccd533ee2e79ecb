//! The whole program from outside: what is typed, what comes back, and with which exit code.

mod support;

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use support::{has_keys, json, outlay, program, refused, small, stderr, stdout};

#[test]
fn help_says_what_there_is() {
    for command in [
        "",
        "train",
        "evaluate",
        "compare",
        "plan",
        "recommend",
        "report",
        "levers",
        "what-if",
        "branch",
        "explain",
        "run-off",
        "heads",
        "heads train",
        "heads evaluate",
        "suite",
        "traps",
        "calibrate",
        "init",
        "scenarios",
        "check",
        "schema",
        "agents",
    ] {
        let arguments: Vec<&str> =
            command.split(' ').chain(["--help"]).filter(|word| !word.is_empty()).collect();
        let output = outlay(&arguments);
        assert_eq!(output.status.code(), Some(0));
        let name = if command.is_empty() { "outlay" } else { command };
        insta::assert_snapshot!(format!("help_{}", name.replace(' ', "_")), stdout(&output));
    }
}

#[test]
fn planners_are_helped_in_chinese_wherever_the_flag_stands() {
    for command in ["init", "calibrate", "plan", "what-if", "recommend"] {
        let output = outlay(&[command, "--lang", "zh", "--help"]);
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(stdout(&output), stdout(&outlay(&["--lang=zh", command, "--help"])));
        assert_eq!(stdout(&output), stdout(&outlay(&[command, "--help", "--lang", "zh"])));
    }
    insta::assert_snapshot!("help_zh_plan", stdout(&outlay(&["plan", "--lang", "zh", "--help"])));
    insta::assert_snapshot!("help_zh_outlay", stdout(&outlay(&["--lang", "zh", "--help"])));
    // A flag that is wrong is refused as ever, and another command keeps its words.
    refused(&["plan", "mpc", "--lang", "zh", "--no-such"], 2, &["--no-such"]);
    assert!(stdout(&outlay(&["train", "--lang", "zh", "--help"])).contains("Usage:"));
}

#[test]
fn alone_it_prints_three_commands_to_try() {
    let output = outlay(&[]);
    assert_eq!(output.status.code(), Some(0));
    insta::assert_snapshot!("alone", stdout(&output));
    let document = json(&["--json"]);
    assert_eq!(document["commands"].as_array().map(Vec::len), Some(3));
}

#[test]
fn evaluate_writes_the_promised_document() {
    let output = outlay(&["evaluate", "even", small(), "--seeds", "3..6", "--noise", "2", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).starts_with("{\n  \"schema\": \"outlay.evaluate/1\",\n  \"version\": \""));
    let document: Value = serde_json::from_str(stdout(&output)).expect("JSON");
    has_keys(
        &document,
        &[
            "scenario",
            "seeds",
            "agent",
            "score",
            "spend",
            "violations",
            "misses",
            "promises",
            "per_seed",
            "stages",
            "lines",
        ],
    );
    has_keys(&document["scenario"], &["name", "hash"]);
    has_keys(&document["score"], &["unit", "mean", "iqm", "iqm_ci95", "p10", "p50", "p90"]);
    has_keys(&document["spend"], &["budget", "mean", "max"]);
    assert!(document["spend"].as_object().is_some_and(|spend| spend.values().all(Value::is_i64)));
    assert_eq!(document["violations"], 0);
    let rows = document["per_seed"].as_array().expect("rows");
    let seeds: Vec<_> = rows.iter().map(|row| (row["seed"].as_u64(), row["noise"].as_u64())).collect();
    let expected = (3..6).flat_map(|seed| (0..2).map(move |noise| (Some(seed), Some(noise))));
    assert_eq!(seeds, expected.collect::<Vec<_>>());
    for row in rows {
        has_keys(row, &["score", "spend", "return_on_spend", "incremental_return_on_spend"]);
        assert!(row["spend"].as_i64() <= document["spend"]["budget"].as_i64());
    }
    assert!(document["lines"][0].get("incremental_score").is_none());
    assert!(!stdout(&output).contains("seconds"));
}

/// A destination that is typed is the one that `what-if` asks about, and another scenario than the file's.
#[test]
fn a_destination_may_be_typed() {
    let of = |more: &[&str]| {
        json(&[&["evaluate", "even", small(), "--seeds", "3..6", "--json"][..], more].concat())
    };
    let (plain, typed) = (of(&[]), of(&["--budget", "x2", "--set", "limits.return_floor=2.5"]));
    let budget = |document: &Value| document["spend"]["budget"].as_i64().expect("a budget");
    assert_eq!(budget(&typed), 2 * budget(&plain));
    assert_ne!(typed["scenario"]["hash"], plain["scenario"]["hash"]);
    let asked = json(&["what-if", "even", small(), "--seeds", "3..6", "--budget", "x2", "--json"]);
    assert_eq!(of(&["--budget", "x2"])["score"]["mean"], asked["alternatives"][0]["score"]);
    refused(
        &["plan", "even", "--budget", "-1000000"],
        2,
        &["a budget of -700,000 CNY", "the scenario's is 300,000"],
    );
    refused(&["compare", "--set", "budgt=5"], 2, &["--set", "did you mean `budget`?"]);
}

#[test]
fn truth_and_timing_are_extra() {
    let document = json(&["evaluate", "even", small(), "--seeds", "0..1", "--truth", "--timing", "--json"]);
    has_keys(&document, &["seconds_total", "seconds_per_decision"]);
    for line in document["lines"].as_array().expect("lines") {
        has_keys(line, &["spend", "incremental_score", "incremental_return_on_spend"]);
    }
}

#[test]
fn compare_writes_the_promised_document() {
    let arguments = [
        "compare",
        small(),
        "--agents",
        "even,random",
        "--agent",
        "again=even",
        "--seeds",
        "0..12",
        "--json",
    ];
    let document = json(&arguments);
    assert_eq!(document["schema"], "outlay.compare/1");
    has_keys(&document, &["version", "scenario", "seeds", "agents", "pairs", "estimand", "profiles"]);
    let names: Vec<_> = document["agents"].as_array().expect("agents").iter().map(|it| &it["name"]).collect();
    assert_eq!(names, ["even", "random", "again"]);
    for agent in document["agents"].as_array().expect("agents") {
        has_keys(
            agent,
            &["name", "headroom", "score", "spend", "violations", "misses", "per_seed", "stages", "lines"],
        );
        assert_eq!((&agent["headroom"], &agent["optimality_gap"]), (&Value::Null, &Value::Null));
    }
    let pairs = document["pairs"].as_array().expect("pairs");
    assert_eq!(pairs.len(), 2);
    has_keys(&pairs[0], &["a", "b", "difference", "difference_ci95", "uplift", "uplift_ci95", "p_better"]);
    has_keys(&pairs[0], &["p_value", "p_holm", "p_improvement"]);
    assert_eq!((&pairs[0]["a"], &pairs[0]["b"]), (&"random".into(), &"even".into()));
    // The same agent under another name meets the same shoppers in the same moods.
    assert_eq!(pairs[1]["difference"], 0.0);
    assert_eq!(pairs[1]["p_better"], 0.5);
    assert_eq!((&pairs[1]["p_value"], &pairs[1]["p_holm"]), (&1.0.into(), &1.0.into()));
    let profiles = &document["profiles"];
    assert_eq!(profiles["tau"].as_array().map(Vec::len), Some(9));
    for profile in profiles["agents"].as_array().expect("profiles") {
        has_keys(profile, &["name", "share", "share_ci95", "share_of_worlds", "share_of_worlds_ci95"]);
    }
    let against = json(&[&arguments[..], &["--against", "again"]].concat());
    assert_eq!(against["pairs"][0]["b"], "again");
}

#[test]
fn compare_says_what_it_estimates_and_shows_profiles_where_asked() {
    let arguments = ["compare", small(), "--agents", "even,random", "--seeds", "0..4"];
    let output = outlay(&arguments);
    let plain = stdout(&output);
    assert!(plain.contains("p (Holm)"));
    assert!(plain.contains("of the paired difference; p values are adjusted for 1 comparison\n"));
    let output = outlay(&[&arguments[..], &["--profile"]].concat());
    let shown = stdout(&output);
    let added: Vec<&str> = shown.lines().filter(|line| !plain.contains(line)).collect();
    // A heading, nine deciles, a sentence.
    assert_eq!(added.len(), 11, "{shown}");
}

#[test]
fn the_same_command_gives_the_same_bytes_at_any_number_of_threads() {
    for format in [&["--json"][..], &[]] {
        let arguments =
            ["compare", small(), "--agents", "even,random,last-period", "--seeds", "0..5", "--noise", "2"];
        let run = |threads| outlay(&[&arguments[..], &["--threads", threads], format].concat()).stdout;
        let first = run("1");
        assert!(!first.is_empty());
        assert_eq!(first, run("1"));
        assert_eq!(first, run("2"));
    }
}

#[test]
fn lists_are_documents_too() {
    let scenarios = json(&["scenarios", "--json"]);
    assert_eq!(scenarios["schema"], "outlay.scenarios/1");
    has_keys(&scenarios["scenarios"][0], &["name", "title", "goal", "limits", "calendar"]);
    let names: Vec<&str> = scenarios["scenarios"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|it| it["name"].as_str())
        .collect();
    assert_eq!(names.len(), 30);
    let printed = outlay(&["scenarios"]);
    // A row of figures each, and a title.
    for name in names {
        let rows = stdout(&printed).lines().filter(|row| row.split_whitespace().next() == Some(name));
        assert_eq!(rows.count(), 2, "{name}");
    }
    let agents = json(&["agents", "--json"]);
    assert_eq!(agents["schema"], "outlay.agents/1");
    has_keys(&agents["agents"][0], &["name", "summary"]);
    let check = json(&["check", "new-customer", "--json"]);
    assert_eq!(check["problems"], Value::Array(Vec::new()));
    assert_eq!(outlay(&["check", "new-customer"]).status.code(), Some(0));
}

#[test]
fn levers_are_opened_one_after_the_other() {
    let scenario = "break-out-of-circle";
    let document = json(&["levers", "even", scenario, "--seeds", "0..3", "--json"]);
    let rungs = document["levers"].as_array().expect("rungs");
    assert_eq!(rungs[0]["open"], serde_json::json!(["budget"]));
    assert_eq!(rungs[0]["added"], Value::Null);
    let whole = json(&["evaluate", "even", scenario, "--seeds", "0..3", "--json"]);
    let last = rungs.last().expect("a rung");
    assert_eq!(last["score"], whole["score"]["mean"], "the last rung is the scenario as it stands");
    let gained: f64 = rungs[1..].iter().filter_map(|rung| rung["added"]["difference"].as_f64()).sum();
    let [first, last] = [&rungs[0], last].map(|rung| rung["score"].as_f64().expect("a score"));
    assert!((gained - (last - first)).abs() < 1e-6);
    let page = outlay(&["levers", "even", scenario, "--seeds", "0..3"]);
    assert!(stdout(&page).contains("+ audience"), "{}", stdout(&page));
    let closed = outlay(&["levers", "even", "new-customer", "--seeds", "0..3"]);
    assert_eq!(closed.status.code(), Some(2));
    assert!(stderr(&closed).contains("opens no lever besides the budget"));
}

#[test]
fn bad_arguments_exit_with_2_and_say_what_to_do() {
    refused(&["evaluate", "evne"], 2, &["there is no agent `evne`", "did you mean `even`?", "outlay agents"]);
    refused(
        &["evaluate", "new-customer"],
        2,
        &["is a scenario, where an agent", "outlay evaluate mpc new-customer"],
    );
    refused(&["evaluate", "mpc", "618"], 2, &["there is no scenario `618`", "did you mean `promotion-618`?"]);
    refused(&["evaluate", "single:serch"], 2, &["did you mean `search`?"]);
    refused(&["evaluate", "even", "new-custmer"], 2, &["did you mean `new-customer`?", "outlay scenarios"]);
    refused(&["evaluate", "even", "no/such.toml"], 2, &["there is no file `no/such.toml`"]);
    refused(&["evaluate", "no/such"], 2, &["no/such", "help:"]);
    refused(&["evaluate", "exec:"], 2, &["no command after `exec:`"]);
    refused(&["evaluate", "exec:a 'b"], 2, &["quote", "not closed"]);
    refused(&["evaluate"], 2, &["<AGENT>"]);
    refused(&["check"], 2, &["<FILE>"]);
    refused(&["trian"], 2, &["train"]);
    for seeds in ["5..5", "7..5", "x", "-1..2", "0..99999999999"] {
        refused(&["evaluate", "even", &format!("--seeds={seeds}")], 2, &["--seeds", seeds]);
    }
    refused(&["evaluate", "even", "--noise", "0"], 2, &["--noise"]);
    refused(&["evaluate", "even", "--threads", "0"], 2, &["--threads"]);
    refused(&["evaluate", "even", "--color", "red"], 2, &["always"]);
    refused(&["compare", "--agents", "even,even"], 2, &["two agents are called `even`", "--agent"]);
    refused(&["compare", "--agents", "even", "--against", "evn"], 2, &["--against", "did you mean `even`?"]);
    refused(&["compare", "--agents", "even", "--require", "even"], 2, &["X > Y"]);
    refused(
        &["compare", "--agents", "even", "--require", "even > mcp"],
        2,
        &["`mcp`, which is not compared"],
    );
}

#[test]
fn require_exits_with_3_where_it_does_not_hold() {
    let run = |require: &str| {
        let agents =
            ["compare", small(), "--agents", "even", "--agent", "again=even", "--seeds", "0..4", "--json"];
        outlay(&[&agents[..], &["--require", require]].concat())
    };
    let output = run("again > even");
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let document: Value = serde_json::from_str(stdout(&output)).expect("JSON");
    assert_eq!(document["requirements"][0]["met"], false);
    let output = outlay(&[
        "compare",
        "--agents",
        "even,single:exchange",
        "--seeds",
        "0..8",
        "--require",
        "even>single:exchange",
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn folders_are_refused_before_any_work() {
    let folder = tempfile::tempdir().expect("a folder");
    let full = folder.path().join("full");
    std::fs::create_dir(&full).expect("a folder");
    std::fs::write(full.join("note.txt"), "mine").expect("a file");
    let file = full.join("note.txt");
    let text = |path: &Path| path.display().to_string();
    refused(&["train", "--out", &text(&full)], 2, &["already holds something", "--resume", "--out"]);
    refused(&["train", "--out", &text(&file)], 2, &["cannot be written", "cause:"]);
    refused(&["train", "--out", &text(&file.join("below"))], 2, &["cannot be written"]);
    refused(&["train", "--resume", &text(&folder.path().join("none"))], 2, &["there is no folder"]);
    refused(&["train", "--resume", &text(&full)], 2, &["help:"]);
    refused(&["evaluate", &text(&full)], 2, &["help:"]);
    refused(&["train", "--steps", "0"], 2, &["500k"]);
    assert_eq!(std::fs::read_to_string(&file).expect("still there"), "mine");
}

#[test]
fn a_closed_pipe_is_not_an_error() {
    for arguments in
        [&["evaluate", "even", small(), "--seeds", "0..2", "--json"][..], &["--help"], &["agents"], &[]]
    {
        let mut child =
            program(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        drop(child.stdout.take());
        let mut complaint = String::new();
        child.stderr.take().expect("piped").read_to_string(&mut complaint).expect("UTF-8");
        assert_eq!(child.wait().expect("it ends").code(), Some(0), "{arguments:?}");
        assert!(!complaint.contains("panicked"), "{complaint}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
    let output = program(&["agents", "--json"]).stdout(full).output().expect("it starts");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("could not be written"));
}

#[test]
fn colour_is_given_only_where_it_is_wanted() {
    let coloured = |output: Output| output.stdout.contains(&0x1b) || output.stderr.contains(&0x1b);
    let arguments = ["evaluate", "even", small(), "--seeds", "0..2"];
    assert!(!coloured(outlay(&arguments)));
    assert!(coloured(outlay(&[&arguments[..], &["--color", "always"]].concat())));
    assert!(coloured(program(&arguments).env("CLICOLOR_FORCE", "1").output().expect("it starts")));
    let no_color =
        program(&arguments).env("NO_COLOR", "1").env("CLICOLOR_FORCE", "0").output().expect("it starts");
    assert!(!coloured(no_color));
    assert!(!coloured(
        program(&["evaluate", "x", "--color=never"]).env("CLICOLOR_FORCE", "1").output().expect("it starts")
    ));
    assert!(!coloured(
        program(&["bogus", "--color=never"]).env("CLICOLOR_FORCE", "1").output().expect("it starts")
    ));
}

#[test]
fn quiet_leaves_results_and_errors() {
    let output = outlay(&["evaluate", "even", small(), "--seeds", "0..2", "--quiet"]);
    assert_eq!(stderr(&output), "");
    assert!(!stdout(&output).is_empty());
    assert!(stderr(&outlay(&["evaluate", "evne", "--quiet"])).contains("error"));
}

/// A file with problems: place, caret and count; exit code 2 from every command that reads it.
#[test]
fn a_bad_file_is_shown_with_line_and_caret() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("shop.toml");
    std::fs::write(&path, "name = \"shop\"\nbudget = = 5\n").expect("a file");
    let path = path.display().to_string();
    for arguments in [&["check", &path][..], &["evaluate", "even", &path], &["train", &path]] {
        refused(arguments, 2, &["shop.toml:2:", "^", "problems in"]);
    }
    let output = outlay(&["check", &path, "--json"]);
    assert_eq!(output.status.code(), Some(2));
    let document: Value = serde_json::from_str(stdout(&output)).expect("JSON");
    assert_eq!(document["problems"][0]["line"], 2);
}

#[test]
fn training_saves_a_policy_that_can_be_evaluated() {
    let folder = tempfile::tempdir().expect("a folder");
    let train = |name: &str, threads: &str| {
        let out = folder.path().join(name);
        let mut command =
            program(&["train", small(), "--steps", "512", "--worlds", "8", "--seed", "3", "--json"]);
        let output = command.args(["--threads", threads, "--out"]).arg(&out).output().expect("it starts");
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        (out, stdout(&output).replace(&*folder.path().join(name).to_string_lossy(), "FOLDER"))
    };
    let (out, events) = train("a", "1");
    let events_of =
        |kind: &str| events.lines().filter(|line| line.contains(&format!("\"event\":\"{kind}\""))).count();
    assert!(events.lines().all(|line| line.starts_with("{\"schema\":\"outlay.train/1\",\"version\":")));
    assert!(
        events_of("started") == 1 && events_of("iteration") >= 2 && events_of("finished") == 1,
        "{events}"
    );
    let (_, again) = train("b", "2");
    assert_eq!(events, again);
    let document = json(&["evaluate", &out.display().to_string(), small(), "--seeds", "0..2", "--json"]);
    has_keys(&document, &["score", "lines"]);
    refused(&["train", "--out", &out.display().to_string()], 2, &["--resume"]);
}

/// Ctrl-C saves and says how to go on; going on works.
#[cfg(unix)]
#[test]
fn an_interrupted_run_can_be_resumed() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("run").display().to_string();
    let interrupted = |arguments: &[&str]| {
        let mut command = program(arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        // Wait until it learns.
        assert!(lines.by_ref().any(|line| line.expect("UTF-8").contains("\"event\":\"iteration\"")));
        let killed =
            Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
        assert!(killed.success());
        let last = lines.last().expect("a line").expect("UTF-8");
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
        assert!(
            stderr(&output).contains(&format!("outlay train {} --resume {out}", small())),
            "{}",
            stderr(&output)
        );
        serde_json::from_str::<Value>(&last).expect("JSON")
    };
    let first = interrupted(&["train", small(), "--steps", "10M", "--worlds", "8", "--out", &out, "--json"]);
    assert_eq!(first["event"], "interrupted");
    let second = interrupted(&["train", small(), "--resume", &out, "--json"]);
    assert!(second["steps"].as_u64() > first["steps"].as_u64(), "{first} {second}");
}
