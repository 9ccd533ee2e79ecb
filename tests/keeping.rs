//! Results that last and go elsewhere: kept episodes, suites, exports and replays.

mod support;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use support::{has_keys, json, outlay, program, refused, small, stderr, stdout};

/// Runs with a folder of kept results.
fn keeping(folder: &Path, arguments: &[&str]) -> Output {
    program(arguments).env("OUTLAY_RESULTS", folder).output().expect("the program starts")
}

fn said(output: &Output, words: &str) -> bool {
    stderr(output).contains(words)
}

/// The bytes are the same with and without reuse, and only what is missing is played.
#[test]
fn episodes_are_not_played_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let agents = |agents: &'static str| {
        ["compare", small(), "--agents", agents, "--seeds", "3..9", "--noise", "2", "--against", "even"]
    };
    let few = keeping(folder.path(), &agents("even,random"));
    assert!(!said(&few, "reused"), "{}", stderr(&few));
    let more = keeping(folder.path(), &agents("even,random,last-period"));
    assert!(said(&more, "reused 24 of 36 episodes"), "{}", stderr(&more));
    let again = keeping(folder.path(), &agents("even,random,last-period"));
    assert!(said(&again, "reused 36 of 36 episodes"), "{}", stderr(&again));
    let alone = outlay(&agents("even,random,last-period"));
    assert!(!said(&alone, "reused"));
    assert_eq!(stdout(&more), stdout(&alone));
    assert_eq!(stdout(&again), stdout(&alone));
    for format in ["--json", "--csv", "--markdown"] {
        let arguments = [&agents("even,random,last-period")[..], &[format]].concat();
        let kept = keeping(folder.path(), &arguments);
        assert!(said(&kept, "reused 36 of 36"));
        assert_eq!(stdout(&kept), stdout(&outlay(&arguments)));
    }

    // Another name, fewer seeds and another command meet the same episodes; another agent seed does not.
    let one = keeping(folder.path(), &["evaluate", "mine=random", small(), "--seeds", "3..5"]);
    assert!(said(&one, "reused 2 of 2 episodes"), "{}", stderr(&one));
    let other =
        keeping(folder.path(), &["evaluate", "random", small(), "--seeds", "3..5", "--agent-seed", "1"]);
    assert!(!said(&other, "reused"));
    for flag in ["--no-reuse", "--timing"] {
        let anew = keeping(folder.path(), &["evaluate", "random", small(), "--seeds", "3..5", flag]);
        assert!(!said(&anew, "reused"), "{flag}");
    }
    // The truth is more than what is kept.
    let truth = ["evaluate", "even", small(), "--seeds", "3..5", "--truth", "--json"];
    assert!(!said(&keeping(folder.path(), &truth), "reused"));
    let kept = keeping(folder.path(), &truth);
    assert!(said(&kept, "reused 2 of 2"));
    assert_eq!(stdout(&kept), stdout(&outlay(&truth)));
}

/// A policy is known by its content: a copy elsewhere is the same, one that was changed is not.
#[test]
fn a_policy_is_known_by_its_content() {
    let folder = tempfile::tempdir().expect("a folder");
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../checkpoints/new-customer");
    let copy = folder.path().join("copy");
    std::fs::create_dir(&copy).expect("a folder");
    for file in ["card.toml", "policy.safetensors"] {
        std::fs::copy(shipped.join(file), copy.join(file)).expect("a copy");
    }
    let results = folder.path().join("results");
    let evaluate = |policy: &Path| {
        keeping(&results, &["evaluate", &policy.display().to_string(), small(), "--seeds", "0..2"])
    };
    assert!(!said(&evaluate(&shipped), "reused"));
    assert!(said(&evaluate(&copy), "reused 2 of 2"));
    let card = std::fs::read_to_string(copy.join("card.toml")).expect("a card");
    let (first, rest) = card.split_once("\ncommand = \"").expect("a command");
    std::fs::write(copy.join("card.toml"), format!("{first}\ncommand = \"changed {rest}")).expect("a card");
    assert!(!said(&evaluate(&copy), "reused"));
}

