//! The matrix over all programs.
