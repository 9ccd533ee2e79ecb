//! The DEEPLINK report from outside: its document adds up, agrees with `evaluate`, and is the same at any number of threads.

mod support;

use serde_json::Value;

use support::{has_keys, json, outlay, refused, small, stderr, stdout};

const AGENTS: [&str; 3] = ["buyer-rule", "random", "single:search"];

fn report(agent: &str, more: &[&str]) -> Value {
    json(&[&["evaluate", agent, small(), "--report", "deeplink", "--seeds", "2..5", "--json"], more].concat())
}

fn numbers(values: &Value) -> Vec<f64> {
    values.as_array().expect("an array").iter().map(|value| value.as_f64().expect("a number")).collect()
}

fn rows(values: &Value) -> &[Value] {
    values.as_array().expect("an array")
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

#[track_caller]
fn same(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-9 * (1.0 + a.abs().max(b.abs())), "{a} is not {b}");
}

#[test]
fn the_document_has_what_is_promised() {
    let document = report("even", &["--shapley", "1"]);
    assert_eq!(document["schema"], "outlay.deeplink/1");
    has_keys(
        &document,
        &["version", "scenario", "seeds", "noise", "agent", "episodes", "people", "step_days"],
    );
    has_keys(&document, &["spend", "returns", "stages", "assets", "steps", "sources", "reach", "link"]);
    has_keys(&document, &["outside", "contribution", "shapley"]);
    has_keys(&document["assets"][1], &["stage", "opening", "raised_in", "lapsed_out", "closing", "value"]);
    has_keys(&document["assets"][1], &["advance_rate_per_day", "median_days_to_advance", "stays"]);
    has_keys(&document["sources"][0], &["name", "domain", "spend", "reach", "frequency", "up_moves"]);
    has_keys(&document["sources"][0], &["cost_per_advance", "cost_per_any_advance"]);
    has_keys(&document["sources"][0]["returns"], &["reported", "incremental", "profit", "break_even"]);
    has_keys(&document["link"], &["touched", "linked", "recognised", "recognised_share", "first_to_order"]);
    has_keys(&document["outside"][0], &["line", "met", "clicked", "bought", "buyers"]);
    has_keys(&document["contribution"], &["orders", "new_customers", "revenue"]);
    assert_eq!(document["shapley"]["seeds"], "2..3");
    assert_eq!((&document["shapley"]["episodes"], &document["shapley"]["exact"]), (&1.into(), &true.into()));
    let domains: Vec<&Value> = rows(&document["sources"]).iter().map(|source| &source["domain"]).collect();
    let expected = ["search", "display", "display", "display", "interactive", "outside", "outside", "own"];
    assert_eq!(domains, expected);
    let text = document.to_string();
    assert!(["-0.0,", "-0.0]", "-0.0}"].iter().all(|zero| !text.contains(zero)));
    let none = report("even", &["--shapley", "0"]);
    assert_eq!(
        (&none["shapley"], &none["contribution"]["orders"]["lines"][0]["shapley"]),
        (&Value::Null, &Value::Null)
    );
}

/// Stocks, moves, links and contributions add up, whoever spends the money.
#[test]
fn the_accounts_add_up() {
    for agent in AGENTS {
        let document = report(agent, &[]);
        let people = number(&document["people"]);
        let (mut opening_people, mut closing_people, mut free_people) = (0.0, 0.0, 0.0);
        for asset in rows(&document["assets"]) {
            let of = |key: &str| number(&asset[key]);
            let came = of("raised_in") + of("lapsed_in") - of("raised_out") - of("lapsed_out");
            same(of("opening") + came, of("closing"));
            opening_people += of("opening");
            closing_people += of("closing");
            free_people += of("closing_without_spend");
        }
        same(free_people, people);
        same(opening_people, people);
        same(closing_people, people);
        let stages = &document["stages"];
        let (opening, closing) = (numbers(&stages["opening"]), numbers(&stages["closing"]));
        let flow: Vec<Vec<f64>> = rows(&stages["flow"]).iter().map(numbers).collect();
        for stage in 0..8 {
            same(flow[stage].iter().sum(), opening[stage]);
            same(flow.iter().map(|row| row[stage]).sum(), closing[stage]);
        }
        let aipl = numbers(&stages["aipl_closing"]);
        same(aipl[1], closing[2] + closing[3] + closing[4]);
        same(aipl.iter().sum::<f64>() + closing[0], people);
        for step in rows(&document["steps"]) {
            same(numbers(&step["stocks"]).iter().sum(), people);
        }
        let matrix: Vec<Vec<f64>> = rows(&document["link"]["first_to_order"]).iter().map(numbers).collect();
        same(matrix.iter().flatten().sum(), people);
        let sources = rows(&document["sources"]);
        let reach: f64 = sources[..7].iter().map(|source| number(&source["reach"])).sum();
        let bought = number(&document["reach"]["bought"]);
        assert!(bought <= reach && bought <= number(&document["reach"]["all"]));
        assert!(number(&document["reach"]["all"]) <= people);
        for (_, part) in document["contribution"].as_object().expect("an object") {
            let sum = |key: &str| rows(&part["lines"]).iter().map(|line| number(&line[key])).sum::<f64>();
            same(sum("last_touch") + number(&part["free_by_last_touch"]), number(&part["total"]));
            same(number(&part["without_spend"]) + number(&part["effect"]), number(&part["total"]));
            same(sum("removal") + number(&part["interaction"]), number(&part["effect"]));
            same(sum("shapley"), number(&part["shapley_effect"]));
            // Every seed has Shapley values, so both are the same effect.
            same(number(&part["shapley_effect"]), number(&part["effect"]));
        }
    }
}

