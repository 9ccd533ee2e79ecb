//! Shoppers put by between two steps, in few bytes: most of what can happen to a shopper has happened to few.

use std::ops::Range;
use std::sync::Arc;

use super::buyers::Needs;
use super::goods::NO_PRODUCT;
use super::shard::Shard;
use super::shoppers::{Crowd, NO_LINE};
use super::world::MarketWorld;
use crate::deeplink::STAGES;

/// Shoppers of one shard. What never changes is shared with those that they were before.
#[derive(Debug, Clone)]
pub(crate) struct Packed {
    pub(super) numbers: Range<u32>,
    class: Arc<[u8]>,
    rates: Arc<[u16]>,
    stage: Column<u8>,
    /// The other columns, in the order of [`columns`].
    bytes: Vec<Column<u8>>,
    words: Vec<Column<u16>>,
    reserved_in_part: Vec<(u32, u32)>,
    /// Shoppers in each stage.
    pub(super) stocks: [u64; STAGES],
    pub(super) crowd: Crowd,
}

/// Columns in which mostly the same stands, each with what that is: what [`Shard::begin`] fills it with.
type Columns<'a> = (Vec<(&'a mut Vec<u8>, u8)>, Vec<(&'a mut Vec<u16>, u16)>);

fn columns(Shard { shoppers, relations, .. }: &mut Shard) -> Columns<'_> {
    let bytes = vec![
        (&mut shoppers.flags, 0),
        (&mut shoppers.last_line, NO_LINE),
        (&mut shoppers.in_view, NO_PRODUCT),
        (&mut shoppers.claims.held, 0),
    ];
    let stamps = shoppers.contact.iter_mut().chain(&mut shoppers.orders).chain(&mut shoppers.memory);
    let stamps = stamps.chain(&mut shoppers.outside_click).chain(shoppers.capped.iter_mut().flatten());
    let others =
        [&mut shoppers.last_click, &mut shoppers.claims.until, &mut relations.tired, &mut relations.leaves];
    let words = stamps.chain(others).map(|column| (column, 0));
    (bytes, words.chain(std::iter::once((&mut shoppers.expires, u16::MAX))).collect())
}

impl Packed {
    /// Puts shoppers by. `before` is the same shoppers at an earlier time, if there is one.
    pub(crate) fn new(shard: &mut Shard, before: Option<&Self>) -> Self {
        let stage = Column::pack(&shard.shoppers.stage, 0);
        let (bytes, words) = columns(shard);
        let bytes = bytes.iter().map(|(column, usual)| Column::pack(column, *usual)).collect();
        let words = words.iter().map(|(column, usual)| Column::pack(column, *usual)).collect();
        let shoppers = &shard.shoppers;
        Self {
            numbers: shoppers.first..shoppers.first + shoppers.len() as u32,
            class: before.map_or_else(|| shoppers.class.as_slice().into(), |it| Arc::clone(&it.class)),
            rates: before.map_or_else(|| shoppers.needs.rates.as_slice().into(), |it| Arc::clone(&it.rates)),
            stage,
            bytes,
            words,
            reserved_in_part: shoppers.reserved_in_part.clone(),
            stocks: shoppers.stocks,
            crowd: shoppers.crowd(),
        }
    }

    /// Takes the shoppers out again.
    pub(crate) fn unpack(&self, world: &MarketWorld, shard: &mut Shard) {
        shard.begin(world, self.numbers.clone());
        let shoppers = &mut shard.shoppers;
        shoppers.class.copy_from_slice(&self.class);
        self.stage.unpack(&mut shoppers.stage);
        let mut rates = std::mem::take(&mut shoppers.needs.rates);
        rates.clear();
        rates.extend_from_slice(&self.rates);
        shoppers.needs = Needs { rates, idle: self.crowd.idle };
        shoppers.reserved_in_part.clone_from(&self.reserved_in_part);
        (shoppers.stocks, shoppers.in_market) = (self.stocks, self.crowd.in_market);
        let (bytes, words) = columns(shard);
        self.bytes.iter().zip(bytes).for_each(|(packed, (column, _))| packed.unpack(column));
        self.words.iter().zip(words).for_each(|(packed, (column, _))| packed.unpack(column));
    }

    /// Writes `[shoppers]` stages.
    pub(crate) fn stages(&self, stages: &mut Vec<u8>) {
        stages.clear();
        stages.resize(self.class.len(), 0);
        self.stage.unpack(stages);
    }
}

/// A column of which what is unusual is kept: where it stands, as bits, and what it is.
#[derive(Debug, Clone)]
struct Column<T> {
    /// Empty where everything is usual, or nothing is left out.
    places: Box<[u64]>,
    values: Box<[T]>,
}

impl<T: Copy + PartialEq> Column<T> {
    fn pack(column: &[T], usual: T) -> Self {
        // The usual case of columns of what nobody has lived through, in vectors.
        if !column.iter().fold(false, |unusual, value| unusual | (*value != usual)) {
            return Self { places: Box::default(), values: Box::default() };
        }
        let places: Box<[u64]> = (column.chunks(64))
            .map(|chunk| {
                let bits = chunk.iter().enumerate();
                bits.fold(0, |bits, (place, value)| bits | u64::from(*value != usual) << place)
            })
            .collect();
        let count: usize = places.iter().map(|bits| bits.count_ones() as usize).sum();
        if count * size_of::<T>() + column.len() / 8 >= size_of_val(column) {
            return Self { places: Box::default(), values: column.into() };
        }
        let mut values = Vec::with_capacity(count);
        for (chunk, bits) in column.chunks(64).zip(&places) {
            ones(*bits, |place| values.push(chunk[place]));
        }
        Self { places, values: values.into() }
    }

    /// Writes what is unusual into a column that is as usual.
    fn unpack(&self, column: &mut [T]) {
        if self.places.is_empty() {
            if !self.values.is_empty() {
                column.copy_from_slice(&self.values);
            }
            return;
        }
        let mut values = self.values.iter();
        for (chunk, bits) in column.chunks_mut(64).zip(&self.places) {
            ones(*bits, |place| {
                if let Some(value) = values.next() {
                    chunk[place] = *value;
                }
            });
        }
    }
}

/// Calls `with` for the place of every one among bits, the lowest first.
#[inline]
fn ones(mut bits: u64, mut with: impl FnMut(usize)) {
    while bits != 0 {
        with(bits.trailing_zeros() as usize);
        bits &= bits - 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_comes_back_however_much_of_it_is_unusual() {
        for count in [0_usize, 1, 63, 64, 65, 1_000] {
            for nth in [1, 2, 3, 64, 5_000] {
                let column: Vec<u16> =
                    (0..count).map(|i| if i % nth == 0 { i as u16 + 1 } else { 9 }).collect();
                let mut back = vec![9; count];
                Column::pack(&column, 9).unpack(&mut back);
                assert_eq!(back, column);
            }
        }
    }

    #[test]
    fn what_is_usual_takes_no_room() {
        let packed = Column::pack(&[7_u16; 6_400], 7);
        assert_eq!((packed.places.len(), packed.values.len()), (0, 0));
        let mut column = [0_u16; 6_400];
        column[77] = 1;
        let packed = Column::pack(&column, 0);
        assert_eq!((packed.places.len(), packed.values.len()), (100, 1));
    }
}
