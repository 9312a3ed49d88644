//! Commands that a page shows with their output, in a fence ` ```console,run `: they are run, and the output
//! compared.
//!
//! A line `$ command` is a command, the lines below it are what it prints; `...` alone on a line stands for
//! any lines. The commands of a page run one after the other in one shell at the root of the repository, so
//! that `cd` and a program in the background (`&`) last until the page ends. Where a command
//! must fail, the fence is ` ```console,run,fails `.
//!
//! Where `BOOK_PROGRAMS` names a folder of programs that are built already, `cargo run -p NAME` starts the
//! one of that name: with another selection of packages cargo would build all dependencies a second time.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use similar::TextDiff;

use crate::fences::{Fences, Line};

/// How long the commands of one page may take, in seconds. Most of it is compiling on a machine that has
/// compiled nothing yet.
const LIMIT: u32 = 1_800;

/// One command of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The line of its `$`, from 1.
    pub line: usize,
    /// What is typed.
    pub command: String,
    /// What is printed, without blanks at the ends of lines.
    pub output: String,
    /// Whether it must fail.
    pub fails: bool,
}

/// The commands of a page.
///
/// # Errors
///
/// When a fence that is marked does not begin with a command.
pub fn steps(text: &str) -> Result<Vec<Step>> {
    let (mut fences, mut steps) = (Fences::default(), Vec::<Step>::new());
    let mut mode = None;
    for (number, line) in text.lines().enumerate().map(|(number, line)| (number + 1, line)) {
        match fences.next(line) {
            Line::Open(info) => mode = Mode::of(info, steps.len()),
            Line::Close | Line::Prose => mode = None,
            Line::Code => {
                let Some(Mode { fails, first }) = mode else { continue };
                if let Some(command) = line.strip_prefix("$ ") {
                    steps.push(Step {
                        line: number,
                        command: command.to_owned(),
                        output: String::new(),
                        fails,
                    });
                } else if steps.len() > first {
                    let output = steps.last_mut().map(|step| &mut step.output);
                    output.into_iter().for_each(|output| output.extend([line.trim_end(), "\n"]));
                } else {
                    bail!("line {number}: a fence that is run begins with `$ ` and a command");
                }
            }
        }
    }
    Ok(steps)
}

/// What the fence asks for, and how many commands there were before it.
#[derive(Clone, Copy)]
struct Mode {
    fails: bool,
    first: usize,
}

impl Mode {
    fn of(info: &str, first: usize) -> Option<Self> {
        let words: Vec<_> = info.split(',').collect();
        words.contains(&"run").then(|| Self { fails: words.contains(&"fails"), first })
    }
}

/// Runs the commands of a page and says what is otherwise than the page shows it. `scratch` is a folder for
/// what they print.
///
/// # Errors
///
/// When no shell could be started.
pub fn run(steps: &[Step], root: &Path, scratch: &Path) -> Result<Vec<String>> {
    let _ = fs::remove_dir_all(scratch);
    fs::create_dir_all(scratch)?;
    let scratch = scratch.canonicalize()?;
    fs::write(scratch.join("script"), script(steps, &scratch))?;
    let mut shell = Command::new("timeout");
    shell.args(["--kill-after=5", &LIMIT.to_string(), "bash"]).arg(scratch.join("script")).current_dir(root);
    // What cargo says of its own work differs from machine to machine.
    shell.env("CARGO_TERM_QUIET", "true").env("CARGO_TERM_COLOR", "never").stdin(Stdio::null());
    shell.status().context("could not start bash")?;
    Ok(steps.iter().enumerate().filter_map(|(index, step)| judge(step, &scratch, index)).collect())
}

fn script(steps: &[Step], scratch: &Path) -> String {
    let steps = steps.iter().enumerate().map(|(index, step)| {
        let file = scratch.join(index.to_string());
        let file = file.display();
        format!("{{ {}\n}} >'{file}.out' 2>&1\necho $? >'{file}.code'\n", step.command)
    });
    // Each job has a process group of its own, so that what it has started ends with it.
    let end = "set -m\ntrap 'exec 2>/dev/null; for job in $(jobs -p); do kill -- -$job; done; wait' EXIT\n"
        .to_owned();
    [end, BUILT_ALREADY.to_owned()].into_iter().chain(steps).collect()
}

const BUILT_ALREADY: &str = r#"
cargo() {
    local program
    [ "$1 $2" != "run -q" ] || set -- run "${@:3}"
    if [ "$1 $2" = "run -p" ] && [ -x "${BOOK_PROGRAMS:-}/$3" ]; then
        program=$BOOK_PROGRAMS/$3
        shift 3
        [ "${1:-}" != -- ] || shift
        "$program" "$@"
    else
        command cargo "$@"
    fi
}
"#;

fn judge(step: &Step, scratch: &Path, index: usize) -> Option<String> {
    let printed = fs::read(scratch.join(format!("{index}.out"))).unwrap_or_default();
    let printed = String::from_utf8_lossy(&printed);
    let printed: String = printed.lines().flat_map(|line| [line.trim_end(), "\n"]).collect();
    let code = fs::read_to_string(scratch.join(format!("{index}.code"))).unwrap_or_default();
    let told = |what: String| Some(format!("line {}: `{}` {what}", step.line, step.command));
    match code.trim() {
        "" => return told(format!("did not end within {LIMIT} seconds")),
        "0" if step.fails => return told("should fail and does not".to_owned()),
        "0" => {}
        _ if step.fails => {}
        code => return told(format!("ended with {code}:\n{printed}")),
    }
    let (wanted, found): (Vec<_>, Vec<_>) = (step.output.lines().collect(), printed.lines().collect());
    if matches(&wanted, &found) {
        return None;
    }
    let difference = TextDiff::from_lines(&step.output, &printed);
    told(format!("prints something else than the page says:\n{}", difference.unified_diff()))
}

/// Whether the lines are the wanted ones, `...` standing for any.
fn matches(wanted: &[&str], found: &[&str]) -> bool {
    match wanted.split_first() {
        None => found.is_empty(),
        Some((&"...", rest)) => (0..=found.len()).any(|skipped| matches(rest, &found[skipped..])),
        Some((line, rest)) => {
            found.split_first().is_some_and(|(first, behind)| first == line && matches(rest, behind))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn three_dots_stand_for_any_lines() {
        assert!(matches(&["a", "...", "c"], &["a", "b", "b", "c"]));
        assert!(matches(&["a", "...", "c"], &["a", "c"]));
        assert!(matches(&["..."], &[]));
        assert!(!matches(&["a", "...", "c"], &["a", "c", "d"]));
        assert!(!matches(&["a"], &["a", "b"]) && !matches(&["a", "b"], &["a"]));
    }
}
