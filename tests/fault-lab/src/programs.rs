//! The programs in the laboratory, in the order of the columns of the matrix.

use fault_engine::Program;

/// All of them.
pub const PROGRAMS: [Program; 7] = [
    chapter_01::PROGRAM,
    chapter_02::PROGRAM,
    chapter_03::PROGRAM,
    chapter_04::PROGRAM,
    chapter_05::PROGRAM,
    chapter_06::PROGRAM,
    final_program::PROGRAM,
];

/// The program with this name, or a text that lists the names.
///
/// # Errors
///
/// The text, for a name that is unknown.
pub fn named(name: &str) -> Result<Program, String> {
    let found = PROGRAMS.into_iter().find(|program| program.name == name);
    found.ok_or_else(|| {
        let names = PROGRAMS.map(|program| program.name).join(", ");
        format!("there is no program {name:?}; the programs are {names}")
    })
}
