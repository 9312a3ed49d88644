//! A release that is kept: what its programs left behind.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    Reader,
    item::{from_wire, to_wire},
    world::{PROBE, Tables, World},
};

/// What the programs of a release had stored and sent when they were ended in the middle of their work.
#[derive(Debug)]
pub struct Kept {
    /// Its name.
    pub name: String,
    /// Where it comes from.
    pub about: About,
    /// The items of all tables.
    pub tables: Tables,
    /// The bodies of the messages in each queue that holds some.
    pub queues: BTreeMap<String, Vec<String>>,
    /// The bodies of all messages that its topics have delivered.
    pub heard: Vec<String>,
}

/// Where a release comes from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct About {
    /// The commit from which its programs were built.
    pub commit: String,
    /// When they were ended, as they write a time.
    pub at: String,
}

/// The folder with all releases.
pub fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/kept"))
}

/// All releases that are kept, each with what it requires.
///
/// # Errors
///
/// When one of the files is missing or is not what it must be.
pub fn all() -> anyhow::Result<Vec<(Kept, Reader)>> {
    let mut folders: Vec<_> =
        fs::read_dir(folder())?.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<_>>()?;
    folders.sort();
    folders.iter().map(|folder| Ok((Kept::read(folder)?, read(folder, "reads.json")?))).collect()
}

impl Kept {
    /// Takes everything out of an AWS whose programs were ended.
    ///
    /// # Errors
    ///
    /// When AWS does not answer.
    pub async fn take(name: &str, about: About, world: &World) -> anyhow::Result<Self> {
        let mut queues = BTreeMap::new();
        for (queue, count) in world.queues().await? {
            if count > 0 {
                queues.insert(queue.clone(), world.take(&queue).await?);
            }
        }
        let (tables, heard) = (world.tables().await?, world.take(PROBE).await?);
        Ok(Self { name: name.to_owned(), about, tables, queues, heard })
    }

    /// Reads what [`Self::write`] has written.
    ///
    /// # Errors
    ///
    /// When a file is missing or is not what it must be.
    pub fn read(folder: &Path) -> anyhow::Result<Self> {
        let wire: BTreeMap<String, Vec<Value>> = read(folder, "tables.json")?;
        let items = |items: Vec<Value>| items.iter().map(from_wire).collect::<anyhow::Result<Vec<_>>>();
        let tables = wire.into_iter().map(|(name, all)| Ok((name, items(all)?)));
        Ok(Self {
            name: folder.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            about: read(folder, "about.json")?,
            tables: tables.collect::<anyhow::Result<_>>()?,
            queues: read(folder, "queues.json")?,
            heard: read(folder, "heard.json")?,
        })
    }

    /// Writes it into a folder that must not be there: a release was as it was.
    ///
    /// # Errors
    ///
    /// When it is there, or cannot be written.
    pub fn write(&self, folder: &Path) -> anyhow::Result<()> {
        fs::create_dir(folder)
            .with_context(|| format!("{} cannot be made; give the release another name", folder.display()))?;
        let wire = |items: &Vec<_>| items.iter().map(to_wire).collect::<anyhow::Result<Vec<_>>>();
        let tables = self.tables.iter().map(|(name, items)| Ok((name, wire(items)?)));
        write(folder, "about.json", &self.about)?;
        write(folder, "tables.json", &tables.collect::<anyhow::Result<BTreeMap<_, _>>>()?)?;
        write(folder, "queues.json", &self.queues)?;
        write(folder, "heard.json", &self.heard)
    }

    /// Puts everything back into an AWS that has its tables, topics and queues.
    ///
    /// # Errors
    ///
    /// When AWS does not take it.
    #[allow(clippy::disallowed_methods, reason = "what was stored is put back as it was")]
    pub async fn put_back(&self, world: &World) -> anyhow::Result<()> {
        for (table, items) in &self.tables {
            for item in items {
                let request = world.dynamodb.put_item().table_name(table).set_item(Some(item.clone()));
                request.send().await.with_context(|| format!("{table} takes no item of {}", self.name))?;
            }
        }
        for (queue, bodies) in &self.queues {
            for body in bodies {
                world.put(queue, body).await?;
            }
        }
        Ok(())
    }
}

fn read<T: DeserializeOwned>(folder: &Path, name: &str) -> anyhow::Result<T> {
    let file = folder.join(name);
    let text = fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not what it must be", file.display()))
}

fn write(folder: &Path, name: &str, what: &impl Serialize) -> anyhow::Result<()> {
    Ok(fs::write(folder.join(name), serde_json::to_string_pretty(what)? + "\n")?)
}
