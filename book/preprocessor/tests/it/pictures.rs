//! Drawings: each part in its place, rows of the outbox, times, and documents in documents.

use book_preprocessor::Error;

use super::Fixture;

fn file(name: &str, text: &str) -> Fixture {
    Fixture::new(name, &[(&format!("book/src/figures/a.{name}"), text)])
}

#[test]
fn a_part_has_the_same_place_whatever_else_is_there() {
    let one = file("flow", "orders\nsns: a topic\norders > sns: Publish\n")
        .page("{{#flow figures/a.flow alt=\"x\"}}");
    let two = file("flow", "client\norders\norders-db\nnew sns: a topic\nnew orders > sns: Publish|it\n")
        .page("{{#flow figures/a.flow alt=\"x\"}}");
    let place = |page: &str, text: &str| {
        let (before, _) = page.split_once(&format!(">{text}</text>")).unwrap();
        before.rsplit_once("<text ").unwrap().1.to_owned()
    };
    assert_eq!(place(&one, "orders"), place(&two, "orders"));
    assert_eq!(place(&one, "a topic"), place(&two, "a topic"));
    assert!(!one.contains("class=\"new\""), "{one}");
    assert_eq!(two.matches("<g class=\"new\">").count(), 2, "{two}");
    assert!(two.contains(">Publish</text>") && two.contains(">it</text>"), "{two}");
}

#[test]
fn an_arrow_that_leads_nowhere_stops_the_build() {
    for text in ["orders\norders > sns: Publish\n", "somebody\n"] {
        let mistake = file("flow", text).mistake("{{#flow figures/a.flow alt=\"x\"}}");
        assert!(matches!(mistake, Error::File { .. }), "{mistake:?}");
    }
    assert_eq!(file("flow", "orders\n").mistake("{{#flow figures/a.flow}}"), Error::NoAlt);
}

#[test]
fn frames_show_rows_and_what_is_done() {
    let text =
        "%% a note\n# First\nturn 0: a row\nparked 1: <b>\n- relay: sends 0\n# Second\ngone 0: a row\n";
    let page = file("frames", text).page("{{#frames figures/a.frames alt=\"rows\"}}");
    assert_eq!(page.matches("<li>").count(), 2, "{page}");
    assert_eq!(page.matches("</li>").count(), 2, "{page}");
    assert!(page.contains("<div class=\"row parked\"><b>1</b> <span>&lt;b&gt;</span></div>"), "{page}");
    assert!(page.contains("<div class=\"done\"><b>relay</b> sends 0</div>"), "{page}");
    let mistake =
        file("frames", "# First\nlost 0: a row\n").mistake("{{#frames figures/a.frames alt=\"rows\"}}");
    assert!(matches!(mistake, Error::File { .. }), "{mistake:?}");
}

#[test]
fn a_bar_adds_up_and_is_compared() {
    let page = file("bar", "1 one\n9 nine\n= 20 all\n? no limit\n").page("{{#bar figures/a.bar}}");
    assert!(page.contains("1 one + 9 nine: at most 10 days"), "{page}");
    assert!(page.contains("width: 45.00%") && page.contains("width: 100.00%"), "{page}");
    assert!(page.contains("<li>no limit</li>"), "{page}");
}

/// The numbers that the inbox is held to.
#[test]
fn the_bar_of_the_book_has_the_numbers_of_the_code() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let read = |path: &str| std::fs::read_to_string(format!("{root}/{path}")).unwrap();
    let bar = read("book/src/figures/under-way.bar");
    let days = |line: &str| line.split_once(' ')?.0.parse::<u32>().ok();
    let parts: Vec<u32> = bar.lines().filter_map(days).collect();
    let [stream, sns, queue, dead] = parts[..] else { panic!("{parts:?}") };
    let code = read("final/transactional-messaging/src/inbox/retention.rs");
    let tested = [
        format!("stream {stream} + sns retries {sns} + queue {queue}"),
        format!("+ dead-letter queue {dead} = {} days", parts.iter().sum::<u32>()),
    ];
    tested.iter().for_each(|part| assert!(code.contains(part), "no test of retention.rs says {part:?}"));
    assert!(code.contains("Retention(Duration::days(90))") && bar.contains("\n= 90 "));
}

#[test]
fn a_document_in_a_text_is_a_box_in_the_box() {
    let stored = r#"{"Message": "{\"id\": \"<7>\", \"data\": {\"total\": 5}}", "Type": "Notification"}"#;
    let fixture = Fixture::new("layers", &[("a.json", stored)]);
    let page = fixture.page("{{#layers a.json title=\"in its queue\"}}");
    assert_eq!(page.matches("<section>").count(), 3, "{page}");
    assert!(page.contains("<b>Message</b>, a text that is JSON"), "{page}");
    assert!(
        page.contains("<dt>id</dt><dd>&lt;7&gt;</dd>") && page.contains("<dt>total</dt><dd>5</dd>"),
        "{page}"
    );
    assert!(!page.trim_end().contains("\n\n"), "a blank line ends HTML in Markdown");
}

#[test]
fn bars_are_as_long_as_their_column_says() {
    let table = "          dollars  units\n          an order\none way      5.00      3\nthe other   20.00      9\n\nof a million:\n";
    let fixture = Fixture::new("bars", &[("a.txt", table)]);
    let page = fixture.page("{{#bars a.txt 1 title=\"dollars\"}}");
    assert_eq!(page.matches("<tr>").count(), 2, "{page}");
    assert!(page.contains("one way</th><td class=\"much\">5.00</td>"), "{page}");
    assert!(page.contains("width: 25.0%") && page.contains("width: 100.0%"), "{page}");
    assert!(matches!(fixture.mistake("{{#bars a.txt 7 title=\"dollars\"}}"), Error::Empty(_)));
    assert!(matches!(fixture.mistake("{{#bars a.txt title=\"dollars\"}}"), Error::Arguments { .. }));
}
