//! Agents from outside: those in `docs/agents` play, and those that misbehave fail alone and leave nothing behind.
#![cfg(unix)]

mod support;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use support::{has_keys, json, outlay, program, refused, small, stderr, stdout};

/// Writes an agent as a shell script and returns how to name it. `UNITS` becomes one unit of money for each line.
fn script(folder: &Path, name: &str, body: &str) -> String {
    let path = folder.join(name);
    let units = format!("{{\"money\": [{}]}}", ["1"; 7].join(","));
    let body = body.replace("UNITS", &units).replace("PIDS", &folder.join("pids").display().to_string());
    std::fs::write(&path, body).expect("a script is written");
    format!("{name}=exec:sh '{}'", path.display())
}

/// The numbers that scripts wrote down, and their processes that still run.
fn left_over(folder: &Path) -> (usize, Vec<String>) {
    let pids = std::fs::read_to_string(folder.join("pids")).unwrap_or_default();
    let pids: Vec<String> = pids.split_whitespace().map(ToOwned::to_owned).collect();
    let runs = |pid: &String| {
        let status = Command::new("ps").args(["-o", "stat=", "-p", pid]).output().expect("ps runs");
        // A zombie whose parent is gone waits for the system, not for us.
        !matches!(status.stdout.first(), None | Some(b'Z' | b'\n'))
    };
    (pids.len(), pids.iter().filter(|pid| runs(pid)).cloned().collect())
}

