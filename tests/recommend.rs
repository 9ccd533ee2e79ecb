//! `outlay recommend` and `outlay plan` from outside: a season's log in, today's split out; a season's plan with its odds.

mod support;

use std::path::PathBuf;

use serde_json::Value;

use support::{has_keys, json, outlay, refused, small, stderr, stdout};

/// A folder with the log of `mpc` on a seed.
fn season() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let written = outlay(&["evaluate", "mpc", small(), "--replay", "5", "--csv"]);
    assert_eq!(written.status.code(), Some(0), "{}", stderr(&written));
    let path = write(&folder, "season.csv", stdout(&written));
    (folder, path)
}

fn write(folder: &tempfile::TempDir, name: &str, text: &str) -> String {
    let path: PathBuf = folder.path().join(name);
    std::fs::write(&path, text).expect("a file");
    path.display().to_string()
}

fn recommend(agent: &str, log: &str, more: &[&str]) -> Value {
    // Few worlds: what they say is not the question here.
    let arguments =
        ["recommend", agent, "--scenario", small(), "--history", log, "--seeds", "0..4", "--json"];
    json(&[&arguments[..], more].concat())
}

/// From a log alone an agent asks for what it asked for when it lived through the season, in every step.
#[test]
fn a_log_tells_an_agent_what_it_saw() {
    let (_folder, log) = season();
    let played = json(&["evaluate", "mpc", small(), "--replay", "5", "--json"]);
    for step in [0_usize, 1, 12, 31] {
        let document = recommend("mpc", &log, &["--at", &step.to_string()]);
        assert_eq!(document["schema"], "outlay.recommend/1");
        let lived = &played["agents"][0]["steps"][step];
        let lines = lived["lines"].as_array().expect("lines");
        for (line, lived) in document["lines"].as_array().expect("lines").iter().zip(lines) {
            assert_eq!(line["line"], lived["name"]);
            assert_eq!((&line["asked"], &line["today"]), (&lived["asked"], &lived["granted"]), "step {step}");
        }
        let total: i64 = lines.iter().map(|line| line["granted"].as_i64().expect("money")).sum();
        assert_eq!(document["today"], total);
    }
}

/// What is said of a line is said in numbers that stand beside it.
#[test]
fn reasons_name_numbers_of_the_document() {
    let (_folder, log) = season();
    let document = recommend("mpc", &log, &["--at", "9"]);
    has_keys(&document, &["log_sha256", "step", "phase", "traffic", "price", "budget", "spent", "left"]);
    has_keys(&document, &["even_pace", "return_so_far", "return_floor", "unit", "per", "marginal"]);
    let figure = |value: &Value| value.as_f64().expect("a number");
    let spent: f64 = figure(&document["spent"]);
    let (left, budget) = (figure(&document["left"]), figure(&document["budget"]));
    assert!(spent > 0.0 && spent + left <= budget);
    for line in document["lines"].as_array().expect("lines") {
        let (before, now) = (figure(&line["marginal_yesterday"]), figure(&line["marginal_today"]));
        assert!(before > 0.0 && now > 0.0);
        let reason = line["reason"].as_str().expect("a reason");
        assert!(!reason.is_empty());
    }
    let page = outlay(&["recommend", "mpc", "--scenario", small(), "--history", &log, "--at", "9"]);
    for line in document["lines"].as_array().expect("lines") {
        assert!(stdout(&page).contains(line["reason"].as_str().expect("a reason")));
    }
    let rows = outlay(&["recommend", "mpc", "--scenario", small(), "--history", &log, "--at", "9", "--csv"]);
    assert_eq!(stdout(&rows).lines().count(), 8);
}

/// Every number in a reason is one of the log, of the money decided, or of the fit: none is said that stands nowhere else.
#[test]
fn every_number_of_a_reason_stands_in_the_document() {
    let (_folder, log) = season();
    let played = json(&["evaluate", "mpc", small(), "--replay", "5", "--json"]);
    let figure = |value: &Value| value.as_f64().expect("a number");
    let mut named = 0;
    for (agent, step) in [("mpc", 0_usize), ("mpc", 9), ("mpc", 30), ("buyer-rule", 9), ("even", 20)] {
        let document = recommend(agent, &log, &["--at", &step.to_string(), "--no-odds"]);
        for (place, line) in document["lines"].as_array().expect("lines").iter().enumerate() {
            if let Some(before) = step.checked_sub(1) {
                let lived = &played["agents"][0]["steps"][before]["lines"][place];
                assert_eq!(line["yesterday"], lived["granted"], "{line}");
            }
            let money =
                ["yesterday", "asked", "today", "room"].map(|key| line[key].as_f64().map(|it| it / 100.0));
            let fitted = ["marginal_yesterday", "marginal_today"].map(|key| line[key].as_f64());
            let known: Vec<f64> = money.into_iter().chain(fitted).flatten().collect();
            let known = [known, vec![figure(&document["per"]), figure(&document["marginal"])]].concat();
            let reason = line["reason"].as_str().expect("a reason").replace(',', "");
            let words = reason.split(|c: char| !(c.is_ascii_digit() || c == '.'));
            for number in words.filter_map(|word| word.trim_end_matches('.').parse::<f64>().ok()) {
                // Four digits of it are said.
                let is = |known: &f64| (known - number).abs() <= 6e-4 * number.abs().max(1.0);
                assert!(known.iter().any(is), "{number} of `{reason}` in {line}");
                named += 1;
            }
        }
    }
    assert!(named > 100, "{named}");
}