/// What was played before Ctrl-C is there afterwards.
#[cfg(unix)]
#[test]
fn an_interrupted_comparison_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut arguments = vec!["compare", small(), "--agents", "even,random", "--json", "--seeds", "0..100000"];
    let mut child = program(&arguments)
        .env("OUTLAY_RESULTS", folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let written = || {
        let builds = std::fs::read_dir(folder.path()).into_iter().flatten().flatten();
        let files = builds.flat_map(|build| std::fs::read_dir(build.path()).into_iter().flatten().flatten());
        files.filter_map(|file| file.metadata().ok()).map(|about| about.len()).sum::<u64>()
    };
    while written() < 50_000 {
        assert!(child.try_wait().expect("a status").is_none(), "it ended too soon");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(killed.success());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    assert!(said(&output, "goes on from here"), "{}", stderr(&output));
    let document: Value = serde_json::from_str(stdout(&output)).expect("JSON");
    let finished = document["agents"][0]["per_seed"].as_array().expect("rows");
    let (first, last) = (&finished[0]["seed"], &finished[finished.len() - 1]["seed"]);
    assert!(first.as_u64() <= last.as_u64());

    let seeds = format!("{first}..{}", first.as_u64().expect("a seed") + 1);
    arguments.pop();
    arguments.push(&seeds);
    let second = keeping(folder.path(), &arguments);
    assert!(said(&second, "reused 2 of 2 episodes"), "{}", stderr(&second));
}

/// A folder that cannot be used is refused where it was named.
#[test]
fn a_folder_that_cannot_be_used_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    std::fs::write(&file, "mine").expect("a file");
    let file = file.display().to_string();
    refused(&["evaluate", "even", small(), "--results", &file], 2, &["results cannot be kept", "--no-reuse"]);
    assert_eq!(std::fs::read_to_string(&file).expect("still there"), "mine");
    refused(&["evaluate", "even", "--results", &file, "--no-reuse"], 2, &["cannot be used with"]);
}

#[test]
fn a_table_has_three_forms_and_one_at_a_time() {
    let arguments = ["compare", small(), "--agents", "even", "--agent", "again=even", "--seeds", "0..3"];
    let with = |flags: &[&str]| outlay(&[&arguments[..], flags].concat());
    let csv = with(&["--csv"]);
    let mut lines = stdout(&csv).lines();
    assert_eq!(
        lines.next(),
        Some(
            "scenario,agent,seed,noise,unit,score,currency,spend,return_on_spend,incremental_return_on_spend,\
             days_to_pass"
        )
    );
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    assert_eq!(rows.len(), 6);
    assert!(rows.iter().all(|row| row.len() == 11 && row[0] == "new-customer"));
    assert_eq!((rows[0][1], rows[3][1], rows[2][2]), ("even", "again", "2"));
    assert_eq!(rows[0][2..], rows[3][2..]);
    let document: Value = serde_json::from_str(stdout(&with(&["--json"]))).expect("JSON");
    let spend = document["agents"][0]["per_seed"][0]["spend"].as_f64().expect("a number");
    assert_eq!(rows[0][7].parse::<f64>().ok(), Some(spend / 100.0));

    let markdown = with(&["--markdown", "--color", "always"]);
    assert!(stdout(&markdown).starts_with("### new-customer: most new customers"));
    assert!(stdout(&markdown).contains("\n|---|--:|--:|"), "{}", stdout(&markdown));
    assert!(!markdown.stdout.contains(&0x1b));
    let evaluate = outlay(&["evaluate", "even", small(), "--seeds", "0..2", "--markdown", "--truth"]);
    assert!(stdout(&evaluate).contains("| line | spend CNY |"), "{}", stdout(&evaluate));

    for flags in [["--csv", "--markdown"], ["--csv", "--json"], ["--markdown", "--json"]] {
        refused(&[&arguments[..], &flags].concat(), 2, &["cannot be used with"]);
    }
    refused(&[&arguments[..], &["--csv", "--replay=1"]].concat(), 2, &["a log is of one agent"]);
    refused(&["--json", "evaluate", "even", small(), "--csv"], 2, &["--json"]);
}

#[test]
fn a_seed_can_be_seen_step_by_step() {
    let arguments = ["compare", small(), "--agents", "even,last-period", "--replay", "5:1"];
    let output = outlay(&arguments);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("even on new-customer, seed 5 noise 1"), "{}", stdout(&output));
    let document = json(&[&arguments[..], &["--json"]].concat());
    assert_eq!(document["schema"], "outlay.replay/1");
    let played = json(&["evaluate", "last-period", small(), "--seeds", "5..6", "--noise", "2", "--json"]);
    let replay = &document["agents"][1];
    // A replay is the episode that was judged.
    assert_eq!(replay["score"], played["per_seed"][1]["score"]);
    assert_eq!(replay["spend"], played["per_seed"][1]["spend"]);
    let steps = replay["steps"].as_array().expect("steps");
    assert_eq!(steps.len(), 32);
    has_keys(&steps[0], &["step", "phase", "lines", "shop", "budget_left", "reserved"]);
    has_keys(&steps[0]["lines"][0], &["name", "asked", "granted", "bound", "spend", "reported_revenue"]);
    for step in steps {
        for line in step["lines"].as_array().expect("lines") {
            assert!(line["granted"].as_i64() >= line["spend"].as_i64() || line["name"] == "affiliate");
        }
    }
    for bad in ["x", "-1", "3:", ":1", "1:2:3"] {
        refused(&["evaluate", "even", &format!("--replay={bad}")], 2, &["--replay"]);
    }
}

