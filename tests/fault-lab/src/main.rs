//! The laboratory on the command line.
fn main() {}
