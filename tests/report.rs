//! `outlay report` from outside: one file that needs nothing but itself, with the numbers of the other commands.

mod support;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde_json::Value;

use support::{has_keys, json, outlay, refused, small, stderr, stdout};

const AGENTS: [&str; 4] = ["--agents", "mpc,buyer-rule,even", "--seeds", "0..4"];
/// Figures with a chart.
const CHARTS: [&str; 9] =
    ["odds", "agents", "differences", "spend", "pace", "goal", "returns", "response", "assets"];
/// Figures that are tables.
const TABLES: [&str; 5] = ["result", "worst", "flow", "ledger", "evidence"];

/// Writes a report; returns it with what the command said.
fn report(arguments: &[&str]) -> (String, Value) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("report.html");
    let out = path.display().to_string();
    let said = json(&[&["report"][..], arguments, &["--out", &out, "--json"]].concat());
    (std::fs::read_to_string(&path).expect("the page"), said)
}

/// The page most tests look at.
fn page() -> &'static str {
    static PAGE: OnceLock<String> = OnceLock::new();
    PAGE.get_or_init(|| report(&[&[small()][..], &AGENTS].concat()).0)
}

/// What stands between `<figure id=..>` and its end.
fn figure<'a>(page: &'a str, id: &str) -> &'a str {
    let start = page.find(&format!("id=\"{id}\"")).unwrap_or_else(|| panic!("there is no figure `{id}`"));
    page[start..].split("</figure>").next().expect("a figure")
}

/// The numbers of each row of a figure's table, by what its first cell says.
fn rows(figure: &str) -> BTreeMap<String, Vec<f64>> {
    let text = |cell: &str| {
        let words = cell.split('<').map(|part| part.rsplit('>').next().unwrap_or(""));
        words.collect::<String>()
    };
    let number = |cell: &str| {
        let value = cell.split("<data value=\"").nth(1)?.split('"').next()?;
        Some(value.parse::<f64>().unwrap_or_else(|_| panic!("`{value}` is no number")))
    };
    let body = figure.split("<tbody>").nth(1).expect("a table");
    let row = |row: &str| {
        let cells: Vec<&str> = row.split("<td").skip(1).collect();
        let name = text(&format!("<td{}", cells[0].split("</td>").next().unwrap_or("")));
        (name, cells[1..].iter().filter_map(|cell| number(cell)).collect())
    };
    body.split("<tr>").skip(1).map(row).collect()
}

fn figures(value: &Value, keys: &[&str]) -> Vec<f64> {
    keys.iter().map(|key| value[key].as_f64().unwrap_or_else(|| panic!("no `{key}`"))).collect()
}

fn assert_close(a: f64, b: f64, what: &str) {
    assert!((a - b).abs() <= 1e-9 * (1.0 + a.abs()), "{what}: {a} and {b}");
}

#[test]
fn it_says_what_it_wrote() {
    let (page, said) = report(&[&[small()][..], &AGENTS].concat());
    has_keys(&said, &["version", "file", "sha256"]);
    assert_eq!(said["schema"], "outlay.report/1");
    assert_eq!(said["bytes"].as_u64(), Some(page.len() as u64));
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"));
}

/// Nothing is loaded: no address, no script, no style or font from elsewhere, and a policy that would refuse it.
#[test]
fn the_page_needs_nothing_but_itself() {
    let page = page();
    for loads in ["http://", "https://", "<script", "<link", "<img", "<iframe", "@import", "url(", " src="] {
        assert!(!page.contains(loads), "the page has `{loads}`");
    }
    let addresses = page.match_indices(" href=\"").map(|(place, it)| &page[place + it.len()..]);
    for address in addresses {
        assert!(address.starts_with('#'), "it leads to {}", address.split('"').next().unwrap_or(""));
    }
    assert!(page.contains("default-src 'none'"));
}

