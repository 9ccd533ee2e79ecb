//! From files to a [`Scenario`]: finds them (shipped in the binary, or on disk), reads, composes and checks.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use include_dir::{Dir, include_dir};
use sha2::{Digest, Sha256};

use crate::amss::read::read_amss;
use crate::curves::read::{read_curves, read_puzzle};
use crate::goal::{Goal, read_aim};
use crate::levers::Levers;
use crate::limit_parts::{read_groups, read_limits, read_line_limits};
use crate::limits::{Limits, LineLimits};
use crate::market::benefit_parts::{check_names, read_benefits};
use crate::market::benefits::{Benefits, Holder};
use crate::market::calendar::{HALF_HOURS, read_calendar};
use crate::market::channel_parts::{read_channel, read_line};
use crate::market::goods_parts::read_choice;
use crate::market::parts::{read_industry, read_merchant};
use crate::market::settings::{Goods, Line, Market};
use crate::money::Money;
use crate::observation::{Brief, CalendarStep, LineBrief};
use crate::problem::{Problem, Problems};
use crate::reader::{Bounds, Notes, Section, Source, read_bounded, suggestion, with_table};
use crate::scenario::{Answer, Kind, Scenario};
use crate::tiers::read_stars;

/// Folders of shipped scenarios beside the thirty.
const FOLDERS: [&str; 4] = ["problems", "families", "references", "marks"];

static SHIPPED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../environments");

impl Scenario {
    /// Names of the shipped scenarios, in alphabetical order.
    #[must_use]
    pub fn shipped() -> Vec<String> {
        let mut names: Vec<String> = SHIPPED
            .files()
            .filter_map(|file| file.path().to_str()?.strip_suffix(".toml").map(str::to_owned))
            .collect();
        names.sort();
        names
    }

    /// Names of the shipped scenarios in a folder: `problems` have a known answer, `families` are curves worlds on which
    /// baselines are calibrated, `references` are worlds that others designed, `marks` are scenarios with one figure fitted
    /// to a published result.
    #[must_use]
    pub fn shipped_in(folder: &str) -> Vec<String> {
        let files = SHIPPED.get_dir(folder).into_iter().flat_map(Dir::files);
        let mut names: Vec<String> =
            files.filter_map(|file| file.path().to_str()?.strip_suffix(".toml").map(str::to_owned)).collect();
        names.sort();
        names
    }

    /// Every name that [`Scenario::load`] knows, those in folders with their folder.
    #[must_use]
    pub fn every_shipped() -> Vec<String> {
        let folders = FOLDERS.into_iter().flat_map(Self::shipped_in);
        Self::shipped().into_iter().chain(folders).collect()
    }

    /// Reads a shipped scenario by name, or a file by path.
    ///
    /// # Errors
    ///
    /// Every problem of every file that the scenario is composed of, with its place.
    pub fn load(name_or_path: &str) -> Result<Arc<Self>, Problems> {
        let shipped = Self::every_shipped();
        let known = shipped.iter().any(|name| name == name_or_path);
        if let Some(file) = SHIPPED.get_file(format!("{name_or_path}.toml")).filter(|_| known) {
            let text = file.contents_utf8().unwrap_or_default();
            return Self::compose(name_or_path, &Source::new(&format!("{name_or_path}.toml"), text), None);
        }
        let path = Path::new(name_or_path);
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        match read_bounded(path) {
            Ok(text) => Self::compose(&name, &Source::new(name_or_path, &text), path.parent()),
            Err(cause) => {
                let names: Vec<&str> = shipped.iter().map(String::as_str).collect();
                let help = suggestion(name_or_path, &names).map_or_else(
                    || "`outlay scenarios` lists those that ship; a path to a file works as well".to_owned(),
                    |near| format!("did you mean `{near}`? `outlay scenarios` lists all"),
                );
                Err(Problems(vec![Problem {
                    file: name_or_path.into(),
                    text: "".into(),
                    span: None,
                    message: format!("no scenario `{name_or_path}`: {cause}"),
                    label: String::new(),
                    help: Some(help),
                }]))
            }
        }
    }

    /// Composes a scenario from its text alone; catalogue names refer to shipped files.
    ///
    /// # Errors
    ///
    /// As [`Scenario::load`].
    pub fn from_text(name: &str, text: &str) -> Result<Arc<Self>, Problems> {
        Self::compose(name, &Source::new(&format!("{name}.toml"), text), None)
    }

