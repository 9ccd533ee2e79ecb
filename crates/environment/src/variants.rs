//! Variants of a scenario, drawn by number: another budget, another goal, other prices and effects, lines left out and lines
//! added. They are for training: a policy that met many of them has to read the brief it is given. `NAME~3` is the third of `NAME`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::base::File;
use crate::change::Change;
use crate::document::Source;
use crate::draws::Key;
use crate::problem::{Problem, Problems};
use crate::scenario::Scenario;

/// Least and most that the budget is multiplied by.
const BUDGET: [f64; 2] = [0.4, 2.5];
/// Standard deviations of the logarithms of the factors on prices, click rates and effects, and on a return floor.
const PRICE: f64 = 0.3;
const CLICKS: f64 = 0.2;
const EFFECT: f64 = 0.3;
const FLOOR: f64 = 0.15;
/// Goals that need nothing besides, and the chance that the goal becomes one of them.
const GOALS: [&str; 4] = ["new-customers", "orders", "revenue", "profit"];
const OTHER_GOAL: f64 = 0.25;
/// Chance that a line is left out, as long as two stay.
const DROPPED: f64 = 0.2;
/// Lines that may be added, by channel, and the chance of each of two.
const ADDED: [&str; 12] = [
    "search",
    "display",
    "exchange",
    "interactive",
    "short-video",
    "notes",
    "weibo",
    "bilibili",
    "douyin",
    "xiaohongshu",
    "baidu",
    "zhihu",
];
const ADD: f64 = 0.25;
/// Draws after which a scenario is taken to have no variants.
const DRAWS: u64 = 30;

impl Scenario {
    /// The two parts of `NAME~NUMBER`; a path to a file that is there is taken as it is.
    #[must_use]
    pub fn split_variant(typed: &str) -> (&str, Option<u64>) {
        let parts = typed.rsplit_once('~').filter(|_| !Path::new(typed).exists());
        match parts.and_then(|(place, number)| Some((place, number.parse().ok()?))) {
            Some((place, number)) => (place, Some(number)),
            None => (typed, None),
        }
    }

    /// Variant `number` of the scenario at `place`, a shipped name or a path: a file with `base` and what was drawn. What
    /// makes no valid scenario (a group that loses its line, a floor above the budget) is drawn again.
    ///
    /// # Errors
    ///
    /// Those of the scenario itself, or of the last draw; worlds without shoppers have no variants.
    pub fn variant(place: &str, number: u64) -> Result<Arc<Self>, Problems> {
        Self::changed_variant(place, number, &[])
    }

    /// A variant with changes laid over what was drawn.
    pub(crate) fn changed_variant(
        place: &str,
        number: u64,
        changes: &[Change],
    ) -> Result<Arc<Self>, Problems> {
        let base = Self::load(place)?;
        if base.market().is_none() {
            return Err(Problems(vec![Problem {
                file: place.into(),
                text: "".into(),
                span: None,
                message: format!("`{place}` has no variants"),
                label: String::new(),
                help: Some(
                    "only scenarios of shoppers have: budgets, prices, effects and lines are drawn"
                        .to_owned(),
                ),
            }]));
        }
        let key = Key::new(number).with_name("variant").with_name(&base.name);
        let path = Path::new(place);
        let on_disk = File::shipped(place, place).is_none();
        let named = path.file_name().filter(|_| on_disk).map_or(place.into(), |name| name.to_string_lossy());
        let folder: Option<PathBuf> = path.parent().filter(|_| on_disk).map(Path::to_owned);
        let name = format!("{}~{number}", base.name);
        let draw = |draw: u64, changes: &[Change]| {
            let source = Source::new(&format!("{name}.toml"), &text(&base, &named, key.with(draw)));
            Self::compose(&name, File { source, folder: folder.clone(), identity: None }, None, changes)
        };
        let valid = (0..DRAWS).find(|&number| draw(number, &[]).is_ok());
        draw(valid.unwrap_or(DRAWS - 1), changes)
    }
}

