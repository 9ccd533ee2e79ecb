//! Which column is what: by what the command says, by its content, by its name; and why.

use super::cells::{Number, date, number};
use super::findings::Findings;
use super::table::Table;
use crate::cli;
use crate::phrases::calibrate::Phrases;
use crate::phrases::{Language, fill};
use crate::plan;

/// What a column is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    Date,
    /// Whose row it is, where a date has a row for each channel.
    Channel,
    Spend,
    Outcome,
    /// The outcome is this times the outcome column.
    WorthOfOne,
    Control,
    Currency,
    LeftOut,
}

impl Role {
    pub(super) fn name(self, phrases: &Phrases) -> &'static str {
        match self {
            Self::Date => phrases.role_date,
            Self::Channel => phrases.role_channel,
            Self::Spend => phrases.role_spend,
            Self::Outcome => phrases.role_outcome,
            Self::WorthOfOne => phrases.role_worth,
            Self::Control => phrases.role_control,
            Self::Currency => phrases.role_currency,
            Self::LeftOut => phrases.role_left_out,
        }
    }
}

/// A column and what it was taken for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) role: Role,
    pub(super) why: String,
}

/// What a name says of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hint {
    Spend,
    Control,
    PerOne,
    Exposure,
    Revenue,
    Orders,
    Nothing,
}

const SPEND: &[&str] = &["spend", "spent", "spending", "cost", "costs", "investment", "adspend", "s"];
const SPEND_PARTS: &[&str] = &["花费", "消耗", "费用", "支出", "投放金额"];
const CONTROL: &[&str] = &[
    "event",
    "events",
    "holiday",
    "holidays",
    "promo",
    "promotion",
    "promotions",
    "discount",
    "price",
    "competitor",
    "competition",
    "rival",
    "organic",
    "newsletter",
    "email",
    "temperature",
    "weather",
    "sentiment",
    "control",
    "season",
    "b",
    "o",
];
const CONTROL_PARTS: &[&str] = &["节日", "活动", "促销", "价格", "竞品", "天气", "大促"];
const EXPOSURE: &[&str] = &[
    "impression",
    "impressions",
    "impr",
    "imp",
    "views",
    "reach",
    "click",
    "clicks",
    "exposures",
    "frequency",
    "grp",
    "grps",
    "carts",
    "i",
    "p",
];
const EXPOSURE_PARTS: &[&str] = &["曝光", "展现", "点击", "加购"];
const REVENUE: &[&str] = &["revenue", "sales", "gmv", "turnover", "income"];
const REVENUE_PARTS: &[&str] = &["销售额", "成交额", "成交金额", "营收", "收入", "交易额"];
const ORDERS: &[&str] =
    &["order", "orders", "conversion", "conversions", "purchase", "purchases", "transactions", "signups"];
const ORDERS_PARTS: &[&str] = &["订单", "成交笔数", "转化"];
const CHANNEL: &[&str] = &[
    "channel", "channels", "media", "medium", "platform", "line", "source", "campaign", "渠道", "媒体",
    "平台",
];
const DATE: &[&str] = &["date", "day", "week", "time", "ds", "日期", "时间", "日", "周"];
/// Share of a column's cells that must be of a kind for the column to be of it; the others are then problems.
const MOSTLY: f64 = 0.5;

