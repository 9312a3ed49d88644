//! `flow`: how the parts of a program work together. Each part has its place, the same in every chapter, so
//! that a reader who turns the pages sees what comes and what goes; what is new is drawn in the accent
//! colour. A file has a line for each thing:
//!
//! | line | meaning |
//! |---|---|
//! | `PART`, `PART: TEXT` | a part, by its name in [`PLACES`], and what stands in its box |
//! | `ONE > OTHER: TEXT` | an arrow; `~>` for one that is no call but a wake-up, `<>` for one that goes both ways |
//! | `new` before either | it was not in the chapter before |
//!
//! `|` begins a new line of a text.

use std::fmt::Write as _;

use crate::error::Error;
use crate::escape::escape;
use crate::repository::{PAGES, Repository};

/// The parts: name, text if the file has none, centre, and shape.
const PLACES: [(&str, &str, i32, i32, Shape); 10] = [
    ("client", "client", 75, 22, Shape::Actor),
    ("orders", "orders", 75, 112, Shape::Box),
    ("orders-db", "orders", 375, 112, Shape::Store),
    ("relay", "relay", 375, 220, Shape::Box),
    ("sns", "SNS topic", 75, 220, Shape::Queue),
    ("sqs", "SQS queue", 75, 300, Shape::Queue),
    ("sweeper", "sweeper", 375, 300, Shape::Box),
    ("customers", "customers", 75, 390, Shape::Box),
    ("customers-db", "customers", 375, 390, Shape::Store),
    ("dead", "dead-letter|queue", 75, 480, Shape::Queue),
];
const WIDTH: i32 = 450;
const HALF: i32 = 62;
const LINE: i32 = 14;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Actor,
    Box,
    Store,
    Queue,
}

/// A part in its place.
struct Part {
    x: i32,
    y: i32,
    half_height: i32,
}

pub(crate) fn render(repository: &Repository, arguments: &str) -> Result<String, Error> {
    let wanted = "figures/NAME.flow alt=\"TEXT\"";
    let wrong = || Error::Arguments { directive: "flow", wanted, found: arguments.to_owned() };
    let (path, alt) = arguments.split_once(" alt=\"").ok_or(Error::NoAlt)?;
    let alt = alt.strip_suffix('"').filter(|alt| !alt.trim().is_empty()).ok_or_else(wrong)?;
    let path = format!("{PAGES}/{}", path.trim());
    let text = repository.read(&path)?;
    // One of its own: the page for printing has all drawings.
    let tip = format!("tip-{}", path.rsplit('/').next().unwrap_or_default().replace('.', "-"));
    let (mut parts, mut boxes, mut arrows) = (Vec::<(String, Part)>::new(), String::new(), String::new());
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("%%")) {
        let unknown = || Error::File { path: path.clone(), reason: format!("no flow has a line {line:?}") };
        let (class, rest) = line.strip_prefix("new ").map_or(("", line), |rest| (" class=\"new\"", rest));
        let (head, said) = rest.split_once(": ").unwrap_or((rest, ""));
        let kinds = [" ~> ", " <> ", " > "];
        match kinds.iter().find_map(|kind| Some((kind.trim(), head.split_once(kind)?))) {
            Some((kind, (one, other))) => {
                let part = |name: &str| parts.iter().find(|(known, _)| known == name).map(|(_, part)| part);
                let (from, to) = part(one).zip(part(other)).ok_or_else(unknown)?;
                let style = match kind {
                    "~>" => " stroke-dasharray=\"5 4\"".to_owned(),
                    "<>" => format!(" marker-start=\"url(#{tip})\""),
                    _ => String::new(),
                };
                arrow(&mut arrows, class, &format!("{style} marker-end=\"url(#{tip})\""), from, to, said);
            }
            None => {
                let place = PLACES.iter().find(|(name, ..)| *name == head).ok_or_else(unknown)?;
                parts.push((head.to_owned(), part(&mut boxes, class, place, said)));
            }
        }
    }
    let height = parts.iter().map(|(_, part)| part.y + part.half_height).max().unwrap_or(0) + 6;
    Ok(format!(
        "<figure class=\"flow\">\n<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{}\">\n\
         <defs><marker id=\"{tip}\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" \
         orient=\"auto-start-reverse\" markerUnits=\"userSpaceOnUse\"><path d=\"M0 0 8 4 0 8z\" fill=\"context-stroke\"/></marker></defs>\n\
         {boxes}{arrows}</svg>\n</figure>\n",
        escape(alt)
    ))
}

fn part(svg: &mut String, class: &str, place: &(&str, &str, i32, i32, Shape), said: &str) -> Part {
    let (_, usual, x, y, shape) = *place;
    let lines: Vec<_> = if said.is_empty() { usual } else { said }.split('|').collect();
    let half_height = i32::try_from(lines.len()).unwrap_or(1) * LINE / 2 + 9;
    let (left, top, width, height) = (x - HALF, y - half_height, 2 * HALF, 2 * half_height);
    let corner = match shape {
        Shape::Actor => half_height,
        Shape::Box => 3,
        Shape::Store | Shape::Queue => 0,
    };
    let _ = write!(
        svg,
        "<g{class}><rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" rx=\"{corner}\"/>"
    );
    match shape {
        // A table has a head, a queue has its messages in a row.
        Shape::Store => {
            let _ = write!(svg, "<path d=\"M{left} {}h{width}\"/>", top + 5);
        }
        Shape::Queue => {
            let _ = write!(svg, "<path d=\"M{} {top}v{height}m5 0v-{height}\"/>", left + 5);
        }
        Shape::Actor | Shape::Box => {}
    }
    words(svg, x, y, &lines);
    svg.push_str("</g>\n");
    Part { x, y, half_height }
}

/// From border to border, with its text in the middle. Parts stand below or beside each other.
fn arrow(svg: &mut String, class: &str, style: &str, from: &Part, to: &Part, said: &str) {
    let down = (to.y - from.y).signum();
    let across = (to.x - from.x).signum();
    let (x1, y1, x2, y2) = if across == 0 {
        (from.x, from.y + down * from.half_height, to.x, to.y - down * (to.half_height + 1))
    } else {
        (from.x + across * HALF, from.y, to.x - across * (HALF + 1), to.y)
    };
    let _ = write!(svg, "<g{class}><path d=\"M{x1} {y1}L{x2} {y2}\"{style}/>");
    let lines: Vec<_> = said.split('|').filter(|line| !line.is_empty()).collect();
    if across == 0 {
        // Beside the arrow, on the side where there is room.
        let (x, anchor) = if from.x < WIDTH / 2 { (x1 + 8, "start") } else { (x1 - 8, "end") };
        let _ = write!(svg, "<g text-anchor=\"{anchor}\">");
        words(svg, x, i32::midpoint(y1, y2), &lines);
        svg.push_str("</g>");
    } else {
        let above = i32::try_from(lines.len()).unwrap_or(1) * LINE / 2 + 4;
        words(svg, i32::midpoint(x1, x2), y1 - above, &lines);
    }
    svg.push_str("</g>\n");
}

fn words(svg: &mut String, x: i32, y: i32, lines: &[&str]) {
    let count = i32::try_from(lines.len()).unwrap_or(1);
    for (number, line) in (0..).zip(lines) {
        let baseline = y + 4 + number * LINE - (count - 1) * LINE / 2;
        let _ = write!(svg, "<text x=\"{x}\" y=\"{baseline}\">{}</text>", escape(line));
    }
}