    fn compose(name: &str, file: &Source, folder: Option<&Path>) -> Result<Arc<Self>, Problems> {
        let notes = Notes::default();
        let mut sources = vec![file.clone()];
        let composed = with_table(file, &notes, |mut top| {
            let catalogue = Catalogue { folder, notes: &notes };
            let scenario = read_scenario(name, &mut top, &catalogue, &mut sources);
            top.finish();
            scenario
        });
        notes.verdict()?;
        let mut scenario = composed.flatten().ok_or_else(|| Problems(Vec::new()))?;
        let mut digest = Sha256::new();
        for source in &sources {
            digest.update((source.text.len() as u64).to_le_bytes());
            digest.update(source.text.as_bytes());
        }
        scenario.hash = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Arc::new(scenario))
    }
}

/// Where catalogue files are looked for: beside the scenario's file first, then among the shipped ones.
struct Catalogue<'a> {
    folder: Option<&'a Path>,
    notes: &'a Notes,
}

impl Catalogue<'_> {
    /// Reads `kind/name.toml`, keeping its source for the hash and for messages.
    fn read<T>(
        &self,
        section: &Section<'_>,
        key: &str,
        kind: &str,
        name: &str,
        sources: &mut Vec<Source>,
        read: impl FnOnce(&mut Section<'_>) -> T,
    ) -> Option<T> {
        if name.is_empty() {
            return None;
        }
        let relative = format!("{kind}/{name}.toml");
        // A name is a single word: it cannot leave the catalogue's folder.
        let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        let on_disk: Option<PathBuf> =
            self.folder.map(|folder| folder.join(&relative)).filter(|path| plain && path.is_file());
        let found = match (&on_disk, SHIPPED.get_file(&relative)) {
            (Some(path), _) => {
                read_bounded(path).ok().map(|text| Source::new(&path.to_string_lossy(), &text))
            }
            (None, Some(file)) if plain => Some(Source::new(
                &format!("environments/{relative}"),
                file.contents_utf8().unwrap_or_default(),
            )),
            _ => None,
        };
        let Some(found) = found else {
            let shipped: Vec<&str> = SHIPPED
                .get_dir(kind)
                .map(|dir| dir.files().filter_map(|file| file.path().file_stem()?.to_str()).collect())
                .unwrap_or_default();
            let help = suggestion(name, &shipped).map_or_else(
                || format!("shipped: {}", shipped.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            section.object(key, format!("no file `{relative}`"), "not found", &help);
            return None;
        };
        let value = with_table(&found, self.notes, |mut top| {
            let value = read(&mut top);
            top.finish();
            value
        });
        sources.push(found);
        value
    }
}

fn read_scenario(
    name: &str,
    top: &mut Section<'_>,
    catalogue: &Catalogue<'_>,
    sources: &mut Vec<Source>,
) -> Option<Scenario> {
    let kinds = ["market", "curves", "amss", "pacing", "exploration"].map(|kind| (kind, kind));
    let kind = top.choice_if_any("kind", &kinds).unwrap_or("market");
    let title = top.text("title", "one line for people");
    let question = top.text("question", "what a good allocator should discover here");
    let goal = top.choice("goal", &Goal::NAMED);
    if let Some(goal) = goal
        && let (fits, help) = goals_of(kind)
        && !fits(goal)
    {
        let article = if kind.starts_with(['a', 'e']) { "an" } else { "a" };
        top.object("goal", format!("{article} {kind} world cannot have this goal"), "not here", help);
    }
    let lengths = [("day", 1), ("half-hour", HALF_HOURS)];
    let per_day = if kind == "market" { top.choice_if_any("step", &lengths).unwrap_or(1) } else { 1 };
    let step_days = if kind == "amss" { 7.0 } else { 1.0 / per_day as f64 };
    let currency = top.text("currency", "a currency code such as \"CNY\"");
    let budget = top.number("budget", Bounds::between(0.0, 1e12, "major units (yuan) for the whole episode"));
    let mut limits = read_limits(top, per_day);
    let levers = if kind == "market" { Levers::read(top) } else { Levers::default() };
    let mut products = Vec::new();
    let mut commit_step = None;
    let (kind, calendar_title, lines, calendar, margin) = match kind {
        "market" => {
            let (market, title, calendar) = read_market(top, catalogue, sources, per_day, &mut limits)?;
            let lines = market.lines.iter().map(|line| line_brief(line, &market.merchant.goods)).collect();
            products =
                market.merchant.goods.products.iter().map(|product| product.brief(step_days)).collect();
            commit_step = market.commit_step;
            if goal == Some(Goal::BestProduct) && !market.test {
                let message = "the goal `best-product` needs a table `[test]`";
                top.object(
                    "goal",
                    message,
                    "nothing is judged",
                    "add `[test]` with `decide = \"last-step\"`",
                );
            }
            let margin = market.merchant.margin;
            (Kind::Market(Arc::new(market)), title, lines, calendar, margin)
        }
        "curves" => {
            let (settings, lines, calendar) = read_curves(top, &mut limits)?;
            (Kind::Curves(Arc::new(settings)), "its own".to_owned(), lines, calendar, 1.0)
        }
        "amss" => {
            let (settings, lines, calendar) = read_amss(top, &mut limits)?;
            let margin = 1.0 - settings.sales.unit_cost / settings.sales.price;
            (Kind::Amss(Arc::new(settings)), "its own".to_owned(), lines, calendar, margin)
        }
        other => {
            let (lines, calendar) = read_puzzle(top, &mut limits)?;
            let kind = if other == "pacing" { Kind::Pacing } else { Kind::Exploration };
            (kind, "its own".to_owned(), lines, calendar, 1.0)
        }
    };
    let answer = read_answer(top);
    let aim = read_aim(top, goal, calendar.len(), step_days);
    let budget = Money::from_major(budget);
    limits.groups = read_groups(top, &lines, budget);
    let steps = calendar.len();
    // Without a calendar nothing can be said of windows.
    let contradictions = if steps > 0 { limits.contradictions(budget, steps) } else { Vec::new() };
    for contradiction in contradictions {
        top.object("limits", contradiction.cause(), "cannot hold", contradiction.help());
    }
    let goal = goal?;
    let brief = Brief {
        scenario: name.to_owned(),
        goal: goal.name().to_owned(),
        aim,
        budget,
        steps,
        step_days,
        margin,
        lines,
        calendar,
        limits,
        products,
        commit_step,
        levers,
    };
    Some(Scenario {
        name: name.to_owned(),
        title,
        question,
        goal,
        currency,
        calendar_title,
        kind,
        brief: Arc::new(brief),
        answer,
        hash: String::new(),
    })
}

/// Whether a kind of world can have a goal, and how to write those that it can have.
fn goals_of(kind: &str) -> (fn(Goal) -> bool, &'static str) {
    match kind {
        "market" => (|goal| goal != Goal::Response, "e.g. `new-customers`, `revenue`, `profit`"),
        "amss" => (|goal| goal == Goal::Revenue, "`revenue`"),
        _ => (|goal| goal == Goal::Response, "`response`"),
    }
}

/// What is known of the best that can be done.
fn read_answer(top: &mut Section<'_>) -> Option<Answer> {
    let mut section = top.section_if_any("answer")?;
    let score = Bounds::between(-1e15, 1e15, "in units of the goal");
    let answer = Answer {
        value: section.number("value", score),
        gate: section.number("gate", Bounds::share("of the value that a trained policy must reach")),
        plan: section
            .rows_if_any("plan", Bounds::at_least_zero("major units, a list of steps for each line")),
        price: section.number_if_any("price", score),
        others: section.named_numbers_if_any("others", score),
        source: section.text("source", "where the answer comes from"),
    };
    section.finish();
    Some(answer)
}

/// Reads a market of shoppers and, line by line, its limits; also the calendar with its title.
fn read_market(
    top: &mut Section<'_>,
    catalogue: &Catalogue<'_>,
    sources: &mut Vec<Source>,
    per_day: usize,
    limits: &mut Limits,
) -> Option<(Market, String, Vec<CalendarStep>)> {
    let people = top.whole("people", Bounds::between(1.0, 1e10, "people in the market"));
    let shoppers = top.whole("shoppers", Bounds::between(1.0, 1e9, "simulated shoppers"));
    let training_shoppers = top.whole("training_shoppers", Bounds::between(1.0, 1e9, "simulated shoppers"));
    for (key, count) in [("shoppers", shoppers), ("training_shoppers", training_shoppers)] {
        if count == 0 || !people.is_multiple_of(count.max(1)) {
            top.object(
                key,
                format!("`{key}` must divide `people` evenly"),
                format!("{people} / {count}"),
                "",
            );
        }
    }
    let industry_name = top.text("industry", "a file in environments/industries");
    let industry = catalogue.read(top, "industry", "industries", &industry_name, sources, read_industry);
    let merchant_name = top.text("merchant", "a file in environments/merchants");
    let merchant = catalogue.read(top, "merchant", "merchants", &merchant_name, sources, read_merchant);
    let calendar_name = top.text("calendar", "a file in environments/calendars");
    let calendar = catalogue
        .read(top, "calendar", "calendars", &calendar_name, sources, |top| read_calendar(top, per_day));
    let (calendar_title, calendar) = calendar.unwrap_or_default();
    let steps = calendar.len();
    let tier = merchant.as_ref().and_then(|merchant| merchant.tier);
    let stars = tier.and_then(|_| catalogue.read(top, "merchant", "tiers", "stars", sources, read_stars));
    let merchants = merchant.iter().map(|merchant| merchant.benefits.clone());
    let tiers = stars.iter().zip(tier).map(|(stars, tier)| stars.benefits[tier as usize].clone());
    let benefits = merchants.chain(tiers).fold(read_benefits(top), Benefits::or);
    let given: Vec<(&str, usize)> = (benefits.coupons.iter().enumerate())
        .filter(|(_, coupon)| coupon.holder == Holder::Line)
        .map(|(place, coupon)| (coupon.name.as_str(), place))
        .collect();
    let mut lines: Vec<Line> = Vec::new();
    for mut section in top.sections("line") {
        let name = line_name(&mut section, lines.iter().map(|line| line.name.as_str()));
        let channel_name = section.text("channel", "a file in environments/channels");
        let channel = catalogue.read(&section, "channel", "channels", &channel_name, sources, |top| {
            read_channel(top, industry.as_ref())
        });
        let channel = (channel_name, channel.flatten());
        let parts = (industry.as_ref(), merchant.as_ref());
        let mut line = read_line(&mut section, name, channel, parts, (steps, per_day));
        line.coupon = section.choice_if_any("coupon", &given);
        if section.flag_if_any("scarce").unwrap_or(false) {
            line.price_scale *= 1.0 - benefits.scarce_discount.unwrap_or(0.0);
        }
        let credit = benefits.credit.as_ref().is_some_and(|credit| credit.lines.contains(&line.name));
        limits.lines.push(LineLimits { credit, ..read_line_limits(&mut section, steps, per_day) });
        section.finish();
        lines.push(line);
    }
    let (shoppers, training_shoppers) = (shoppers as usize, training_shoppers as usize);
    let (industry, merchant) = (industry?, merchant?);
    let (test, commit_step) = read_choice(top, &lines, (steps, per_day));
    let market = Market {
        people,
        shoppers,
        training_shoppers,
        industry,
        merchant,
        lines,
        benefits,
        stars,
        test,
        commit_step,
    };
    check_names(top, &market, &calendar);
    Some((market, calendar_title, calendar))
}

/// The name of a line, unlike those before it.
pub(crate) fn line_name<'a>(section: &mut Section<'_>, mut others: impl Iterator<Item = &'a str>) -> String {
    let name = section.text("name", "a name for the line");
    if others.any(|other| other == name) {
        let message = format!("two lines are called `{name}`");
        section.object("name", message, "second", "give each its own name");
    }
    name
}

fn line_brief(line: &Line, goods: &Goods) -> LineBrief {
    LineBrief {
        outside: line.channel.outside,
        list_price: line.channel.price.median() * line.price_scale,
        channel: line.is_variant().then(|| line.channel_name.clone()),
        audience: line.audience.as_ref().map(|audience| audience.name.clone()),
        audience_size: line.audience.as_ref().map(|audience| audience.size),
        creative: line.creative.clone(),
        product: line.product.map(|product| goods.products[product].name.clone()),
        ..LineBrief::new(line.name.clone(), line.channel.pricing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(Scenario::shipped_in("references"), ["references/amss-vignette"]);
        assert_eq!(Scenario::shipped_in("marks").len(), 3);
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
    fn a_catalogue_name_cannot_leave_its_folder() {
        let text = text().replace("industry = \"snacks\"", "industry = \"../industries/snacks\"");
        assert_eq!(problems(&text)[0].message, "no file `industries/../industries/snacks.toml`");
    }
}
