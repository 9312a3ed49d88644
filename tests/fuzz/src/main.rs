//! All targets as one program.
//!
//! As scripts/fuzz builds it, it is a libFuzzer program, and the environment variable `FUZZ_TARGET` says
//! which target it runs. As cargo builds it otherwise, it gives files to a target, to look at what was found:
//! `cargo run -p fuzz -- delivery FILE…`.
#![cfg_attr(fuzzing, no_main)]
#![allow(unexpected_cfgs, reason = "`fuzzing` is set by tests/fuzz/instrument")]

use fuzz::TARGETS;

fn named(wanted: &str) -> fn(&[u8]) {
    let found = TARGETS.iter().find(|(name, _)| *name == wanted);
    found.map_or_else(|| panic!("there is no target {wanted:?}"), |(_, target)| *target)
}

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    static TARGET: std::sync::OnceLock<fn(&[u8])> = std::sync::OnceLock::new();
    TARGET.get_or_init(|| named(&std::env::var("FUZZ_TARGET").unwrap_or_default()))(data);
});

#[cfg(not(fuzzing))]
fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let target = named(&arguments.next().unwrap_or_default());
    for file in arguments {
        target(&std::fs::read(file)?);
    }
    Ok(())
}
