//! Bars as SVG: one picture a figure, to be looked at in a browser.

use std::fmt::Write as _;

const WIDTH: f64 = 640.0;
const LABELS: f64 = 150.0;
const ROW: f64 = 28.0;

/// A bar for each name and figure, with a title that says the unit.
pub fn bars(title: &str, figures: &[(String, f64)]) -> String {
    let most = figures.iter().map(|(_, figure)| *figure).fold(f64::MIN_POSITIVE, f64::max);
    let height = ROW * (figures.len() as f64 + 1.5);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <text x=\"4\" y=\"18\" font-weight=\"bold\">{}</text>\n",
        escaped(title)
    );
    for (row, (name, figure)) in figures.iter().enumerate() {
        let y = ROW * (row as f64 + 1.2);
        let long = (WIDTH - LABELS - 80.0) * figure / most;
        let text = y + ROW * 0.55;
        let _ = writeln!(
            svg,
            "<text x=\"4\" y=\"{text:.1}\">{}</text>\
             <rect x=\"{LABELS}\" y=\"{y:.1}\" width=\"{long:.1}\" height=\"{:.1}\" fill=\"#3b6ea5\"/>\
             <text x=\"{:.1}\" y=\"{text:.1}\">{figure:.1}</text>",
            escaped(name),
            ROW * 0.7,
            LABELS + long + 6.0
        );
    }
    svg + "</svg>\n"
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_bar_is_that_of_the_largest_figure_and_names_are_escaped() {
        let svg = bars("A & B", &[("small".to_owned(), 1.0), ("<large>".to_owned(), 4.0)]);
        assert!(svg.contains("A &amp; B") && svg.contains("&lt;large>"));
        let widths: Vec<f64> = svg
            .split("<rect")
            .skip(1)
            .filter_map(|rect| rect.split("width=\"").nth(1)?.split('"').next()?.parse().ok())
            .collect();
        assert_eq!(widths, [102.5, 410.0]);
    }
}
