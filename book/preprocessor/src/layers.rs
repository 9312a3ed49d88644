//! `layers`: a stored JSON document as boxes in boxes. A text that is JSON itself, as messages carry it, is a
//! box, too.

use std::fmt::Write as _;

use serde_json::Value;

use crate::error::Error;
use crate::escape::escape;
use crate::repository::Repository;

pub(crate) fn render(repository: &Repository, arguments: &str) -> Result<String, Error> {
    let wrong = || Error::Arguments {
        directive: "layers",
        wanted: "PATH title=\"TEXT\"",
        found: arguments.to_owned(),
    };
    let (path, title) = arguments.split_once(" title=\"").ok_or_else(wrong)?;
    let title = title.strip_suffix('"').filter(|title| !title.is_empty()).ok_or_else(wrong)?;
    let text = repository.read(path.trim())?;
    let value: Value = serde_json::from_str(&text)
        .map_err(|error| Error::File { path: path.trim().to_owned(), reason: error.to_string() })?;
    let mut html = "<figure class=\"layers\">\n".to_owned();
    layer(&mut html, title, "", &value);
    html.push_str("</figure>\n");
    Ok(html)
}

fn layer(html: &mut String, title: &str, note: &str, value: &Value) {
    let _ = writeln!(html, "<section><p><b>{}</b>{}</p>", escape(title), escape(note));
    let mut inner = Vec::new();
    html.push_str("<dl>\n");
    for (name, value) in value.as_object().into_iter().flatten() {
        let within =
            value.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok()).filter(Value::is_object);
        match within {
            Some(within) => inner.push((name, ", a text that is JSON", within)),
            None if value.is_object() => inner.push((name, "", value.clone())),
            None => {
                let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let _ = writeln!(html, "<div><dt>{}</dt><dd>{}</dd></div>", escape(name), escape(&shown));
            }
        }
    }
    html.push_str("</dl>\n");
    for (name, note, value) in inner {
        layer(html, name, note, &value);
    }
    html.push_str("</section>\n");
}
