//! Put, then publish.
