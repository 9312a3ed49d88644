//! A transaction that becomes visible item by item, in the sequence that its plan names.

use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use local_aws::tap::Answer;
use local_aws::{InMemoryAws, ItemByItem};
use serde_json::Value;

use crate::call::Description;
use crate::session::Session;

/// The time between two items: others act in between, and no answer comes later than a request may wait.
const GAP: Duration = Duration::from_secs(3);

/// Carries out the transaction so. It goes on when its caller crashes.
pub(crate) async fn write(
    aws: InMemoryAws,
    session: Session,
    call: Description,
    mut request: HttpRequest,
    sequence: usize,
) -> Answer {
    let items = writes(&request);
    let way = ItemByItem { sequence: in_sequence(items, sequence), gap: GAP };
    request.headers_mut().insert(ItemByItem::HEADER, way.to_string());
    let written = tokio::spawn(async move {
        let _writing = session.restarting();
        // The readers of streams wait until something is written.
        let tell = async {
            loop {
                tokio::time::sleep(GAP / 4).await;
                session.has_written(&call);
            }
        };
        tokio::select! {
            answer = aws.call(request) => answer,
            never = tell => never,
        }
    });
    written.await.map_err(|error| ConnectorError::other(error.into(), None))?
}

/// The places of what is written; a check of a condition shows nothing.
fn writes(request: &HttpRequest) -> Vec<usize> {
    let body: Value = serde_json::from_slice(request.body().bytes().unwrap_or_default()).unwrap_or_default();
    let actions = body["TransactItems"].as_array().into_iter().flatten().enumerate();
    actions.filter(|(_, action)| action["ConditionCheck"].is_null()).map(|(index, _)| index).collect()
}

fn in_sequence(mut items: Vec<usize>, sequence: usize) -> Vec<usize> {
    match sequence {
        0 => {}
        1 => items.reverse(),
        _ if items.is_empty() => {}
        last => {
            let last = items.remove((last - 2) % items.len());
            items.push(last);
        }
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sequence_has_every_item_once() {
        let of = |sequence| in_sequence(vec![0, 1, 3], sequence);
        assert_eq!([0, 1, 2, 3, 4].map(of), [[0, 1, 3], [3, 1, 0], [1, 3, 0], [0, 3, 1], [0, 1, 3]]);
        assert_eq!(in_sequence(vec![0, 1], 4), [1, 0], "the third of two is the first");
    }
}