/// Each chart says what it shows to those who do not see it, and has its numbers below it.
#[test]
fn every_chart_has_its_words_and_numbers() {
    let page = page();
    for id in CHARTS {
        let figure = figure(page, id);
        assert_eq!(figure.matches("<svg").count(), 1, "{id}");
        let label = figure.split("aria-label=\"").nth(1).and_then(|rest| rest.split('"').next());
        assert!(label.is_some_and(|label| label.len() > 30), "{id}: {label:?}");
        assert!(figure.contains("role=\"img\"") && figure.contains("viewBox=\"0 0 520 "), "{id}");
        assert!(figure.contains("<title>") && figure.contains("<desc>"), "{id}");
        let details = figure.split("<details>").nth(1).unwrap_or_else(|| panic!("{id} hides its numbers"));
        assert!(details.matches("<data value=").count() > 1, "{id}");
    }
    for id in TABLES {
        assert!(figure(page, id).contains("<table>"), "{id}");
    }
    assert_eq!(page.matches("<figure").count(), CHARTS.len() + TABLES.len());
}

/// What the page says of agents is what `compare` says of them.
#[test]
fn its_numbers_are_those_of_compare() {
    let compared =
        json(&[&["compare", small(), "--against", "buyer-rule"][..], &AGENTS, &["--json"]].concat());
    let agents = rows(figure(page(), "agents"));
    for agent in compared["agents"].as_array().expect("agents") {
        let name = agent["name"].as_str().expect("a name");
        let mut expected = figures(&agent["score"], &["mean", "iqm"]);
        expected
            .extend(agent["score"]["iqm_ci95"].as_array().expect("ends").iter().filter_map(Value::as_f64));
        expected.extend(figures(&agent["score"], &["p10", "p50", "p90"]));
        expected.push(agent["spend"]["mean"].as_f64().expect("money") / 100.0);
        expected.extend(figures(&agent["returns"], &["reported", "incremental"]));
        assert_eq!(agents[name], expected, "{name}");
    }
    let differences = rows(figure(page(), "differences"));
    assert_eq!(differences.len(), 2);
    for pair in compared["pairs"].as_array().expect("pairs") {
        let mut expected = figures(pair, &["difference"]);
        expected.extend(pair["difference_ci95"].as_array().expect("ends").iter().filter_map(Value::as_f64));
        expected.extend(figures(pair, &["uplift", "p_better", "p_holm"]));
        assert_eq!(differences[pair["a"].as_str().expect("a name")], expected);
    }
}

/// What lines caused is what `--truth` finds; the season adds up to what was spent and reached.
#[test]
fn its_numbers_are_those_of_evaluate() {
    let truth = json(&["evaluate", "mpc", small(), "--seeds", "0..4", "--truth", "--json"]);
    let returns = rows(figure(page(), "returns"));
    let response = rows(figure(page(), "response"));
    for line in truth["lines"].as_array().expect("lines") {
        let name = line["name"].as_str().expect("a name");
        // A line without spend has no return.
        let told = |key: &str| line[key].as_f64();
        if let (Some(credited), Some(caused)) = (told("return_on_spend"), told("incremental_return_on_spend"))
        {
            assert_eq!(returns[name][1], credited, "{name}");
            assert_close(returns[name][2], caused, name);
        }
        let score = line["incremental_score"].as_f64().expect("a score");
        assert_close(*response[name].last().expect("all of its money"), score, name);
    }
    let spend = rows(figure(page(), "spend"));
    let spent: f64 = spend.values().map(|row| row.last().expect("all lines")).sum();
    let mean = truth["spend"]["mean"].as_f64().expect("money") / 100.0;
    assert!((spent - mean).abs() < 0.01, "{spent} and {mean}");
    let last = &rows(figure(page(), "goal"))["31"];
    assert_close(last[0], truth["score"]["mean"].as_f64().expect("a score"), "the goal at the end");
}

/// What comes in and goes out of a stage is the difference of its stocks.
#[test]
fn the_balance_sheet_balances() {
    let assets = rows(figure(page(), "assets"));
    assert_eq!(assets.len(), 8);
    for (stage, row) in assets {
        let [opening, moves @ .., closing, _without] = &row[..7] else { panic!("{stage}: {row:?}") };
        assert_close(opening + moves.iter().sum::<f64>(), *closing, &stage);
    }
}

