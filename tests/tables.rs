//! What a planner sees beside the score: lines, traps, the time to pass last year, tiers, leaks.

mod support;

use std::path::Path;

use serde_json::Value;

use support::{has_keys, json, outlay, refused, small, stderr, stdout};

/// A shipped scenario with fewer simulated shoppers, under its own name in `folder`.
fn fewer(folder: &Path, name: &str, shoppers: [&str; 2], more: [&str; 2]) -> String {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../environments/{name}.toml"));
    let text = std::fs::read_to_string(shipped).expect("a scenario");
    let fewer = text.replace(shoppers[0], shoppers[1]).replace(more[0], more[1]);
    assert_ne!(fewer, text);
    let path = folder.join(format!("{name}.toml"));
    std::fs::write(&path, fewer).expect("a file");
    path.display().to_string()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn rows(value: &Value) -> &[Value] {
    value.as_array().expect("rows")
}

/// The rows of a CSV without quotes.
fn csv(arguments: &[&str]) -> Vec<Vec<String>> {
    let output = outlay(arguments);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    stdout(&output).lines().map(|line| line.split(',').map(ToOwned::to_owned).collect()).collect()
}

#[test]
fn by_line_says_where_each_agent_put_its_money() {
    let arguments = ["compare", small(), "--agents", "even,single:search", "--seeds", "0..3", "--noise", "2"];
    let document = json(&[&arguments[..], &["--json"]].concat());
    for agent in rows(&document["agents"]) {
        assert_eq!(agent["credited_unit"], "new customers");
        let lines = rows(&agent["lines"]);
        let shares: f64 = lines.iter().map(|line| line["share_of_spend"].as_f64().unwrap_or(0.0)).sum();
        assert!((shares - 1.0).abs() < 1e-12, "{shares}");
        for line in lines {
            // The goal of this scenario counts new customers, and so does the credit of its lines.
            assert_eq!(line["credited"], line["new_customers"]);
            let spend = number(&line["spend"]) / 100.0;
            match line["credited_per_thousand"].as_f64() {
                Some(each) => assert!((each * spend / 1_000.0 - number(&line["credited"])).abs() < 0.01),
                None => assert_eq!(spend, 0.0),
            }
        }
    }
    let single = &document["agents"][1]["lines"];
    assert_eq!((&single[0]["share_of_spend"], &single[1]["share_of_spend"]), (&1.0.into(), &0.0.into()));
    assert_eq!(single[1]["credited_per_thousand"], Value::Null);

    let plain = outlay(&arguments);
    let shown = outlay(&[&arguments[..], &["--by-line"]].concat());
    let added: Vec<&str> =
        stdout(&shown).lines().filter(|line| !stdout(&plain).contains(line)).map(str::trim).collect();
    // Two headings, twice seven lines.
    assert_eq!(added.len(), 16, "{added:?}");
    assert!(added[0].starts_with("share of spend by line") && added[1].starts_with("search"));
    assert!(added[1].ends_with("100 %") && added[8].starts_with("credited new customers per 1,000 CNY"));

    let table = csv(&[&arguments[..], &["--by-line", "--csv"]].concat());
    assert_eq!(table[0][..3], ["scenario", "agent", "line"]);
    assert_eq!(table.len(), 1 + 2 * 7);
    assert_eq!(table[8][1..6], ["single:search", "search", "CNY", table[8][4].as_str(), "1.0"]);
}

#[test]
fn a_suite_may_ask_for_lines() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("suite.toml");
    let entry = |more: &str| {
        format!(
            "[[comparison]]\ntitle = \"t\"\nquestion = \"q\"\nscenario = '{}'\nagents = [\"even\"]\n\
             seeds = \"0..1\"\n{more}",
            small()
        )
    };
    std::fs::write(&path, entry("") + &entry("by_line = true\n")).expect("a file");
    let output = outlay(&["suite", path.to_str().expect("UTF-8")]);
    assert_eq!(stdout(&output).matches("share of spend by line").count(), 1, "{}", stderr(&output));
    assert_eq!(stdout(&output).matches("--by-line").count(), 1);
}

