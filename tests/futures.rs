//! Two futures from one step: up to it they are one, and a change of nothing changes nothing.

mod support;

use serde_json::Value;

use support::{has_keys, json, outlay, refused, small, stderr, stdout};

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn branch(arguments: &[&str]) -> Value {
    json(&[&["branch"], arguments, &["--json", "--quiet"]].concat())
}

fn steps(future: &Value) -> &[Value] {
    future["steps"].as_array().expect("steps")
}

/// The future that goes on is the episode that nobody branched: the same bytes, step by step.
#[test]
fn what_goes_on_is_the_episode_without_a_branch() {
    let document = branch(&["buyer-rule", small(), "--seed", "5", "--at", "9", "--with", "even"]);
    assert_eq!(document["schema"], "outlay.branch/1");
    has_keys(&document, &["version", "scenario", "agent", "seed", "at", "change", "difference", "paired"]);
    let replay = json(&["evaluate", "buyer-rule", small(), "--replay", "5", "--json"]);
    let replayed = replay["agents"][0]["steps"].as_array().expect("steps");
    let goes_on = steps(&document["goes_on"]);
    assert_eq!(goes_on.len(), replayed.len());
    for (step, replayed) in goes_on.iter().zip(replayed) {
        assert_eq!((&step["score"], &step["budget_left"]), (&replayed["score"], &replayed["budget_left"]));
        let lines = replayed["lines"].as_array().expect("lines");
        assert_eq!(step["spend"], lines.iter().map(|line| line["spend"].clone()).collect::<Value>());
        assert_eq!(step["revenue"], replayed["shop"]["revenue"]);
    }
    assert_eq!(document["goes_on"]["score"], replay["agents"][0]["score"]);
    // Up to the turn both are one, and then they part.
    let changed = steps(&document["changed"]);
    assert_eq!(goes_on[..9], changed[..9]);
    assert_ne!(goes_on[9]["spend"], changed[9]["spend"]);
    assert_eq!(document["paired"], Value::Null);
}

#[test]
fn a_branch_that_changes_nothing_changes_exactly_nothing() {
    for change in
        [["--with", "buyer-rule"], ["--budget", "+0"], ["--goal", "new-customers"], ["--budget", "x1"]]
    {
        let arguments =
            [&["buyer-rule", small(), "--at", "12", "--seeds", "0..3", "--noise", "2"][..], &change].concat();
        let document = branch(&arguments);
        assert_eq!(document["goes_on"], document["changed"], "{change:?}");
        let paired = &document["paired"];
        assert_eq!((&paired["difference"], &paired["p_better"]), (&0.0.into(), &0.5.into()), "{change:?}");
        assert_eq!((&document["difference"], &paired["spend_difference"]), (&0.0.into(), &0.into()));
    }
}

#[test]
fn a_change_holds_from_its_step_on() {
    let arguments = ["even", small(), "--at", "20"];
    let future = |more: &[&str]| branch(&[&arguments[..], more].concat())["changed"].clone();
    let spend = |future: &Value, line: usize| -> Vec<i64> {
        steps(future).iter().map(|step| step["spend"][line].as_i64().expect("money")).collect()
    };
    let stopped = future(&["--stop", "search"]);
    assert!(spend(&stopped, 0)[20..].iter().all(|money| *money == 0));
    assert!(spend(&stopped, 0)[19] > 0 && spend(&stopped, 1)[20] > 0);
    let silent = future(&["--stop", "all"]);
    assert!(
        steps(&silent)[20..]
            .iter()
            .all(|step| { step["spend"].as_array().expect("lines").iter().all(|money| money == 0) })
    );
    let pinned = future(&["--pin", "search=100"]);
    assert!(spend(&pinned, 0)[20..].iter().all(|money| *money <= 10_000));
    let richer = branch(&[&arguments[..], &["--budget", "+100000", "--seeds", "0..4"]].concat());
    let left =
        |future: &Value, step: usize| steps(&richer[future.as_str().expect("a name")])[step]["spend"].clone();
    assert_eq!(left(&"goes_on".into(), 19), left(&"changed".into(), 19));
    assert!(richer["changed"]["spend"].as_i64() > richer["goes_on"]["spend"].as_i64());
    assert!(number(&richer["paired"]["difference"]) > 0.0);
    let poorer = future(&["--budget", "0"]);
    // No more can be taken than is left.
    assert!(steps(&poorer)[20..].iter().all(|step| step["budget_left"].as_i64() >= Some(0)));
    // What was set aside for commissions and comes free again may still be spent.
    let after = |future: &Value| spend(future, 0)[20..].iter().sum::<i64>();
    assert!(10 * after(&poorer) < after(&richer["goes_on"]));
}

