//! Deposits (定金) of a presale: in a window a purchase is only begun, and its balance (尾款) makes it an order later.
//!
//! The shopper decides, and the price is settled, with the deposit; the order, its revenue, the cost of what came off
//! the price, and what platforms credit all belong to the day of the balance. A coupon is used up with the deposit.

use std::ops::Range;

use super::benefits::Reduction;
use super::buyers;
use super::delivery::Moment;
use super::goods::Expected;
use super::purchases::Order;
use super::shelves::{Sale, Shelves};
use super::shoppers::Shoppers;
use super::visits::{chance, field, shopper_bits};
use crate::draws::purpose;
use crate::ledger::ShopRow;
use crate::money::Money;

/// A presale.
#[derive(Debug, Clone, PartialEq)]
pub struct Deposit {
    /// Share of an order's value that is paid first.
    pub share: f64,
    /// Days of the episode, from 0, in which purchases begin with a deposit.
    pub days: Range<f64>,
    /// Day on which balances are paid.
    pub balance_day: f64,
    /// Share of deposits whose balance is never paid; they are given back.
    pub dropout: f64,
}

/// Deposits whose balance is not due yet.
#[derive(Debug, Clone, Default)]
pub(crate) struct Deposits {
    pub(crate) open: Vec<OpenDeposit>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct OpenDeposit {
    order: Order,
    /// What all people of the shopper paid.
    pub(crate) paid: Money,
    pub(crate) reduction: Reduction,
}

impl Deposits {
    /// Takes the deposit of an order that is to come; what was paid.
    pub(crate) fn take(&mut self, deposit: &Deposit, order: &Order, reduction: Reduction) -> Money {
        let paid = Money((order.value.0 as f64 * deposit.share) as i64 * order.people as i64);
        self.open.push(OpenDeposit { order: *order, paid, reduction });
        paid
    }
}

impl OpenDeposit {
    /// The balance is due: the order if it is paid and all of its people's goods are in stock. `place` tells several
    /// deposits of one shopper apart.
    #[expect(clippy::too_many_arguments, reason = "the parts of the market that an order touches")]
    pub(crate) fn settle(
        &self,
        moment: Moment<'_>,
        deposit: &Deposit,
        place: u64,
        shoppers: &mut Shoppers,
        shelves: &mut Shelves,
        expected: &mut Expected,
        shop: &mut ShopRow,
    ) -> Option<Order> {
        let Moment { world, step, key } = moment;
        let Order { shopper, product, people, value, .. } = self.order;
        let i = shopper as usize;
        let new = shoppers.recent_orders(i, &world.clock, step) == 0;
        let dropout = chance(deposit.dropout);
        let bits = shopper_bits(key.with(purpose::BALANCE).with(place), shoppers.number(shopper));
        let paid = field(bits, 0) >= dropout;
        if shelves.available(product, people) < people {
            if paid {
                let sale = Sale { product, people: 0, lost: people, refunded: 0, value };
                shelves.sell(&world.goods, step, sale, shop);
            }
            return None;
        }
        // Where stock let only a part of the shopper's people pay a deposit, it is that part.
        let mean = (u64::from(65_536 - dropout) << 16) * people / world.market.weight();
        expected.orders[product] += mean;
        if new {
            expected.new_customers += mean;
        }
        if !paid {
            return None;
        }
        let refunded = world.goods.products[product].refunded(people, field(bits, 1));
        shelves.sell(&world.goods, step, Sale { product, people, lost: 0, refunded, value }, shop);
        shop.new_customers += if new { people } else { 0 };
        shop.won_back += if new && shoppers.has_ordered(i) { people } else { 0 };
        buyers::order(moment, shoppers, i);
        Some(Order { new, ..self.order })
    }
}

#[cfg(test)]
mod tests {
    use crate::draws::Key;
    use crate::episode::Sheet;
    use crate::ledger::LineRow;
    use crate::market::state::MarketState;
    use crate::money::Money;
    use crate::observation::LineReport;
    use crate::{Scenario, World};

    /// At every step: deposits = paid balances + those given back + those still open; and the same of a coupon's pool.
    #[test]
    fn what_was_taken_is_paid_given_back_or_open() {
        let text = format!(
            "{}\n[deposit]\nshare = 0.1\nfirst_day = 2\nend_day = 8\nbalance_day = 11\ndropout = 0.5\n\
             [[coupon]]\nname = \"c\"\nfor = \"everyone\"\nvalue = 10\npool = 40000",
            include_str!("../../../../environments/new-customer.toml")
        );
        let scenario = Scenario::from_text("presale", &text).unwrap().with_shoppers(2_000);
        let world = World::draw(&scenario, 4);
        let mut state = MarketState::new(world.market_world().clone(), Key::new(7));
        let (mut taken, mut settled, mut cost) = (Money::ZERO, Money::ZERO, Money::ZERO);
        let mut most_open = Money::ZERO;
        for step in 0..16 {
            let (mut rows, mut reports) = (vec![LineRow::default(); 7], vec![LineReport::default(); 7]);
            let mut sheet = Sheet { rows: &mut rows, reports: &mut reports };
            let shop = state.play(step, &[Money(100_000); 7], &mut sheet).shop;
            taken += shop.deposits;
            settled += shop.balances + shop.deposit_refunds;
            cost += shop.coupons;
            let (open, promised, left) = state.presale();
            assert_eq!(taken, settled + open);
            assert_eq!(cost + promised + left, Money::from_major(40_000.0));
            most_open = most_open.max(open);
        }
        assert!(most_open > Money::ZERO && cost > Money::ZERO);
        assert_eq!(state.presale().0, Money::ZERO);
    }
}
