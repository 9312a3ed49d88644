//! Names of services in lists: what knows all services asks the registration.

use std::collections::BTreeSet;

/// A complaint for each place in a text where two services are listed: their names in quotes, with nothing
/// but a comma or spaces between.
pub fn lists(file: &str, text: &str, services: &BTreeSet<String>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let pieces: Vec<&str> = line.split(['"', '\'']).collect();
        let listed = pieces.windows(3).any(|piece| {
            let [one, between, other] = piece else { return false };
            let is_between = between.trim_matches([',', ' ']).is_empty() && !between.is_empty();
            is_between && one != other && services.contains(*one) && services.contains(*other)
        });
        if listed {
            wrong.push(format!("{file}:{}: a list of services outside of their registration", number + 1));
        }
    }
    wrong
}