/// The season it shows is one that `--replay` shows.
#[test]
fn the_ledger_is_a_replay() {
    let ledger = figure(page(), "ledger");
    let command = ledger.split("--replay ").nth(1).expect("a command");
    let seed = command.split('<').next().expect("a seed");
    let replayed = json(&["evaluate", "mpc", small(), "--replay", seed, "--json"]);
    let steps = replayed["agents"][0]["steps"].as_array().expect("steps");
    let body = ledger.split("<tbody>").nth(1).expect("a table");
    let lines: Vec<&str> = body.split("<tr>").skip(1).collect();
    assert_eq!(lines.len(), steps.len());
    for (row, step) in lines.iter().zip(steps) {
        let cells: Vec<&str> =
            row.split("<td>").skip(1).map(|cell| cell.split('<').next().expect("a cell")).collect();
        let granted = |line: &Value| line["granted"].as_f64().expect("money") / 100.0;
        for (cell, line) in cells[2..].iter().zip(step["lines"].as_array().expect("lines")) {
            let shown: f64 = cell.replace(',', "").parse().expect("money");
            assert!((shown - granted(line)).abs() <= 0.5, "{cell}: {line}");
        }
    }
}

#[test]
fn the_same_command_writes_the_same_bytes() {
    let arguments = [&[small()][..], &AGENTS].concat();
    let one = report(&[&arguments[..], &["--threads", "1"]].concat()).1;
    let two = report(&[&arguments[..], &["--threads", "2"]].concat()).1;
    let again = report(&[&arguments[..], &["--threads", "2"]].concat()).1;
    assert_eq!(one["sha256"], two["sha256"]);
    assert_eq!(two["sha256"], again["sha256"]);
}

/// Whoever names a scenario or a line cannot write into the page.
#[test]
fn names_stay_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = std::fs::read_to_string(small()).expect("a scenario");
    let evil = "<script>alert('x')</script>\\\"&";
    let old = text.lines().find(|line| line.starts_with("title = ")).expect("a title");
    let text = text.replace(old, &format!("title = \"{evil}\""));
    let path = folder.path().join("<script>.toml");
    std::fs::write(&path, text).expect("a file");
    let path = path.display().to_string();
    let agents = ["--agents", "even,buyer-rule", "--seeds", "0..2"];
    let (page, _) = report(&[&[path.as_str()][..], &agents].concat());
    assert!(!page.contains("<script"), "a name became a script");
    assert!(page.contains("&lt;script&gt;alert('x')&lt;/script&gt;&quot;&amp;"), "the title is gone");
    assert!(page.contains("&lt;script&gt;.toml") || page.contains("<title>&lt;script&gt;: even"));
}

/// Nothing but names from files and what is typed is English in a Chinese page.
#[test]
fn chinese_is_chinese() {
    let (page, _) = report(&[&[small()][..], &AGENTS, &["--lang", "zh"]].concat());
    assert!(page.contains("<html lang=\"zh-Hans\">"));
    let chinese = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    for tag in ["h2", "h3", "summary", "desc"] {
        let opening = format!("<{tag}>");
        let parts = page.split(&opening).skip(1).filter_map(|rest| rest.split('<').next());
        let headings: Vec<&str> = parts.collect();
        assert!(headings.len() >= 7, "{tag}: {headings:?}");
        for heading in headings {
            assert!(chinese(heading), "<{tag}> `{heading}` is not translated");
        }
    }
    let lines = ["search", "display", "exchange", "affiliate", "interactive", "short-video", "notes"];
    let names = ["mpc", "even", "buyer-rule", "P10", "P90"];
    for header in page.split("<th scope=\"col\">").skip(1).filter_map(|rest| rest.split('<').next()) {
        let known = lines.iter().chain(&names).any(|name| header.starts_with(name));
        assert!(chinese(header) || known, "the column `{header}` is not translated");
    }
    for word in ["新客", "投资回报率", "置信区间", "盈亏平衡", "首购", "复购"] {
        assert!(page.contains(word), "the page does not say {word}");
    }
}

