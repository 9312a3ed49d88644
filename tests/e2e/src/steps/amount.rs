//! Amounts as people write them.

use std::str::FromStr;

use anyhow::Context as _;

/// An amount such as `249.99`, in minor units.
#[derive(Clone, Copy, Debug)]
pub(super) struct Amount(pub(super) u64);

impl FromStr for Amount {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let (whole, cents) = text.split_once('.').context("an amount has two digits behind the point")?;
        Ok(Self(format!("{whole}{cents}").parse()?))
    }
}