#[test]
fn last_year_is_passed_where_a_scenario_states_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let shoppers = ["\nshoppers = 20000\n", "\nshoppers = 2000\n"];
    let revenue = |to: &'static str| fewer(folder.path(), "opening-red", shoppers, ["55_000", to]);
    let judged = |scenario: &str| {
        json(&["evaluate", "even", scenario, "--seeds", "0..5", "--json"])["last_year"].clone()
    };
    // One yuan is passed in the first half hour, a fortune never.
    let at_once = judged(&revenue("1"));
    assert_eq!((number(&at_once["revenue"]), number(&at_once["never"])), (100.0, 0.0));
    let days = number(&at_once["median_days"]);
    assert!(days > 0.0 && days < 1.0 / 48.0, "{days}");
    assert_eq!(judged(&revenue("1e9"))["median_days"], Value::Null);
    assert_eq!(judged(small()), Value::Null);

    let scenario = revenue("55_000");
    let arguments = ["compare", &scenario, "--agents", "even,random", "--seeds", "0..5"];
    let document = json(&[&arguments[..], &["--json"]].concat());
    let table = csv(&[&arguments[..], &["--csv"]].concat());
    assert_eq!(table[0].last().map(String::as_str), Some("days_to_pass"));
    for (place, agent) in rows(&document["agents"]).iter().enumerate() {
        let mut days: Vec<f64> = (rows(&agent["per_seed"]).iter())
            .map(|row| row["days_to_pass"].as_f64().unwrap_or(f64::INFINITY))
            .collect();
        let written = table[1 + 5 * place..1 + 5 * (place + 1)].iter().map(|row| row.last().cloned());
        let parsed: Vec<f64> =
            written.map(|cell| cell.and_then(|cell| cell.parse().ok()).unwrap_or(f64::INFINITY)).collect();
        assert_eq!(parsed, days);
        days.sort_by(f64::total_cmp);
        assert_eq!(agent["last_year"]["median_days"].as_f64().unwrap_or(f64::INFINITY), days[2]);
    }
    let page = outlay(&arguments);
    let [revenue, hours] = ["passes last year's 55,000 CNY", " hours "];
    assert!(stdout(&page).contains(revenue) && stdout(&page).contains(hours), "{}", stdout(&page));
}

#[test]
fn a_scenario_is_played_for_each_merchant() {
    let stars = "rising-star,aspiring-star,talent-star,super-star";
    let arguments = ["evaluate", "even", small(), "--seeds", "0..2", "--merchants", stars];
    let document = json(&[&arguments[..], &["--json"]].concat());
    assert_eq!(document["schema"], "outlay.merchants/1");
    let merchants = rows(&document["merchants"]);
    assert_eq!(merchants.len(), 4);
    for (merchant, name) in merchants.iter().zip(stars.split(',')) {
        has_keys(merchant, &["merchant", "scenario", "score", "returns", "lines", "tier"]);
        assert_eq!((&merchant["merchant"], &merchant["tier"]["start"]), (&name.into(), &name.into()));
        assert_eq!(merchant["scenario"]["name"], format!("new-customer@{name}"));
        // The same as the merchant alone.
        let alone = json(&["evaluate", "even", &format!("{}@{name}", small()), "--seeds", "0..2", "--json"]);
        assert_eq!((&alone["score"], &alone["tier"]), (&merchant["score"], &merchant["tier"]));
        assert_eq!(alone["scenario"], merchant["scenario"]);
        let tier = &merchant["tier"];
        let reached: f64 = tier["reached"].as_object().expect("tiers").values().map(number).sum();
        assert!((reached - 1.0).abs() < 1e-12 && (0.0..1.0).contains(&number(&tier["index"])), "{tier}");
        assert_eq!(tier["next"].is_null(), tier["usual"] == "super-star");
        assert!(tier["to_next"].as_f64().is_none_or(|lacking| lacking > 0.0 && lacking < 0.4), "{tier}");
    }
    let index: Vec<f64> = merchants.iter().map(|merchant| number(&merchant["tier"]["index"])).collect();
    assert!(index.is_sorted(), "{index:?}");
    let page = outlay(&arguments);
    let starts = |name: &str| stdout(&page).lines().filter(|line| line.trim().starts_with(name)).count();
    assert!(stars.split(',').all(|name| starts(name) == 1), "{}", stdout(&page));
    assert_eq!(csv(&[&arguments[..], &["--csv"]].concat()).len(), 1 + 4 * 2);
    refused(&["evaluate", "even", small(), "--merchants", "super-sta"], 2, &["super-star"]);
    refused(&["evaluate", "even", "problems/p1-power@super-star"], 2, &["no merchant"]);
}