fn nobody_is_left(folder: &Path, at_least: usize) {
    let start = Instant::now();
    loop {
        let (count, running) = left_over(folder);
        assert!(count >= at_least, "{count} processes were started");
        if running.is_empty() {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(5), "left over: {running:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Compares `even` with agents of which each fails in its own words.
fn all_fail(agents: &[(&str, String, &str)], time_limit: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut arguments = vec!["compare".to_owned(), small().into(), "--agents=even".into()];
    arguments.extend(["--seeds=0..2".into(), "--json".into(), format!("--time-limit={time_limit}")]);
    let named = agents.iter().map(|(name, body, _)| format!("--agent={}", script(folder.path(), name, body)));
    arguments.extend(named);
    let output = outlay(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let document: Value = serde_json::from_str(stdout(&output)).expect("JSON");
    let found = document["agents"].as_array().expect("agents");
    has_keys(&found[0], &["score", "per_seed"]);
    for (agent, (name, _, words)) in found[1..].iter().zip(agents) {
        assert_eq!(agent["name"], *name);
        let error = agent["error"].as_str().unwrap_or_default();
        assert!(error.contains(words), "{name}: `{error}` without `{words}`");
        assert!(stderr(&output).contains(&format!("`{name}` failed")), "{}", stderr(&output));
    }
    nobody_is_left(folder.path(), agents.iter().filter(|(_, body, _)| body.contains("PIDS")).count());
}

/// Those that never say anything again: the time limit ends them, and whatever they started.
#[test]
fn programs_that_hang_fail_alone() {
    let agents = [
        ("hangs", "echo $$ >> PIDS; sleep 300"),
        ("half", "printf '{\"money\": [1, '; echo $$ >> PIDS; sleep 300"),
        // It is gone, but what it started holds the pipe.
        ("forks", "sleep 300 & echo $! >> PIDS; exit 0"),
        ("hides", "(sleep 300 & echo $! >> PIDS; sleep 300) 2>&1 >/dev/null; exit 0"),
    ];
    all_fail(
        &agents.map(|(name, body)| (name, body.to_owned(), "no answer within 1 s; `--time-limit`")),
        "1",
    );
}

#[test]
fn programs_that_misbehave_fail_alone() {
    let answer =
        |answer: &str| format!("read brief; while read line; do echo '{{\"money\": [{answer}]}}'; done");
    let seven = |number: &str| answer(&[number; 7].join(","));
    let agents = [
        ("gone", "exit 7", "exit status: 7"),
        ("early", "read brief; read observation; exit 0", "ended before"),
        ("dies", "read brief; read seen; echo 'UNITS'; read seen; kill -SEGV $$", "signal: 11"),
        ("says", "echo 'cannot find weights' >&2; exit 1", "cannot find weights"),
        ("closes", "exec 1>&-; echo $$ >> PIDS; sleep 300", "it closed its output"),
        ("nonsense", "while :; do echo '{\"mony\": [1]}' || exit; done", "not an allocation"),
        ("flood", "echo $$ >> PIDS; yes junk", "not an allocation"),
        ("endless", "echo $$ >> PIDS; yes | tr -d '\\n'", "longer than a million bytes"),
    ];
    let answers = [
        ("short", answer("1"), "1 amounts for 7 lines"),
        ("long", answer(&["1"; 8].join(",")), "8 amounts for 7 lines"),
        ("huge", seven("1e300"), "not between 0 and the budget"),
        ("minor", seven("300000.01"), "not between 0 and the budget, 300000"),
        ("negative", answer("1,1,-1,1,1,1,1"), "gave -1 to line 2"),
        ("nan", seven("NaN"), "not an allocation"),
        ("infinite", seven("1e999"), "not an allocation"),
        ("words", seven("\"1\""), "not an allocation"),
    ];
    let agents = agents.map(|(name, body, words)| (name, body.to_owned(), words));
    all_fail(&agents.into_iter().chain(answers).collect::<Vec<_>>(), "60");
    let missing = json(&[
        "compare",
        small(),
        "--agents=even",
        "--agent=exec:/no/such/program",
        "--seeds=0..1",
        "--json",
    ]);
    assert!(missing["agents"][1]["error"].as_str().is_some_and(|error| error.contains("could not start")));
}

/// What is odd but answers is heard.
#[test]
fn programs_that_answer_take_part() {
    let folder = tempfile::tempdir().expect("a folder");
    let agents = [
        ("units", "read brief; while read seen; do echo 'UNITS'; done"),
        // Floods standard error.
        ("loud", "read brief; while read seen; do yes complaint | head -c 200000 >&2; echo 'UNITS'; done"),
        // Never reads, and writes more than it is asked for.
        ("ahead", "echo $$ >> PIDS; yes 'UNITS'"),
        // Says more than it must.
        ("chatty", "read brief; while read seen; do echo 'UNITS' | sed 's/}/, \"why\": \"so\"}/'; done"),
    ];
    let mut arguments = vec!["compare".to_owned(), small().into(), "--seeds=0..2".into(), "--json".into()];
    arguments.extend(agents.map(|(name, body)| format!("--agent={}", script(folder.path(), name, body))));
    let document = json(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    let found = document["agents"].as_array().expect("agents");
    for agent in found {
        assert_eq!(agent["per_seed"], found[0]["per_seed"], "{}", agent["error"]);
        assert!(agent["spend"]["max"].as_i64() > Some(0));
        assert_eq!(agent["violations"], 0);
    }
    nobody_is_left(folder.path(), 1);
    let replay = json(&[
        "evaluate",
        &script(folder.path(), "dies", "read brief; read seen; echo 'UNITS'"),
        small(),
        "--replay=1",
        "--json",
    ]);
    assert_eq!(replay["agents"][0]["steps"].as_array().map(Vec::len), Some(1));
    has_keys(&replay["agents"][0], &["error"]);
}

/// They are never taken from what is kept, and an unknown name is bad usage.
#[test]
fn programs_are_asked_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let agent =
        script(folder.path(), "units", "echo $$ >> PIDS; read brief; while read seen; do echo 'UNITS'; done");
    for runs in 1..3 {
        let mut command = program(&["compare", small(), "--agents=even", "--agent", &agent, "--seeds=0..3"]);
        let output =
            command.env("OUTLAY_RESULTS", folder.path().join("results")).output().expect("it starts");
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert_eq!(stderr(&output).contains("reused 3 of 6 episodes"), runs > 1, "{}", stderr(&output));
        assert_eq!(left_over(folder.path()).0, 3 * runs);
    }
    refused(&["compare", "--agents=even,unknown"], 2, &["there is no agent `unknown`"]);
}

/// A second Ctrl-C stops at once, and its agents with it.
#[test]
fn the_second_interrupt_ends_agents_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let agent = script(folder.path(), "hangs", "echo $$ >> PIDS; sleep 300 & echo $! >> PIDS; wait");
    let mut child = program(&["evaluate", &agent, small(), "--seeds=0..1", "--time-limit=100"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    while left_over(folder.path()).0 < 2 {
        std::thread::sleep(Duration::from_millis(10));
    }
    // Two signals at once may count as one.
    let start = Instant::now();
    let code = loop {
        if let Some(status) = child.try_wait().expect("a status") {
            break status.code();
        }
        assert!(start.elapsed() < Duration::from_secs(20), "it does not stop");
        let _ = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
        std::thread::sleep(Duration::from_millis(100));
    };
    assert_eq!(code, Some(130));
    nobody_is_left(folder.path(), 2);
}

/// The examples of the documentation play, and say the same in both languages.
#[test]
fn the_documented_agents_play() {
    let documents = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/agents");
    let found: Vec<Value> = [("python3", "proportional.py"), ("node", "proportional.js")]
        .into_iter()
        .filter_map(|(interpreter, file)| {
            let path: PathBuf = documents.join(file);
            assert!(std::fs::read_to_string(&path).expect("the example").lines().count() <= 30, "{file}");
            if Command::new(interpreter).arg("--version").output().is_err() {
                // Not captured by the harness: whoever reads the log should know.
                let _ = writeln!(std::io::stderr(), "SKIPPED {file}: there is no `{interpreter}` here");
                return None;
            }
            let agent = format!("exec:{interpreter} '{}'", path.display());
            let document = json(&["evaluate", &agent, small(), "--seeds=0..2", "--json"]);
            // It spends what there is, but for rounding and commissions.
            assert!(document["spend"]["mean"].as_f64() > Some(0.9 * 30_000_000.0), "{file}: {document}");
            Some(document["per_seed"].clone())
        })
        .collect();
    assert!(found.windows(2).all(|pair| pair[0] == pair[1]), "{found:?}");
}