/// The roles of all columns, with reasons.
pub(super) fn roles(
    table: &Table,
    asked: &cli::Calibrate,
    phrases: &Phrases,
    findings: &mut Findings,
) -> Vec<Taken> {
    let columns = table.names.len();
    let mut taken: Vec<Option<Taken>> = vec![None; columns];
    let flags: [(&str, Vec<&String>, Role); 6] = [
        ("--date", asked.date.iter().collect(), Role::Date),
        ("--channel", asked.channel.iter().collect(), Role::Channel),
        ("--outcome", asked.outcome.iter().collect(), Role::Outcome),
        ("--spend", asked.spend.iter().collect(), Role::Spend),
        ("--controls", asked.controls.iter().collect(), Role::Control),
        ("--ignore", asked.ignore.iter().collect(), Role::LeftOut),
    ];
    for (flag, names, role) in flags {
        for name in names {
            match table.names.iter().position(|other| other == name) {
                None => {
                    let near = plan::nearest(name, table.names.iter().map(String::as_str));
                    let help = near.map_or_else(
                        || format!("columns are {}", plan::list(table.names.iter().map(String::as_str))),
                        |near| format!("did you mean `{near}`?"),
                    );
                    findings.whole(format!("`{flag}` names `{name}`, which is no column"), &help);
                }
                Some(column) => match &taken[column] {
                    Some(before) if before.role != role => {
                        let message = format!(
                            "`{flag}` names `{name}`, which is the {} already",
                            before.role.name(Phrases::of(Language::En))
                        );
                        findings.whole(message, "name each column once");
                    }
                    _ => taken[column] = Some(Taken { role, why: fill(phrases.named_by, &[flag]) }),
                },
            }
        }
    }
    let kinds: Vec<Content> = (0..columns).map(|column| Content::of(table, column)).collect();
    find_date(table, &kinds, &mut taken, phrases, findings);
    find_channel(table, &kinds, &mut taken, phrases);
    for (column, slot) in taken.iter_mut().enumerate().filter(|(_, slot)| slot.is_none()) {
        *slot = by_name(&table.names[column], &kinds[column], asked, phrases);
    }
    find_outcome(table, asked, &mut taken, phrases, findings);
    let left = || Taken { role: Role::LeftOut, why: phrases.says_nothing.to_owned() };
    let taken: Vec<Taken> = taken.into_iter().map(|slot| slot.unwrap_or_else(left)).collect();
    if !taken.iter().any(|it| it.role == Role::Spend) {
        findings.whole(
            "no column holds the spend of a channel",
            "name them with `--spend A,B,..`; by itself a name with `spend`, `cost` or 花费 is taken",
        );
    }
    taken
}

/// What the cells of a column are.
#[derive(Debug, Clone)]
struct Content {
    dates: f64,
    numbers: f64,
    distinct: usize,
}

impl Content {
    fn of(table: &Table, column: usize) -> Self {
        let (mut dates, mut numbers, mut all) = (0, 0, 0);
        let mut seen = std::collections::BTreeSet::new();
        for row in 0..table.rows() {
            let cell = table.cell(row, column);
            if cell.is_empty() {
                continue;
            }
            all += 1;
            let is_date = date(&cell).is_some();
            dates += usize::from(is_date);
            numbers += usize::from(matches!(number(&cell), Number::Plain(..) | Number::Separated));
            if seen.len() <= 200 {
                seen.insert(cell.into_owned());
            }
        }
        let share = |count: usize| if all > 0 { count as f64 / all as f64 } else { 0.0 };
        Self { dates: share(dates), numbers: share(numbers), distinct: seen.len() }
    }
}

fn find_date(
    table: &Table,
    kinds: &[Content],
    taken: &mut [Option<Taken>],
    phrases: &Phrases,
    findings: &mut Findings,
) {
    if taken.iter().flatten().any(|it| it.role == Role::Date) {
        return;
    }
    let open: Vec<usize> =
        (0..kinds.len()).filter(|column| taken[*column].is_none() && kinds[*column].dates > MOSTLY).collect();
    let named = |column: &&usize| tokens(&table.names[**column]).iter().any(|it| DATE.contains(&it.as_str()));
    match open.iter().find(named).or(open.first()) {
        Some(&column) => {
            let why = if open.len() > 1 { phrases.dates_and_name } else { phrases.dates_in_it };
            taken[column] = Some(Taken { role: Role::Date, why: why.to_owned() });
        }
        None => {
            findings.whole("no column holds dates", "name it with `--date`, and write dates as 2026-01-31")
        }
    }
}