/// A plan that is the recommendation itself gains nothing, one that wastes money on one line loses.
#[test]
fn a_plan_beside_is_weighed() {
    let (folder, log) = season();
    let document = recommend("mpc", &log, &["--at", "9"]);
    let lines = document["lines"].as_array().expect("lines");
    let plan = |money: &dyn Fn(usize) -> f64| {
        let rows = lines.iter().enumerate();
        let rows = rows
            .map(|(place, line)| format!("{},{}\n", line["line"].as_str().expect("a name"), money(place)));
        "line,money\n".to_owned() + &rows.collect::<String>()
    };
    let today = |place: usize| lines[place]["today"].as_f64().expect("money") / 100.0;
    let same = write(&folder, "same.csv", &plan(&today));
    let beside = recommend("mpc", &log, &["--at", "9", "--beside", &same]);
    assert_eq!(beside["beside"]["gain"].as_f64(), Some(0.0));
    let total: f64 = (0..lines.len()).map(today).sum();
    let search = write(&folder, "search.csv", &plan(&|place| if place == 0 { total } else { 0.0 }));
    let beside = recommend("mpc", &log, &["--at", "9", "--beside", &search]);
    assert!(beside["beside"]["gain"].as_f64() > Some(0.0));
}

/// The log of a season that never was: every problem at once, each with its row.
#[test]
fn a_bad_log_is_refused_with_every_problem() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "step,line,spend,clicks\n0,search,100,5\n0,serach,100,5\n0,search,7,1\n1,display,\"1,200\",x\n99,notes,1,1\n";
    let log = write(&folder, "bad.csv", text);
    let arguments = ["recommend", "mpc", "--scenario", small(), "--history", &log];
    refused(
        &arguments,
        2,
        &[
            "row 3: there is no line `serach`",
            "row 4: `search` in step 0 stands in row 2 already",
            "row 5, column `spend`: `1,200` is no number of 0 or more; write it without thousands separators",
            "row 5, column `clicks`: `x`",
            "row 6: step `99` is not one of 0 to 31",
            "step 0 has no row for display",
        ],
    );
    let signs = write(&folder, "signs.csv", "step,line,spend\n0,search,¥100\n0,display,-5\n");
    let words = ["row 2, column `spend`: `¥100`", "without a sign", "`-5`", "refunds belong to the step"];
    refused(&["recommend", "mpc", "--scenario", small(), "--history", &signs], 2, &words);
    // A table of another kind is not read to its end.
    let rows: String = (0..200_000).map(|row| format!("{},search,1\n", row % 40)).collect();
    let long = write(&folder, "long.csv", &format!("step,line,spend\n{rows}"));
    refused(
        &["recommend", "mpc", "--scenario", small(), "--history", &long],
        2,
        &["row 34: step `32` is not one of 0 to 31", "and 981 more"],
    );
    let none = write(&folder, "none.csv", "date,cost\n");
    refused(
        &["recommend", "mpc", "--history", &none],
        2,
        &["no column `step`", "no column `line`", "no column `spend`"],
    );
    let far = write(&folder, "far.csv", "step,line,spend\n");
    refused(&["recommend", "mpc", "--history", &far, "--at", "3"], 2, &["the log ends before step 3"]);
    refused(&["recommend", "clairvoyant"], 2, &["hidden numbers"]);
    refused(&["recommend", "mpc", "--history", "nowhere.csv"], 2, &["nowhere.csv"]);
}

/// Without a log the first step is recommended, for any agent; limits are kept.
#[test]
fn the_first_step_needs_no_log() {
    let document = json(&["recommend", "even", "--scenario", small(), "--json"]);
    assert_eq!(document["step"], 0);
    let each = document["lines"].as_array().expect("lines").iter();
    let each: Vec<i64> = each.map(|line| line["today"].as_i64().expect("money")).collect();
    assert!(each.iter().all(|money| each[0] - money <= 1), "{each:?}");
    assert!(document["return_so_far"].is_null());
}