/// A suite with an agent that does not exist and two that do.
#[test]
fn a_suite_runs_every_comparison() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("suite.toml");
    let text = format!(
        "[[comparison]]\ntitle = \"Rules\"\nquestion = \"Does chance help?\"\nscenario = '{0}'\n\
         agents = [\"even\", \"random\"]\nseeds = \"0..12\"\nreading = \"Look at the interval.\"\n\
         [[comparison]]\ntitle = \"Names\"\nquestion = \"Who is there?\"\nscenario = '{0}'\n\
         agents = [\"evne\", \"even\", \"last-period\"]\nagainst = \"even\"\nseeds = \"0..12\"\n",
        small()
    );
    std::fs::write(&file, text).expect("a file");
    let file = file.display().to_string();
    let results = folder.path().join("results");
    let output = keeping(&results, &["suite", &file]);
    // Somebody failed; the others' results are there all the same.
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(
        said(&output, "`evne` failed: there is no agent `evne`; did you mean `even`?"),
        "{}",
        stderr(&output)
    );
    assert!(said(&output, "reused 12 of 36 episodes"), "{}", stderr(&output));
    for words in ["Does chance help?", "Look at the interval.", "--against even", "against even"] {
        assert!(stdout(&output).contains(words), "{words}: {}", stdout(&output));
    }
    let document = keeping(&results, &["suite", &file, "--json"]);
    assert_eq!(document.status.code(), Some(1));
    let document: Value = serde_json::from_str(stdout(&document)).expect("JSON");
    assert_eq!(document["schema"], "outlay.suite/1");
    let second = &document["comparisons"][1];
    has_keys(second, &["title", "question", "reading", "command", "comparison"]);
    has_keys(&second["comparison"]["agents"][0], &["name", "error"]);
    has_keys(&second["comparison"]["agents"][2], &["score", "per_seed"]);
    assert_eq!(second["comparison"]["pairs"][0]["b"], "even");
    let markdown = keeping(&results, &["suite", &file, "--markdown", "--quiet"]);
    assert!(stdout(&markdown).starts_with("## Rules\n\nDoes chance help?\n\n```sh\noutlay compare "));
    refused(&["suite", &file, "--json", "--markdown"], 2, &["cannot be used with"]);
}

/// Over curves whose best plan is known each share of the headroom is known: even's is 0, the plan's own 1.
#[test]
fn a_board_pools_the_headroom_of_its_comparisons() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("suite.toml");
    let entry = |scenario: &str| {
        format!(
            "[[comparison]]\ntitle = \"{scenario}\"\nquestion = \"How much of it?\"\nscenario = \"{scenario}\"\nseeds = \"0..4\"\n\
             agents = [\"even\", \"mpc\", \"clairvoyant\"]\n"
        )
    };
    std::fs::write(&file, entry("families/concave") + &entry("families/s-shaped")).expect("a file");
    let file = file.display().to_string();
    let pooled = |agent: &str| json(&["suite", &file, "--board", agent, "--json"])["board_headroom"].clone();
    let best = pooled("clairvoyant");
    assert_eq!(best["comparisons"], 2);
    assert_eq!((best["iqm"].as_f64(), best["iqm_ci95"][0].as_f64()), (Some(1.0), Some(1.0)));
    let [mpc, even] = ["mpc", "even"].map(|agent| {
        let headroom = pooled(agent);
        [&headroom["iqm"], &headroom["iqm_ci95"][0], &headroom["iqm_ci95"][1]]
            .map(|value| value.as_f64().expect("a number"))
    });
    assert!(0.6 < mpc[1] && mpc[1] < mpc[0] && mpc[0] < mpc[2] && mpc[2] < 1.0, "{mpc:?}");
    assert!(even[1] < 0.2 && 0.0 < even[2] + 0.2 && even[0] < mpc[1], "{even:?}");
    let page = outlay(&["suite", &file, "--board", "mpc"]);
    let words = format!("headroom over 2 comparisons: {:.2} [", mpc[0]);
    assert!(stdout(&page).contains(&words), "{}", stdout(&page));
}

