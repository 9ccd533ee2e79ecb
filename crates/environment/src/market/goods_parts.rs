//! What a merchant's file says of products: price, stock, refunds, and how sales rank and rating feed back.
//!
//! A file without any sells one unnamed product at the merchant's figures, endless and never given back.

use super::settings::{Line, Merchant};
use crate::observation::ProductBrief;
use crate::reader::{Bounds, Section, Uncertain, suggestion};

/// Most products of a merchant.
pub const MOST_PRODUCTS: usize = 16;

/// What a merchant sells, and what sales do for free traffic.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Goods {
    /// Products, at most [`MOST_PRODUCTS`]; empty for the one without a name.
    pub products: Vec<Product>,
    /// Sales rank, where the platform shows what sells to more people.
    pub rank: Option<Rank>,
    /// Rating of the shop, where buyers review it.
    pub rating: Option<Rating>,
}

impl Goods {
    /// Share of a unit of revenue that is left after goods and refunds, margin * (1 - refund rate): the mean over products
    /// by interest and price, before anybody's appeal or advertising. Nothing where there is but one without a name.
    #[must_use]
    pub fn net_margin(&self) -> Option<f64> {
        let worth = |product: &Product| product.interest * product.price;
        let net = |product: &Product| worth(product) * product.margin * (1.0 - product.refund_rate);
        let revenue: f64 = self.products.iter().map(worth).sum();
        (revenue > 0.0).then(|| self.products.iter().map(net).sum::<f64>() / revenue)
    }
}

/// A product.
#[derive(Debug, Clone, PartialEq)]
pub struct Product {
    /// Name, unique at the merchant.
    pub name: String,
    /// Mean value of an order, in major units.
    pub price: f64,
    /// Standard deviation of its logarithm; the merchant's where absent.
    pub price_log_sd: Option<f64>,
    /// Share of an order's value that is left after the cost of goods.
    pub margin: f64,
    /// Interest of shoppers with no product in view, relative to the other products.
    pub interest: f64,
    /// Pull of the product relative to the brand's.
    pub appeal: Uncertain,
    /// People's orders in stock before the first step; endless where absent.
    pub stock: Option<u64>,
    /// When more of it is ordered.
    pub restock: Option<Restock>,
    /// Day before which nobody can buy it.
    pub launch_day: f64,
    /// Share of orders that is given back.
    pub refund_rate: f64,
    /// Days after which it is.
    pub refund_days: f64,
    /// Lost on each order's worth that is left at the end, in major units.
    pub leftover_cost: f64,
    /// When and how it is marked down.
    pub clearance: Option<Clearance>,
}

/// An order of goods that is placed whenever stock is low and none is on its way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Restock {
    /// People's orders that arrive.
    pub quantity: u64,
    /// Days from the one on which they are ordered to the first on which they are sold.
    pub lead_days: f64,
    /// Stock at which they are ordered.
    pub at: u64,
}

/// A mark-down at the end of a season.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clearance {
    /// Day from which it holds.
    pub day: f64,
    /// Price relative to the ordinary one; what the goods cost stays.
    pub price: f64,
    /// Pull relative to the ordinary one.
    pub pull: f64,
}

/// Sales rank: what sells is shown to more people, who buy more of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rank {
    /// Smoothed orders a day at which half of the gain is reached.
    pub orders_per_day: f64,
    /// Largest rise of free exposure, a fraction.
    pub gain: f64,
    /// Days in which the weight of an order falls to 1/e.
    pub memory_days: f64,
}

/// Rating of the shop, a factor on the brand's pull and on free exposure; 1 is the usual rating of the industry.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rating {
    /// Before the first step.
    pub start: f64,
    /// Where reviews take it.
    pub quality: Uncertain,
    /// Share of the distance to the quality that a thousand orders close.
    pub speed: f64,
}

impl Product {
    /// What the merchant knows of it, with steps of `step_days`.
    pub(crate) fn brief(&self, step_days: f64) -> ProductBrief {
        let step_of = |day: f64| libm::round(day / step_days) as usize;
        ProductBrief {
            name: self.name.clone(),
            price: self.price,
            margin: self.margin,
            launch_step: step_of(self.launch_day),
            refund_rate: self.refund_rate,
            leftover_cost: self.leftover_cost,
            clearance: self.clearance.map(|clearance| (step_of(clearance.day), self.price * clearance.price)),
        }
    }
}