fn find_channel(table: &Table, kinds: &[Content], taken: &mut [Option<Taken>], phrases: &Phrases) {
    if taken.iter().flatten().any(|it| it.role == Role::Channel) {
        return;
    }
    let Some(dates) = taken.iter().position(|it| it.as_ref().is_some_and(|it| it.role == Role::Date)) else {
        return;
    };
    let mut days: Vec<_> = (0..table.rows()).map(|row| table.cell(row, dates)).collect();
    days.sort_unstable();
    let repeats = days.windows(2).filter(|pair| pair[0] == pair[1]).count();
    // A few dates twice are an error of a table with a row for each date; half of the rows are not.
    if 2 * repeats < table.rows() {
        return;
    }
    let texts: Vec<usize> = (0..kinds.len())
        .filter(|column| {
            taken[*column].is_none()
                && kinds[*column].numbers < MOSTLY
                && (1..=100).contains(&kinds[*column].distinct)
        })
        .collect();
    let named = |column: &&usize| {
        let name = table.names[**column].to_lowercase();
        tokens(&name).iter().any(|it| CHANNEL.contains(&it.as_str())) || CHANNEL.contains(&name.as_str())
    };
    if let Some(&column) = texts.iter().find(named) {
        let why = phrases.dates_repeat.to_owned();
        taken[column] = Some(Taken { role: Role::Channel, why });
    }
}

fn by_name(name: &str, content: &Content, asked: &cli::Calibrate, phrases: &Phrases) -> Option<Taken> {
    let take = |role, why: &str| Some(Taken { role, why: why.to_owned() });
    if tokens(name).iter().any(|it| it == "currency") || name.contains("币种") {
        return take(Role::Currency, phrases.its_name);
    }
    match hint(name) {
        Hint::Spend if asked.spend.is_empty() => take(Role::Spend, phrases.its_name),
        Hint::Spend => take(Role::LeftOut, phrases.not_of_spend),
        Hint::Control if asked.controls.is_empty() => {
            let why = if content.numbers < MOSTLY { phrases.text_control } else { phrases.its_name };
            take(Role::Control, why)
        }
        Hint::Control => take(Role::LeftOut, phrases.not_of_controls),
        Hint::Exposure => take(Role::LeftOut, phrases.exposure),
        // These are looked at together.
        Hint::Revenue | Hint::Orders | Hint::PerOne | Hint::Nothing => None,
    }
}

/// The outcome: what the command names, else revenue, else orders times the worth of one, else orders.
fn find_outcome(
    table: &Table,
    asked: &cli::Calibrate,
    taken: &mut [Option<Taken>],
    phrases: &Phrases,
    findings: &mut Findings,
) {
    let of = |hint_of: Hint, taken: &[Option<Taken>]| -> Vec<usize> {
        (0..taken.len()).filter(|it| taken[*it].is_none() && hint(&table.names[*it]) == hint_of).collect()
    };
    let (revenue, orders, per_one) =
        (of(Hint::Revenue, taken), of(Hint::Orders, taken), of(Hint::PerOne, taken));
    let named = taken.iter().flatten().any(|it| it.role == Role::Outcome);
    let wants_orders = asked.goal == Some(cli::Outcome::Orders);
    let outcome = |why: &str| Some(Taken { role: Role::Outcome, why: why.to_owned() });
    let list = |columns: &[usize]| plan::list(columns.iter().map(|column| table.names[*column].as_str()));
    if !named {
        let (columns, why) = if wants_orders {
            (&orders, phrases.asked_orders)
        } else if revenue.is_empty() {
            (&orders, phrases.no_revenue)
        } else {
            (&revenue, if orders.is_empty() { phrases.its_name } else { phrases.before_orders })
        };
        match columns[..] {
            [column] => {
                taken[column] = outcome(why);
                let money = !wants_orders && revenue.is_empty();
                if let Some(&worth) = per_one.first().filter(|_| money && per_one.len() == 1) {
                    let why = fill(phrases.worth_of, &[&table.names[column]]);
                    taken[worth] = Some(Taken { role: Role::WorthOfOne, why });
                }
            }
            [] => findings.whole("no column holds an outcome", "name it with `--outcome`; by itself a name with `revenue`, `sales`, `orders` or 销售额 is taken"),
            _ => findings.whole(format!("several columns may be the outcome: {}", list(columns)), "say which with `--outcome`"),
        }
    }
    for column in revenue.into_iter().chain(orders).chain(per_one) {
        let slot = &mut taken[column];
        if slot.is_none() {
            *slot = Some(Taken { role: Role::LeftOut, why: phrases.another.to_owned() });
        }
    }
}

