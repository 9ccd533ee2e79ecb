//! Goals: what is to be maximised, and what each step adds to it.

use serde::{Deserialize, Serialize};

use crate::deeplink::STAGES;
use crate::ledger::{Ledger, ShopRow};
use crate::money::Money;
use crate::observation::{LineReport, ShopReport};
use crate::reader::{Bounds, Section};

/// What is to be maximised.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Goal {
    /// People who order for the first time in 365 days (拉新).
    NewCustomers,
    /// Value of all orders of the shop, in major units (GMV).
    #[default]
    Revenue,
    /// Orders of the shop.
    Orders,
    /// Orders of people who ordered in the last 365 days (复购).
    RepeatOrders,
    /// Orders of people whose last order is older than 365 days.
    WonBack,
    /// Margin of what is sold, net of refunds, less money spent and coupons paid by the merchant, in major units.
    Profit,
    /// Members gained, less those who left again (会员).
    Members,
    /// Leads that can become customers (线索): a form that nobody will follow up is not one.
    QualifiedLeads,
    /// Shoppers gained in each DEEPLINK stage, at the values of `[aim]`.
    Assets,
    /// Days until the orders of `[aim]`, negated; a season that never gets there counts whole.
    DaysToOrders,
    /// Worth of the product backed at the end relative to the best one, less the money spent at the price of `[aim]`.
    BestProduct,
    /// Several goals, each at the weight of `[aim]`.
    Weighted,
    /// Response of the curves before noise, in the file's own unit: only in worlds without shoppers.
    Response,
}

impl Goal {
    /// Every goal by its name in files.
    pub const NAMED: [(&'static str, Self); 13] = [
        ("new-customers", Self::NewCustomers),
        ("revenue", Self::Revenue),
        ("orders", Self::Orders),
        ("repeat-orders", Self::RepeatOrders),
        ("won-back", Self::WonBack),
        ("profit", Self::Profit),
        ("members", Self::Members),
        ("qualified-leads", Self::QualifiedLeads),
        ("assets", Self::Assets),
        ("days-to-orders", Self::DaysToOrders),
        ("best-product", Self::BestProduct),
        ("weighted", Self::Weighted),
        ("response", Self::Response),
    ];

    /// The goal of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMED.iter().find(|(known, _)| *known == name).map(|(_, goal)| *goal)
    }

    /// The name in files and tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMED.iter().find(|(_, goal)| *goal == self).map_or("", |(name, _)| name)
    }

    /// What a score counts.
    #[must_use]
    pub fn unit(self) -> &'static str {
        match self {
            Self::NewCustomers => "new customers",
            Self::RepeatOrders => "repeat orders",
            Self::WonBack => "customers won back",
            Self::QualifiedLeads => "qualified leads",
            Self::Assets => "value of shopper assets",
            Self::DaysToOrders => "days to the orders (negated)",
            Self::BestProduct => "worth of the product chosen",
            Self::Weighted => "weighted goals",
            simple => simple.name(),
        }
    }

    /// Whether what platforms and books show of this goal is money.
    #[must_use]
    pub fn is_money(self) -> bool {
        matches!(self, Self::Revenue | Self::Profit | Self::Weighted | Self::Response)
    }

    /// Whether the shop's own book counts the very thing that a model of [`Aim::caused`] explains.
    #[must_use]
    pub fn is_booked(self) -> bool {
        matches!(
            self,
            Self::NewCustomers | Self::Revenue | Self::Orders | Self::RepeatOrders | Self::Response
        )
    }

    /// What [`Self::credited`] counts.
    #[must_use]
    pub fn credited_unit(self) -> &'static str {
        match self {
            Self::NewCustomers => "new customers",
            Self::Orders | Self::WonBack | Self::DaysToOrders | Self::BestProduct => "orders",
            Self::RepeatOrders => "repeat orders",
            Self::Members => "joins",
            Self::QualifiedLeads => "leads",
            Self::Assets => "clicks and engagements",
            Self::Revenue | Self::Profit | Self::Weighted => "revenue",
            Self::Response => "response",
        }
    }

    /// What platforms credit to a line of what this goal counts: as near as a report comes to it.
    #[must_use]
    pub fn credited(self, report: &LineReport) -> f64 {
        let LineReport { orders, new_customers, revenue, joins, leads, clicks, engagements, .. } = *report;
        self.of(Counts { orders, new_customers, revenue, joins, leads, attention: clicks + engagements })
    }

    /// What the shop's own book shows of what this goal counts, whatever caused it.
    #[must_use]
    pub fn seen(self, shop: &ShopReport) -> f64 {
        let ShopReport { orders, new_customers, revenue, joins, leads, visitors, .. } = *shop;
        self.of(Counts { orders, new_customers, revenue, joins, leads, attention: visitors })
    }

    fn of(self, counts: Counts) -> f64 {
        match self {
            Self::NewCustomers => counts.new_customers as f64,
            Self::Orders | Self::WonBack | Self::DaysToOrders | Self::BestProduct => counts.orders as f64,
            Self::RepeatOrders => counts.orders.saturating_sub(counts.new_customers) as f64,
            Self::Members => counts.joins as f64,
            Self::QualifiedLeads => counts.leads as f64,
            Self::Assets => counts.attention as f64,
            Self::Revenue | Self::Profit | Self::Weighted | Self::Response => counts.revenue.major(),
        }
    }
}