/// Reads `[[product]]`, `[rank]` and `[rating]` of a merchant's file.
pub(crate) fn read_goods(top: &mut Section<'_>) -> Goods {
    let mut products: Vec<Product> = Vec::new();
    for mut section in top.sections_if_any("product") {
        let product = read_product(&mut section);
        if products.iter().any(|other| other.name == product.name) {
            let message = format!("two products are called `{}`", product.name);
            section.object("name", message, "second", "give each its own name");
        }
        section.finish();
        products.push(product);
    }
    if products.len() > MOST_PRODUCTS {
        let found = format!("{} here", products.len());
        top.object("product", format!("at most {MOST_PRODUCTS} products"), found, "");
    }
    let rank = top.section_if_any("rank").map(|mut section| {
        let rank = Rank {
            orders_per_day: section.number("orders_per_day", Bounds::above_zero("orders a day")),
            gain: section.number("gain", Bounds::between(0.0, 100.0, "a fraction of free exposure")),
            memory_days: section.number("memory_days", Bounds::above_zero("days")),
        };
        section.finish();
        rank
    });
    let rating = top.section_if_any("rating").map(|mut section| {
        let factor = Bounds::between(0.01, 10.0, "relative to the usual rating");
        let rating = Rating {
            start: section.number("start", factor),
            quality: section.uncertain("quality", factor),
            speed: section.number("speed", Bounds::share("share of the distance, a thousand orders")),
        };
        section.finish();
        rating
    });
    Goods { products, rank, rating }
}

fn read_product(section: &mut Section<'_>) -> Product {
    let people = Bounds::between(0.0, 1e12, "people's orders");
    let day = Bounds::at_least_zero("day of the episode, from 0");
    let stock = section.whole_if_any("stock", people);
    let refund_rate = section.number_if_any("refund_rate", Bounds::share("share of orders")).unwrap_or(0.0);
    let product = Product {
        name: section.text("name", "a name for the product"),
        price: section.number("price", Bounds::above_zero("major units an order")),
        price_log_sd: section
            .number_if_any("price_log_sd", Bounds::between(0.0, 3.0, "of the natural logarithm")),
        margin: section.number("margin", Bounds::between(0.001, 1.0, "share of an order's value")),
        interest: section.number("interest", Bounds::at_least_zero("relative to the other products")),
        appeal: section
            .uncertain_if_any("appeal", Bounds::above_zero("relative to the brand's pull"))
            .unwrap_or(Uncertain::Fixed(1.0)),
        stock,
        restock: section.section_if_any("restock").map(|mut section| {
            let restock = Restock {
                quantity: section.whole("quantity", people),
                lead_days: section.number("lead_days", Bounds::above_zero("days")),
                at: section.whole("at", people),
            };
            section.finish();
            restock
        }),
        launch_day: section.number_if_any("launch_day", day).unwrap_or(0.0),
        refund_rate,
        refund_days: if refund_rate > 0.0 {
            section.number("refund_days", Bounds::between(0.001, 1_000.0, "days"))
        } else {
            section.number_if_any("refund_days", Bounds::at_least_zero("days")).unwrap_or(0.0)
        },
        leftover_cost: section
            .number_if_any("leftover_cost", Bounds::at_least_zero("major units an order left at the end"))
            .unwrap_or(0.0),
        clearance: section.section_if_any("clearance").map(|mut section| {
            let clearance = Clearance {
                day: section.number("day", day),
                price: section.number("price", Bounds::between(0.01, 1.0, "share of the ordinary price")),
                pull: section
                    .number_if_any("pull", Bounds::above_zero("relative to the ordinary pull"))
                    .unwrap_or(1.0),
            };
            section.finish();
            clearance
        }),
    };
    if stock.is_none() {
        for (key, present) in
            [("restock", product.restock.is_some()), ("leftover_cost", product.leftover_cost > 0.0)]
        {
            if present {
                section.object(
                    key,
                    format!("`{key}` needs a `stock`"),
                    "the stock is endless",
                    "add `stock`",
                );
            }
        }
    }
    product
}

/// Reads the product that a line shows.
pub(crate) fn read_line_product(section: &mut Section<'_>, merchant: Option<&Merchant>) -> Option<usize> {
    let name = section.text_if_any("product")?;
    let products = &merchant?.goods.products;
    let found = products.iter().position(|product| product.name == name);
    if found.is_none() {
        let names: Vec<&str> = products.iter().map(|product| product.name.as_str()).collect();
        let help = suggestion(&name, &names).map_or_else(
            || format!("its products: {}", names.join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        section.object("product", format!("the merchant has no product `{name}`"), "not sold", &help);
    }
    found
}

/// Reads `[test]` and `[commit]` of a scenario: whether the product backed in the last step is judged, and the step from
/// which only lines of one product deliver.
pub(crate) fn read_choice(
    top: &mut Section<'_>,
    lines: &[Line],
    (steps, per_day): (usize, usize),
) -> (bool, Option<usize>) {
    let test = top.section_if_any("test").map(|mut section| {
        section.choice("decide", &[("last-step", ())]);
        section.finish();
    });
    let commit = top.section_if_any("commit").map(|mut section| {
        let last = steps.saturating_sub(1) / per_day;
        let day = section.whole("day", Bounds::between(0.0, last as f64, "day of the episode, from 0"));
        section.finish();
        day as usize * per_day
    });
    if lines.iter().all(|line| line.product.is_none()) {
        for (key, present) in [("test", test.is_some()), ("commit", commit.is_some())] {
            if present {
                let help = "name a `product` of the merchant in the lines";
                top.object(key, format!("`[{key}]` needs lines that show a product"), "none does", help);
            }
        }
    }
    (test.is_some(), commit)
}
