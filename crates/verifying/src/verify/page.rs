//! The report as one HTML file: for a reader who gets nothing else, on paper too. It
//! loads nothing, runs nothing, and names the files it is about by their digests.

use proof::{Report, Verdict};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

const STYLE: &str = "body{font:11pt/1.45 system-ui,sans-serif;max-width:48rem;margin:2rem auto;\
padding:0 1rem}table{border-collapse:collapse;width:100%;margin:1rem 0}td,th{border:1px solid #999;\
padding:.3rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}th{width:9rem}\
.holds{font-weight:bold}.false{font-weight:bold;color:#a00000}@media print{body{margin:0}}";

/// A file that was read, by its role.
pub struct Input<'a> {
    pub role: &'static str,
    pub name: String,
    pub bytes: &'a [u8],
}

/// What stands in the page.
pub struct Page<'a> {
    pub report: &'a Report,
    /// Who did what, where a genuine AuditEvent tells it.
    pub access: &'a [(&'static str, String)],
    pub inputs: &'a [Input<'a>],
    /// The moment at which ages were judged.
    pub at: String,
}

/// What no other page has.
const TITLE: &str = "Chartseal: report on a proof";

/// Whether a file is such a page, of whatever release.
pub fn is_report(bytes: &[u8]) -> bool {
    let title = format!("<title>{TITLE}</title>");
    bytes.starts_with(b"<!DOCTYPE html>") && String::from_utf8_lossy(bytes).contains(&title)
}

impl Page<'_> {
    /// The whole file.
    pub fn html(&self) -> String {
        let report = self.report;
        let good = report.exit_code() == 0;
        let (class, verdict) = if good {
            ("holds", "Everything that the trust file demands holds.")
        } else {
            let verdict = "This proof does not show what the trust file demands.";
            ("false", verdict)
        };
        let mut html = format!(
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta http-equiv=\"Content-Security-Policy\" \
             content=\"default-src 'none'; style-src 'unsafe-inline'\">\
             <title>{TITLE}</title><style>{STYLE}</style></head><body>\n\
             <h1>Report on a proof</h1>\n<p class=\"{class}\">{verdict}</p>\n"
        );
        if !self.access.is_empty() {
            html.push_str("<h2>What was done</h2>\n");
            table(&mut html, self.access);
        }
        let _ = writeln!(html, "<h2>What is {}</h2>", report.proved_words());
        table(&mut html, &report.about.lines());
        html.push_str("<h2>What was checked</h2>\n<table>\n");
        for check in &report.checks {
            let class = match check.verdict {
                Verdict::Holds => "holds",
                Verdict::False => "false",
                Verdict::NotChecked => "",
            };
            let _ = writeln!(
                html,
                "<tr><th>{}</th><td class=\"{class}\">{}</td><td>{}</td></tr>",
                check.name,
                check.verdict.as_str(),
                escaped(&check.reason)
            );
        }
        html.push_str("</table>\n");
        self.conclusions(&mut html);
        html
    }

    fn conclusions(&self, html: &mut String) {
        let report = self.report;
        let reached = format!(
            "{} (the bundle states {})",
            report.reached_word(),
            report.stated
        );
        let independent = format!(
            "{}: {}",
            report.independent_word(),
            report.why_independent()
        );
        let judged = [
            ("reached", reached),
            ("independent", independent),
            ("judged at", self.at.clone()),
            (
                "program",
                format!("chartseal {}", env!("CARGO_PKG_VERSION")),
            ),
        ];
        table(html, &judged);
        html.push_str("<h2>Files</h2>\n");
        let files: Vec<(&str, String)> = self
            .inputs
            .iter()
            .map(|input| {
                let digest = hex::encode(Sha256::digest(input.bytes));
                (input.role, format!("{}, SHA-256 {digest}", input.name))
            })
            .collect();
        table(html, &files);
        html.push_str(
            "<p>Whoever has these files can make this report again with \
             <code>chartseal verify</code>, or with another verifier written from \
             <code>docs/proof-format.md</code>. This page by itself proves nothing.</p>\n\
             </body></html>\n",
        );
    }
}

fn table(html: &mut String, rows: &[(&str, String)]) {
    html.push_str("<table>\n");
    for (name, text) in rows {
        let _ = writeln!(html, "<tr><th>{name}</th><td>{}</td></tr>", escaped(text));
    }
    html.push_str("</table>\n");
}

/// Text that is nothing but text in HTML.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in model::shown(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_a_record_stays_text() {
        assert_eq!(
            escaped("<script>alert('x')</script>&\u{7}\""),
            "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp; &quot;"
        );
    }
}
