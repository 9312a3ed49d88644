//! Which shards of a stream may be read: a child only after its parent, so that an item's records stay in
//! order.

use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    Reading,
    Finished,
}

#[derive(Debug)]
struct Shard {
    parent: Option<String>,
    state: State,
    /// Whether it was there when the mapping first looked.
    from_the_start: bool,
}

/// The shards of a stream as far as they are known.
#[derive(Debug, Default)]
pub(crate) struct Lineage {
    shards: BTreeMap<String, Shard>,
    looked: bool,
}

impl Lineage {
    /// Adds the shards of one description, each with its parent. With `skip_past`, which is how LATEST
    /// begins, the shards that already have a child when the mapping first looks are over and done with.
    pub(crate) fn learn(&mut self, described: Vec<(String, Option<String>)>, skip_past: bool) {
        let first_look = !std::mem::replace(&mut self.looked, true);
        let parents: Vec<String> = described.iter().filter_map(|(_, parent)| parent.clone()).collect();
        for (id, parent) in described {
            let past = first_look && skip_past && parents.contains(&id);
            let state = if past { State::Finished } else { State::Waiting };
            self.shards.entry(id).or_insert(Shard { parent, state, from_the_start: first_look });
        }
    }

    /// Takes the shards that can be read now; the flag says whether it was there from the start. A parent
    /// that is not known has left the stream, which it does only after its last record has.
    pub(crate) fn take_ready(&mut self) -> Vec<(String, bool)> {
        let is_open = |id: &String| self.shards.get(id).is_some_and(|shard| shard.state != State::Finished);
        let ready: Vec<String> = self
            .shards
            .iter()
            .filter(|(_, shard)| shard.state == State::Waiting && !shard.parent.as_ref().is_some_and(is_open))
            .map(|(id, _)| id.clone())
            .collect();
        let mut taken = Vec::new();
        for id in ready {
            if let Some(shard) = self.shards.get_mut(&id) {
                shard.state = State::Reading;
                taken.push((id, shard.from_the_start));
            }
        }
        taken
    }

    /// A shard has been read to its end.
    pub(crate) fn finished(&mut self, id: &str) {
        if let Some(shard) = self.shards.get_mut(id) {
            shard.state = State::Finished;
        }
    }

    /// The mapping starts again: what was being read must be taken once more.
    pub(crate) fn restart(&mut self) {
        for shard in self.shards.values_mut().filter(|shard| shard.state == State::Reading) {
            shard.state = State::Waiting;
        }
    }

    /// Whether more shards are to be expected: none is known, or one has ended and its children are not known
    /// yet.
    pub(crate) fn expects_more(&self) -> bool {
        let has_child = |id: &String| self.shards.values().any(|shard| shard.parent.as_ref() == Some(id));
        self.shards.is_empty()
            || self.shards.iter().any(|(id, shard)| shard.state == State::Finished && !has_child(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(shards: &[(&str, Option<&str>)]) -> Vec<(String, Option<String>)> {
        shards.iter().map(|(id, parent)| ((*id).to_owned(), parent.map(str::to_owned))).collect()
    }

    fn ids(taken: Vec<(String, bool)>) -> Vec<String> {
        taken.into_iter().map(|(id, _)| id).collect()
    }

    #[test]
    fn a_child_waits_for_its_parent() {
        let mut lineage = Lineage::default();
        lineage
            .learn(described(&[("a", None), ("b", Some("a")), ("c", Some("a")), ("d", Some("gone"))]), false);
        assert_eq!(ids(lineage.take_ready()), ["a", "d"]);
        assert!(lineage.take_ready().is_empty());
        lineage.finished("a");
        assert_eq!(ids(lineage.take_ready()), ["b", "c"]);
    }

    #[test]
    fn latest_skips_shards_that_have_children() {
        let mut lineage = Lineage::default();
        lineage.learn(described(&[("a", None), ("b", Some("a"))]), true);
        assert_eq!(lineage.take_ready(), [("b".to_owned(), true)]);
        lineage.learn(described(&[("a", None), ("b", Some("a")), ("c", Some("b"))]), true);
        lineage.finished("b");
        assert_eq!(lineage.take_ready(), [("c".to_owned(), false)]);
    }

    #[test]
    fn more_is_expected_until_the_children_of_an_ended_shard_are_known() {
        let mut lineage = Lineage::default();
        assert!(lineage.expects_more());
        lineage.learn(described(&[("a", None)]), false);
        lineage.take_ready();
        assert!(!lineage.expects_more());
        lineage.finished("a");
        assert!(lineage.expects_more());
        lineage.learn(described(&[("a", None), ("b", Some("a"))]), false);
        assert!(!lineage.expects_more());
    }

    #[test]
    fn a_restart_takes_again_what_was_not_finished() {
        let mut lineage = Lineage::default();
        lineage.learn(described(&[("a", None), ("b", None)]), false);
        lineage.take_ready();
        lineage.finished("a");
        lineage.restart();
        assert_eq!(ids(lineage.take_ready()), ["b"]);
    }
}
