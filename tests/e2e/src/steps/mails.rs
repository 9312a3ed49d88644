//! Mails about the order of a scenario, as local-aws shows them.

use anyhow::{Context as _, ensure};
use cucumber::then;

use crate::{eventually::eventually, story::Story};

/// The subjects of the mails about this order that went there.
async fn subjects(story: &Story, address: &str) -> anyhow::Result<Vec<String>> {
    let order = story.order.to_string();
    let mails = story.system.mails().await?.context("this aws shows no mails")?;
    let ours = mails.into_iter().filter(|mail| mail.text.contains(&order) && mail.to == [address]);
    Ok(ours.map(|mail| mail.subject).collect())
}

#[then(regex = r#"^one mail to (\S+) says "(.+)"$"#)]
async fn one_mail(story: &mut Story, address: String, subject: String) -> anyhow::Result<()> {
    let (story, address, subject) = (&*story, &address, &subject);
    eventually(|| async move {
        let subjects = subjects(story, address).await?;
        ensure!(subjects.iter().filter(|other| *other == subject).count() == 1, "the mails are {subjects:?}");
        Ok(())
    })
    .await
}

#[then(regex = r"^there are (\d+) mails to (\S+) about the order$")]
async fn number_of_mails(story: &mut Story, number: usize, address: String) -> anyhow::Result<()> {
    let subjects = subjects(story, &address).await?;
    ensure!(subjects.len() == number, "the mails are {subjects:?}");
    Ok(())
}
