//! What mdbook calls when it builds the book, and the checks of the book that are no part of building it.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use book_preprocessor::repository::PAGES;
use book_preprocessor::words::{Length, MOST_MINUTES};
use book_preprocessor::{Page, Repository, commands, coverage, sources};
use clap::{Parser, Subcommand};
use mdbook_preprocessor::book::{Book, BookItem};

/// Without a command: reads a book from standard input, as mdbook gives it, and prints it with all directives
/// replaced.
#[derive(Parser)]
struct Args {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Whether a renderer is supported: mdbook asks.
    Supports {
        /// Its name.
        renderer: String,
    },
    /// Names what is wrong in the pages, and anchors, snapshots and chapters that no page shows.
    Check,
    /// Prints words and reading time of each page; fails when one takes too long.
    Words,
    /// Runs the commands in fences `console,run` and compares what they print.
    Run {
        /// Only these pages, as SUMMARY.md names them.
        pages: Vec<String>,
    },
}

fn main() -> ExitCode {
    match start(Args::parse().command) {
        Ok(code) => code,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start(command: Option<Command>) -> Result<ExitCode> {
    match command {
        Some(Command::Supports { renderer }) => {
            Ok(if renderer == "html" { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Some(Command::Check) => check(),
        Some(Command::Words) => words(),
        Some(Command::Run { pages }) => run(&pages),
        None => preprocess(),
    }
}

fn preprocess() -> Result<ExitCode> {
    let (context, mut book) = mdbook_preprocessor::parse_input(io::stdin()).context("no book from mdbook")?;
    let root = context.root.parent().map_or_else(|| PathBuf::from(".."), Path::to_owned);
    let repository = Repository::new(if root.as_os_str().is_empty() { ".".into() } else { root });
    let errors = replace(&mut book, &repository);
    if !errors.is_empty() {
        bail!("{}", errors.join("\n"));
    }
    sources::write(&repository).context("could not write the pages of the source code")?;
    serde_json::to_writer(io::stdout(), &book)?;
    Ok(ExitCode::SUCCESS)
}

fn replace(book: &mut Book, repository: &Repository) -> Vec<String> {
    let mut errors = Vec::new();
    book.for_each_mut(|item| {
        let BookItem::Chapter(chapter) = item else { return };
        let Some(path) = chapter.source_path.as_deref().map(|path| path.to_string_lossy().into_owned())
        else {
            return;
        };
        match (Page { path: &path, text: &chapter.content }).render(repository) {
            Ok(text) => chapter.content = text,
            Err(found) => errors.extend(found.iter().map(ToString::to_string)),
        }
    });
    errors
}

fn repository() -> Repository {
    Repository::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
}

fn check() -> Result<ExitCode> {
    let complaints = coverage::complaints(&repository())?;
    tell(&complaints)
}

/// Prints what is wrong, and fails when something is.
fn tell(complaints: &[String]) -> Result<ExitCode> {
    let mut out = io::stdout();
    for complaint in complaints {
        writeln!(out, "{complaint}")?;
    }
    Ok(if complaints.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn words() -> Result<ExitCode> {
    let repository = repository();
    let (mut out, mut complaints, mut total) = (io::stdout(), Vec::new(), 0);
    for path in coverage::listed(repository.root())? {
        let text = fs::read_to_string(repository.root().join(PAGES).join(&path)).context(path.clone())?;
        let Ok(markdown) = (Page { path: &path, text: &text }).render(&repository) else {
            complaints.push(format!("{path} has mistakes: see `book-preprocessor check`"));
            continue;
        };
        let length = Length::of(&markdown);
        let (Length { words, lines }, minutes) = (length, length.minutes());
        writeln!(out, "{path:<24} {words:>5} words {lines:>5} lines of code {minutes:>3} min")?;
        total += minutes;
        if minutes > MOST_MINUTES {
            complaints.push(format!("{path} takes {minutes} minutes, more than {MOST_MINUTES}"));
        }
    }
    writeln!(out, "{total} minutes in all")?;
    tell(&complaints)
}

fn run(pages: &[String]) -> Result<ExitCode> {
    let repository = repository();
    let scratch = std::env::temp_dir().join(format!("book-{}", std::process::id()));
    let (mut out, mut complaints) = (io::stdout(), Vec::new());
    let chosen = |path: &String| pages.is_empty() || pages.contains(path);
    for path in coverage::listed(repository.root())?.into_iter().filter(chosen) {
        let text = fs::read_to_string(repository.root().join(PAGES).join(&path)).context(path.clone())?;
        let steps = commands::steps(&text).with_context(|| path.clone())?;
        if steps.is_empty() {
            continue;
        }
        let begun = Instant::now();
        let found = commands::run(&steps, repository.root(), &scratch)?;
        let seconds = begun.elapsed().as_secs();
        writeln!(out, "{path:<24} {} commands, {} differ ({seconds} s)", steps.len(), found.len())?;
        complaints.extend(found.into_iter().map(|complaint| format!("{PAGES}/{path}, {complaint}")));
    }
    let _ = fs::remove_dir_all(scratch);
    tell(&complaints)
}