/// What reports of a line and the shop's book have in common.
struct Counts {
    orders: u64,
    new_customers: u64,
    revenue: Money,
    joins: u64,
    leads: u64,
    /// People who looked: clicks and engagements, or visitors.
    attention: u64,
}

/// From when to when a goal counts, and the terms of goals that have some.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Aim {
    /// First step that counts. Money spent counts against a profit in every step.
    pub from_step: usize,
    /// Step from which nothing counts any more.
    pub end_step: usize,
    /// Orders to be reached, for [`Goal::DaysToOrders`].
    #[serde(skip_serializing_if = "is_zero")]
    pub orders: f64,
    /// `[8]` value of a shopper in each stage, unreached first, for [`Goal::Assets`].
    #[serde(skip_serializing_if = "are_zero")]
    pub values: [f64; STAGES],
    /// Score lost by spending the whole budget, for [`Goal::BestProduct`].
    #[serde(skip_serializing_if = "is_zero")]
    pub price: f64,
    /// Worth of one unit of each goal, for [`Goal::Weighted`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub weights: Vec<(Goal, f64)>,
    /// Last year's revenue, major units: how long it takes to pass it is told beside the score, and is no part of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_year_revenue: Option<f64>,
    /// Length of a step in days, as [`crate::Brief::step_days`].
    #[serde(skip)]
    pub step_days: f64,
}

fn is_zero(number: &f64) -> bool {
    *number == 0.0
}

fn are_zero(numbers: &[f64; STAGES]) -> bool {
    numbers.iter().all(is_zero)
}

impl Default for Aim {
    fn default() -> Self {
        Self {
            from_step: 0,
            end_step: usize::MAX,
            orders: 0.0,
            values: [0.0; STAGES],
            price: 0.0,
            weights: Vec::new(),
            last_year_revenue: None,
            step_days: 1.0,
        }
    }
}

/// Which of two figures with the same mean.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Figure {
    /// What happened.
    Drawn,
    /// The expectation before the last draws of the step, where the market states one.
    Expected,
}

impl Aim {
    /// What `step` adds to the score of `goal`.
    #[must_use]
    pub fn worth(&self, goal: Goal, ledger: &Ledger, step: usize) -> f64 {
        self.gain(goal, ledger, step, Figure::Drawn)
    }

    /// The same with less noise, where the goal allows it.
    #[must_use]
    pub fn expected(&self, goal: Goal, ledger: &Ledger, step: usize) -> f64 {
        self.gain(goal, ledger, step, Figure::Expected)
    }

