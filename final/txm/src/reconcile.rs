//! `reconcile`: what the services know of each other where it disagrees, as after a restore; what the rules
//! do about it, and what is lost. The rules are in [`shop::reconcile`].
//!
//! With `--yes` each mend is noted in a file before it is made, so that what is lost is known whenever the
//! command is killed. What it mends it does not find again, so the same command goes on.

use std::{collections::BTreeMap, fs::File, io::IsTerminal as _, path::PathBuf};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};
use shop::reconcile::{Books, Finding, Mended, Search, Tables};
use time::Duration;

use crate::{
    answer::{Answer, count, json_time, table},
    deployment::Deployment,
    failure::{Failure, Result},
};

/// Where mends are noted, unless another file is named.
const NOTES: &str = "reconciled.jsonl";

/// What was found, and what became of it.
#[derive(Default)]
struct Outcome {
    values: Vec<Value>,
    lines: Vec<[String; 5]>,
    by_rule: BTreeMap<&'static str, usize>,
    lost: usize,
    left: usize,
    changed: usize,
}

/// Lists what disagrees; with `yes` it is mended.
///
/// # Errors
///
/// [`Failure`]. After [`Failure::Partly`], and after [`Failure::Aws`], the same command goes on.
pub async fn reconcile(
    at: &Deployment,
    older_than: Duration,
    save: Option<PathBuf>,
    yes: bool,
) -> Result<Answer> {
    let (orders, customers) = (tables(at, "orders")?, tables(at, "customers")?);
    let books = Books::new(&at.database, &at.ambient, &orders, &customers);
    let mut search = Search::new(&books, at.ambient.now() - older_than, yes);
    let mut notes = Notes { file: save.unwrap_or_else(|| NOTES.into()), open: None };
    let (mut outcome, bar) = (Outcome::default(), bar());
    let wrong =
        |error: Box<dyn std::error::Error + Send + Sync>| Failure::of("orders and customers", &*error);
    let is_cut = loop {
        at.goes_on()?;
        if search.read >= at.common.limit {
            break true;
        }
        let Some(found) = search.next().await.map_err(wrong)? else { break false };
        for finding in found {
            let mended = match yes {
                true => {
                    at.goes_on()?;
                    notes.add(at, &finding)?;
                    Some(books.mend(&finding).await.map_err(wrong)?)
                }
                false => None,
            };
            outcome.add(&finding, mended);
        }
        bar.set_position(search.read as u64);
        bar.set_message(count(outcome.values.len(), "finding"));
    };
    bar.finish_and_clear();
    let cut = is_cut.then(|| {
        format!("stopped after {} items, before everything was compared; --limit N reads on", search.read)
    });
    Ok(outcome.answer(yes, &search, &notes, cut))
}

/// The tables of a service.
fn tables(at: &Deployment, service: &str) -> Result<Tables> {
    let part = at.services.iter().find(|part| part.name == service);
    let part = part.ok_or_else(|| Failure::usage(format!("this deployment has no service {service}")))?;
    let resources = &part.resources;
    let kept = at.relay_settings(part)?.sent.map(|(_, kept)| kept);
    let all = (&resources.aggregate_table, &resources.inbox_table, &resources.outbox_table);
    let (Some(aggregates), Some(inbox), Some(outbox)) = all else {
        return Err(Failure::usage(format!("the service {service} lacks tables to compare")));
    };
    Ok(Tables {
        aggregates: aggregates.clone(),
        inbox: inbox.clone(),
        outbox: outbox.clone(),
        sent: part.sent.clone().zip(kept),
    })
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {pos} items read, {msg}");
    let bar = ProgressBar::new_spinner().with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let is_seen = std::io::stderr().is_terminal();
    bar.set_draw_target(if is_seen { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() });
    bar
}

/// What is about to be mended, line by line.
struct Notes {
    file: PathBuf,
    open: Option<File>,
}

impl Notes {
    fn add(&mut self, at: &Deployment, finding: &Finding) -> Result<()> {
        use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
        let mut value = value(finding, None);
        value["at"] = json_time(Some(at.ambient.now()));
        let mut written = || -> std::io::Result<()> {
            let file = match &mut self.open {
                Some(file) => file,
                none => none.insert(
                    std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(&self.file)?,
                ),
            };
            file.write_all(format!("{value}\n").as_bytes())?;
            file.sync_data()
        };
        written().map_err(|error| {
            Failure::usage(format!(
                "{} cannot be written ({error}), so nothing more is mended; name another with --save",
                self.file.display()
            ))
        })
    }
}

fn value(finding: &Finding, mended: Option<Mended>) -> Value {
    json!({
        "rule": finding.rule.name(), "about": finding.about, "seen": finding.seen, "lost": finding.lost,
        "mended": mended.map(|mended| mended == Mended::Yes),
    })
}

impl Outcome {
    fn add(&mut self, finding: &Finding, mended: Option<Mended>) {
        *self.by_rule.entry(finding.rule.name()).or_default() += 1;
        self.lost += usize::from(finding.lost.is_some());
        self.left += usize::from(mended == Some(Mended::LeftOver));
        self.changed += usize::from(mended == Some(Mended::Changed));
        let state = match mended {
            None => "-",
            Some(Mended::Yes) => "yes",
            Some(Mended::Changed) => "no, it has changed meanwhile",
            Some(Mended::LeftOver) => "no, by a person",
        };
        let lost = finding.lost.clone().unwrap_or_else(|| "-".to_owned());
        let [rule, about, seen] = [finding.rule.name(), &finding.about, &finding.seen].map(str::to_owned);
        self.lines.push([rule, about, seen, lost, state.to_owned()]);
        self.values.push(value(finding, mended));
    }

    fn answer(self, yes: bool, search: &Search<'_>, notes: &Notes, cut: Option<String>) -> Answer {
        let found = self.values.len();
        let is_wrong = cut.is_some() || if yes { self.left + self.changed > 0 } else { found > 0 };
        let value = json!({
            "done": yes, "findings": self.values, "by_rule": self.by_rule, "lost": self.lost,
            "left_over": self.left, "changed": self.changed, "ended": search.ended, "read": search.read,
            "note": cut,
        });
        let read = count(search.read, "item");
        let mut text = match found {
            0 => format!("nothing disagrees ({read} read)"),
            _ => {
                let names = ["RULE", "ABOUT", "SEEN", "LOST", "MENDED"];
                let table = table(names, self.lines);
                format!(
                    "{table}\n\n{} ({read} read); {} of something",
                    count(found, "finding"),
                    said(self.lost)
                )
            }
        };
        if search.ended > 0 {
            let ended = count(search.ended, "decision");
            text += &format!("\n{ended} about orders that are not there any more; nothing depends on them");
        }
        if yes && found > 0 {
            text += &format!("\neverything is noted in {}", notes.file.display());
        } else if found > 0 {
            text += "\n--yes mends by the rules";
        }
        if self.left > 0 {
            text += &format!("\n{} left for a person", self.left);
        }
        if self.changed > 0 {
            text += &format!("\n{} changed meanwhile: run it again", self.changed);
        }
        let text = cut.iter().fold(text, |text, note| format!("{text}\n\n{note}"));
        Answer { value, text, is_wrong }
    }
}

fn said(lost: usize) -> String {
    if lost == 1 { "1 tells of the loss".to_owned() } else { format!("{lost} tell of the loss") }
}
