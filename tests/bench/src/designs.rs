//! Bills of designs that do not run here, from what their code does for one approved order.

use crate::meter::{Bill, Entry, Unit};

/// A line: what, who, by which operation, on what, and how much.
type Line = (Unit, &'static str, &'static str, &'static str, f64);

/// The Python system that this one re-implements. Its outbox has three indexes with all attributes, which
/// every change of a row writes too; a row is marked once it was published, and the mark is a stream record
/// that invokes the function again.
const ORIGINAL: [Line; 27] = [
    (Unit::Writes, "http", "TransactWriteItems", "orders", 2.0),
    (Unit::Writes, "http", "TransactWriteItems", "orders-outbox", 2.0),
    (Unit::Writes, "http", "TransactWriteItems", "orders-outbox.3 indexes", 3.0),
    (Unit::Writes, "customers", "TransactWriteItems", "customers", 2.0),
    (Unit::Writes, "customers", "TransactWriteItems", "customers-inbox", 2.0),
    (Unit::Writes, "customers", "TransactWriteItems", "customers-outbox", 2.0),
    (Unit::Writes, "customers", "TransactWriteItems", "customers-outbox.3 indexes", 3.0),
    (Unit::Writes, "orders", "TransactWriteItems", "orders", 2.0),
    (Unit::Writes, "orders", "TransactWriteItems", "orders-inbox", 2.0),
    (Unit::Writes, "orders", "TransactWriteItems", "orders-outbox", 2.0),
    (Unit::Writes, "orders", "TransactWriteItems", "orders-outbox.3 indexes", 3.0),
    (Unit::Writes, "customers-relay", "UpdateItem", "customers-outbox", 1.0),
    (Unit::Writes, "customers-relay", "UpdateItem", "customers-outbox.3 indexes", 3.0),
    (Unit::Writes, "orders-relay", "UpdateItem", "orders-outbox", 2.0),
    (Unit::Writes, "orders-relay", "UpdateItem", "orders-outbox.3 indexes", 6.0),
    (Unit::Reads, "customers", "GetItem", "customers", 0.5),
    (Unit::Reads, "customers", "GetItem", "customers-inbox", 1.0),
    (Unit::Reads, "orders", "GetItem", "orders", 0.5),
    (Unit::Reads, "orders", "GetItem", "orders-inbox", 1.0),
    (Unit::Sns, "customers-relay", "Publish", "customer--credit-reserved", 1.0),
    (Unit::Sns, "orders-relay", "Publish", "order--created, order--approved", 2.0),
    (Unit::Sqs, "customers", "ReceiveMessage", "customer--order-created", 1.0),
    (Unit::Sqs, "customers", "DeleteMessage", "customer--order-created", 1.0),
    (Unit::Sqs, "orders", "ReceiveMessage", "order--customer-credit-reserved", 1.0),
    (Unit::Sqs, "orders", "DeleteMessage", "order--customer-credit-reserved", 1.0),
    (Unit::Invocations, "customers-relay", "Invoke", "customers-outbox", 2.0),
    (Unit::Invocations, "orders-relay", "Invoke", "orders-outbox", 4.0),
];

/// A write and a publish one after the other, no inbox: what the same order costs without any of the
/// guarantees.
const DUAL_WRITE: [Line; 12] = [
    (Unit::Writes, "http", "PutItem", "orders", 1.0),
    (Unit::Writes, "customers", "PutItem", "customers", 1.0),
    (Unit::Writes, "orders", "PutItem", "orders", 1.0),
    (Unit::Reads, "customers", "GetItem", "customers", 0.5),
    (Unit::Reads, "orders", "GetItem", "orders", 0.5),
    (Unit::Sns, "http", "Publish", "order--created", 1.0),
    (Unit::Sns, "customers", "Publish", "customer--credit-reserved", 1.0),
    (Unit::Sns, "orders", "Publish", "order--approved", 1.0),
    (Unit::Sqs, "customers", "ReceiveMessage", "customer--order-created", 1.0),
    (Unit::Sqs, "customers", "DeleteMessage", "customer--order-created", 1.0),
    (Unit::Sqs, "orders", "ReceiveMessage", "order--customer-credit-reserved", 1.0),
    (Unit::Sqs, "orders", "DeleteMessage", "order--customer-credit-reserved", 1.0),
];

/// The original's bill of an approved order.
pub fn original() -> Bill {
    bill(&ORIGINAL)
}

/// The bill of an approved order with writes and publications one after the other.
pub fn dual_write() -> Bill {
    bill(&DUAL_WRITE)
}

fn bill(lines: &[Line]) -> Bill {
    let entry = |&(unit, component, operation, target, amount): &Line| {
        let [component, operation, target] = [component, operation, target].map(str::to_owned);
        (Entry { unit, component, operation, target }, amount)
    };
    lines.iter().map(entry).collect()
}
