//! Reads what a merchant or the platform gives, from a scenario, a merchant's file or the table of a tier.

use std::ops::Range;

use super::benefits::{Benefits, Coupon, Holder, Off, RedPackets, SENSITIVITY};
use super::credit::{AdCredit, Rebate, RebateStep};
use super::deposits::Deposit;
use super::guaranteed::FreeExposures;
use super::own::Members;
use super::settings::Market;
use crate::money::Money;
use crate::observation::CalendarStep;
use crate::reader::{Bounds, Section, Uncertain};

/// Most coupons of a scenario.
const COUPONS: usize = 32;

const DAY: Bounds = Bounds::at_least_zero("day of the episode, from 0");
const MONEY: Bounds = Bounds::at_least_zero("major units");
const PRICE_SHARE: Bounds = Bounds::between(0.0, 0.95, "share of the price");

/// Reads every table of benefits that is there.
pub(crate) fn read_benefits(top: &mut Section<'_>) -> Benefits {
    Benefits {
        coupons: read_coupons(top),
        red_packets: top.section_if_any("red_packets").map(read_red_packets),
        deposit: top.section_if_any("deposit").map(read_deposit),
        credit: top.section_if_any("ad_credit").map(read_credit),
        rebate: top.section_if_any("rebate").map(read_rebate),
        free_exposures: top.section_if_any("free_exposures").map(read_free_exposures),
        members: top.section_if_any("members").map(read_members),
        scarce_discount: top.number_if_any("scarce_discount", PRICE_SHARE),
    }
}

impl Benefits {
    /// These benefits, and those of `other` where nothing is said here. A rebate's steps and the spend before are apart:
    /// a tier gives the one, the merchant knows the other.
    pub(crate) fn or(self, other: Self) -> Self {
        let rebate = match (self.rebate, other.rebate) {
            (Some(own), Some(other)) => Some(Rebate {
                spent_before: own.spent_before.or(other.spent_before),
                steps: if own.steps.is_empty() { other.steps } else { own.steps },
            }),
            (own, other) => own.or(other),
        };
        Self {
            coupons: if self.coupons.is_empty() { other.coupons } else { self.coupons },
            red_packets: self.red_packets.or(other.red_packets),
            deposit: self.deposit.or(other.deposit),
            credit: self.credit.or(other.credit),
            rebate,
            free_exposures: self.free_exposures.or(other.free_exposures),
            members: self.members.or(other.members),
            scarce_discount: self.scarce_discount.or(other.scarce_discount),
        }
    }
}

fn days(section: &mut Section<'_>) -> Range<f64> {
    let first = section.number_if_any("first_day", DAY).unwrap_or(0.0);
    let end = section.number_if_any("end_day", DAY).unwrap_or(f64::INFINITY);
    if first >= end {
        section.object("first_day", "`first_day` is not before `end_day`", "never open", "");
    }
    first..end
}

fn sensitivity(section: &mut Section<'_>) -> Uncertain {
    let bounds = Bounds::between(0.0, 50.0, "rise of the logarithm of the pull per share of the price");
    section.uncertain_if_any("sensitivity", bounds).unwrap_or(SENSITIVITY)
}

fn read_coupons(top: &mut Section<'_>) -> Vec<Coupon> {
    let mut coupons: Vec<Coupon> = Vec::new();
    for mut section in top.sections_if_any("coupon") {
        let name = section.text("name", "a name that lines refer to");
        if coupons.iter().any(|other| other.name == name) {
            let message = format!("two coupons are called `{name}`");
            section.object("name", message, "second", "give each its own name");
        }
        let value = section.number_if_any("value", Bounds::above_zero("major units off an order"));
        let share = section.number_if_any("share", PRICE_SHARE);
        if value.is_some() == share.is_some() {
            section.object(
                "value",
                "a coupon has either `value` or `share`",
                "here",
                "major units, or a share",
            );
        }
        let holders = [
            ("everyone", Holder::Everyone),
            ("new", Holder::New),
            ("members", Holder::Members),
            ("line", Holder::Line),
        ];
        let holder = section.choice("for", &holders).unwrap_or(Holder::Everyone);
        coupons.push(Coupon {
            name,
            off: value.map_or(Off::Share(share.unwrap_or(0.0)), |value| Off::Value(Money::from_major(value))),
            holder,
            valid_days: if holder == Holder::Line {
                section.number("days", Bounds::above_zero("days for which a claimed coupon is valid"))
            } else {
                f64::INFINITY
            },
            platform_share: section
                .number_if_any("platform_share", Bounds::share("part of the cost"))
                .unwrap_or(0.0),
            sensitivity: sensitivity(&mut section),
            days: days(&mut section),
            pool: section.number_if_any("pool", MONEY).map(Money::from_major),
        });
        section.finish();
    }
    if coupons.len() > COUPONS {
        top.object("coupon", format!("at most {COUPONS} coupons"), format!("{} here", coupons.len()), "");
    }
    coupons
}