/// The variant as a file.
fn text(base: &Scenario, named: &str, key: Key) -> String {
    let brief = &base.brief;
    let scaled = |key: Key, deviation: f64| libm::exp(deviation * key.normal());
    let [least, most] = BUDGET.map(libm::log);
    let budget = libm::exp(least + key.with_name("budget").uniform() * (most - least));
    let budget = (brief.budget.major() * budget).round().max(1.0);
    let of_line = |line: &str| key.with_name("line").with_name(line);
    let mut dropped: Vec<&str> = brief.lines.iter().map(|line| line.name.as_str()).collect();
    dropped.retain(|line| of_line(line).with_name("drop").uniform() < DROPPED);
    dropped.truncate(brief.lines.len().saturating_sub(2));
    let mut text = format!("base = {named:?}\nbudget = {budget}\n");
    let goal = key.with_name("goal");
    if goal.uniform() < OTHER_GOAL {
        text += &format!("goal = {:?}\n", one_of(&GOALS, goal.with_name("which")));
    }
    if !dropped.is_empty() {
        text += &format!("drop_lines = {dropped:?}\n");
    }
    if let Some(floor) = brief.limits.return_floor {
        text += &format!("[limits]\nreturn_floor = {}\n", floor * scaled(key.with_name("floor"), FLOOR));
    }
    for line in brief.lines.iter().filter(|line| !dropped.contains(&line.name.as_str())) {
        let key = of_line(&line.name);
        text += &format!(
            "[[line]]\nname = {:?}\nprice_scale = {}\nclick_scale = {}\neffect_scale = {}\n",
            line.name,
            scaled(key.with_name("price"), PRICE),
            scaled(key.with_name("clicks"), CLICKS),
            scaled(key.with_name("effect"), EFFECT),
        );
    }
    for number in 0..2 {
        let key = key.with_name("add").with(number);
        if key.uniform() < ADD {
            let channel = one_of(&ADDED, key.with_name("channel"));
            text += &format!("[[line]]\nname = \"{channel}-{number}\"\nchannel = {channel:?}\n");
        }
    }
    text
}

fn one_of(names: &[&'static str], key: Key) -> &'static str {
    names[(key.uniform() * names.len() as f64) as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_scenario_has_variants_that_differ() {
        for name in Scenario::shipped() {
            let [one, same, two] = [1, 1, 2].map(|number| Scenario::variant(&name, number).unwrap());
            assert_eq!(one.hash, same.hash);
            assert!(one.hash != two.hash && one.brief.budget != two.brief.budget, "{name}");
            assert_eq!(Scenario::load(&format!("{name}~1")).unwrap().hash, one.hash);
        }
        assert_eq!(Scenario::split_variant("new-customer~12"), ("new-customer", Some(12)));
        assert_eq!(Scenario::split_variant("new-customer~x"), ("new-customer~x", None));
    }

    #[test]
    fn budgets_and_numbers_of_lines_spread() {
        let base = Scenario::load("new-customer").unwrap();
        let variants: Vec<_> =
            (0..40).map(|number| Scenario::variant("new-customer", number).unwrap()).collect();
        let lines = |scenario: &Arc<Scenario>| scenario.brief.lines.len();
        assert!(
            variants.iter().any(|it| lines(it) < lines(&base))
                && variants.iter().any(|it| lines(it) > lines(&base))
        );
        let ratios = variants.iter().map(|it| it.brief.budget.major() / base.brief.budget.major());
        assert!(ratios.clone().all(|ratio| (0.39..2.51).contains(&ratio)));
        assert!(variants.iter().any(|it| it.goal != base.goal));
        assert!(ratios.clone().any(|ratio| ratio < 0.7) && ratios.clone().any(|ratio| ratio > 1.5));
    }

    #[test]
    fn what_is_wrong_with_the_base_is_said() {
        let said = |name: &str| Scenario::load(name).unwrap_err().to_string();
        assert!(said("new-custome~1").contains("new-custome"));
        assert!(said("problems/p1-power~1").contains("has no variants"));
    }
}
