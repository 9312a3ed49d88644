//! Rows of a commit that become visible one after the other.

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use local_aws::ItemByItem;
use tokio::sync::watch;

use crate::{
    stored::{OUTBOX, Stored},
    world::World,
};

/// A commit whose rows become visible.
#[derive(Clone)]
pub(crate) struct Emerging {
    /// The numbers of the rows, in the sequence in which they do.
    pub(crate) sequence: Vec<u64>,
    is_over: watch::Receiver<bool>,
}

impl Emerging {
    /// Waits until all of them are visible.
    pub(crate) async fn over(&mut self) {
        self.is_over.wait_for(|is_over| *is_over).await.unwrap();
    }
}

/// Takes the rows of a subject away and stores them again, this time so. When it returns, one of them is
/// visible.
pub(crate) async fn again(world: &World, stored: &Stored, seed: u64) -> Emerging {
    let dynamodb = aws_sdk_dynamodb::Client::new(&world.aws.sdk_config());
    #[expect(clippy::disallowed_methods, reason = "the request needs a header")]
    let mut transaction = dynamodb.transact_write_items();
    for row in world.outbox("customers", &stored.subject).await {
        let item: HashMap<String, AttributeValue> = serde_dynamo::to_item(row).unwrap();
        let key = item.iter().filter(|(name, _)| ["PK", "SK"].contains(&name.as_str()));
        let key = key.map(|(name, value)| (name.clone(), value.clone())).collect();
        #[allow(clippy::disallowed_methods, reason = "so that they can be stored again")]
        dynamodb.delete_item().table_name(OUTBOX).set_key(Some(key)).send().await.unwrap();
        let put = Put::builder().table_name(OUTBOX).set_item(Some(item)).build().unwrap();
        transaction = transaction.transact_items(TransactWriteItem::builder().put(put).build());
    }
    let mut random = fastrand::Rng::with_seed(seed);
    let mut sequence: Vec<usize> = (0..stored.texts.len()).collect();
    random.shuffle(&mut sequence);
    // Longer and shorter than a relay waits between its calls.
    let gap = Duration::from_millis(random.u64(1..3_000));
    let way = ItemByItem { sequence: sequence.clone(), gap }.to_string();
    let transaction = transaction.customize().mutate_request(move |request| {
        request.headers_mut().insert(ItemByItem::HEADER, way.clone());
    });
    let (done, is_over) = watch::channel(false);
    tokio::spawn(async move {
        transaction.send().await.unwrap();
        done.send_replace(true);
    });
    while world.outbox("customers", &stored.subject).await.is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Emerging { sequence: sequence.into_iter().map(|number| number as u64).collect(), is_over }
}
