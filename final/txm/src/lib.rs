//! The operator's tool: finds what is stuck between services, says why, and lets it go on.
//!
//! | module | what is there |
//! |---|---|
//! | [`cli`], [`parse`] | what can be typed |
//! | [`deployment`] | which tables, topics and queues there are |
//! | [`outbox`], [`replay`] | what was not sent, and what was |
//! | [`letters`], [`dlq`], [`failures`] | dead letters, undelivered messages, what Lambda gave up |
//! | [`trace`] | everything about one id |
//! | [`stuck`], [`sweep`] | what waits for too long, and one pass of the sweeper |
//! | [`doctor`] | whether the deployment is as it must be |
//! | [`reconcile`] | what services know of each other, as after a restore |
//! | [`erase`] | what is personal about a customer |
//! | [`answer`], [`failure`], [`pace`] | what is printed, exit codes, rate and progress |
//!
//! Each command is a function from a [`Deployment`] to an [`Answer`]; only `main` prints. Whatever writes
//! says first what it would do, and does it with `--yes`.

pub mod answer;
pub mod cli;
pub mod deployment;
pub mod dlq;
pub mod doctor;
pub mod erase;
pub mod failure;
pub mod failures;
pub mod letters;
pub mod outbox;
pub mod pace;
pub mod parse;
pub mod reconcile;
pub mod replay;
pub mod stuck;
pub mod sweep;
pub mod trace;

use clap::CommandFactory as _;

use answer::Answer;
use cli::{Cli, Command, Dlq, Outbox};
use deployment::Deployment;
use failure::{Failure, Result};

/// Does what was typed.
///
/// # Errors
///
/// [`Failure`], which has an exit code.
pub async fn run(cli: Cli) -> Result<Answer> {
    let command = match cli.command {
        Command::Completions { shell } => {
            return printed(|to| {
                clap_complete::generate(shell, &mut Cli::command(), "txm", to);
                Ok(())
            });
        }
        Command::Man => return printed(|to| clap_mangen::Man::new(Cli::command()).render(to)),
        command => command,
    };
    let at = Deployment::open(cli.common).await?;
    match command {
        Command::Outbox(Outbox::Status) => outbox::status(&at).await,
        Command::Outbox(Outbox::List(filter)) => outbox::list(&at, filter).await,
        Command::Outbox(Outbox::Show { subject, bodies }) => outbox::show(&at, &subject, bodies).await,
        Command::Outbox(Outbox::Dispatch { subject, yes }) => outbox::dispatch(&at, subject, yes).await,
        Command::Outbox(Outbox::Unpark { subject, reason, yes }) => {
            outbox::unpark(&at, subject, reason.as_deref(), yes).await
        }
        Command::Outbox(Outbox::Skip { subject, save, yes }) => outbox::skip(&at, &subject, save, yes).await,
        Command::Outbox(Outbox::Replay(asked)) => replay::replay(&at, &asked).await,
        Command::Dlq(Dlq::List) => dlq::list(&at).await,
        Command::Dlq(Dlq::Show { queue, undelivered, bodies }) => {
            dlq::show(&at, &queue, undelivered, bodies).await
        }
        Command::Dlq(Dlq::Redrive { queue, undelivered, reason, rate, yes }) => {
            match at.services.iter().find(|part| part.name == queue) {
                Some(part) => failures::redrive(&at, part, yes).await,
                None => dlq::redrive(&at, &queue, undelivered, reason.as_deref(), rate, yes).await,
            }
        }
        Command::Trace { id } => trace::trace(&at, &id).await,
        Command::Stuck { older_than } => stuck::stuck(&at, older_than.0).await,
        Command::Sweep { older_than, yes } => sweep::sweep(&at, older_than.0, yes).await,
        Command::Doctor => doctor::doctor(&at).await,
        Command::Reconcile { older_than, save, yes } => {
            reconcile::reconcile(&at, older_than.0, save, yes).await
        }
        Command::Erase { customer, yes } => erase::erase(&at, customer, yes).await,
        Command::Completions { .. } | Command::Man => Err(Failure::usage("it needs no deployment")),
    }
}

/// What is printed as it is: a script, a page.
fn printed(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> Result<Answer> {
    let mut text = Vec::new();
    write(&mut text).map_err(|error| Failure::usage(error.to_string()))?;
    let text = String::from_utf8_lossy(&text).into_owned();
    Ok(Answer::new(serde_json::Value::String(text.clone()), text))
}