/// The board says of each comparison what its own table says.
#[test]
fn a_suite_fits_on_a_board() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("suite.toml");
    let entry = |seeds: &str, agents: &str| {
        format!(
            "[[comparison]]\ntitle = \"One\"\nquestion = \"Which?\"\nscenario = '{}'\nagents = [{agents}]\nseeds = \"{seeds}\"\n",
            small()
        )
    };
    let text = entry("0..4", "\"even\", \"random\"")
        + &entry("4..8", "\"even\", \"buyer-rule\", \"random\"")
        + &entry("0..4", "\"even\", \"pid\"");
    std::fs::write(&file, text).expect("a file");
    let file = file.display().to_string();
    let document = json(&["suite", &file, "--board", "random", "--json"]);
    let board = document["board"].as_array().expect("rows");
    assert_eq!(board.len(), 2, "random plays in two of three");
    for (row, comparison) in board.iter().zip(document["comparisons"].as_array().expect("comparisons")) {
        let comparison = &comparison["comparison"];
        let pair = comparison["pairs"].as_array().expect("pairs").iter().find(|pair| pair["a"] == "random");
        assert_eq!(Some(&row["pair"]), pair);
        assert_eq!(row["against"], "even");
        assert_eq!(row["means"][1], comparison["agents"][0]["score"]["mean"]);
    }
    let against = json(&["suite", &file, "--board", "random", "--against", "buyer-rule", "--json"]);
    assert_eq!(against["board"].as_array().map(Vec::len), Some(1));
    assert_eq!(against["board"][0]["pair"]["b"], "buyer-rule");
    let page = outlay(&["suite", &file, "--board", "random"]);
    let words = "random is ahead of even beyond the interval in 0 of 2 comparisons";
    assert!(stdout(&page).contains(words), "{}", stdout(&page));
    assert!(!stdout(&page).contains("headroom"), "nobody knows what could be won");
    assert_eq!(document["board_headroom"], Value::Null);
    refused(
        &["suite", &file, "--board", "randm"],
        2,
        &["in no comparison of the file", "did you mean `random`?"],
    );
    refused(&["suite", &file, "--against", "even"], 2, &["--board"]);
}

#[test]
fn a_bad_suite_is_shown_with_line_and_caret() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("suite.toml");
    std::fs::write(
        &file,
        "[[comparison]]\ntitel = \"x\"\nscenario = \"new-custmer\"\nagents = [\"exec:ls\"]\n",
    )
    .expect("a file");
    let file = file.display().to_string();
    let words = [
        "suite.toml:2:",
        "did you mean `title`?",
        "`new-customer`",
        "starts no programs",
        "problems in",
        "^",
    ];
    refused(&["suite", &file], 2, &words);
    refused(&["suite", "no/such.toml"], 2, &["no suite `no/such.toml`", "help:"]);
}

/// The suite that ships is sound: its agents exist, and its scenarios.
#[test]
fn the_shipped_suite_is_sound() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/suites/readme.toml");
    let text = std::fs::read_to_string(file).expect("the suite");
    let folder = tempfile::tempdir().expect("a folder");
    // The same on a small market with one seed and without those who search, from where its paths are right.
    let quick: String = text
        .lines()
        .map(|line| if line.starts_with("seeds") { "seeds = \"1000..1001\"" } else { line })
        .map(|line| line.replace("\"new-customer\"", &format!("'{}'", small())))
        .map(|line| line.replace(", \"static-hindsight\", \"clairvoyant\"", "") + "\n")
        .collect();
    assert!(!quick.contains("clairvoyant\","), "{quick}");
    let file = folder.path().join("quick.toml");
    std::fs::write(&file, quick).expect("a file");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut command = program(&["suite"]);
    let output = command.arg(file).current_dir(root).output().expect("it starts");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

/// Two processes at once leave a file that both can read.
#[test]
fn two_processes_share_a_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = ["evaluate", "random", small(), "--seeds", "0..20"];
    let start = || {
        let mut command = program(&arguments);
        command.env("OUTLAY_RESULTS", folder.path()).stdout(Stdio::piped()).stderr(Stdio::null());
        command.spawn().expect("it starts")
    };
    let children = [start(), start()];
    let outputs = children.map(|child| child.wait_with_output().expect("it ends").stdout);
    assert_eq!(outputs[0], outputs[1]);
    let third = keeping(folder.path(), &arguments);
    assert!(said(&third, "reused 20 of 20"), "{}", stderr(&third));
    for build in std::fs::read_dir(folder.path()).expect("a folder").flatten() {
        for file in std::fs::read_dir(build.path()).expect("a folder").flatten() {
            let lines = BufReader::new(std::fs::File::open(file.path()).expect("a file")).lines();
            for line in lines {
                let line: Value = serde_json::from_str(&line.expect("UTF-8")).expect("a whole line");
                has_keys(&line, &["agent", "agent_seed", "outcome"]);
            }
        }
    }
}