/// A plan is the mean of episodes: the same money and the same outcome as `evaluate` has, and a row for each step and line.
#[test]
fn a_plan_adds_up_to_what_evaluate_says() {
    let stage = ["mpc", small(), "--seeds", "0..4", "--noise", "2"];
    let plan = json(&[&["plan"][..], &stage, &["--json"]].concat());
    let judged = json(&[&["evaluate"][..], &stage, &["--json"]].concat());
    assert_eq!(plan["schema"], "outlay.plan/1");
    assert_eq!(plan["score"]["mean"], judged["score"]["mean"]);
    let steps = plan["steps"].as_array().expect("steps");
    assert_eq!(steps.len(), 32);
    let figure = |value: &Value| value.as_f64().expect("a number");
    let total: f64 = steps.iter().map(|step| figure(&step["total"]["mean"])).sum();
    assert!((total - figure(&plan["spend"]["mean"])).abs() < 1e-6 * total);
    for step in steps {
        let lines = step["lines"].as_array().expect("lines");
        let sum: f64 = lines.iter().map(|line| figure(&line["money"]["mean"])).sum();
        assert!((sum - figure(&step["total"]["mean"])).abs() < 1e-6 * total);
    }
    let rows = outlay(&[&["plan"][..], &stage, &["--csv"]].concat());
    assert_eq!(stdout(&rows).lines().count(), 1 + 32 * 7);
    // At any number of threads the same bytes.
    let one = outlay(&[&["plan"][..], &stage, &["--json", "--threads", "1"]].concat());
    let two = outlay(&[&["plan"][..], &stage, &["--json", "--threads", "2"]].concat());
    assert_eq!(one.stdout, two.stdout);
}

/// With nothing seen the odds of a recommendation are those of the plan: the same money in the same worlds.
#[test]
fn odds_are_those_of_the_plan() {
    let seeds = ["--seeds", "0..6"];
    let plan = json(&[&["plan", "mpc", small(), "--json"][..], &seeds].concat());
    let document = json(&[&["recommend", "mpc", "--scenario", small(), "--json"][..], &seeds].concat());
    let odds = &document["odds"];
    assert_eq!((&odds["score"], &odds["seeds"]), (&plan["score"], &"0..6".into()));
    let figure = |value: &Value| value.as_f64().expect("a number");
    let lines = odds["lines"].as_array().expect("lines");
    assert_eq!(lines.len(), 7);
    for spread in lines.iter().chain([&odds["today"]]) {
        assert!(figure(&spread["p10"]) <= figure(&spread["p90"]));
    }
    // Today's money brings something, and a line without any brings exactly nothing.
    assert!(figure(&odds["today"]["mean"]) > 0.0);
    for (line, spread) in document["lines"].as_array().expect("lines").iter().zip(lines) {
        if line["today"] == 0 {
            assert_eq!(figure(&spread["mean"]), 0.0);
        }
    }
    let without = json(&["recommend", "mpc", "--scenario", small(), "--no-odds", "--json"]);
    assert!(without.get("odds").is_none());
    assert_eq!(without["lines"], document["lines"]);
}

/// Who is held beside their own log would have done what was done; somebody else not, and the sums say by how much.
#[test]
fn a_shadow_of_oneself_differs_in_nothing() {
    let (_folder, log) = season();
    let shadow = recommend("mpc", &log, &["--shadow", "--seed", "5"]);
    assert_eq!(shadow["schema"], "outlay.shadow/1");
    for line in shadow["lines"].as_array().expect("lines") {
        assert_eq!(line["difference"], 0);
    }
    let simulated = &shadow["simulated"];
    let played = json(&["evaluate", "mpc", small(), "--replay", "5", "--json"]);
    assert_eq!((&simulated["done"], &simulated["difference"]), (&played["agents"][0]["score"], &0.0.into()));
    let other = recommend("even", &log, &["--shadow", "--seed", "5"]);
    let steps = other["steps"].as_array().expect("steps");
    assert_eq!(steps.len(), 32);
    let money = |value: &Value| value.as_i64().expect("money");
    for (place, line) in other["lines"].as_array().expect("lines").iter().enumerate() {
        let sum = |of: &str| steps.iter().map(|step| money(&step[of][place])).sum::<i64>();
        assert_eq!((money(&line["done"]), money(&line["agent"])), (sum("done"), sum("agent")));
        assert_eq!(money(&line["difference"]), sum("agent") - sum("done"));
    }
    assert!(steps.iter().any(|step| step["brought"].as_f64() != Some(0.0)));
    let even = json(&["evaluate", "even", small(), "--replay", "5", "--json"]);
    assert_eq!(other["simulated"]["in_charge"], even["agents"][0]["score"]);
    let arguments = ["recommend", "even", "--scenario", small(), "--history", &log, "--shadow"];
    let page = outlay(&[&arguments[..], &["--seed", "5"]].concat());
    assert!(stdout(&page).contains("even in charge"), "{}", stderr(&page));
    refused(&[&arguments[..], &["--seed", "6"]].concat(), 2, &["not that of seed 6", "in step 0"]);
    refused(&["recommend", "even", "--shadow"], 2, &["--history"]);
}