/// What a name says. The first that applies counts: `competitor_sales` is a control, not sales.
fn hint(name: &str) -> Hint {
    let words = tokens(name);
    let has = |list: &[&str], parts: &[&str]| {
        // A single letter says something only behind a name, as Robyn's demonstration data have it: `tv_S`.
        let word = |(place, word): (usize, &String)| {
            list.contains(&word.as_str()) && (word.len() > 1 || (place > 0 && place + 1 == words.len()))
        };
        words.iter().enumerate().any(word) || parts.iter().any(|part| name.contains(part))
    };
    if has(SPEND, SPEND_PARTS) {
        Hint::Spend
    } else if has(CONTROL, CONTROL_PARTS) {
        Hint::Control
    } else if words.windows(2).any(|pair| REVENUE.contains(&pair[0].as_str()) && pair[1] == "per") {
        Hint::PerOne
    } else if has(EXPOSURE, EXPOSURE_PARTS) {
        Hint::Exposure
    } else if has(REVENUE, REVENUE_PARTS) {
        Hint::Revenue
    } else if has(ORDERS, ORDERS_PARTS) {
        Hint::Orders
    } else {
        Hint::Nothing
    }
}

/// What a column of spend is called without the word for spend.
pub(super) fn channel_name(name: &str) -> String {
    let mut short = name.to_owned();
    for part in SPEND_PARTS {
        short = short.replace(part, "");
    }
    let kept: Vec<&str> = short
        .split(|it: char| !it.is_alphanumeric())
        .filter(|word| {
            !word.is_empty() && !SPEND.contains(&word.to_lowercase().as_str()) && currency_of(word).is_none()
        })
        .collect();
    if kept.is_empty() { name.to_owned() } else { kept.join("-") }
}

/// The currency that a word names.
pub(super) fn currency_of(word: &str) -> Option<&'static str> {
    const CODES: [(&str, &str); 12] = [
        ("usd", "USD"),
        ("eur", "EUR"),
        ("cny", "CNY"),
        ("rmb", "CNY"),
        ("gbp", "GBP"),
        ("jpy", "JPY"),
        ("inr", "INR"),
        ("krw", "KRW"),
        ("hkd", "HKD"),
        ("aud", "AUD"),
        ("cad", "CAD"),
        ("chf", "CHF"),
    ];
    let word = word.to_lowercase();
    CODES.iter().find(|(name, _)| *name == word).map(|(_, code)| *code)
}

/// Words of a name, in small letters.
pub(super) fn tokens(name: &str) -> Vec<String> {
    name.to_lowercase()
        .split(|it: char| !it.is_alphanumeric())
        .filter(|it| !it.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_columns_are() {
        for (name, wanted) in [
            ("tv_S", Hint::Spend),
            ("Channel0_spend", Hint::Spend),
            ("search_cost_usd", Hint::Spend),
            ("搜索花费", Hint::Spend),
            ("facebook_I", Hint::Exposure),
            ("search_clicks_P", Hint::Exposure),
            ("competitor_sales_B", Hint::Control),
            ("Organic_channel0_impression", Hint::Control),
            ("revenue_per_conversion", Hint::PerOne),
            ("revenue", Hint::Revenue),
            ("销售额", Hint::Revenue),
            ("conversions", Hint::Orders),
            ("s", Hint::Nothing),
            ("foo", Hint::Nothing),
        ] {
            assert_eq!(hint(name), wanted, "{name}");
        }
        assert_eq!(channel_name("tv_S"), "tv");
        assert_eq!(channel_name("paid_search_cost_usd"), "paid-search");
        assert_eq!(channel_name("搜索花费"), "搜索");
        assert_eq!(channel_name("spend"), "spend");
    }
}
