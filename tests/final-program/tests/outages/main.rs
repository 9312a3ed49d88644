//! Outages of a part of AWS, each with the real relay over everything that it needs: what is slow, damaged,
//! closed or gone may hold only what stands behind it. Where the laboratory's matrix breaks one call at a
//! time, these break a topic, a row or a shard for as long as it takes.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod relay;
mod scene;
mod tailer;
mod wire;

use final_program::harness::world;
