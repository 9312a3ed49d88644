//! Both services together: the whole life of orders, with every message in every place where it can come.

mod at_any_time;
mod on_dynamodb;
mod system;
