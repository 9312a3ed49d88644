//! Tells the chapter's story, serves its endpoints, or injects a fault.

use std::process::ExitCode;

fn main() -> ExitCode {
    fault_engine::cli::main(&chapter_01::story::STORY)
}