/// Evidence gives the same bytes again, also after the log is gone and the scenario has changed; else it says what differs.
#[test]
fn evidence_reproduces_or_says_what_differs() {
    let folder = tempfile::tempdir().expect("a folder");
    let line = |name: &str, value: u32| {
        format!("[[line]]\nname = \"{name}\"\ncurve = \"power\"\nvalue = {value}\nexponent = 0.5\n")
    };
    let text = "kind = \"curves\"\ntitle = \"t\"\nquestion = \"q\"\ngoal = \"response\"\ncurrency = \"units\"\n\
                budget = 3000\ndays = 20\n";
    let text = format!("{text}{}{}", line("search", 1), line("display", 2));
    let scenario = write(&folder, "mine.toml", &text);
    let written = outlay(&["evaluate", "random", &scenario, "--replay", "5", "--csv"]);
    let log = write(&folder, "season.csv", stdout(&written));
    let evidence = folder.path().join("evidence.json").display().to_string();
    let arguments =
        ["recommend", "mpc", "--scenario", &scenario, "--history", &log, "--at", "7", "--seeds", "0..3"];
    for form in [&[][..], &["--csv"], &["--json"]] {
        let asked = outlay(&[&arguments[..], form, &["--evidence", &evidence]].concat());
        assert_eq!(asked.status.code(), Some(0), "{}", stderr(&asked));
        let again = outlay(&["recommend", "--reproduce", &evidence]);
        assert_eq!(again.status.code(), Some(0), "{}", stderr(&again));
        assert_eq!(again.stdout, asked.stdout);
    }
    std::fs::remove_file(&log).expect("the log");
    write(&folder, "mine.toml", &text.replace("budget = 3000", "budget = 4000"));
    let again = outlay(&["recommend", "--reproduce", &evidence]);
    assert_eq!(again.status.code(), Some(0), "{}", stderr(&again));
    let known = std::fs::read_to_string(&evidence).expect("the evidence");
    let changed = |name: &str, from: &str, to: &str| {
        assert!(known.contains(from), "{from}");
        write(&folder, name, &known.replacen(from, to, 1))
    };
    let other = changed("version.json", "\"version\": \"0.1.0\"", "\"version\": \"0.0.9\"");
    // Another version that gives the same is the same.
    assert_eq!(outlay(&["recommend", "--reproduce", &other]).status.code(), Some(0));
    let other = changed("agent.json", "\"agent\": \"mpc\"", "\"agent\": \"even\"");
    refused(
        &["recommend", "--reproduce", &other],
        1,
        &["not the same", "built-in:even", "of the recommendation was"],
    );
    let other = changed("log.json", "0,search,", "0,search,1");
    refused(&["recommend", "--reproduce", &other], 1, &["season.csv", "has not the hash"]);
    let none = write(&folder, "none.json", "{}");
    refused(&["recommend", "--reproduce", &none], 2, &["no evidence of a recommendation"]);
    refused(&["recommend"], 2, &["<AGENT>"]);
}

/// Dates stand beside steps where the scenario says when the season begins; they change nothing else.
#[test]
fn dates_are_shown_where_the_season_has_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = std::fs::read_to_string(small()).expect("a scenario");
    let dated = |date: &str| write(&folder, "dated.toml", &format!("start_date = \"{date}\"\n{text}"));
    // The calendar of 618 begins with a Thursday.
    let mine = dated("2021-05-20");
    let plan = json(&["plan", "mpc", &mine, "--seeds", "0..2", "--json"]);
    let plain = json(&["plan", "mpc", small(), "--seeds", "0..2", "--json"]);
    assert_eq!(plan["score"], plain["score"]);
    assert_eq!(
        (&plan["steps"][0]["date"], &plan["steps"][31]["date"]),
        (&"2021-05-20".into(), &"2021-06-20".into())
    );
    assert!(plain["steps"][0].get("date").is_none());
    let today = json(&["recommend", "mpc", "--scenario", &mine, "--no-odds", "--json"]);
    assert_eq!(today["date"], "2021-05-20");
    refused(&["check", &dated("2021-05-21")], 2, &["is a friday", "begins with a thursday"]);
    refused(&["check", &dated("20 May")], 2, &["`20 May` is no date such as 2026-06-01"]);
}