    /// What a model of responses should explain of `step`: what lines cause of the goal, before what their money costs.
    /// Never far below zero, so that it can be a base and effects: of a time the orders that shorten it, early ones more;
    /// of a test the orders that tell.
    #[must_use]
    pub fn caused(&self, goal: Goal, ledger: &Ledger, step: usize) -> f64 {
        let row = &ledger.shop[step];
        let within = |value: f64| {
            if (self.from_step..self.end_step).contains(&step) { value } else { 0.0 }
        };
        match goal {
            Goal::Profit => within(contribution(row, Figure::Expected)),
            Goal::DaysToOrders => {
                let left = self.end_step.saturating_sub(step) as f64;
                let all = self.end_step.saturating_sub(self.from_step).max(1) as f64;
                within(count(Goal::Orders, row, Figure::Expected) * left / all)
            }
            Goal::BestProduct => within(count(Goal::Orders, row, Figure::Expected)),
            Goal::Weighted => {
                let parts = self.weights.iter().filter(|(part, _)| *part != Goal::Weighted);
                parts.map(|(part, weight)| weight * self.caused(*part, ledger, step)).sum()
            }
            other => self.expected(other, ledger, step),
        }
    }

    fn gain(&self, goal: Goal, ledger: &Ledger, step: usize, figure: Figure) -> f64 {
        let row = &ledger.shop[step];
        let counts = (self.from_step..self.end_step).contains(&step);
        let within = |value: f64| if counts { value } else { 0.0 };
        match goal {
            Goal::Profit => within(contribution(row, figure)) - costs(ledger, step),
            Goal::Assets => within(self.assets(ledger, step)),
            Goal::DaysToOrders => within(-self.days(ledger, step, figure)),
            Goal::BestProduct => {
                let spend = ledger.step(step).iter().map(|row| row.spend).sum::<Money>();
                let budget = ledger.budget.major().max(f64::MIN_POSITIVE);
                within(row.verdict) - self.price * spend.major() / budget
            }
            Goal::Weighted => self
                .weights
                .iter()
                .filter(|(part, _)| *part != Goal::Weighted)
                .map(|(part, weight)| weight * self.gain(*part, ledger, step, figure))
                .sum(),
            simple => within(count(simple, row, figure)),
        }
    }

    /// Change of the shopper assets in `step`.
    fn assets(&self, ledger: &Ledger, step: usize) -> f64 {
        let before = step.checked_sub(1).map_or(&ledger.opening_stages, |before| &ledger.shop[before].stages);
        let stages = before.iter().zip(&ledger.shop[step].stages).zip(&self.values);
        stages.map(|((before, after), value)| value * (*after as f64 - *before as f64)).sum()
    }

    /// Part of `step`, in days, before the orders are reached.
    fn days(&self, ledger: &Ledger, step: usize, figure: Figure) -> f64 {
        let orders = |row: &ShopRow| count(Goal::Orders, row, figure);
        let counted = ledger.shop.get(self.from_step..step).unwrap_or_default();
        let before: f64 = counted.iter().map(orders).sum();
        let (wanted, got) = (self.orders - before, orders(&ledger.shop[step]));
        part_before(wanted, got) * self.step_days
    }

    /// Days from the first step that counts until the shop's revenue passes last year's, also beyond the last step that
    /// counts; within a step sales are taken as even. `None` where it never does, or nothing is known of last year.
    #[must_use]
    pub fn days_to_pass(&self, ledger: &Ledger) -> Option<f64> {
        let mut wanted = self.last_year_revenue?;
        let mut days = 0.0;
        for row in ledger.shop.iter().skip(self.from_step) {
            let got = row.revenue.major();
            days += part_before(wanted, got) * self.step_days;
            if got >= wanted {
                return Some(days);
            }
            wanted -= got;
        }
        None
    }
}

/// Part of a step, which brings `got` evenly, before `wanted` is reached: all of it where that is more.
fn part_before(wanted: f64, got: f64) -> f64 {
    if wanted <= 0.0 {
        0.0
    } else if got < wanted {
        1.0
    } else {
        wanted / got
    }
}

