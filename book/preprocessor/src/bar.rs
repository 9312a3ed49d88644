//! `bar`: times one after the other, as one bar. Its file has a line for each part, `DAYS TEXT`; `? TEXT` for
//! a part that nothing bounds, and `= DAYS TEXT` for what the sum is compared with.

use std::fmt::Write as _;

use crate::error::Error;
use crate::escape::escape;
use crate::repository::{PAGES, Repository};

pub(crate) fn render(repository: &Repository, arguments: &str) -> Result<String, Error> {
    let path = format!("{PAGES}/{}", arguments.trim());
    let text = repository.read(&path)?;
    let unreadable =
        |line: &str| Error::File { path: path.clone(), reason: format!("no bar has a line {line:?}") };
    let (mut parts, mut open, mut compared) = (Vec::new(), Vec::new(), None);
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("%%")) {
        let number = |text: &str| {
            let (days, name) = text.split_once(' ')?;
            Some((days.parse::<u32>().ok()?, name.to_owned()))
        };
        match line.split_once(' ') {
            Some(("?", name)) => open.push(name.to_owned()),
            Some(("=", rest)) => compared = Some(number(rest).ok_or_else(|| unreadable(line))?),
            _ => parts.push(number(line).ok_or_else(|| unreadable(line))?),
        }
    }
    let sum: u32 = parts.iter().map(|(days, _)| days).sum();
    let (most, remembered) = compared.ok_or_else(|| unreadable("= DAYS TEXT"))?;
    let mut html = "<figure class=\"bar\">\n".to_owned();
    bar(&mut html, &parts, most.max(sum), &format!("at most {sum} days"));
    bar(&mut html, &[(most, remembered)], most.max(sum), &format!("{most} days"));
    html.push_str("<ul>\n");
    for name in open {
        let _ = writeln!(html, "<li>{}</li>", escape(&name));
    }
    html.push_str("</ul>\n</figure>\n");
    Ok(html)
}

/// A part of less than this share has no room for its number, which stands below as well.
const NARROW: f64 = 5.0;

fn bar(html: &mut String, parts: &[(u32, String)], whole: u32, total: &str) {
    html.push_str("<div class=\"parts\">");
    for (days, name) in parts {
        let share = f64::from(*days) * 100.0 / f64::from(whole);
        let name = escape(name);
        let number = if share < NARROW { String::new() } else { format!("<b>{days}</b>") };
        let _ =
            write!(html, "<div style=\"width: {share:.2}%\" title=\"{name}: {days} days\">{number}</div>");
    }
    let names: Vec<_> = parts.iter().map(|(days, name)| format!("{days} {}", escape(name))).collect();
    let _ = write!(html, "</div>\n<p>{}: {total}</p>\n", names.join(" + "));
}
