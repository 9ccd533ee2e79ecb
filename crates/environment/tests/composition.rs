//! Scenarios that start from others, and figures laid over those of catalogue files.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "support/season.rs"]
mod season;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use outlay_environment::{Allocation, Problem, Scenario};
use proptest::prelude::*;
use season::start;

const ENVIRONMENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../environments");

/// A folder of files that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("outlay-composition-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn write(&self, name: &str, text: &str) -> &Self {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    fn load(&self, name: &str) -> Result<Arc<Scenario>, Vec<Problem>> {
        Scenario::load(self.0.join(name).to_str().unwrap()).map_err(|problems| problems.0)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn shipped(path: &str) -> String {
    std::fs::read_to_string(Path::new(ENVIRONMENTS).join(path)).unwrap()
}

fn messages(problems: &[Problem]) -> Vec<&str> {
    problems.iter().map(|problem| problem.message.as_str()).collect()
}

/// The file's name and line of a problem, and the text under its caret.
fn place(problem: &Problem) -> (&str, usize, &str) {
    let span = problem.span.clone().unwrap();
    let file = problem.file.rsplit('/').next().unwrap();
    (file, problem.text[..span.start].matches('\n').count() + 1, &problem.text[span])
}

/// Everything that an episode with even money writes down.
fn episode(scenario: &Arc<Scenario>) -> String {
    let mut episode = start(&scenario.with_shoppers(500), 3);
    let lines = scenario.brief.lines.len();
    let money = scenario.brief.budget.major() / (scenario.brief.steps * lines) as f64;
    while !episode.is_over() {
        episode.step(&Allocation::of(vec![money; lines]));
    }
    serde_json::to_string(episode.ledger()).unwrap()
}

/// The same in every word and every byte, but for the names of files.
fn assert_same(one: &Arc<Scenario>, other: &Arc<Scenario>) {
    let told = |scenario: &Scenario| {
        let named = Scenario { name: String::new(), hash: String::new(), ..scenario.clone() };
        format!("{named:?}").replace(&format!("{:?}", scenario.name), "\"\"")
    };
    assert_eq!(told(one), told(other));
    assert_eq!(episode(one), episode(other));
}

const COMPOSED: &str = r#"
base = "middle"
budget = 200000
drop_lines = ["exchange", "affiliate"]

[limits]
daily_cap = 9000

[set.industry]
purchase_rate = 0.2

[[set.industry.memory]]
name = "web"
half_life_days = 3

[set.merchant]
margin = 0.5

[set.calendar]
title = "A season of my own"

[[line]]
name = "search"
cap = 4000
[line.set]
click_rate = 0.05
frequency_cap = { contacts = 2, days = 7 }

[[line]]
name = "weibo"
channel = "weibo"
"#;

#[test]
fn a_composed_scenario_is_the_one_written_by_hand() {
    let folder = Folder::new("equal");
    folder.write("mine.toml", COMPOSED);
    folder.write(
        "middle.toml",
        "base = \"new-customer\"\ntitle = \"Mine\"\n[[line]]\nname = \"search\"\nfloor = 100\n",
    );
    let composed = folder.load("mine.toml").unwrap();

    let hand = Folder::new("by-hand");
    let replace = |text: String, from: &str, to: &str| {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        text.replace(from, to)
    };
    let mut text = shipped("new-customer.toml");
    let title = "title = \"Win new customers for a young snack brand over the 618 season\"";
    for (from, to) in [
        (title, "title = \"Mine\""),
        ("budget = 300000", "budget = 200000"),
        ("return_floor = 2.0", "return_floor = 2.0\ndaily_cap = 9000"),
        ("[[line]]\nname = \"exchange\"\nchannel = \"exchange\"\n", ""),
        ("[[line]]\nname = \"affiliate\"\nchannel = \"affiliate\"\n", ""),
        ("name = \"search\"", "name = \"search\"\nfloor = 100\ncap = 4000"),
        ("channel = \"notes\"", "channel = \"notes\"\n[[line]]\nname = \"weibo\"\nchannel = \"weibo\""),
    ] {
        text = replace(text, from, to);
    }
    let number = |text: &str, key: &str| {
        text.lines().find(|line| line.starts_with(&format!("{key} ="))).unwrap().to_owned()
    };
    let search = shipped("channels/search.toml");
    let search = replace(search.clone(), &number(&search, "click_rate"), "click_rate = 0.05");
    let search = format!("frequency_cap = {{ contacts = 2, days = 7 }}\n{search}");
    let industry = shipped("industries/snacks.toml");
    let industry = replace(industry.clone(), &number(&industry, "purchase_rate"), "purchase_rate = 0.2");
    let (before, after) = industry.split_once("name = \"web\"").unwrap();
    let after = after.replacen(&number(after, "half_life_days"), "half_life_days = 3", 1);
    let merchant = shipped("merchants/young-snack-brand.toml");
    let calendar = shipped("calendars/618.toml");
    hand.write("mine.toml", &text)
        .write("channels/search.toml", &search)
        .write("industries/snacks.toml", &format!("{before}name = \"web\"{after}"))
        .write(
            "merchants/young-snack-brand.toml",
            &replace(merchant.clone(), &number(&merchant, "margin"), "margin = 0.5"),
        )
        .write(
            "calendars/618.toml",
            &replace(calendar.clone(), &number(&calendar, "title"), "title = \"A season of my own\""),
        );
    let by_hand = hand.load("mine.toml").unwrap();
    assert_same(&composed, &by_hand);
    // And it is another scenario than its base.
    assert_ne!(episode(&composed), episode(&Scenario::load("new-customer").unwrap()));
}

