//! From files to a [`Scenario`]: finds them (shipped in the binary, or on disk), reads, composes and checks.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use include_dir::{Dir, include_dir};
use sha2::{Digest, Sha256};
use toml::de::DeTable;

use crate::deeplink::STAGES;
use crate::limits::{Limits, LineLimits};
use crate::money::Money;
use crate::observation::{Brief, CalendarStep, LineBrief, Pricing};
use crate::problem::{Problem, Problems};
use crate::reader::{Bounds, Notes, Section, Source, suggestion};
use crate::scenario::{
    Channel, Goal, Industry, Line, MEMORIES, Memory, Merchant, Persona, ReportDelay, Scenario, Supply,
    Windows,
};

static SHIPPED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../environments");

/// Largest file that is read: a scenario is a page or two of text.
const LARGEST_FILE: u64 = 4 << 20;

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

    /// Reads a shipped scenario by name, or a file by path.
    ///
    /// # Errors
    ///
    /// Every problem of every file that the scenario is composed of, with its place.
    pub fn load(name_or_path: &str) -> Result<Arc<Self>, Problems> {
        if let Some(file) = SHIPPED.get_file(format!("{name_or_path}.toml")) {
            let text = file.contents_utf8().unwrap_or_default();
            return Self::compose(name_or_path, &source(&format!("{name_or_path}.toml"), text), None);
        }
        let path = Path::new(name_or_path);
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        match read_bounded(path) {
            Ok(text) => Self::compose(&name, &source(name_or_path, &text), path.parent()),
            Err(cause) => {
                let shipped = Self::shipped();
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
        Self::compose(name, &source(&format!("{name}.toml"), text), None)
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

fn source(file: &str, text: &str) -> Source {
    Source { file: file.into(), text: text.into() }
}

fn read_bounded(path: &Path) -> Result<String, String> {
    let size = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > LARGEST_FILE {
        return Err(format!("the file has {size} bytes, more than {LARGEST_FILE}"));
    }
    std::fs::read_to_string(path).map_err(|error| error.to_string())
}

/// Parses a text and hands its top table to `read`; syntax errors are noted.
fn with_table<T>(source: &Source, notes: &Notes, read: impl FnOnce(Section<'_>) -> T) -> Option<T> {
    let (table, errors) = DeTable::parse_recoverable(&source.text);
    for error in &errors {
        notes.add(source, error.span(), error.message(), "here", None);
    }
    // Fields of a file with broken syntax would only repeat the same cause.
    errors.is_empty().then(|| read(Section::top(source, notes, &table)))
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
            (Some(path), _) => read_bounded(path).ok().map(|text| source(&path.to_string_lossy(), &text)),
            (None, Some(file)) if plain => {
                Some(source(&format!("environments/{relative}"), file.contents_utf8().unwrap_or_default()))
            }
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
    let title = top.text("title", "one line for people");
    let question = top.text("question", "what a good allocator should discover here");
    let goal = top.choice("goal", &Goal::NAMED);
    let currency = top.text("currency", "a currency code such as \"CNY\"");
    let budget = top.number("budget", Bounds::between(0.0, 1e12, "major units (yuan) for the whole episode"));
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
    let calendar = catalogue.read(top, "calendar", "calendars", &calendar_name, sources, read_calendar);
    let (calendar_title, calendar) = calendar.unwrap_or_default();
    let steps = calendar.len();

    let mut limits = Limits::default();
    if let Some(mut section) = top.section_if_any("limits") {
        limits.return_floor =
            section.number_if_any("return_floor", Bounds::above_zero("revenue per unit of spend"));
        limits.step_cap = section
            .number_if_any("daily_cap", Bounds::above_zero("major units a day"))
            .map(Money::from_major);
        limits.largest_change =
            section.number_if_any("largest_change", Bounds::between(0.001, 100.0, "a fraction a step"));
        section.finish();
    }
    let memory_names: Vec<String> =
        industry.iter().flat_map(|industry| &industry.memories).map(|memory| memory.name.clone()).collect();
    let mut lines: Vec<Line> = Vec::new();
    for mut section in top.sections("line") {
        let name = section.text("name", "a name for the line");
        if lines.iter().any(|line| line.name == name) {
            section.object(
                "name",
                format!("two lines are called `{name}`"),
                "second",
                "give each its own name",
            );
        }
        let channel_name = section.text("channel", "a file in environments/channels");
        let channel = catalogue.read(&section, "channel", "channels", &channel_name, sources, |top| {
            read_channel(top, &memory_names)
        });
        let factor = Bounds::between(0.0, 1_000.0, "a factor on the channel's figure");
        let scale = |value: Option<f64>| value.unwrap_or(1.0);
        let line = Line {
            name,
            channel: channel.flatten().unwrap_or_else(Channel::nothing),
            price_scale: scale(
                section.number_if_any("price_scale", Bounds::above_zero("a factor on the price")),
            ),
            click_scale: scale(section.number_if_any("click_scale", factor)),
            effect_scale: scale(section.number_if_any("effect_scale", factor)),
            shift: section.section_if_any("shift").map(|mut shift| {
                let day =
                    shift.whole("day", Bounds::between(0.0, steps as f64, "day of the episode, from 0"));
                let scale = shift.number("effect_scale", factor);
                shift.finish();
                (day as usize, scale)
            }),
        };
        limits.lines.push(read_line_limits(&mut section, steps));
        section.finish();
        lines.push(line);
    }
    let budget = Money::from_major(budget);
    for contradiction in limits.contradictions(budget, steps) {
        top.object("limits", contradiction.cause(), "cannot hold", contradiction.help());
    }
    let (industry, merchant, goal) = (industry?, merchant?, goal?);
    let brief = Brief {
        scenario: name.to_owned(),
        goal: goal.name().to_owned(),
        budget,
        steps,
        step_days: 1.0,
        margin: merchant.margin,
        lines: lines.iter().map(line_brief).collect(),
        calendar,
        limits,
    };
    Some(Scenario {
        name: name.to_owned(),
        title,
        question,
        goal,
        currency,
        people,
        shoppers: shoppers as usize,
        training_shoppers: training_shoppers as usize,
        industry,
        merchant,
        calendar_title,
        lines,
        brief: Arc::new(brief),
        hash: String::new(),
    })
}

fn line_brief(line: &Line) -> LineBrief {
    LineBrief {
        name: line.name.clone(),
        pricing: line.channel.pricing,
        outside: line.channel.outside,
        list_price: line.channel.price.median() * line.price_scale,
    }
}

fn read_line_limits(section: &mut Section<'_>, steps: usize) -> LineLimits {
    let day = Bounds::between(0.0, steps as f64, "day of the episode, from 0");
    let money = Bounds::at_least_zero("major units a day");
    LineLimits {
        first_step: section.whole_if_any("first_day", day).unwrap_or(0) as usize,
        end_step: section.whole_if_any("end_day", day).map_or(steps, |end| end as usize),
        cap: section.number_if_any("cap", money).map(Money::from_major),
        floor: section.number_if_any("floor", money).map(Money::from_major),
        pin: section.number_if_any("pin", money).map(Money::from_major),
    }
}

fn read_calendar(top: &mut Section<'_>) -> (String, Vec<CalendarStep>) {
    let title = top.text("title", "one line for people");
    let weekday_names = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let named: Vec<(&str, usize)> = weekday_names.iter().enumerate().map(|(i, name)| (*name, i)).collect();
    let first_weekday = top.choice("first_weekday", &named).unwrap_or(0);
    let weekday_traffic = top.numbers("weekday_traffic", 7, Bounds::above_zero("relative to the mean day"));
    let factor = Bounds::above_zero("relative to an ordinary day");
    let mut steps = Vec::new();
    for (phase_index, mut section) in top.sections("phase").into_iter().enumerate() {
        let phase = section.text("name", "name of the phase");
        let days = section.whole("days", Bounds::between(1.0, 400.0, "days"));
        let (traffic, demand, price) = (
            section.number("traffic", factor),
            section.number("demand", factor),
            section.number("price", factor),
        );
        section.finish();
        for _ in 0..days {
            let weekday = (first_weekday + steps.len()) % 7;
            steps.push(CalendarStep {
                phase: phase.clone(),
                phase_index,
                weekday: weekday as u8,
                traffic: traffic * weekday_traffic[weekday],
                demand,
                price,
            });
        }
    }
    (title, steps)
}

fn stages(section: &mut Section<'_>, key: &'static str, bounds: Bounds) -> [f64; STAGES] {
    let mut stages = [0.0; STAGES];
    stages.copy_from_slice(&section.numbers(key, STAGES, bounds));
    stages
}

fn read_merchant(top: &mut Section<'_>) -> Merchant {
    let merchant = Merchant {
        title: top.text("title", "one line for people"),
        appeal: top.uncertain("appeal", Bounds::above_zero("relative to the industry's figures")),
        margin: top.number("margin", Bounds::between(0.001, 1.0, "share of an order's value")),
        order_value: top.number("order_value", Bounds::above_zero("major units an order")),
        order_value_log_sd: top
            .number("order_value_log_sd", Bounds::between(0.0, 3.0, "of the natural logarithm")),
        stages: stages(top, "stages", Bounds::share("share of people in each stage, unreached first")),
        member_rate: top.number("member_rate", Bounds::share("share of interactions")),
    };
    sums_to_one(top, "stages", merchant.stages.iter().sum());
    merchant
}

fn sums_to_one(section: &Section<'_>, key: &str, sum: f64) {
    if (sum - 1.0).abs() > 1e-6 {
        section.object(key, format!("shares must add up to 1, not to {sum:.6}"), "these shares", "");
    }
}

fn read_industry(top: &mut Section<'_>) -> Industry {
    let title = top.text("title", "one line for people");
    let days = Bounds::above_zero("days");
    let share = Bounds::share("a chance");
    let factor = Bounds::above_zero("a factor");
    let windows = top.section("windows").map(|mut section| {
        let windows = Windows {
            discover: section.number("discover_days", days),
            engage: section.number("engage_days", days),
            enthuse: section.number("enthuse_days", days),
            perform: section.number("perform_days", days),
            customer: section.whole("customer_days", Bounds::between(1.0, 10_000.0, "days")) as u16,
            keen_orders: section.whole("keen_orders", Bounds::between(2.0, 3.0, "orders")) as u8,
        };
        section.finish();
        windows
    });
    let mut personas = Vec::new();
    for mut section in top.sections("persona") {
        personas.push(Persona {
            name: section.text("name", "a name"),
            share: section.number("share", share),
            visits_per_month: section.number("visits_per_month", Bounds::between(0.0, 30.0, "days a month")),
            sessions: [
                section.number("web", share),
                section.number("video", share),
                section.number("notes", share),
            ],
            deals: section.number("deals", share),
            tasks: section.number("tasks", share),
            purchases: section.number("purchases", factor),
            appeal: section.uncertain("appeal", factor),
        });
        section.finish();
    }
    sums_to_one(top, "persona", personas.iter().map(|persona| persona.share).sum());
    if personas.len() > crate::shoppers::MOST_PERSONAS {
        let most = crate::shoppers::MOST_PERSONAS;
        top.object("persona", format!("at most {most} personas"), format!("{} here", personas.len()), "");
    }
    let mut memories = Vec::new();
    for mut section in top.sections("memory") {
        memories.push(Memory {
            name: section.text("name", "a name that channels refer to"),
            half_life: section.number("half_life_days", days),
            persuasion: section
                .uncertain("persuasion", Bounds::at_least_zero("rise of the logarithm of the pull")),
            curiosity: section.uncertain("curiosity", share),
            fatigue: section.number("fatigue", Bounds::above_zero("units of memory")),
        });
        section.finish();
    }
    if memories.len() > MEMORIES {
        top.object("memory", format!("at most {MEMORIES} memories"), format!("{} here", memories.len()), "");
    }
    let report = top.section("report").map(|mut section| {
        let report = ReportDelay {
            same_day: section.number("same_day", share),
            daily: section.number("daily", Bounds::between(0.01, 1.0, "share of the rest")),
            longest: section.whole("longest_days", Bounds::between(0.0, 60.0, "days")) as u16,
        };
        section.finish();
        report
    });
    Industry {
        title,
        windows: windows.unwrap_or(Windows {
            discover: 1.0,
            engage: 1.0,
            enthuse: 1.0,
            perform: 1.0,
            customer: 1,
            keen_orders: 3,
        }),
        personas,
        activity: {
            let activity = top.numbers("activity", 3, Bounds::above_zero("relative to the persona's mean"));
            sums_to_one(top, "activity", activity.iter().sum::<f64>() / 3.0);
            [activity[0], activity[1], activity[2]]
        },
        in_market: top.uncertain("in_market", Bounds::between(0.0, 0.9, "share of people")),
        need_days: top.number("need_days", Bounds::between(1.0, 1e6, "days")),
        satiation_days: top.number("satiation_days", Bounds::between(1.0, 1e6, "days")),
        purchase_rate: top.number("purchase_rate", share),
        in_market_visits: top.number("in_market_visits", factor),
        in_market_clicks: top.number("in_market_clicks", factor),
        rival_interest: top.number("rival_interest", Bounds::between(0.1, 20.0, "an exponent")),
        category_query: top.number("category_query", share),
        brand_query: stages(top, "brand_query", share),
        brand_query_rank: top.number("brand_query_rank", share),
        brand_query_clicks: top.number("brand_query_clicks", factor),
        brand_query_free: top.number("brand_query_free", share),
        attraction: stages(top, "attraction", Bounds::at_least_zero("relative to all rivals together")),
        stage_visits: stages(top, "stage_visits", Bounds::at_least_zero("relative to an unreached person")),
        stage_clicks: stages(top, "stage_clicks", Bounds::at_least_zero("relative to an unreached person")),
        free_exposure: top.uncertain("free_exposure", share),
        free_click: top.number("free_click", share),
        hunters: top.number("hunters", share),
        hunter_purchases: top.number("hunter_purchases", Bounds::share("relative to others")),
        memories,
        report: report.unwrap_or(ReportDelay { same_day: 1.0, daily: 1.0, longest: 0 }),
        rival_entry: top.number("rival_entry", share),
        rival_entry_price: top.number("rival_entry_price", Bounds::at_least_zero("a fraction of the price")),
    }
}

fn read_channel(top: &mut Section<'_>, memories: &[String]) -> Option<Channel> {
    let title = top.text("title", "one line for people");
    let pricing = top.choice(
        "pricing",
        &[
            ("per-click", Pricing::PerClick),
            ("per-thousand", Pricing::PerThousand),
            ("per-impression", Pricing::PerImpression),
            ("per-engagement", Pricing::PerEngagement),
            ("commission", Pricing::Commission),
        ],
    );
    let supply = top.choice(
        "supply",
        &[
            ("visits", Supply::Visits),
            ("queries", Supply::Queries),
            ("deals", Supply::Deals),
            ("tasks", Supply::Tasks),
            ("web", Supply::Sessions(0)),
            ("video", Supply::Sessions(1)),
            ("notes", Supply::Sessions(2)),
        ],
    );
    let named: Vec<(&str, usize)> = memories.iter().enumerate().map(|(i, name)| (name.as_str(), i)).collect();
    let price_unit = match pricing {
        Some(Pricing::PerClick) => "major units a click",
        Some(Pricing::PerThousand) => "major units a thousand impressions",
        Some(Pricing::PerImpression) => "major units an impression",
        Some(Pricing::PerEngagement) => "major units an engagement",
        Some(Pricing::Commission) | None => "share of an order's value",
    };
    let commission = pricing == Some(Pricing::Commission);
    let price = if commission { Bounds::share(price_unit) } else { Bounds::above_zero(price_unit) };
    let share = Bounds::share("a chance");
    let channel = Channel {
        title,
        pricing: pricing.unwrap_or(Pricing::PerClick),
        supply: supply.unwrap_or(Supply::Visits),
        outside: top.flag("outside", "true or false"),
        price: top.uncertain("price", price),
        price_spread: top.number("price_spread", Bounds::between(0.0, 3.0, "of the natural logarithm")),
        price_floor: top.number("price_floor", Bounds::at_least_zero(price_unit)),
        impressions: top.whole("impressions", Bounds::between(1.0, 1_000.0, "impressions in a contact"))
            as u32,
        click_rate: top.uncertain("click_rate", Bounds::share("a chance for each contact")),
        interact_rate: top.uncertain("interact_rate", Bounds::share("a chance for each click")),
        intent_rate: top.uncertain("intent_rate", Bounds::share("a chance for each click")),
        worthless: top.uncertain("worthless", Bounds::share("share of contacts")),
        memory: top.choice("memory", &named).unwrap_or(0),
        impact: top.uncertain("impact", Bounds::at_least_zero("units of memory a contact")),
        identity: top.number("identity", share),
        credit_days: top.number("credit_days", Bounds::at_least_zero("days")),
        drift: top.number("drift", Bounds::between(0.0, 1.0, "of the natural logarithm, a day")),
        wear_out: top
            .number("wear_out", Bounds::at_least_zero("of the natural logarithm, a contact per person")),
        commission_cap: if commission {
            top.number("commission_cap", Bounds::above_zero("major units an order"))
        } else {
            0.0
        },
        commission_days: if commission {
            top.number("commission_days", Bounds::between(1.0, 60.0, "days"))
        } else {
            0.0
        },
    };
    (pricing.is_some() && supply.is_some()).then_some(channel)
}

impl Channel {
    /// Stands in for a channel that could not be read, so that the rest of the file is still checked.
    fn nothing() -> Self {
        let zero = crate::scenario::Uncertain::Fixed(0.0);
        Self {
            title: String::new(),
            pricing: Pricing::PerClick,
            supply: Supply::Visits,
            outside: false,
            price: zero,
            price_spread: 0.0,
            price_floor: 0.0,
            impressions: 1,
            click_rate: zero,
            interact_rate: zero,
            intent_rate: zero,
            worthless: zero,
            memory: 0,
            impact: zero,
            identity: 1.0,
            credit_days: 0.0,
            drift: 0.0,
            wear_out: 0.0,
            commission_cap: 0.0,
            commission_days: 0.0,
        }
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
    fn limits_that_can_never_hold_are_an_error() {
        let text = text().replacen("name = \"search\"", "name = \"search\"\nfloor = 200000", 1);
        let found = problems(&text);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].help.is_some());
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
