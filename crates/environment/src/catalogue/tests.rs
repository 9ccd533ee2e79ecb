use super::*;
use crate::problem::Problem;

fn text() -> String {
    SHIPPED.get_file("new-customer.toml").unwrap().contents_utf8().unwrap().to_owned()
}

fn problems(text: &str) -> Vec<Problem> {
    Scenario::from_text("mine", text).unwrap_err().0
}

#[test]
fn every_shipped_scenario_loads() {
    for name in Scenario::shipped() {
        let scenario = Scenario::load(&name).unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(scenario.brief.lines.len(), scenario.brief.limits.lines.len());
        assert_eq!(scenario.hash.len(), 64);
    }
}

#[test]
fn every_problem_is_found_at_once_with_its_place() {
    let text = text()
        .replace("budget = 300000", "budget = -5")
        .replace("return_floor = 2.0", "return_flor = 2.0\ndaily_cap = \"300 yuan\"")
        .replace("channel = \"search\"", "channel = \"serch\"")
        .replace("goal = \"new-customers\"", "goal = \"new-customer\"");
    let found = problems(&text);
    let messages: Vec<&str> = found.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "`goal` is not known",
            "`budget` must lie between 0 and 1000000000000",
            "`daily_cap` must be a number (major units a day)",
            "unknown key `return_flor` in `[limits]`",
            "no file `channels/serch.toml`",
        ]
    );
    for problem in &found {
        let span = problem.span.clone().unwrap();
        assert!(span.end <= problem.text.len() && span.start < span.end, "{problem:?}");
    }
    assert_eq!(found[3].help.as_deref(), Some("did you mean `return_floor`?"));
    assert_eq!(found[4].help.as_deref(), Some("did you mean `search`?"));
}

#[test]
fn a_calendar_that_is_not_found_is_one_problem() {
    let found = problems(&text().replace("calendar = \"618\"", "calendar = \"619\""));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].message, "no file `calendars/619.toml`");
}

#[test]
fn limits_that_can_never_hold_are_an_error() {
    let text = text().replacen("name = \"search\"", "name = \"search\"\nfloor = 200000", 1);
    let found = problems(&text);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].help.is_some());
}

#[test]
fn a_curves_world_gets_every_problem_at_once_too() {
    let text = SHIPPED.get_file("problems/p3-carry-over.toml").unwrap().contents_utf8().unwrap();
    let text = text
        .replace("goal = \"response\"", "goal = \"revenue\"")
        .replace("season = [1, 1,", "season = [1,")
        .replacen("retention = 0.3", "retention = 1.3", 1)
        .replacen("exponent = 0.5", "exponent = 1.5", 1)
        .replacen("name = \"b\"", "name = \"a\"", 1)
        .replacen("plan = [", "plan = [3,", 1);
    let found = problems(&text);
    let messages: Vec<&str> = found.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "a curves world cannot have this goal",
            "`season` must have 7 numbers",
            "`exponent` must lie between 0.01 and 1",
            "`retention` must lie between 0 and 0.999",
            "two lines are called `a`",
            "`plan` must be a list of lists of numbers",
        ]
    );
    assert!(found.iter().all(|problem| problem.span.is_some()));
    // A kind of curve that does not exist is one problem, not one for each key that it would need.
    let text = SHIPPED.get_file("problems/p9-s-shape.toml").unwrap().contents_utf8().unwrap();
    let found = problems(&text.replace("curve = \"hill\"", "curve = \"hil\""));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].help.as_deref().unwrap().contains("`hill`"));
    let unknown = problems("kind = \"curvs\"\ntitle = \"t\"\n");
    assert_eq!(unknown[0].message, "`kind` is not known");
}

#[test]
fn problems_and_families_ship_under_their_folders() {
    assert_eq!(Scenario::shipped_in("problems").len(), 16);
    assert_eq!(Scenario::shipped_in("references"), ["references/amss-vignette", "references/cdnow"]);
    assert_eq!(Scenario::shipped_in("marks").len(), 3);
    assert_eq!(Scenario::shipped_in("heldout").len(), 12);
    for name in FOLDERS.into_iter().flat_map(Scenario::shipped_in) {
        let scenario = Scenario::load(&name).unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(scenario.name, name);
        assert_eq!(scenario.brief.lines.len(), scenario.brief.limits.lines.len());
    }
    assert!(Scenario::load("industries/snacks").is_err());
}

#[test]
fn shares_must_add_up_and_prices_be_positive() {
    let folder = std::env::temp_dir().join(format!("outlay-catalogue-{}", std::process::id()));
    for kind in ["industries", "channels"] {
        std::fs::create_dir_all(folder.join(kind)).unwrap();
    }
    let shipped = |path: &str| SHIPPED.get_file(path).unwrap().contents_utf8().unwrap();
    let industry = shipped("industries/snacks.toml").replacen("share = 0.20", "share = 0.30", 1);
    let channel = shipped("channels/search.toml").replace("median = 2.0", "median = -2.0");
    std::fs::write(folder.join("industries/snacks.toml"), industry).unwrap();
    std::fs::write(folder.join("channels/search.toml"), channel).unwrap();
    std::fs::write(folder.join("mine.toml"), text()).unwrap();
    let found = Scenario::load(folder.join("mine.toml").to_str().unwrap()).unwrap_err().0;
    std::fs::remove_dir_all(&folder).unwrap();
    let messages: Vec<&str> = found.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(messages, ["shares must add up to 1, not to 1.100000", "`median` must be above 0"]);
}

#[test]
fn broken_syntax_and_missing_files_are_said() {
    assert!(problems("title = ").iter().all(|problem| problem.span.is_some()));
    let missing = Scenario::load("new-custommer").unwrap_err().0;
    assert!(missing[0].help.as_deref().unwrap().contains("`new-customer`"));
}

#[test]
fn a_scenario_may_be_read_with_another_merchant() {
    let own = Scenario::load("new-customer").unwrap();
    let other = Scenario::load("new-customer@super-star").unwrap();
    assert_eq!((other.name.as_str(), other.brief.budget), ("new-customer@super-star", own.brief.budget));
    assert_eq!(other.market().unwrap().merchant.tier, Some(crate::tiers::Tier::SuperStar));
    assert_ne!(other.hash, own.hash);
    // The merchant that the file names anyway changes nothing.
    let same = Scenario::load("new-customer@young-snack-brand").unwrap();
    assert_eq!((&same.hash, same.market()), (&own.hash, own.market()));
    let near = Scenario::load("new-customer@super-sta").unwrap_err().0;
    assert_eq!(near[0].help.as_deref(), Some("did you mean `super-star`?"));
    let without = Scenario::load("problems/p1-power@super-star").unwrap_err().0;
    assert!(without[0].message.contains("no merchant"), "{without:?}");
}

#[test]
fn a_catalogue_name_cannot_leave_its_folder() {
    let text = text().replace("industry = \"snacks\"", "industry = \"../industries/snacks\"");
    assert_eq!(problems(&text)[0].message, "no file `industries/../industries/snacks.toml`");
}