#[test]
fn a_base_alone_changes_nothing_in_any_kind_of_world() {
    for name in ["new-customer", "problems/p2-hill-30", "families/s-shaped", "references/amss-vignette"] {
        let based = Scenario::from_text("based", &format!("base = \"{name}\"")).unwrap();
        let plain = Scenario::load(name).unwrap();
        assert_same(&based, &plain);
        assert_ne!(based.hash, plain.hash);
    }
}

#[test]
fn every_file_enters_the_hash() {
    let folder = Folder::new("hash");
    let write = |budget: u32, share: f64| {
        folder
            .write("a.toml", "base = \"b\"\n")
            .write("b.toml", &format!("base = \"sub/c.toml\"\nbudget = {budget}\n"));
        folder.write("sub/c.toml", &format!("base = \"new-customer\"\n[set.merchant]\nlapsed = {share}\n"));
        folder.load("a.toml").unwrap().hash.clone()
    };
    let first = write(1000, 0.5);
    assert_eq!(first, write(1000, 0.5));
    assert_ne!(first, write(1001, 0.5));
    assert_ne!(first, write(1000, 0.6));
}

#[test]
fn a_file_beside_wins_and_a_base_brings_its_own_folder() {
    let folder = Folder::new("beside");
    folder.write("new-customer.toml", "base = \"launch\"\nbudget = 77\n");
    folder.write("mine.toml", "base = \"new-customer\"\n");
    assert_eq!(folder.load("mine.toml").unwrap().brief.budget.major(), 77.0);
    // A catalogue file beside the base is found from a file elsewhere.
    let merchant = shipped("merchants/young-snack-brand.toml").replace("margin = ", "margin = 0.123 # ");
    folder.write("shop/merchants/own.toml", &merchant);
    folder.write("shop/base.toml", "base = \"new-customer\"\nmerchant = \"own\"\n");
    folder.write("mine.toml", "base = \"shop/base.toml\"\n");
    let scenario = folder.load("mine.toml").unwrap_or_else(|problems| panic!("{:?}", messages(&problems)));
    assert_eq!(scenario.brief.margin, 0.123);
}

/// Found by fuzzing: places were counted without the mark, and shown in the text with it.
#[test]
fn a_mark_before_the_text_changes_nothing() {
    let marked = |text: &str| Scenario::from_text("marked", &format!("\u{feff}{text}"));
    let sound = marked("base = \"new-customer\"").unwrap();
    assert_eq!(sound.hash, Scenario::from_text("marked", "base = \"new-customer\"").unwrap().hash);
    let problems = marked("kind = \"curves\"\nbudget = -5\n").unwrap_err().0;
    assert!(problems.len() > 2);
    for problem in &problems {
        assert!(problem.span.clone().is_none_or(|span| problem.text.get(span).is_some()), "{problem:?}");
    }
}

#[test]
fn a_circle_is_one_problem_that_shows_all_of_it() {
    for length in 1..=3 {
        let folder = Folder::new(&format!("circle-{length}"));
        let names = &["a", "b", "c"][..length];
        for (place, name) in names.iter().enumerate() {
            let next = names[(place + 1) % length];
            folder
                .write(&format!("{name}.toml"), &format!("title = \"x\"\nbase = \"{next}\"\nunknown = 1\n"));
        }
        // A file outside the circle leads into it and is no part of it.
        folder.write("first.toml", "base = \"a\"\n");
        for from in ["a.toml", "first.toml"] {
            let found = folder.load(from).unwrap_err();
            assert_eq!(found.len(), 1, "{:?}", messages(&found));
            let shown = found[0].message.split_once("circle: ").unwrap().1;
            let files: Vec<&str> = shown.split(" -> ").map(|file| file.rsplit('/').next().unwrap()).collect();
            let expected: Vec<String> =
                names.iter().chain(&names[..1]).map(|name| format!("{name}.toml")).collect();
            assert_eq!(files, expected);
            let last = names[length - 1];
            assert_eq!(place(&found[0]), (&*format!("{last}.toml"), 2, "\"a\""));
        }
    }
}

