//! Mails and addresses as items of one table, and the index of the mails that wait for somebody to look at
//! them.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use time::OffsetDateTime;
use transactional_messaging::{
    due::{DueIndex, shard_of},
    timestamp,
};
use unit_of_work::{Database, Item, ItemError, LoadError, Put, Table, from_item};
use uuid::Uuid;

use crate::domain::{Address, Decision, Mail, MailId, State};

/// The mails that are not at their end, in the sequence in which somebody must look at them.
pub const DUE_INDEX: DueIndex = DueIndex { name: "DueIndex", shard: "DueShard", time: "DueAt" };

/// The table of this service. A mail stays in it for good, so that a message which comes again after years
/// wishes for no second one.
#[derive(Clone, Debug)]
pub struct Store<D> {
    database: D,
    table: Table,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MailRow {
    #[serde(rename = "PK")]
    pk: String,
    order_id: Uuid,
    decision: String,
    customer_id: Uuid,
    state: String,
    tries: u32,
    doubts: u32,
    version: u64,
    correlation_id: Uuid,
    #[serde(with = "timestamp")]
    wanted_at: OffsetDateTime,
    #[serde(with = "timestamp")]
    changed_at: OffsetDateTime,
    /// Partition key of the index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due_shard: Option<String>,
    /// Sort key of the index.
    #[serde(default, with = "timestamp::option", skip_serializing_if = "Option::is_none")]
    due_at: Option<OffsetDateTime>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CustomerRow {
    #[serde(rename = "PK")]
    pk: String,
    /// Absent once the customer was erased.
    #[serde(default)]
    customer_id: Uuid,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email: Option<Address>,
}

/// What is known of how to reach a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Nobody has told of this customer yet.
    Unknown,
    /// It was created without an address.
    NoAddress,
    /// Mails go there.
    At(Address),
}

impl<D: Database> Store<D> {
    /// The store in the table of this name.
    pub fn new(database: D, table_name: impl Into<String>) -> Self {
        Self { database, table: Table::new(table_name, "PK") }
    }

    /// The database, to commit to.
    pub fn database(&self) -> &D {
        &self.database
    }

    /// The table.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// A mail, read consistently.
    ///
    /// # Errors
    ///
    /// [`LoadError`].
    pub async fn mail(&self, id: MailId) -> Result<Option<Mail>, LoadError> {
        self.mail_at(self.table.key(mail_key(id), None)).await
    }

    /// The same by the key of its item, as the index gives it.
    ///
    /// # Errors
    ///
    /// [`LoadError`].
    pub async fn mail_at(&self, key: Item) -> Result<Option<Mail>, LoadError> {
        // An index names its own keys beside those of the table.
        let key: Item = key.into_iter().filter(|(name, _)| name == self.table.partition_key()).collect();
        self.read::<MailRow>(key).await?.map(MailRow::into_mail).transpose()
    }

    /// How to reach a customer, read consistently.
    ///
    /// # Errors
    ///
    /// [`LoadError`].
    pub async fn reach(&self, customer: Uuid) -> Result<Reach, LoadError> {
        let row = self.read::<CustomerRow>(self.table.key(customer_key(customer), None)).await?;
        Ok(match row {
            None => Reach::Unknown,
            Some(row) => row.email.map_or(Reach::NoAddress, Reach::At),
        })
    }

    /// Writes a mail that must not exist yet.
    ///
    /// # Errors
    ///
    /// [`ItemError`] when it cannot be written as an item.
    pub fn insert(&self, mail: &Mail) -> Result<Put, ItemError> {
        self.table.insert(&MailRow::of(mail))
    }

    /// Writes a changed mail over the version before it.
    ///
    /// # Errors
    ///
    /// [`ItemError`] when it cannot be written as an item.
    pub fn update(&self, changed: &Mail) -> Result<Put, ItemError> {
        self.table.replace(&MailRow::of(changed))
    }

    /// Writes what was told of a new customer, who must not be known yet.
    ///
    /// # Errors
    ///
    /// [`ItemError`] when it cannot be written as an item.
    pub fn remember(&self, customer: Uuid, email: Option<Address>) -> Result<Put, ItemError> {
        self.table.insert(&CustomerRow { pk: customer_key(customer), customer_id: customer, email })
    }

    async fn read<T: DeserializeOwned>(&self, key: Item) -> Result<Option<T>, LoadError> {
        Ok(self.database.get(&self.table, key).await?.map(from_item).transpose()?)
    }
}

impl MailRow {
    fn of(mail: &Mail) -> Self {
        let pk = mail_key(mail.id);
        Self {
            order_id: mail.id.order,
            decision: mail.id.decision.name().to_owned(),
            customer_id: mail.customer,
            state: state_name(mail.state).to_owned(),
            tries: mail.tries,
            doubts: mail.doubts,
            version: mail.version,
            correlation_id: mail.correlation_id,
            wanted_at: mail.wanted_at,
            changed_at: mail.changed_at,
            due_shard: mail.due.map(|_| shard_of(&pk)),
            due_at: mail.due,
            pk,
        }
    }

    fn into_mail(self) -> Result<Mail, LoadError> {
        let unknown = |what: &str| LoadError::rule_broken(format!("{what} is nothing that a mail has"));
        let decision = Decision::ALL.into_iter().find(|known| known.name() == self.decision);
        let state = State::ALL.into_iter().find(|known| state_name(*known) == self.state);
        Ok(Mail {
            id: MailId { order: self.order_id, decision: decision.ok_or_else(|| unknown(&self.decision))? },
            customer: self.customer_id,
            state: state.ok_or_else(|| unknown(&self.state))?,
            due: self.due_at,
            tries: self.tries,
            doubts: self.doubts,
            version: self.version,
            correlation_id: self.correlation_id,
            wanted_at: self.wanted_at,
            changed_at: self.changed_at,
        })
    }
}

/// As a state is stored.
pub fn state_name(state: State) -> &'static str {
    match state {
        State::Wanted => "WANTED",
        State::Sending => "SENDING",
        State::Sent => "SENT",
        State::Refused => "REFUSED",
        State::NoAddress => "NO_ADDRESS",
        State::InDoubt => "IN_DOUBT",
    }
}

fn mail_key(id: MailId) -> String {
    format!("MAIL#{id}")
}

fn customer_key(customer: Uuid) -> String {
    format!("CUSTOMER#{customer}")
}