/// The replayed episodes are the episodes: what `evaluate` says of them is what the report says.
#[test]
fn it_agrees_with_evaluate() {
    for agent in AGENTS {
        let found = report(agent, &["--noise", "2", "--shapley", "0"]);
        let seeds = ["--seeds", "2..5", "--noise", "2", "--truth", "--json"];
        let evaluated = json(&[&["evaluate", agent, small()], &seeds[..]].concat());
        for key in ["spend", "returns", "stages", "agent"] {
            assert_eq!(found[key], evaluated[key], "{agent} {key}");
        }
        let customers = &found["contribution"]["new_customers"];
        same(number(&customers["total"]), number(&evaluated["score"]["mean"]));
        same(number(&customers["without_spend"]), number(&evaluated["score"]["without_spend"]));
        for (place, line) in rows(&evaluated["lines"]).iter().enumerate() {
            same(number(&customers["lines"][place]["removal"]), number(&line["incremental_new_customers"]));
            let returns = &found["sources"][place]["returns"];
            assert_eq!(returns["reported"], line["return_on_spend"]);
            assert_eq!(returns["incremental"], line["incremental_return_on_spend"]);
            assert_eq!(found["sources"][place]["spend"], line["spend"]);
        }
    }
}

/// An agent that spends nothing causes nothing, and its stages are worth what they would have been.
#[test]
fn nothing_spent_causes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("poor.toml");
    let text = std::fs::read_to_string(small()).expect("the small scenario");
    std::fs::write(&path, text.replace("budget = 300000", "budget = 0")).expect("a file");
    let path = path.display().to_string();
    let document = json(&["evaluate", "even", &path, "--report", "deeplink", "--seeds", "0..2", "--json"]);
    for asset in rows(&document["assets"]) {
        assert_eq!(asset["closing"], asset["closing_without_spend"]);
        assert_eq!(asset["closing_value"], asset["closing_value_without_spend"]);
    }
    let customers = &document["contribution"]["new_customers"];
    assert_eq!((number(&customers["effect"]), number(&customers["shapley_effect"])), (0.0, 0.0));
    assert_eq!(customers["free_by_last_touch"], customers["total"]);
    assert_eq!(
        (&document["returns"]["incremental"], &document["reach"]["bought"]),
        (&Value::Null, &0.0.into())
    );
    // Margin of the opening stages' orders is the margin of all orders.
    let worth: f64 = rows(&document["assets"]).iter().filter_map(|it| it["opening_value"].as_f64()).sum();
    same(
        worth * number(&document["returns"]["break_even"]),
        number(&document["contribution"]["revenue"]["total"]),
    );
}

/// With one line that spends there is nobody to share with.
#[test]
fn a_line_alone_has_the_whole_effect() {
    let document = report("single:search", &[]);
    let customers = &document["contribution"]["new_customers"];
    let search = &customers["lines"][0];
    same(number(&search["removal"]), number(&customers["effect"]));
    same(number(&search["shapley"]), number(&customers["effect"]));
    same(number(&customers["interaction"]), 0.0);
    for source in &rows(&document["sources"])[1..7] {
        assert_eq!((&source["reach"], &source["frequency"]), (&0.0.into(), &Value::Null));
    }
}

/// Beyond eight lines orders are drawn, and still the shares add up.
#[test]
fn many_lines_are_sampled() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("many.toml");
    let text = std::fs::read_to_string(small())
        .expect("the small scenario")
        .replace("shoppers = 1000", "shoppers = 500");
    let more = "\n[[line]]\nname = \"notes-2\"\nchannel = \"notes\"\n\n[[line]]\nname = \"display-2\"\nchannel = \"display\"\n";
    std::fs::write(&path, text + more).expect("a file");
    let path = path.display().to_string();
    let arguments = ["evaluate", "even", &path, "--report", "deeplink", "--seeds", "0..2", "--shapley", "1"];
    let run = |threads| outlay(&[&arguments[..], &["--json", "--threads", threads]].concat()).stdout;
    let first = run("1");
    assert_eq!(first, run("2"));
    let document: Value = serde_json::from_slice(&first).expect("JSON");
    assert_eq!(
        (&document["shapley"]["exact"], &document["shapley"]["seeds"]),
        (&false.into(), &"0..1".into())
    );
    let orders = &document["contribution"]["orders"];
    let shapley: f64 = rows(&orders["lines"]).iter().map(|line| number(&line["shapley"])).sum();
    same(shapley, number(&orders["shapley_effect"]));
    assert!(stdout(&outlay(&arguments)).contains("64 drawn orders"));
}