fn read_red_packets(mut section: Section<'_>) -> RedPackets {
    let packets = RedPackets {
        pool: Money::from_major(section.number("pool", MONEY)),
        value: Money::from_major(section.number("value", Bounds::above_zero("major units off an order"))),
        days: days(&mut section),
        phases: section.texts_if_any("phases"),
        sensitivity: sensitivity(&mut section),
    };
    section.finish();
    packets
}

fn read_deposit(mut section: Section<'_>) -> Deposit {
    let deposit = Deposit {
        share: section.number("share", Bounds::between(0.001, 1.0, "share of an order's value")),
        days: days(&mut section),
        balance_day: section.number("balance_day", DAY),
        dropout: section.number("dropout", Bounds::share("share of deposits")),
    };
    if deposit.balance_day < deposit.days.end {
        let message = "balances are due before the deposits end";
        section.object("balance_day", message, "too early", "`end_day` or later");
    }
    section.finish();
    deposit
}

fn read_credit(mut section: Section<'_>) -> AdCredit {
    let credit = AdCredit {
        amount: Money::from_major(section.number("amount", MONEY)),
        lines: section.texts("lines", "the lines that the credit may pay"),
        until_day: section.number("until_day", Bounds::above_zero("day of the episode, from 0")),
    };
    section.finish();
    credit
}

fn read_rebate(mut section: Section<'_>) -> Rebate {
    let mut rebate = Rebate {
        spent_before: section.number_if_any("spent_before", MONEY).map(Money::from_major),
        steps: Vec::new(),
    };
    for mut step in section.sections_if_any("step") {
        rebate.steps.push(RebateStep {
            above: Money::from_major(step.number("above", Bounds::above_zero("major units in the year"))),
            share: step.number("share", Bounds::share("of that amount")),
        });
        step.finish();
    }
    let worth = |step: &RebateStep| step.above.major() * step.share;
    if rebate.steps.windows(2).any(|pair| pair[0].above >= pair[1].above || worth(&pair[0]) > worth(&pair[1]))
    {
        section.object("step", "each step must be above the one before and pay more", "these steps", "");
    }
    section.finish();
    rebate
}

fn read_free_exposures(mut section: Section<'_>) -> FreeExposures {
    let people = Bounds::between(0.0, 1e12, "people");
    let number = section.whole("number", people);
    let exposures = FreeExposures {
        number,
        per_day: section.whole_if_any("per_day", people).unwrap_or(number),
        until_day: section.number("until_day", Bounds::above_zero("day of the episode, from 0")),
        memory: section.text_if_any("memory"),
        impact: section.uncertain("impact", Bounds::at_least_zero("units of memory an exposure")),
        click_rate: section.uncertain("click_rate", Bounds::share("a chance for each exposure")),
    };
    section.finish();
    exposures
}

fn read_members(mut section: Section<'_>) -> Members {
    let members = Members {
        contact_days: section.number("contact_days", Bounds::above_zero("days from contact to contact")),
        memory: section.text_if_any("memory"),
        impact: section.uncertain("impact", Bounds::at_least_zero("units of memory a contact")),
        click_rate: section.uncertain("click_rate", Bounds::share("a chance for each contact")),
        fatigue: section.number("fatigue", Bounds::above_zero("recent contacts")),
        fatigue_days: section.number("fatigue_days", Bounds::above_zero("days")),
        price_share: section.number_if_any("price_share", PRICE_SHARE).unwrap_or(0.0),
        sensitivity: sensitivity(&mut section),
        hunter_days: section.number_if_any("hunter_days", Bounds::above_zero("days")),
    };
    section.finish();
    members
}

/// Notes every name in the market's benefits that the scenario does not have.
pub(crate) fn check_names(top: &Section<'_>, market: &Market, calendar: &[CalendarStep]) {
    let benefits = &market.benefits;
    let memory = |name: &Option<String>| {
        name.as_ref()
            .filter(|name| market.industry.memories.iter().all(|memory| memory.name != **name))
            .cloned()
    };
    let unknown = |key: &str, what: &str, name: String| {
        top.object(key, format!("no {what} is called `{name}`"), format!("in `{key}`"), "");
    };
    let phases = benefits.red_packets.iter().flat_map(|packets| &packets.phases);
    for name in phases.filter(|name| calendar.iter().all(|step| step.phase != **name)) {
        unknown("red_packets", "phase", name.clone());
    }
    if let Some(name) = benefits.members.as_ref().and_then(|members| memory(&members.memory)) {
        unknown("members", "memory", name);
    }
    if let Some(name) = benefits.free_exposures.as_ref().and_then(|exposures| memory(&exposures.memory)) {
        unknown("free_exposures", "memory", name);
    }
    for name in benefits.credit.iter().flat_map(|credit| &credit.lines) {
        match market.lines.iter().find(|line| line.name == *name) {
            None => unknown("ad_credit", "line", name.clone()),
            // A commission falls due days after it was reserved, when the credit may be gone.
            Some(line) if line.channel.pricing == crate::observation::Pricing::Commission => {
                let help = "name lines that are paid at once";
                top.object("ad_credit", format!("credit cannot pay commission (`{name}`)"), "here", help);
            }
            Some(_) => {}
        }
    }
}