/// Once spending stops, what arrives lies between the world without any spending and, in the mean, the one that goes on.
#[test]
fn what_was_spent_runs_off() {
    let document =
        json(&["run-off", "even", small(), "--seeds", "0..8", "--days", "10", "--json", "--quiet"]);
    assert_eq!((&document["schema"], &document["at"]), (&"outlay.run-off/1".into(), &22.into()));
    has_keys(&document, &["spent_before", "brought_before", "goal", "shop", "half_life_steps", "estimand"]);
    let goal = &document["goal"];
    let [goes_on, stopped, never, still] =
        ["goes_on", "stopped", "never", "still"].map(|future| number(&goal[future]));
    assert!(goes_on > stopped && stopped > never && (still - (stopped - never)).abs() < 1e-9);
    let rows = steps(&document);
    assert_eq!(rows.len(), 10);
    let sum: f64 = rows.iter().map(|row| number(&row["still"])).sum();
    assert!((sum - still).abs() < 1e-6);
    assert_eq!(number(&rows[9]["arrived"]), 1.0);
    let half = number(&document["half_life_steps"]);
    assert!(0.0 < half && half < 10.0);
    let reached = number(&rows[half as usize]["arrived"]);
    assert!(reached >= 0.5, "{reached}");
}

/// The brought and the still arriving of a plan known by heart: response curves with carry-over and no noise.
#[test]
fn what_carries_over_runs_off_at_its_rate() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("mine.toml");
    let text = "kind = \"curves\"\ntitle = \"t\"\nquestion = \"q\"\ngoal = \"response\"\ncurrency = \"units\"\n\
                budget = 200\ndays = 20\n[[line]]\nname = \"a\"\ncurve = \"power\"\nvalue = 1\nexponent = 0.5\nretention = 0.5\n";
    std::fs::write(&path, text).expect("a file");
    let path = path.display().to_string();
    let output = outlay(&["run-off", "even", &path, "--seeds", "0..2", "--at", "10", "--json", "--quiet"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let rows = steps(&document);
    let first = number(&rows[0]["still"]);
    assert!(first > 0.0);
    for pair in rows.windows(2) {
        // Half of the stock is left after a day, and its square root is what it brings.
        let ratio = number(&pair[1]["still"]) / number(&pair[0]["still"]);
        assert!((ratio - 0.5_f64.sqrt()).abs() < 1e-9, "{pair:?}");
    }
    assert!(document.get("shop").is_none());
}

#[test]
fn pages_show_both_futures() {
    let shown = |arguments: &[&str]| {
        let output = outlay(&[arguments, &["--quiet"]].concat());
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        // The last line names the version and the hash.
        let page = stdout(&output).trim_end().rsplit_once('\n').expect("lines").0.to_owned();
        page.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
    };
    let arguments = ["branch", "even", small(), "--at", "27", "--stop", "search", "--seeds", "0..3"];
    insta::assert_snapshot!("branch", shown(&arguments));
    insta::assert_snapshot!(
        "run_off",
        shown(&["run-off", "even", small(), "--days", "5", "--seeds", "0..3"])
    );
}

#[test]
fn what_cannot_be_is_refused() {
    let branch = |arguments: &[&str], words: &[&str]| {
        refused(&[&["branch", "even"], arguments].concat(), 2, words);
    };
    branch(&["--stop", "all"], &["--at"]);
    branch(&["--at", "3"], &["--with", "--stop"]);
    branch(&["--at", "3", "--stop", "all", "--with", "mpc"], &["cannot be used with"]);
    branch(&["--at", "32", "--stop", "all"], &["lies behind the season", "0 to 31"]);
    branch(&["--at", "3", "--stop", "serch"], &["no line `serch`", "did you mean `search`?"]);
    branch(&["--at", "3", "--pin", "serch=1"], &["no line `serch`"]);
    branch(&["--at", "3", "--goal", "profits"], &["no goal `profits`", "did you mean `profit`?"]);
    branch(&["--at", "3", "--with", "evne"], &["no agent `evne`"]);
    branch(&["--at", "3", "--budget", "-400000"], &["more than the budget"]);
    refused(&["run-off", "even", "--days", "40"], 2, &["do not fit", "32"]);
    refused(&["run-off", "even", "--at", "0"], 2, &["1 to 31"]);
    refused(&["run-off", "even", "--at", "3", "--days", "3"], 2, &["cannot be used with"]);
}