/// What a goal without terms counts in one step.
fn count(goal: Goal, row: &ShopRow, figure: Figure) -> f64 {
    let drawn = figure == Figure::Drawn;
    match goal {
        Goal::NewCustomers if drawn => row.new_customers as f64,
        Goal::NewCustomers => row.expected_new_customers,
        Goal::Orders if drawn => row.orders as f64,
        Goal::Orders => row.expected_orders,
        Goal::RepeatOrders if drawn => row.orders as f64 - row.new_customers as f64,
        Goal::RepeatOrders => row.expected_orders - row.expected_new_customers,
        Goal::WonBack => row.won_back as f64,
        Goal::Members => row.joins as f64 - row.leavers as f64,
        Goal::QualifiedLeads => row.qualified_leads as f64,
        Goal::Response => row.expected_revenue,
        _ if drawn => row.revenue.major(),
        _ => row.expected_revenue,
    }
}

/// Margin of a step's orders, net of refunds and of the merchant's coupons.
fn contribution(row: &ShopRow, figure: Figure) -> f64 {
    let drawn = row.contribution.major();
    let margin = if figure == Figure::Drawn { drawn } else { row.expected_contribution };
    margin - row.coupons.major()
}

/// Cash that a step cost beside its orders: spend less what credit paid, less a rebate, and what is lost on stock left.
fn costs(ledger: &Ledger, step: usize) -> f64 {
    let cash: Money = ledger.step(step).iter().map(|row| row.spend - row.credit).sum();
    let shop = &ledger.shop[step];
    (cash + shop.leftover - shop.rebate).major()
}

/// Reads `[aim]`, and says what the goal lacks. `steps` is the length of the episode.
pub(crate) fn read_aim(top: &mut Section<'_>, goal: Option<Goal>, steps: usize, step_days: f64) -> Aim {
    let mut aim = Aim { end_step: steps, step_days, ..Aim::default() };
    let present = top.section_if_any("aim");
    let needs = matches!(goal, Some(Goal::Assets | Goal::DaysToOrders | Goal::BestProduct | Goal::Weighted));
    let Some(mut section) = present else {
        if let (true, Some(goal)) = (needs, goal) {
            let message = format!("the goal `{}` needs a table `[aim]`", goal.name());
            top.object("goal", message, "its terms are missing", "environments/README.md lists them");
        }
        return aim;
    };
    let day = Bounds::between(0.0, steps as f64 * step_days, "day of the episode, from 0");
    let step_of = |day: f64| libm::round(day / step_days) as usize;
    aim.from_step = section.number_if_any("from_day", day).map_or(0, step_of);
    aim.end_step = section.number_if_any("end_day", day).map_or(steps, step_of);
    aim.last_year_revenue =
        section.number_if_any("last_year_revenue", Bounds::above_zero("major units, for comparison"));
    if aim.from_step >= aim.end_step {
        section.object("from_day", "nothing counts: `from_day` is not before `end_day`", "too late", "");
    }
    match goal {
        Some(Goal::DaysToOrders) => aim.orders = section.number("orders", Bounds::above_zero("orders")),
        Some(Goal::Assets) => {
            let value = Bounds::at_least_zero("value of a shopper in each stage, unreached first");
            aim.values.copy_from_slice(&section.numbers("values", STAGES, value));
        }
        Some(Goal::BestProduct) => {
            aim.price = section.number("price", Bounds::between(0.0, 1.0, "score for the whole budget"));
        }
        Some(Goal::Weighted) => {
            let weight = Bounds::at_least_zero("worth of one unit of that goal");
            for (name, weight) in section.named_numbers_if_any("weights", weight) {
                let simple = Goal::named(&name).filter(|goal| {
                    !matches!(
                        goal,
                        Goal::Weighted
                            | Goal::Assets
                            | Goal::DaysToOrders
                            | Goal::BestProduct
                            | Goal::Response
                    )
                });
                match simple {
                    Some(goal) => aim.weights.push((goal, weight)),
                    None => section.object(
                        "weights",
                        format!("`{name}` cannot be weighed here"),
                        "not a goal without terms",
                        "e.g. `new-customers`, `profit`, `members`",
                    ),
                }
            }
            if aim.weights.is_empty() {
                section.object("weights", "no goal is weighed", "at least one", "{ profit = 1 }");
            }
        }
        _ => {}
    }
    section.finish();
    aim
}

#[cfg(test)]
mod tests;