#[test]
fn deeplink_and_evaluate_tell_the_same_tier_and_leaks() {
    let folder = tempfile::tempdir().expect("a folder");
    let shoppers = ["\nshoppers = 10000\n", "\nshoppers = 2000\n"];
    let training = ["\ntraining_shoppers = 4000\n", "\ntraining_shoppers = 2000\n"];
    let path = fewer(folder.path(), "live-room", shoppers, training);
    let scenario = format!("{path}@aspiring-star");
    let arguments = ["evaluate", "even", &scenario, "--seeds", "0..3"];
    let plain = json(&[&arguments[..], &["--json"]].concat());
    let deeplink = [&arguments[..], &["--report", "deeplink", "--shapley", "0"]].concat();
    let report = json(&[&deeplink[..], &["--json"]].concat());
    assert_eq!(plain["tier"]["start"], "aspiring-star");
    assert_eq!(plain["tier"], report["tier"]);
    for (line, source) in rows(&plain["lines"]).iter().zip(rows(&report["sources"])) {
        assert_eq!(line["leaked"].as_f64().unwrap_or(0.0), number(&source["leaked"]));
    }
    // Douyin has shops of its own; a search on the platform loses nobody to it.
    assert!(number(&plain["lines"][1]["leaked"]) > 0.0 && plain["lines"][3].get("leaked").is_none());
    let page = outlay(&deeplink);
    assert!(stdout(&page).contains("leaked buyers") && stdout(&outlay(&arguments)).contains(" leaked "));
    assert!(stdout(&page).contains("aspiring-star at the start"), "{}", stdout(&page));
    let none = outlay(&["evaluate", "even", small(), "--seeds", "0..1"]);
    assert!(!stdout(&none).contains("leaked") && !stdout(&none).contains("tier"));
}

#[test]
fn traps_say_who_falls() {
    let folder = tempfile::tempdir().expect("a folder");
    let shoppers = ["\nshoppers = 10000\n", "\nshoppers = 2000\n"];
    let training = ["\ntraining_shoppers = 4000\n", "\ntraining_shoppers = 2000\n"];
    let fewer = |name| fewer(folder.path(), name, shoppers, training);
    let trap = |name: &str, scenario: &str, lines: &str, measure: &str| {
        format!(
            "[[trap]]\nname = \"{name}\"\nwhy = \"it is\"\nscenario = '{scenario}'\nlines = [{lines}]\n\
             measure = {measure}\n"
        )
    };
    let [steady, cold] = ["steady-profit", "cold-start"].map(fewer);
    let looks = "\"share\"\nlooks = \"revenue\"\nmost = 1.25";
    let text = trap("brand search", &steady, "\"brand-search\"", looks)
        + &trap("no trap", &steady, "\"display\"", looks)
        + &trap("reset", &cold, "\"ocean-engine\", \"tencent\"", "\"edits\"\nmost = 1");
    let path = folder.path().join("traps.toml");
    std::fs::write(&path, text).expect("a file");
    let path = path.to_str().expect("UTF-8");
    let arguments = ["traps", path, "--agents", "even,roi-proportional,last-period", "--seeds", "0..4"];
    let document = json(&[&arguments[..], &["--json"]].concat());
    assert_eq!(document["schema"], "outlay.traps/1");
    let traps = rows(&document["traps"]);
    let verdicts: Vec<(bool, Vec<bool>)> = (traps.iter())
        .map(|trap| {
            let most = number(&trap["most"]);
            let fallen = rows(&trap["agents"]).iter().map(|verdict| {
                let above = number(&verdict["value"]) > most;
                assert_eq!(verdict["fallen"], trap["holds"] == true && above, "{verdict}");
                verdict["fallen"] == true
            });
            (trap["holds"] == true, fallen.collect())
        })
        .collect();
    // Who follows the report pays for brand search and edits its lines every day; constant money does neither.
    let fell = |who: [bool; 3]| (true, who.to_vec());
    assert_eq!(verdicts[0], fell([false, true, false]), "{document:#}");
    assert_eq!(verdicts[2], fell([false, true, false]), "{document:#}");
    assert_eq!(verdicts[1], (false, vec![false; 3]), "{document:#}");
    let evidence = &traps[0]["evidence"];
    assert!(number(&evidence["looks_there"]) > number(&evidence["looks_elsewhere"]), "{evidence}");
    assert!(number(&evidence["causes_there"]) < number(&evidence["causes_elsewhere"]), "{evidence}");
    assert!(traps[2]["evidence"].is_null());

    let page = outlay(&arguments);
    let rows: Vec<&str> = stdout(&page).lines().filter(|line| line.contains('*')).map(str::trim).collect();
    assert!(rows[0].starts_with("brand search") && rows[1].starts_with("reset"), "{rows:?}");
    assert!(stdout(&page).contains("(no trap)"), "{}", stdout(&page));
    assert_eq!(csv(&[&arguments[..], &["--csv"]].concat()).len(), 1 + 3 * 3);
    // Nothing depends on the number of threads.
    let with = |threads| outlay(&[&arguments[..], &["--threads", threads]].concat()).stdout;
    assert_eq!(with("1"), with("2"));
    refused(&["traps", "nowhere.toml"], 2, &["there is no file of traps `nowhere.toml`"]);
}
