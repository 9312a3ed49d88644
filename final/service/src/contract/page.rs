//! The page that shows a contract to a person: one HTML text without script, made once.

use std::fmt::Write as _;

use serde_json::Value;

const STYLE: &str = include_str!("page.css");

/// The page of a service with these two documents.
pub(super) fn of(service: &str, openapi: &Value, asyncapi: &Value) -> String {
    let name = escaped(service);
    let mut page = "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\n".to_owned();
    page += "<meta name=\"viewport\" content=\"width=device-width\">\n";
    let _ = writeln!(page, "<title>{name}: contracts</title>\n<style>\n{STYLE}</style>\n<h1>{name}</h1>");
    page += "<p>The same for programs: <a href=\"/openapi.json\">openapi.json</a>, ";
    page += "<a href=\"/asyncapi.json\">asyncapi.json</a>.</p>\n";
    requests(&mut page, openapi);
    for (title, action) in [("Messages that it sends", "send"), ("Messages that it receives", "receive")] {
        messages(&mut page, title, action, asyncapi);
    }
    page
}

fn requests(page: &mut String, openapi: &Value) {
    let paths = entries(openapi, "paths");
    let operations = paths.flat_map(|(path, item)| {
        item.as_object().into_iter().flatten().map(move |(method, operation)| (path, method, operation))
    });
    let rows: String = operations
        .map(|(path, method, operation)| {
            let statuses: Vec<_> =
                entries(operation, "responses").map(|(status, _)| status.as_str()).collect();
            let (method, summary) = (method.to_uppercase(), text(operation, "summary"));
            row([&format!("{method} {path}"), &statuses.join(" ")], summary)
        })
        .collect();
    table(page, "Requests that it answers", ["request", "statuses", ""], &rows);
}

fn messages(page: &mut String, title: &str, action: &str, asyncapi: &Value) {
    let acting = entries(asyncapi, "operations").filter(|(_, operation)| operation["action"] == action);
    let mut any = false;
    for (_, operation) in acting {
        if !std::mem::replace(&mut any, true) {
            let _ = writeln!(page, "<h2>{}</h2>", escaped(title));
        }
        let last =
            |value: &Value| value["$ref"].as_str().and_then(|at| at.rsplit('/').next()).map(str::to_owned);
        let kind = last(&operation["messages"][0]).unwrap_or_default();
        let topic = last(&operation["channel"]).unwrap_or_default();
        let message = &asyncapi["components"]["messages"][&kind];
        let _ = writeln!(
            page,
            "<h3>{}</h3>\n<p>{} Topic <code>{}</code>. {}</p>",
            escaped(&kind),
            escaped(text(message, "summary")),
            escaped(&topic),
            escaped(text(operation, "summary"))
        );
        let data = &message["payload"]["allOf"][1]["properties"]["data"];
        let needed =
            |name: &String| data["required"].as_array().is_some_and(|all| all.iter().any(|n| n == name));
        let rows: String = entries(data, "properties")
            .map(|(name, field)| {
                let kind =
                    format!("{}{}", text(field, "type"), if needed(name) { "" } else { ", may be absent" });
                row([name, &kind], text(field, "description"))
            })
            .collect();
        table(page, "", ["field of data", "type", ""], &rows);
    }
}

fn table(page: &mut String, title: &str, heads: [&str; 3], rows: &str) {
    if rows.is_empty() {
        return;
    }
    if !title.is_empty() {
        let _ = writeln!(page, "<h2>{}</h2>", escaped(title));
    }
    let heads = heads.map(|head| format!("<th>{head}</th>")).concat();
    let _ = writeln!(page, "<table><tr>{heads}</tr>\n{rows}</table>");
}

fn row(codes: [&str; 2], words: &str) -> String {
    let codes = codes.map(|code| format!("<td><code>{}</code></td>", escaped(code))).concat();
    format!("<tr>{codes}<td>{}</td></tr>\n", escaped(words))
}

fn entries<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = (&'a String, &'a Value)> + use<'a> {
    value[name].as_object().into_iter().flatten()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_shows_requests_and_messages_and_takes_no_text_for_markup() {
        let openapi = json!({"paths": {"/orders": {"post": {
            "summary": "<script>alert(1)</script>", "responses": {"200": {}, "400": {}},
        }}}});
        let data = json!({"required": ["total"], "properties": {
            "total": {"type": "integer", "description": "In cents."}, "note": {"type": "string"},
        }});
        let payload = json!({"allOf": [{}, {"properties": {"data": data}}]});
        let message = json!({"summary": "An order & more.", "payload": payload});
        let asyncapi = json!({
            "operations": {"orders.send.Placed": {
                "action": "send",
                "channel": {"$ref": "#/channels/order--placed"},
                "messages": [{"$ref": "#/channels/order--placed/messages/Placed"}],
            }},
            "components": {"messages": {"Placed": message}},
        });
        let page = of("orders", &openapi, &asyncapi);
        for shown in [
            "POST /orders</code></td><td><code>200 400",
            "&lt;script&gt;",
            "<h3>Placed</h3>",
            "An order &amp; more. Topic <code>order--placed</code>",
            "<td><code>total</code></td><td><code>integer</code></td><td>In cents.</td>",
            "<td><code>note</code></td><td><code>string, may be absent</code></td>",
        ] {
            assert!(page.contains(shown), "{shown} is not in {page}");
        }
        assert!(!page.contains("<script>") && !page.contains("receives"), "{page}");
    }
}
