//! `runs`: a place at which `theme/runs.js` shows the runs behind the matrix, one after the other as a slider
//! is moved.

use std::fmt::Write as _;

use crate::error::Error;
use crate::escape::escape;
use crate::matrix;
use crate::repository::Repository;

/// `runs` lets the reader choose program and fault, `runs 01 crash-after` is about one.
pub(crate) fn render(repository: &Repository, root: &str, arguments: &str) -> Result<String, Error> {
    let words: Vec<_> = arguments.split_whitespace().collect();
    match words[..] {
        [] => choose(repository, root),
        [program, fault] => {
            let program = if program == "final" { program.to_owned() } else { format!("chapter-{program}") };
            if !matrix::has_runs(repository, &program, fault) {
                return Err(Error::NoRuns { path: matrix::runs_of(&program), fault: fault.to_owned() });
            }
            Ok(place(root, &program, fault, ""))
        }
        _ => {
            let found = arguments.to_owned();
            Err(Error::Arguments { directive: "runs", wanted: "nothing, or PROGRAM FAULT", found })
        }
    }
}

/// The whole of it, with an anchor for each cell of the matrix, so that a link to a cell is one that can be
/// checked.
fn choose(repository: &Repository, root: &str) -> Result<String, Error> {
    let text = repository.read(matrix::PATH)?;
    let matrix = matrix::parse(&text)?;
    let (mut anchors, mut programs) = (String::new(), Vec::new());
    for program in matrix.programs() {
        repository.read(&matrix::runs_of(program))?;
        programs.push(program);
        for (row, _) in matrix.rows.iter().filter(|(row, _)| matrix::has_runs(repository, program, row)) {
            let _ = write!(anchors, "<span id=\"{program}/{row}\"></span>");
        }
    }
    let chosen = format!(" data-programs=\"{}\"", programs.join(" "));
    let html = place(root, programs.first().copied().unwrap_or_default(), "crash-after", &chosen);
    Ok(html.replacen("\n", &format!("\n{anchors}\n"), 1))
}

fn place(root: &str, program: &str, fault: &str, more: &str) -> String {
    let (program, fault) = (escape(program), escape(fault));
    format!(
        "<figure class=\"runs\" data-folder=\"{root}runs/\" data-program=\"{program}\" data-fault=\"{fault}\"{more}>\n\
         <noscript><p>Here a slider drags the fault along the run, which takes JavaScript. Without it, \
         <code>cargo run -p {program} -- fault {fault}</code> prints the damage at every point.</p></noscript>\n</figure>\n"
    )
}
