//! What a command says: a value for programs, and a text for people made of the same.

use comfy_table::{Table, presets};
use serde_json::Value;
use time::{Duration, OffsetDateTime};
use transactional_messaging::timestamp;

/// What a command found or did.
#[derive(Debug)]
pub struct Answer {
    /// For programs.
    pub value: Value,
    /// For people.
    pub text: String,
    /// Something is wrong that somebody should look at: exit code 1.
    pub is_wrong: bool,
}

impl Answer {
    /// All is well.
    pub fn new(value: Value, text: impl Into<String>) -> Self {
        Self { value, text: text.into(), is_wrong: false }
    }
}

/// Columns under their names, without lines around them, so that it can be copied and cut.
pub fn table<const N: usize>(names: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(names);
    for row in rows {
        table.add_row(row);
    }
    let lines = table.lines().map(|line| line.trim().to_owned());
    lines.collect::<Vec<_>>().join("\n")
}

/// A time for people: to the second, in UTC. A dash stands for one that is not known.
pub fn moment(time: Option<OffsetDateTime>) -> String {
    let whole = time.and_then(|time| timestamp::format(time.replace_nanosecond(0).ok()?).ok());
    whole.map_or_else(|| "-".to_owned(), |text| text.replace("+00:00", "Z"))
}

/// A time for programs.
pub fn json_time(time: Option<OffsetDateTime>) -> Value {
    time.and_then(|time| timestamp::format(time).ok()).map_or(Value::Null, Value::String)
}

/// How long something has waited, in the largest unit that says enough.
pub fn span(time: Duration) -> String {
    let seconds = time.whole_seconds().max(0);
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// `1 row`, `2 rows`.
pub fn count(number: usize, of: &str) -> String {
    if number == 1 { format!("1 {of}") } else { format!("{number} {of}s") }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn columns_are_aligned_and_nothing_stands_around_them() {
        let rows = [["order/1".to_owned(), "2 s".to_owned()], ["o".to_owned(), "-".to_owned()]];
        assert_eq!(table(["SUBJECT", "AGE"], rows), "SUBJECT  AGE\norder/1  2 s\no        -");
    }

    #[test]
    fn times_are_short() {
        assert_eq!(moment(Some(datetime!(2026-11-29 00:00:01.5 UTC))), "2026-11-29T00:00:01Z");
        assert_eq!(moment(None), "-");
        let spans = [5, 119, 7_199, 7_200, 172_800].map(|seconds| span(Duration::seconds(seconds)));
        assert_eq!(spans, ["5 s", "119 s", "119 min", "2 h", "2 days"]);
    }
}