#[test]
fn a_problem_stands_where_its_value_stands() {
    let folder = Folder::new("places");
    folder.write("base.toml", "base = \"new-customer\"\n\n[limits]\nreturn_floor = -2\n");
    folder.write("mine.toml", "base = \"base\"\n[limits]\ndaily_cap = -1\n[set.merchant]\nmargn = 1\n");
    let found = folder.load("mine.toml").unwrap_err();
    assert_eq!(
        found.iter().map(place).collect::<Vec<_>>(),
        [("base.toml", 4, "-2"), ("mine.toml", 3, "-1"), ("mine.toml", 5, "margn")]
    );
    assert_eq!(found[2].message, "unknown key `margn` in `merchants/young-snack-brand.toml`");
    assert_eq!(found[2].help.as_deref(), Some("did you mean `margin`?"));
}

#[test]
fn what_a_base_cannot_be_is_said() {
    let folder = Folder::new("cannot");
    let problem = |text: &str| {
        folder.write("mine.toml", text);
        let found = folder.load("mine.toml").unwrap_err();
        assert_eq!(found.len(), 1, "{:?}", messages(&found));
        (found[0].message.clone(), found[0].help.clone().unwrap_or_default())
    };
    let (message, help) = problem("base = \"new-custmer\"");
    assert_eq!(
        (message.as_str(), help.as_str()),
        ("no scenario `new-custmer`", "did you mean `new-customer`?")
    );
    assert_eq!(problem("base = \"/etc/hosts\"").0, "no scenario `/etc/hosts`");
    let absolute = folder.0.join("other.toml");
    folder.write("other.toml", "base = \"new-customer\"");
    assert!(problem(&format!("base = \"{}\"", absolute.display())).0.starts_with("no scenario"));
    // A catalogue file is no scenario.
    assert_eq!(problem("base = \"industries/snacks\"").0, "no scenario `industries/snacks`");
    folder.write("other.toml", "title = ");
    assert!(folder.load("mine.toml").is_err());
}

#[test]
fn a_scale_of_one_contradicts_nothing() {
    let with = |scale: f64| {
        let line = format!("[[line]]\nname = \"search\"\nprice_scale = {scale}\n[line.set]\nprice = 3\n");
        Scenario::from_text("mine", &format!("base = \"new-customer\"\n{line}"))
    };
    assert!(with(1.0).is_ok());
    assert_eq!(messages(&with(1.1).unwrap_err().0), ["`price_scale` scales what `set.price` sets"]);
}

/// Pieces of which files are made, sound and unsound.
fn piece() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec![
        "base",
        "drop_lines",
        "kind",
        "goal",
        "budget",
        "people",
        "shoppers",
        "industry",
        "calendar",
        "set",
        "line",
        "limits",
        "levers",
        "step",
        "days",
        "weeks",
        "season",
        "name",
        "channel",
        "click_rate",
        "price",
        "aim",
        "\"\"",
        "set.merchant.margin",
        "line.name",
        "coupon",
        "pool",
        "answer",
        "plan",
        "media",
        "curve",
    ]);
    let value = prop::sample::select(vec![
        "\"new-customer\"",
        "\"problems/p2-hill-30\"",
        "\"references/amss-vignette\"",
        "1",
        "-1",
        "0",
        "nan",
        "inf",
        "1e308",
        "9223372036854775807",
        "true",
        "[]",
        "[\"search\"]",
        "[[1, 2], []]",
        "{}",
        "{ low = 2, high = 1 }",
        "{ median = 1, log_sd = 9 }",
        "\"half-hour\"",
        "\"amss\"",
        "\"curves\"",
        "1979-05-27",
        "\"\"",
        "\"search\"",
        "[{ name = \"search\" }]",
        "\"../x\"",
    ]);
    let header = prop::sample::select(vec![
        "[limits]",
        "[[line]]",
        "[line.set]",
        "[set.industry]",
        "[set.merchant]",
        "[set.calendar]",
        "[aim]",
        "[[set.industry.persona]]",
        "[[limits.hold]]",
        "[line.audience]",
        "[line.plan]",
        "[market]",
        "[[coupon]]",
    ]);
    prop_oneof![
        4 => (key, value).prop_map(|(key, value)| format!("{key} = {value}\n")),
        2 => header.prop_map(|header| format!("{header}\n")),
        1 => "[ -~\\n]{0,12}".prop_map(|text| text + "\n"),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics_and_every_problem_has_a_place(
        based in any::<bool>(),
        pieces in prop::collection::vec(piece(), 0..12),
    ) {
        let base = if based { "base = \"new-customer\"\n" } else { "" };
        if let Err(problems) = Scenario::from_text("mine", &format!("{base}{}", pieces.concat())) {
            prop_assert!(!problems.0.is_empty());
            for problem in &problems.0 {
                let span = problem.span.clone().unwrap_or_default();
                prop_assert!(span.start <= span.end && span.end <= problem.text.len());
                prop_assert!(problem.text.get(span).is_some(), "{problem:?}");
            }
        }
    }
}
