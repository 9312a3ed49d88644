//! Paths that answer with and without a slash at the end.

use axum::Router;
use axum::routing::MethodRouter;

/// Registers `methods` at `path` and at the same path with a `/` behind it.
pub fn optional_slash<S>(router: Router<S>, path: &str, methods: MethodRouter<S>) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    router.route(path, methods.clone()).route(&format!("{path}/"), methods)
}
