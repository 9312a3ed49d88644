//! Taking turns: messages of one key, such as a customer, are handled one after the other inside a process.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;
use uuid::Uuid;

/// Who is at work on which key, and who waits for it. Clones share it, so that the consumers of several
/// queues can take turns.
///
/// Nothing rests on it but speed. Without it, ten messages of one customer that arrive together read the same
/// version, one of them commits, and nine have worked for nothing. The conditions of the commits keep the
/// result right either way, and between processes they alone do.
///
/// ```
/// # use transactional_messaging::prelude::*;
/// # consumed! { /** An order was placed. */ OrderCreated on "order--created" { customer_id: Uuid } }
/// # const ORDERS: Queue<OrderCreated> = Queue::new("customer--order-created");
/// # #[derive(Clone)]
/// # struct Customers;
/// # impl Customers {
/// #     async fn reserve(self, _: Delivery<OrderCreated>) -> Result<Handled, HandlerError> {
/// #         Ok(Handled::Done)
/// #     }
/// # }
/// let turns = KeyedLocks::default().by(|order: &OrderCreated| order.customer_id);
/// let wiring = Wiring::new().consumes_in_turns(ORDERS, turns, Customers::reserve);
/// ```
#[derive(Clone, Debug, Default)]
pub struct KeyedLocks(Arc<Mutex<Lines>>);

/// Those who wait for each key that somebody is at work on, in the order in which they came.
type Lines = HashMap<Uuid, VecDeque<oneshot::Sender<Turn>>>;

/// The turn of one message. It goes to the next one when it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    key: Uuid,
    turns: KeyedLocks,
}

/// Which messages take turns: those with the same key.
#[derive(Debug)]
pub struct InTurns<M> {
    pub(super) turns: KeyedLocks,
    pub(super) key: fn(&M) -> Uuid,
}

/// By hand: a derived one would ask the same of the message.
impl<M> Clone for InTurns<M> {
    fn clone(&self) -> Self {
        Self { turns: self.turns.clone(), key: self.key }
    }
}

impl KeyedLocks {
    /// Messages take turns with all others for which this, or what other consumers with these locks have,
    /// gives the same key.
    pub fn by<M>(&self, key: fn(&M) -> Uuid) -> InTurns<M> {
        InTurns { turns: self.clone(), key }
    }

    /// The turn, if nobody is at work on this key.
    pub(super) fn at_once(&self, key: Uuid) -> Option<Turn> {
        let mut lines = self.lines();
        if lines.contains_key(&key) {
            return None;
        }
        lines.insert(key, VecDeque::new());
        Some(self.turn(key))
    }

    /// Waits for the turn: first come, first served. Dropping the future gives the place up.
    pub(super) async fn wait(&self, key: Uuid) -> Turn {
        loop {
            let (sender, receiver) = oneshot::channel();
            match self.lines().get_mut(&key) {
                Some(line) => line.push_back(sender),
                None => drop(sender),
            }
            // Without a line there is nobody to wait for.
            match receiver.await.ok().or_else(|| self.at_once(key)) {
                Some(turn) => return turn,
                None => continue,
            }
        }
    }

    fn turn(&self, key: Uuid) -> Turn {
        Turn { key, turns: self.clone() }
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let next = {
            let mut lines = self.turns.lines();
            let next = lines.get_mut(&self.key).and_then(VecDeque::pop_front);
            if next.is_none() {
                lines.remove(&self.key);
            }
            next
        };
        if let Some(next) = next {
            // When that one has given up, the turn comes back, is dropped, and so goes on to the one behind
            // it.
            drop(next.send(self.turns.turn(self.key)));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn turns_of_a_key_come_in_line_and_those_of_another_at_once() {
        let turns = KeyedLocks::default();
        let (ada, bob) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let first = turns.at_once(ada).unwrap();
        let (order, given_up) = (Arc::new(Mutex::new(Vec::new())), turns.clone());
        let given_up = tokio::spawn(async move { given_up.wait(ada).await });
        tokio::task::yield_now().await;
        let waiting: Vec<_> = (0..3)
            .map(|number| {
                let (turns, order) = (turns.clone(), order.clone());
                tokio::spawn(async move {
                    let _turn = turns.wait(ada).await;
                    order.lock().unwrap().push(number);
                    tokio::time::sleep(Duration::from_millis(1)).await;
                })
            })
            .collect();
        tokio::task::yield_now().await;
        assert!(turns.at_once(ada).is_none() && turns.at_once(bob).is_some());
        given_up.abort();
        drop(first);
        for task in waiting {
            task.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), [0, 1, 2]);
        assert!(turns.lines().is_empty(), "nothing is kept of a key that nobody is at work on");
    }
}