/// A scenario without shoppers has no account of them; the rest is there.
#[test]
fn curves_have_a_report_too() {
    let (page, _) = report(&["families/concave", "--agents", "even,mpc", "--seeds", "0..2"]);
    assert!(!page.contains("id=\"assets\"") && !page.contains("id=\"flow\""));
    for id in CHARTS.iter().chain(&TABLES).filter(|id| !["assets", "flow"].contains(id)) {
        figure(&page, id);
    }
}

#[test]
fn one_agent_stands_alone() {
    let (page, _) = report(&[small(), "--agents", "even", "--seeds", "0..2"]);
    assert!(!page.contains("id=\"agents\"") && !page.contains("id=\"differences\""));
    figure(&page, "goal");
}

#[test]
fn what_cannot_be_written_is_refused_before_it_plays() {
    refused(&["report", small(), "--out", "/no/such/folder/report.html"], 2, &["cannot be written", "--out"]);
    let agents = ["--agents", "even,mpc", "--against", "even"];
    refused(&[&["report", small()][..], &agents].concat(), 2, &["not held against itself"]);
}

/// A page that was there is replaced whole; one that could not be made is left alone.
#[test]
fn a_page_is_replaced_or_left() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("report.html");
    std::fs::write(&path, "old").expect("a file");
    let out = path.display().to_string();
    let failed = outlay(&["report", small(), "--agent", "a=exec:false", "--seeds", "0..2", "--out", &out]);
    assert_eq!(failed.status.code(), Some(1), "{}", stderr(&failed));
    assert_eq!(std::fs::read_to_string(&path).expect("a file"), "old");
    let written = outlay(&["report", small(), "--agents", "even", "--seeds", "0..2", "--out", &out]);
    assert_eq!(written.status.code(), Some(0), "{}", stderr(&written));
    assert!(stdout(&written).contains("SHA-256"));
    assert!(std::fs::read_to_string(&path).expect("a file").starts_with("<!DOCTYPE html>"));
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1, "something was left behind");
}

/// A checkpoint that keeps its validations has a learning curve, with the numbers of its card; who was not trained has none.
#[test]
fn a_policy_shows_how_it_learned() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (file, run) = (path("mine.toml"), path("policy"));
    let line =
        |name: &str| format!("[[line]]\nname = \"{name}\"\ncurve = \"power\"\nvalue = 1\nexponent = 0.5\n");
    let head = "kind = \"curves\"\ntitle = \"t\"\nquestion = \"q\"\ngoal = \"response\"\ncurrency = \"units\"\n\
                budget = 2000\ndays = 10\n";
    std::fs::write(&file, format!("{head}{}{}", line("a"), line("b"))).expect("a file");
    let trained = outlay(&["train", &file, "--steps", "60k", "--out", &run, "--quiet"]);
    assert_eq!(trained.status.code(), Some(0), "{}", stderr(&trained));
    let card = std::fs::read_to_string(folder.path().join("policy/card.toml")).expect("a card");
    let card: toml::Table = card.parse().expect("TOML");
    let numbers = |key: &str| -> Vec<f64> {
        let list = card["training"][key].as_array().expect("a list").iter();
        list.map(|it| it.as_float().or_else(|| it.as_integer().map(|it| it as f64)).expect("a number"))
            .collect()
    };
    let (steps, scores) = (numbers("validated_steps"), numbers("validated_scores"));
    assert!(steps.len() > 1);
    let (page, _) = report(&[&file, "--agents", &format!("{run},even"), "--seeds", "0..2"]);
    let shown = figure(&page, "learning");
    assert!(shown.contains("<svg"));
    for number in steps.iter().chain(&scores) {
        assert!(shown.contains(&format!("<data value=\"{number}\">")), "{number}: {shown}");
    }
    assert!(!report(&[&file, "--agents", "mpc,even", "--seeds", "0..2"]).0.contains("id=\"learning\""));
}
