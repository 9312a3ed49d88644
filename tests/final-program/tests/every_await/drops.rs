//! Drops a handler at each of its polls, and judges what is left when the work has come again.

use std::{collections::BTreeSet, time::Duration};

use crate::{
    cases::{Atom, Case, Work},
    polls::poll_at_most,
    shop::{LATENCY, Process, Shop},
    state::{Heard, Place, Stored, kept, stored, waiting},
};

/// After how many calls of the process that takes over a request of the dropped one is carried out.
const LAGS: u32 = 3;

/// What came of one case.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) points: usize,
    pub(crate) drops: usize,
    /// How many drops left everything as it was before, and as it should be after.
    pub(crate) before: usize,
    pub(crate) after: usize,
    pub(crate) failures: Vec<String>,
}

/// A run without a drop.
struct Whole {
    polls: usize,
    answer: Result<String, String>,
    before: Stored,
    after: Stored,
    end: Stored,
    heard: Heard,
}

/// What a drop left.
struct Dropped {
    under_way: usize,
    left: Stored,
    failures: Vec<String>,
}

pub(crate) fn drop_everywhere(case: &Case) -> Tally {
    let whole = simulate(run_whole(case));
    let mut tally = Tally { points: whole.polls - 1, ..Tally::default() };
    if let Err(why) = &whole.answer {
        tally.failures.push(format!("{}: without a drop: {why}", case.name));
    }
    for poll in 1..whole.polls {
        for lag in 0..LAGS {
            let dropped = simulate(run_dropped(case, &whole, poll, lag));
            tally.drops += 1;
            tally.before += usize::from(dropped.left == whole.before);
            tally.after += usize::from(dropped.left == whole.after);
            let place = format!("{}, dropped at poll {poll} of {}, lag {lag}", case.name, whole.polls);
            tally.failures.extend(dropped.failures.into_iter().map(|failure| format!("{place}: {failure}")));
            // With nothing on its way to AWS that could change anything, all lags are the same.
            if dropped.under_way == 0 {
                break;
            }
        }
    }
    tally
}

fn simulate<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(work)
}

async fn run_whole(case: &Case) -> Whole {
    let shop = Shop::open().await;
    let work = (case.prepare)(&shop).await;
    let before = stored(&shop).await;
    let (answer, polls) = poll_at_most(work(shop.process(LATENCY)), usize::MAX).await;
    let after = stored(&shop).await;
    let mut heard = Heard::default();
    finish(&shop, &mut heard).await;
    Whole { polls, answer: answer.unwrap(), before, after, end: stored(&shop).await, heard }
}

async fn run_dropped(case: &Case, whole: &Whole, poll: usize, lag: u32) -> Dropped {
    let shop = Shop::open().await;
    let work = (case.prepare)(&shop).await;
    let waited = waiting(&shop).await;
    // Half a call later than the calls of the process that takes over, so that it is clear which comes first.
    let first = shop.process(LATENCY / 2 + LATENCY * lag);
    poll_at_most(work(first.clone()), poll).await;
    let under_way = first.wire.under_way();
    let mut judge = Judge { shop: &shop, heard: Heard::default(), failures: Vec::new() };
    if lag == 0 {
        arrived(&first).await;
    }
    let left = stored(&shop).await;
    judge.half_done(case.atom, &left, whole);
    judge.nothing_gone_that_was_not_sent(&waited).await;
    judge.comes_again(&work, whole).await;
    arrived(&first).await;
    judge.end(whole).await;
    // A third time, when everything is over.
    judge.comes_again(&work, whole).await;
    judge.stored(whole).await;
    Dropped { under_way, left, failures: judge.failures }
}

/// Waits until what the dropped process has sent is carried out.
async fn arrived(process: &Process) {
    while process.wire.under_way() > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// The relays do the rest.
async fn finish(shop: &Shop, heard: &mut Heard) {
    shop.publish("customers").await;
    shop.publish("orders").await;
    heard.listen(shop).await;
}

/// Each item alone, with its table and partition.
fn rows(stored: &Stored) -> BTreeSet<(&(&'static str, String), &String)> {
    stored.iter().flat_map(|(place, items)| items.iter().map(move |item| (place, item))).collect()
}

struct Judge<'a> {
    shop: &'a Shop,
    heard: Heard,
    failures: Vec<String>,
}

impl Judge<'_> {
    fn check(&mut self, holds: bool, why: impl FnOnce() -> String) {
        if !holds {
            self.failures.push(why());
        }
    }

    fn half_done(&mut self, atom: Atom, left: &Stored, whole: &Whole) {
        let holds = match atom {
            Atom::Everything => *left == whole.before || *left == whole.after,
            Atom::Row => {
                let [left, before, after] = [left, &whole.before, &whole.after].map(rows);
                left.is_subset(&(&before | &after)) && (&before & &after).is_subset(&left)
            }
            Atom::Step => true,
        };
        self.check(holds, || format!("half done: {left:#?}"));
    }

    /// What waited and is gone, and what is kept as sent, subscribers have.
    async fn nothing_gone_that_was_not_sent(&mut self, waited: &BTreeSet<Place>) {
        self.heard.listen(self.shop).await;
        let gone: BTreeSet<_> = waited - &waiting(self.shop).await;
        let kept = kept(self.shop).await;
        let missing: Vec<_> =
            gone.union(&kept).filter(|place| !self.heard.texts.contains_key(place)).collect();
        let why = format!("gone or kept as sent, and never sent: {missing:?}");
        self.check(missing.is_empty(), || why);
    }

    async fn comes_again(&mut self, work: &Work, whole: &Whole) {
        let answer = work(self.shop.process(LATENCY)).await;
        self.check(answer == whole.answer, || format!("the answer is {answer:?} and not {:?}", whole.answer));
    }

    async fn stored(&mut self, whole: &Whole) {
        let end = stored(self.shop).await;
        self.check(end == whole.end, || format!("stored is {end:#?} and should be {:#?}", whole.end));
    }

    async fn end(&mut self, whole: &Whole) {
        finish(self.shop, &mut self.heard).await;
        self.stored(whole).await;
        let same = self.heard.places() == whole.heard.places();
        let why = format!("sent was {:?} and should be {:?}", self.heard.places(), whole.heard.places());
        self.check(same, || why);
        let different = self.heard.texts.iter().find(|(_, texts)| texts.len() > 1);
        let why = format!("two messages tell of one change: {different:?}");
        self.check(different.is_none(), || why);
        let disorder = std::mem::take(&mut self.heard.disorder);
        self.check(disorder.is_empty(), || disorder.join(", "));
    }
}
