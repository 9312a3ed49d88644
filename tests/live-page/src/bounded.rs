//! A map that forgets its oldest entries: a page that is open for a week must not fill the memory.

use std::collections::{BTreeMap, VecDeque};

/// At most so many entries; the one that came first goes first.
#[derive(Debug)]
pub(crate) struct Bounded<K, V> {
    most: usize,
    entries: BTreeMap<K, V>,
    /// May name what was removed meanwhile.
    sequence: VecDeque<K>,
    forgot: bool,
}

impl<K: Ord + Clone, V> Bounded<K, V> {
    pub(crate) fn new(most: usize) -> Self {
        Self { most, entries: BTreeMap::new(), sequence: VecDeque::new(), forgot: false }
    }

    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key)
    }

    /// What there was under this key.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        let before = self.entries.insert(key.clone(), value);
        if before.is_none() {
            self.sequence.push_back(key);
            while self.entries.len() > self.most
                && let Some(oldest) = self.sequence.pop_front()
            {
                self.forgot |= self.entries.remove(&oldest).is_some();
            }
            if self.sequence.len() > 2 * self.most {
                self.sequence.retain(|key| self.entries.contains_key(key));
            }
        }
        before
    }

    /// Whether something went because there was too much.
    pub(crate) fn forgot(&self) -> bool {
        self.forgot
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        self.entries.remove(key)
    }

    /// Changes the entry of this key, which is made if it is not there.
    pub(crate) fn change<T>(&mut self, key: &K, change: impl FnOnce(&mut V) -> T) -> T
    where
        V: Default,
    {
        if !self.entries.contains_key(key) {
            self.insert(key.clone(), V::default());
        }
        change(self.entries.entry(key.clone()).or_default())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.entries.iter()
    }

    /// From the newest to the oldest.
    pub(crate) fn newest(&self) -> impl Iterator<Item = (&K, &V)> + Clone {
        self.sequence.iter().rev().filter_map(|key| self.entries.get_key_value(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_goes_first() {
        let mut map = Bounded::new(2);
        for number in [1, 2, 3] {
            map.insert(number, number * 10);
        }
        assert_eq!(map.newest().map(|(key, _)| *key).collect::<Vec<_>>(), [3, 2]);
        map.change(&2, |value| *value += 1);
        assert_eq!(map.get(&2), Some(&21));
        assert!(map.forgot());
    }

    #[test]
    fn what_stays_is_not_forgotten_for_what_comes_and_goes() {
        let mut map = Bounded::new(2);
        map.insert(0, ());
        for number in 1..100 {
            map.insert(number, ());
            map.remove(&number);
        }
        assert!(map.get(&0).is_some() && !map.forgot());
        assert!(map.sequence.len() <= 4);
    }
}
