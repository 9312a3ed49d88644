//! What requests and answers carry inside the process, for the access log.

use tokio_util::sync::CancellationToken;

/// Marks an answer that the access log leaves out if it is a success, as a load balancer asks for it every
/// few seconds.
#[derive(Clone, Copy)]
pub(crate) struct NotAccessLogged;

/// Cancelled when the client went away before it was answered. The server puts it into the request.
#[derive(Clone)]
pub(crate) struct ClientIsGone(pub(crate) CancellationToken);
