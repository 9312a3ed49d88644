//! Serves a program over the embedded AWS on loopback, for a person with curl.

use std::io::Write as _;
use std::net::Ipv4Addr;
use std::time::Duration;

use local_aws::LocalAws;
use local_aws::mapping::EventSourceMapping;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::ambient::Ambient;
use crate::program::{BoxError, Function, Program};
use crate::stream::settings;

/// Runs the program on an AWS of its own until Ctrl-C. Port 0 is any free port.
///
/// # Errors
///
/// If the port is taken or the program cannot be deployed.
pub(crate) async fn serve(program: &Program, port: u16) -> Result<(), BoxError> {
    let aws = LocalAws::start().await?;
    (program.deploy)(aws.sdk_config()).await?;
    let mut running = JoinSet::new();
    for worker in program.workers {
        let (run, ambient) = (worker.run, Ambient::system(aws.sdk_config()));
        running.spawn(async move {
            loop {
                run(ambient.clone()).await;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
    }
    for function in program.functions {
        running.spawn(map(aws.sdk_config(), *function));
    }
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let mut out = std::io::stdout();
    writeln!(out, "{} listens on http://{}", program.name, listener.local_addr()?)?;
    writeln!(out, "its AWS is at {} (for AWS_ENDPOINT_URL); Ctrl-C ends both", aws.endpoint_url())?;
    let router = (program.http)(Ambient::system(aws.sdk_config()));
    let stop = async { drop(tokio::signal::ctrl_c().await) };
    Ok(axum::serve(listener, router).with_graceful_shutdown(stop).await?)
}

async fn map(aws: aws_types::SdkConfig, function: Function) {
    let ambient = Ambient::system(aws.clone());
    let mapped = async {
        let streams = aws_sdk_dynamodbstreams::Client::new(&aws);
        let answer = streams.list_streams().table_name(function.table).send().await?;
        let arn = answer.streams().first().and_then(|stream| stream.stream_arn()).unwrap_or_default();
        let mapping = EventSourceMapping::new(streams.clone(), arn, settings(&function)?);
        let handler = move |event| (function.handle)(ambient.clone(), function.table, event);
        mapping.run(handler, CancellationToken::new()).await?;
        Ok::<(), BoxError>(())
    };
    if let Err(error) = mapped.await {
        tracing::error!(error, function = function.name, "the function is not called any more: start again");
    }
}
