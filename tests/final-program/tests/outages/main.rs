//! Outages of a part of AWS, each with the real relay over everything that it needs: what is slow, damaged, closed or gone may hold only
//! what stands behind it. Where the laboratory's matrix breaks one call at a time, these break a topic, a row or a shard for as long as it
//! takes.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../support/outside.rs"]
#[allow(dead_code, reason = "shared with others, which need more of it")]
mod outside;
mod relay;
mod scene;
mod tailer;
mod wire;
#[path = "../every_call/world.rs"]
#[allow(dead_code, reason = "shared with every_call, which needs more of it")]
mod world;
