//! Positions of a list by what is unique in it. A site has some hundred thousand resources: a map of keys and values beside
//! each list would cost as much memory as the lists.

use std::hash::{BuildHasher as _, Hash};

use hashbrown::{DefaultHashBuilder, HashTable};

/// Where each key stands first in a list.
pub struct Index<'a, T, F> {
    list: &'a [T],
    key: F,
    first: HashTable<usize>,
    hasher: DefaultHashBuilder,
    /// The positions whose key stood in the list before, each behind the first position of that key.
    pub repeated: Vec<(usize, usize)>,
}

impl<'a, T, K: Hash + Eq, F: Fn(&'a T) -> K> Index<'a, T, F> {
    /// Of a list, by the key of each.
    pub fn of(list: &'a [T], key: F) -> Self {
        let hasher = DefaultHashBuilder::default();
        let mut first: HashTable<usize> = HashTable::with_capacity(list.len());
        let mut repeated = Vec::new();
        for (position, one) in list.iter().enumerate() {
            let wanted = key(one);
            let hash = hasher.hash_one(&wanted);
            match first.find(hash, |other| key(&list[*other]) == wanted) {
                Some(other) => repeated.push((*other, position)),
                None => {
                    first.insert_unique(hash, position, |other| hasher.hash_one(key(&list[*other])));
                }
            }
        }
        Self { list, key, first, hasher, repeated }
    }

    /// The first position of a key.
    pub fn position(&self, wanted: &K) -> Option<usize> {
        let hash = self.hasher.hash_one(wanted);
        self.first.find(hash, |position| (self.key)(&self.list[*position]) == *wanted).copied()
    }

    /// The first of a key.
    pub fn get(&self, wanted: &K) -> Option<&'a T> {
        self.position(wanted).map(|position| &self.list[position])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_is_found_where_it_stands_first() {
        let list = ["b1", "a1", "b2", "c1", "b3"];
        let index = Index::of(&list, |one: &&str| one.as_bytes()[0]);
        assert_eq!(
            [b'a', b'b', b'c', b'd'].map(|key| index.position(&key)),
            [Some(1), Some(0), Some(3), None]
        );
        assert_eq!([b'b', b'd'].map(|key| index.get(&key)), [Some(&"b1"), None]);
        assert_eq!(index.repeated, [(0, 2), (0, 4)]);
    }
}
