//! Questions about a plan that has not happened yet: what changes nothing changes exactly nothing.

mod support;

use serde_json::Value;

use support::{has_keys, json, outlay, program, refused, small, stderr, stdout};

fn rows(document: &Value) -> &[Value] {
    document["alternatives"].as_array().expect("alternatives")
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn ask(arguments: &[&str]) -> Value {
    json(&[&["what-if"], arguments, &["--json", "--quiet"]].concat())
}

/// A scenario that differs from the small one.
fn variant(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("mine.toml");
    let small = "base = \"new-customer\"\nshoppers = 1000\ntraining_shoppers = 500\n";
    std::fs::write(&path, format!("{small}{text}")).expect("a file");
    let path = path.display().to_string();
    (folder, path)
}

#[test]
fn what_changes_nothing_changes_exactly_nothing() {
    let arguments =
        ["buyer-rule", small(), "--seeds", "0..4", "--noise", "2", "--budget", "+0", "--budget", "x1"];
    let more = ["--set", "limits.daily_cap=300000", "--price", "search=x1", "--set", "goal=new-customers"];
    let document = ask(&[&arguments[..], &more[..]].concat());
    assert_eq!(document["schema"], "outlay.what-if/1");
    has_keys(
        &document,
        &["version", "scenario", "agent", "seeds", "noise", "estimand", "question", "as_it_is"],
    );
    assert_eq!(rows(&document).len(), 5);
    for row in rows(&document) {
        let against = &row["against"];
        assert_eq!((&against["difference"], &against["p_better"]), (&0.0.into(), &0.5.into()), "{row}");
        assert_eq!(against["difference_ci95"], serde_json::json!([0.0, 0.0]));
        assert_eq!((&against["spend_difference"], &against["cost_each"]), (&0.into(), &Value::Null));
        assert_eq!(row["score"], document["as_it_is"]["score"]);
        // What is the same is still another scenario, and is kept apart.
        assert_ne!(row["scenario_hash"], document["as_it_is"]["scenario_hash"]);
    }
}

#[test]
fn the_scenario_as_it_is_is_what_evaluate_says() {
    let document = ask(&["even", small(), "--seeds", "3..7", "--budget", "x0.5"]);
    let judged = json(&["evaluate", "even", small(), "--seeds", "3..7", "--json"]);
    assert_eq!(document["as_it_is"]["score"], judged["score"]["mean"]);
    assert_eq!(document["as_it_is"]["spend"], judged["spend"]["mean"]);
    assert_eq!(document["as_it_is"]["scenario_hash"], judged["scenario"]["hash"]);
    let (_folder, half) = variant("budget = 150000\n");
    let half = json(&["evaluate", "even", &half, "--seeds", "3..7", "--json"]);
    assert_eq!(rows(&document)[0]["score"], half["score"]["mean"]);
    assert!(number(&rows(&document)[0]["against"]["difference"]) < 0.0);
}

/// Half the money brings fewer people, dearer lines too; what a change costs has the sign of what it brings.
#[test]
fn changes_do_what_they_say() {
    let document = ask(&[
        "even",
        small(),
        "--seeds",
        "0..6",
        "--budget",
        "150000",
        "--budget",
        "-100000",
        "--price",
        "search=x2",
        "--drop",
        "notes",
        "--pin",
        "search=4000",
        "--set",
        "goal=profit",
        "--set",
        "merchant.margin=0.2",
    ]);
    let names: Vec<&str> = rows(&document).iter().map(|row| row["name"].as_str().expect("a name")).collect();
    assert_eq!(
        names,
        [
            "budget 150,000 (-150,000)",
            "budget 200,000 (-100,000)",
            "goal=profit",
            "merchant.margin=0.2",
            "search at x2 the price",
            "without notes",
            "search at 4,000 a step",
        ]
    );
    let difference = |row: usize| number(&rows(&document)[row]["against"]["difference"]);
    assert!(difference(0) < difference(1) && difference(1) < 0.0 && difference(4) < 0.0);
    // An even split knows no goal and no margin: judged by the goal as it is, nothing differs.
    assert_eq!((difference(2), difference(3)), (0.0, 0.0));
    assert!(number(&rows(&document)[0]["against"]["cost_each"]) > 0.0);
    assert_eq!(rows(&document)[5]["lines"].as_array().map(Vec::len), Some(6));
    // 32 steps of 4,000 yuan in minor units, and nothing left to rounding.
    assert_eq!(rows(&document)[6]["lines"][0]["name"], "search");
    let together =
        ask(&["even", small(), "--seeds", "0..6", "--together", "--budget", "150000", "--drop", "notes"]);
    assert_eq!(rows(&together).len(), 1);
    assert_eq!(rows(&together)[0]["name"], "budget 150,000 (-150,000), without notes");
    assert_eq!(rows(&together)[0]["budget"], 15_000_000);
}

/// The more money, the more it brings, and the less each thousand: the exact plan on power curves.
#[test]
fn outcome_rises_and_flattens_with_the_budget_where_curves_are_concave() {
    let document = ask(&["mpc", "problems/p1-power", "--seeds", "0..2", "--curve"]);
    let mut points: Vec<&Value> = rows(&document).iter().collect();
    points.push(&document["as_it_is"]);
    points.sort_by_key(|row| row["budget"].as_i64());
    let budgets: Vec<_> = points.iter().map(|row| row["budget"].as_i64().expect("money")).collect();
    assert_eq!(budgets, [2_500, 5_000, 7_500, 10_000, 12_500, 15_000, 20_000]);
    for (row, budget) in points.iter().zip(budgets) {
        // The closed form of the problem: sqrt(B (9 + 4 + 1)).
        let best = (budget as f64 / 100.0 * 14.0).sqrt();
        assert!((number(&row["score"]) / best - 1.0).abs() < 1e-4, "{row}");
    }
    let more: Vec<f64> = points[1..].iter().map(|row| number(&row["more"]["per_thousand"])).collect();
    assert!(more.windows(2).all(|pair| 0.0 < pair[1] && pair[1] < pair[0]), "{more:?}");
    assert!(points[0].get("more").is_none());
}

#[test]
fn a_limit_that_never_binds_is_worth_nothing_and_one_that_binds_something() {
    let limits = "[[line]]\nname = \"search\"\ncap = 290000\n[[line]]\nname = \"notes\"\npin = 0\n";
    let (_folder, path) = variant(limits);
    let document = ask(&["even", &path, "--seeds", "0..4", "--limits"]);
    let names: Vec<&str> = rows(&document).iter().map(|row| row["name"].as_str().expect("a name")).collect();
    assert_eq!(names, ["return_floor 2.000", "search: cap 290,000", "notes: pin 0", "all of them"]);
    let [floor, cap, pin, all] = [0, 1, 2, 3].map(|row| &rows(&document)[row]);
    for free in [floor, cap] {
        assert_eq!(free["against"]["difference"], 0.0);
    }
    assert_eq!(cap["bound"]["steps"], 0.0);
    assert_eq!(pin["bound"]["steps"], 1.0);
    assert!((0.0..=1.0).contains(&number(&floor["bound"]["missed"])));
    assert_ne!(pin["against"]["difference"], 0.0);
    assert_eq!((&all["score"], all.get("bound")), (&pin["score"], None));
    refused(&["what-if", "even", "problems/p1-power", "--limits"], 2, &["has no limits", "--pin"]);
}

/// The agent's own rows first, then lines by what they bring; money that cannot be placed is not.
#[test]
fn the_next_money_is_forced_onto_every_line_and_off_it() {
    let document = ask(&["even", small(), "--seeds", "0..4", "--next", "20000"]);
    let forced: Vec<(Option<&str>, i64)> = rows(&document)
        .iter()
        .map(|row| (row["forced"]["line"].as_str(), row["forced"]["money"].as_i64().expect("money")))
        .collect();
    assert_eq!(forced.len(), 2 * (1 + 7));
    assert_eq!((forced[0], forced[8]), ((None, 2_000_000), (None, -2_000_000)));
    assert!(
        forced[..8].iter().all(|(_, money)| *money > 0) && forced[8..].iter().all(|(_, money)| *money < 0)
    );
    for half in [&rows(&document)[1..8], &rows(&document)[9..]] {
        let gains: Vec<f64> = half.iter().map(|row| number(&row["against"]["difference"])).collect();
        assert!(gains.windows(2).all(|pair| pair[0] >= pair[1]), "{gains:?}");
    }
    for row in &rows(&document)[9..] {
        let line = row["forced"]["line"].as_str().expect("a line");
        let spend = |row: &Value| {
            let lines = row["lines"].as_array().expect("lines");
            lines.iter().find(|it| it["name"] == line).map(|it| it["spend"].as_i64().expect("money"))
        };
        let (before, after) = (spend(&document["as_it_is"]), spend(row));
        assert!(after < before || before == Some(0), "{line}: {before:?} {after:?}");
        assert!(number(&row["against"]["spend_difference"]) >= -2_100_000.0);
    }
    refused(
        &["what-if", "even", small(), "--next", "400000"],
        2,
        &["cannot be taken from a budget of 300,000"],
    );
}

#[test]
fn seasons_are_stressed_where_there_is_a_calendar() {
    let document = ask(&["even", small(), "--seeds", "0..4", "--stress"]);
    let names: Vec<&str> = rows(&document).iter().map(|row| row["name"].as_str().expect("a name")).collect();
    assert_eq!(
        names,
        [
            "a week later",
            "a week earlier",
            "peak: 30 % less demand",
            "peak: rivals 50 % dearer",
            "all season: 20 % fewer visits",
            "all season: rivals 20 % dearer",
        ]
    );
    for place in [2, 4, 5] {
        assert!(number(&rows(&document)[place]["against"]["difference"]) < 0.0, "{}", names[place]);
    }
    refused(
        &["what-if", "even", "problems/p1-power", "--stress"],
        2,
        &["has no calendar that could be moved"],
    );
}

#[test]
fn pages_say_what_was_asked() {
    let shown = |arguments: &[&str]| {
        let output =
            outlay(&[&["what-if", "even", small(), "--seeds", "0..3", "--quiet"], arguments].concat());
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        // The last line names the version and the hash.
        let page = stdout(&output).trim_end().rsplit_once('\n').expect("lines").0.to_owned();
        page.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!("changes", shown(&["--budget", "-50000", "--drop", "search"]));
    insta::assert_snapshot!("limits", shown(&["--limits"]));
    insta::assert_snapshot!("curve", shown(&["--curve"]));
    insta::assert_snapshot!("next", shown(&["--next", "10k", "--markdown"]));
    insta::assert_snapshot!("stress", shown(&["--stress", "--markdown"]));
}

#[test]
fn what_cannot_be_is_refused() {
    let output = outlay(&["what-if", "even", "--set", "limits.return_flor=2", "--color", "never"]);
    assert_eq!(output.status.code(), Some(2));
    insta::assert_snapshot!("bad_key", stderr(&output));
    let what_if = |arguments: &[&str], words: &[&str]| {
        refused(&[&["what-if", "even"], arguments].concat(), 2, words);
    };
    what_if(&[], &["nothing is to be other than it is", "--budget +10000"]);
    what_if(&["--budget", "more"], &["is not a budget such as"]);
    what_if(&["--budget", "-400000"], &["a budget of -100,000 CNY"]);
    what_if(&["--price", "serch=x2"], &["has no line `serch`", "did you mean `search`?"]);
    what_if(&["problems/p1-power", "--price", "a=x2"], &["have no price"]);
    what_if(&["--drop", "serch"], &["no line `serch`", "did you mean `search`?", "--drop"]);
    what_if(&["--pin", "serch=4"], &["there is no line `serch`", "--pin"]);
    what_if(&["--pin", "search=400000"], &["cannot hold"]);
    what_if(&["--set", "base=member"], &["`base` cannot be changed here"]);
    what_if(&["--curve", "--limits"], &["cannot be used with"]);
    what_if(&["--curve", "--budget", "+1"], &["cannot be used with"]);
    what_if(&["--together"], &["nothing is to be other than it is"]);
}

/// Kept episodes of one scenario never stand for another's.
#[test]
fn what_is_kept_is_kept_apart() {
    let folder = tempfile::tempdir().expect("a folder");
    let results = folder.path().display().to_string();
    let arguments =
        ["what-if", "even", small(), "--seeds", "0..3", "--budget", "x0.5", "--results", &results, "--json"];
    let run = || {
        let output = program(&arguments).output().expect("the program starts");
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        output
    };
    let (first, second) = (run(), run());
    assert_eq!(stdout(&first), stdout(&second));
    assert!(!stderr(&first).contains("reused") && stderr(&second).matches("reused 3 of 3").count() == 2);
    let document: Value = serde_json::from_slice(&first.stdout).expect("JSON");
    assert_ne!(rows(&document)[0]["score"], document["as_it_is"]["score"]);
}

/// Ten thousand yuan moved as advised raise the paired mean: lines are chosen on some seeds and judged on others.
#[test]
fn money_moved_as_advised_brings_more() {
    let advice = ask(&["buyer-rule", "--next", "10000", "--seeds", "100..108"]);
    let best = |way: i64| {
        let forced = |row: &&Value| {
            let money = row["forced"]["money"].as_i64().unwrap_or(0);
            let spent = row["against"]["spend_difference"].as_i64().unwrap_or(0);
            // A line that has not so much to give, or no room for it, is no advice.
            !row["forced"]["line"].is_null() && money.signum() == way && 2 * spent.abs() > money.abs()
        };
        let rows = rows(&advice).iter().filter(forced);
        let gain = |row: &&Value| number(&row["against"]["difference"]);
        let best = rows.max_by(|a, b| gain(a).total_cmp(&gain(b))).expect("a line");
        best["forced"]["line"].as_str().expect("a name").to_owned()
    };
    let (from, to) = (best(-1), best(1));
    let way = format!("{from}={to}");
    let judged = ask(&["buyer-rule", "--next", "10000", "--move", &way, "--seeds", "0..16"]);
    let moved = rows(&judged).iter().find(|row| row["forced"]["from"] == from.as_str()).expect("the move");
    let against = &moved["against"];
    assert!(number(&against["difference_ci95"][0]) > 0.0, "{way}: {against}");
    // The budget is the same: what a line cannot spend is the only difference.
    assert!(number(&against["spend_difference"]).abs() < 0.05 * 1_000_000.0, "{way}: {against}");
    refused(&["what-if", "even", small(), "--next", "100", "--move", "serch=notes"], 2, &["no line `serch`"]);
    refused(&["what-if", "even", small(), "--move", "search=notes"], 2, &["--next"]);
    refused(
        &["what-if", "even", small(), "--next", "100", "--move", "notes"],
        2,
        &["such as `search=notes`"],
    );
}