/// A channel file may name its domain; it changes the report and not the market.
#[test]
fn a_channel_may_name_its_domain() {
    let folder = tempfile::tempdir().expect("a folder");
    let scenario = folder.path().join("new-customer.toml");
    std::fs::copy(small(), &scenario).expect("a copy");
    let scenario = scenario.display().to_string();
    let run = || json(&["evaluate", "even", &scenario, "--report", "deeplink", "--seeds", "0..2", "--json"]);
    let before = run();
    let channel = include_str!("../environments/channels/affiliate.toml");
    let path = folder.path().join("channels");
    std::fs::create_dir(&path).expect("a folder");
    let path = path.join("affiliate.toml");
    std::fs::write(&path, format!("domain = \"own\"\n{channel}")).expect("a file");
    let after = run();
    assert_eq!(
        (&before["sources"][3]["domain"], &after["sources"][3]["domain"]),
        (&"display".into(), &"own".into())
    );
    assert_ne!(before["link"], after["link"]);
    for key in ["spend", "stages", "assets", "steps", "reach", "outside", "contribution"] {
        assert_eq!(before[key], after[key], "{key}");
    }
    std::fs::write(&path, format!("domain = \"serch\"\n{channel}")).expect("a file");
    refused(&["evaluate", "even", &scenario], 2, &["affiliate.toml:1", "did you mean `search`?"]);
}

#[test]
fn the_same_bytes_at_any_number_of_threads() {
    for format in [&["--json"][..], &["--csv"], &["--markdown"], &[]] {
        let arguments =
            ["evaluate", "random", small(), "--report", "deeplink", "--seeds", "0..3", "--noise", "2"];
        let run = |threads| outlay(&[&arguments[..], &["--threads", threads], format].concat()).stdout;
        let first = run("1");
        assert!(!first.is_empty());
        assert_eq!(first, run("2"), "{format:?}");
    }
}

/// Every row has a number or nothing, and money is in major units.
#[test]
fn csv_has_a_row_for_each_figure() {
    let output = outlay(&[
        "evaluate",
        "even",
        small(),
        "--report",
        "deeplink",
        "--seeds",
        "0..2",
        "--csv",
        "--shapley",
        "0",
    ]);
    let text = stdout(&output);
    assert_eq!(text.lines().next(), Some("scenario,agent,table,row,column,value,unit"));
    let rows: Vec<Vec<&str>> = text.lines().skip(1).map(|line| line.split(',').collect()).collect();
    assert!(rows.iter().all(|row| row.len() == 7 && (row[5].is_empty() || row[5].parse::<f64>().is_ok())));
    let find = |table: &str, name: &str, column: &str| {
        let row = rows.iter().find(|row| row[2..5] == [table, name, column]);
        row.unwrap_or_else(|| panic!("no {table} {name} {column}"))[5].parse::<f64>().expect("a number")
    };
    let document = json(&["evaluate", "even", small(), "--report", "deeplink", "--seeds", "0..2", "--json"]);
    same(100.0 * find("sources", "search", "spend"), number(&document["sources"][0]["spend"]));
    same(find("flow", "unreached", "initial"), number(&document["stages"]["flow"][0][5]));
    same(
        100.0 * find("contribution", "effect", "revenue_removal"),
        number(&document["contribution"]["revenue"]["effect"]),
    );
}

/// One table as a person reads it; the whole page is in the same form.
#[test]
fn a_table_of_the_page() {
    let output =
        outlay(&["evaluate", "even", small(), "--report", "deeplink", "--seeds", "0..2", "--shapley", "1"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let page = stdout(&output);
    let table = |title: &str| {
        let from = page.find(title).unwrap_or_else(|| panic!("no `{title}` in\n{page}"));
        page[from..].split("\n\n").next().unwrap_or_default().to_owned()
    };
    insta::assert_snapshot!("deeplink_goal", table("Who brought the goal"));
    insta::assert_snapshot!("deeplink_returns", table("Returns beside break-even"));
}

#[test]
fn what_cannot_be_reported_is_refused() {
    refused(&["evaluate", "even", "problems/p1-power", "--report", "deeplink"], 2, &["no shoppers", "help:"]);
    refused(&["evaluate", "even", small(), "--report", "depplink"], 2, &["deeplink"]);
    refused(&["evaluate", "even", small(), "--report", "deeplink", "--truth"], 2, &["--truth"]);
    refused(&["evaluate", "even", small(), "--report", "deeplink", "--replay", "1"], 2, &["--replay"]);
    refused(&["evaluate", "even", small(), "--shapley", "2"], 2, &["--report"]);
}
