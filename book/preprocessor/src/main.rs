//! What mdbook calls when it builds the book, and the checks of the book that are no part of building it.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use book_preprocessor::{Page, Repository, coverage};
use clap::{Parser, Subcommand};
use mdbook_preprocessor::book::{Book, BookItem};

/// Without a command: reads a book from standard input, as mdbook gives it, and prints it with all directives replaced.
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

fn check() -> Result<ExitCode> {
    let repository = Repository::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."));
    let complaints = coverage::complaints(&repository)?;
    let mut out = io::stdout();
    for complaint in &complaints {
        writeln!(out, "{complaint}")?;
    }
    Ok(if complaints.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
