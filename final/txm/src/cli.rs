//! What can be typed.

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

use crate::parse::{Moment, Restored, Span, queue, rate, subject};
use transactional_messaging::message::Subject;

/// Finds what is stuck between services, says why, and lets it go on.
///
/// Whatever changes or sends anything only says what it would do, until --yes is given. Message bodies are
/// shown with --bodies only.
///
/// Exit codes: 0 all is well · 1 something is wrong (doctor, stuck, reconcile) · 2 wrong use, or nothing of
/// that name · 3 AWS is out of reach or does not allow it · 4 interrupted, or done in part: run it again.
#[derive(Debug, Parser)]
#[command(name = "txm", version, max_term_width = 100)]
pub struct Cli {
    /// What is to be done.
    #[command(subcommand)]
    pub command: Command,
    /// Which deployment, and how it is shown.
    #[command(flatten)]
    pub common: Common,
}

/// What every command takes.
#[derive(Args, Clone, Debug)]
pub struct Common {
    /// What the names of all tables, topics and queues of the deployment begin with, such as "live-"
    #[arg(long, env = "TXM_PREFIX", default_value = "", global = true)]
    pub prefix: String,
    /// A service that works on restored tables, and what their names end in, such as
    /// orders=20261129t080000z; repeatable
    #[arg(long, env = "TXM_RESTORED", value_delimiter = ',', global = true, value_name = "SERVICE=END")]
    pub restored: Vec<Restored>,
    /// Topics and queues are FIFO ones
    #[arg(long, env = "MESSAGING_FIFO", global = true)]
    pub fifo: bool,
    /// JSON for programs instead of a table
    #[arg(long, global = true)]
    pub json: bool,
    /// The most rows, or messages of a queue, that are read before it stops and says so
    #[arg(long, global = true, default_value_t = 100_000, value_name = "N")]
    pub limit: usize,
}

/// One thing to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// What was not sent, and what was
    #[command(subcommand)]
    Outbox(Outbox),
    /// What a consumer could not handle, or SNS could not deliver
    #[command(subcommand)]
    Dlq(Dlq),
    /// Everything about a message, an order, a customer or a correlation id, as one timeline
    Trace {
        /// The id, or a part of it of at least eight characters
        id: String,
    },
    /// What has waited for too long, why, and the command that helps
    Stuck {
        /// How long is too long: 30s, 2m, 1h, 3d
        #[arg(long, default_value = "2m", value_name = "TIME")]
        older_than: Span,
    },
    /// One pass of the sweeper: moves scheduled messages that are due, and sends what has waited
    Sweep {
        /// Leave alone what is younger: 30s, 2m, 1h
        #[arg(long, default_value = "0s", value_name = "TIME")]
        older_than: Span,
        /// Do it
        #[arg(long)]
        yes: bool,
    },
    /// Whether tables, topics, queues, policies, functions, alarms and times are as they must be
    Doctor,
    /// What services know of each other where it disagrees, as after a restore, and what is lost
    ///
    /// Stop the services first, or say with --older-than what may still be under way. It can be run again at
    /// any time, also after it was killed.
    Reconcile {
        /// Leave alone what is younger: 30s, 2m, 1h
        #[arg(long, default_value = "0s", value_name = "TIME")]
        older_than: Span,
        /// The file in which every mend is noted before it is made; reconciled.jsonl if left out
        #[arg(long, value_name = "FILE")]
        save: Option<std::path::PathBuf>,
        /// Mend by the rules
        #[arg(long)]
        yes: bool,
    },
    /// What is personal about a customer, and its end
    Erase {
        /// The customer's id
        #[arg(long, value_name = "ID")]
        customer: uuid::Uuid,
        /// Do it
        #[arg(long)]
        yes: bool,
    },
    /// The script that completes commands in a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// The manual page, for man
    Man,
}

