//! Nothing of its own: this package only has libFuzzer built. See `tests/fuzz/instrument`.
