//! Lists that are found anew in each step.
//!
//! Whether somebody belongs on such a list is mostly a matter of chance, and a branch that cannot be foreseen costs more
//! than what it saves. So each item is written in any case, and kept on the condition. A list keeps its room, so that
//! nothing is allocated.

/// A list that is found anew in each step.
#[derive(Debug, Clone, Default)]
pub(crate) struct List<T> {
    room: Vec<T>,
    length: usize,
}

impl<T: Copy + Default> List<T> {
    /// Becomes a list of those `items`, of which there are at most `most`, that are wanted, in their order.
    #[inline]
    pub(crate) fn keep(&mut self, most: usize, items: impl Iterator<Item = (T, bool)>) {
        let room = self.room(most);
        let mut length = 0;
        items.for_each(|(item, wanted)| {
            room[length] = item;
            length += usize::from(wanted);
        });
        self.length = length;
    }

    /// Room for `most` items, to be filled from its beginning; [`Self::set_length`] says how far.
    #[inline]
    pub(crate) fn room(&mut self, most: usize) -> &mut [T] {
        if self.room.len() < most {
            self.room.resize(most, T::default());
        }
        &mut self.room[..most]
    }

    #[inline]
    pub(crate) fn set_length(&mut self, length: usize) {
        self.length = length.min(self.room.len());
    }

    /// Drops the items that are not wanted; `wanted` may change those that are.
    #[inline]
    pub(crate) fn retain(&mut self, mut wanted: impl FnMut(&mut T) -> bool) {
        let items = &mut self.room[..self.length];
        let mut length = 0;
        for place in 0..items.len() {
            let mut item = items[place];
            let wanted = wanted(&mut item);
            items[length] = item;
            length += usize::from(wanted);
        }
        self.length = length;
    }

    #[inline]
    pub(crate) fn as_slice(&self) -> &[T] {
        &self.room[..self.length]
    }

    #[inline]
    pub(crate) fn as_mut_slice(&mut self) -> &mut [T] {
        &mut self.room[..self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_hold_what_was_wanted_in_its_order() {
        let mut list = List::default();
        for count in [20, 7, 31] {
            list.keep(count, (0..count).map(|i| (i, i % 3 != 0)));
            let mut wanted: Vec<usize> = (0..count).filter(|i| i % 3 != 0).collect();
            assert_eq!(list.as_slice(), wanted);
            list.retain(|item| {
                *item += 1;
                *item % 2 == 0
            });
            wanted.iter_mut().for_each(|item| *item += 1);
            wanted.retain(|item| item % 2 == 0);
            assert_eq!(list.as_slice(), wanted);
        }
    }
}