/// About outboxes.
#[derive(Debug, Subcommand)]
pub enum Outbox {
    /// How much waits, since when, and for which topic
    Status,
    /// The rows that wait
    List(Filter),
    /// The rows of a subject in their sequence, and what each waits for
    Show {
        /// Such as order/0193…
        #[arg(value_parser = subject)]
        subject: Subject,
        /// Print the messages too, which may hold personal data
        #[arg(long)]
        bodies: bool,
    },
    /// Sends what waits of a subject, or of all of them, in sequence: what a relay does when it is woken
    Dispatch {
        /// Such as order/0193…; all that wait if left out
        #[arg(value_parser = subject)]
        subject: Option<Subject>,
        /// Do it
        #[arg(long)]
        yes: bool,
    },
    /// Takes the mark from a parked subject, or from all that are parked for a reason, and sends what waits
    Unpark {
        /// Such as order/0193…
        #[arg(value_parser = subject, required_unless_present = "reason", conflicts_with = "reason")]
        subject: Option<Subject>,
        /// Of all that are parked for a reason with this text in it
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        /// Do it
        #[arg(long)]
        yes: bool,
    },
    /// Gives up the parked message of a subject for good, so that those behind it go on
    Skip {
        /// Such as order/0193…
        #[arg(value_parser = subject)]
        subject: Subject,
        /// Where the whole row is kept before it is deleted; given-up-MESSAGE.json if left out
        #[arg(long, value_name = "FILE")]
        save: Option<std::path::PathBuf>,
        /// Do it
        #[arg(long)]
        yes: bool,
    },
    /// Sends again what was sent: same ids, same bytes
    Replay(Replay),
}

/// Which rows.
#[derive(Args, Clone, Copy, Debug, Default)]
#[group(multiple = false)]
pub struct Filter {
    /// Those that are parked
    #[arg(long)]
    pub parked: bool,
    /// Those that are not parked
    #[arg(long)]
    pub pending: bool,
    /// Those that are scheduled for later
    #[arg(long)]
    pub scheduled: bool,
}

/// What is sent again.
#[derive(Args, Clone, Debug)]
pub struct Replay {
    /// Of this subject, such as order/0193…
    #[arg(value_parser = subject, required_unless_present_any = ["since", "topic"])]
    pub subject: Option<Subject>,
    /// What was sent since: a time such as 2026-11-29T00:00:00Z, or so long ago, such as 2h
    #[arg(long, value_name = "TIME")]
    pub since: Option<Moment>,
    /// To this topic, without the prefix of the deployment
    #[arg(long)]
    pub topic: Option<String>,
    /// To this queue instead of the topics, where all subscribers would hear it
    #[arg(long, value_name = "QUEUE", value_parser = queue)]
    pub to: Option<String>,
    /// So many messages a second at most
    #[arg(long, default_value_t = 50, value_parser = rate, value_name = "N")]
    pub rate: u32,
    /// Forget an interrupted replay of the same, and begin anew
    #[arg(long)]
    pub restart: bool,
    /// Do it
    #[arg(long)]
    pub yes: bool,
}

/// About dead-letter queues, queues of undelivered messages, and buckets of what Lambda gave up.
#[derive(Debug, Subcommand)]
pub enum Dlq {
    /// How many lie where
    List,
    /// What lies there, grouped by reason; nothing is taken away
    Show {
        /// The queue, such as customer--order-created, whose dead letters are meant
        #[arg(value_parser = queue)]
        queue: String,
        /// What SNS could not deliver to the queue instead
        #[arg(long)]
        undelivered: bool,
        /// Print the messages too, which may hold personal data
        #[arg(long)]
        bodies: bool,
    },
    /// Moves what lies there back into its queue; or, with the name of a service, wakes the subjects of what
    /// Lambda gave up
    Redrive {
        /// The queue, such as customer--order-created; or the service
        #[arg(value_parser = queue)]
        queue: String,
        /// What SNS could not deliver to the queue instead
        #[arg(long)]
        undelivered: bool,
        /// Only those with this text in their reason
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        /// So many messages a second at most
        #[arg(long, default_value_t = 50, value_parser = rate, value_name = "N")]
        rate: u32,
        /// Do it
        #[arg(long)]
        yes: bool,
    },
}
