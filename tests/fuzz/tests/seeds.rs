//! The committed seeds, and everything that was ever found, given to their targets: on any machine, without
//! libFuzzer.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use fuzz::TARGETS;

#[test]
fn every_seed_keeps_the_properties_of_its_target() {
    for (name, target) in TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(name);
        let mut seeds: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
        seeds.sort();
        assert!(!seeds.is_empty(), "{name} has no seeds");
        for seed in seeds {
            let bytes = std::fs::read(&seed).unwrap();
            let judged = std::panic::catch_unwind(|| target(&bytes));
            assert!(judged.is_ok(), "{} breaks a property", seed.display());
        }
    }
}
