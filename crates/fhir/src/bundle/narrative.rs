//! The links of a narrative: `href` of `a` and `src` of `img`
//! (<https://hl7.org/fhir/R4/narrative.html#xhtml>). What is no link stays byte for
//! byte: text, comments, CDATA sections and other attributes look like links and are
//! none.

use quick_xml::{
    Reader,
    escape::{escape, unescape},
    events::{BytesStart, Event},
};
use std::ops::Range;

/// The text is no XHTML, so that its links cannot be told.
#[derive(Debug)]
pub(super) struct Malformed;

/// The narrative with its links replaced by what `relink` gives for them; `None`
/// when it gives nothing.
pub(super) fn relink(
    xhtml: &str,
    relink: impl Fn(&str) -> Option<String>,
) -> Result<Option<String>, Malformed> {
    let (mut out, mut copied) = (String::new(), 0);
    for place in links(xhtml)? {
        let value = xhtml.get(place.clone()).ok_or(Malformed)?;
        // What has an entity that XML does not define is no fullUrl.
        let link = unescape(value).ok().and_then(|link| relink(&link));
        if let Some(link) = link {
            out.push_str(xhtml.get(copied..place.start).ok_or(Malformed)?);
            out.push_str(&escape(&*link));
            copied = place.end;
        }
    }
    if copied == 0 {
        return Ok(None);
    }
    out.push_str(xhtml.get(copied..).ok_or(Malformed)?);
    Ok(Some(out))
}

/// Where the values of links stand, in order.
fn links(xhtml: &str) -> Result<Vec<Range<usize>>, Malformed> {
    let mut reader = Reader::from_str(xhtml);
    // Tags that do not match hide no link.
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    let mut links = Vec::new();
    loop {
        let start = usize::try_from(reader.buffer_position()).map_err(|_| Malformed)?;
        match reader.read_event().map_err(|_| Malformed)? {
            Event::Start(tag) | Event::Empty(tag) => {
                // The name begins behind `<`.
                links.extend(link_of(&tag)?.map(|link| {
                    let from = start + 1 + tag.name().as_ref().len();
                    from + link.start..from + link.end
                }));
            }
            Event::Eof => return Ok(links),
            _ => {}
        }
    }
}

/// Where the value of the tag's link stands, counted from the end of its name.
fn link_of(tag: &BytesStart<'_>) -> Result<Option<Range<usize>>, Malformed> {
    let wanted = match tag.local_name().as_ref() {
        "a" => "href",
        "img" => "src",
        _ => return Ok(None),
    };
    let (raw, mut at) = (tag.attributes_raw(), 0);
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|_| Malformed)?;
        let rest = raw.get(at..).ok_or(Malformed)?;
        // Between one value and the next stand white space, a name and `=`.
        let quote = rest.find(['"', '\'']).ok_or(Malformed)?;
        let start = at + quote + 1;
        let end = start + attribute.value.len();
        if attribute.key.as_ref() == wanted {
            return Ok(Some(start..end));
        }
        at = end + 1;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relinked(xhtml: &str) -> Option<String> {
        let new = |link: &str| (link == "urn:uuid:1").then(|| "Patient/9".to_owned());
        relink(xhtml, new).unwrap_or_else(|_| Some("malformed".to_owned()))
    }

    #[test]
    fn links_are_told_from_what_looks_like_them() {
        for (xhtml, expected) in [
            (
                r#"<a href="urn:uuid:1">it's</a>"#,
                Some(r#"<a href="Patient/9">it's</a>"#),
            ),
            (
                "<img alt='' src = 'urn:uuid:1'/>",
                Some("<img alt='' src = 'Patient/9'/>"),
            ),
            (
                "<A x='&nbsp;'><h:a\n title='href=\"urn:uuid:1\"' href=\"urn:uuid:1\" >é</h:a >",
                Some(
                    "<A x='&nbsp;'><h:a\n title='href=\"urn:uuid:1\"' href=\"Patient/9\" >é</h:a >",
                ),
            ),
            (
                r#"<p>dose="2 x</p><a href="urn:uuid:1">a</a><code>href="urn:uuid:1"</code>"#,
                Some(r#"<p>dose="2 x</p><a href="Patient/9">a</a><code>href="urn:uuid:1"</code>"#),
            ),
            (
                "<!-- ='<a href=\"urn:uuid:1\"> --><a href='urn:uuid&#58;1'/>",
                Some("<!-- ='<a href=\"urn:uuid:1\"> --><a href='Patient/9'/>"),
            ),
            (
                r#"<p class="x">don't & can't <br></p><a href="urn:uuid:1"/><a href="urn:uuid:1"/>"#,
                Some(
                    r#"<p class="x">don't & can't <br></p><a href="Patient/9"/><a href="Patient/9"/>"#,
                ),
            ),
            (r#"<![CDATA[<a href="urn:uuid:1">]]>"#, None),
            (r#"<a href="urn:uuid:2">urn:uuid:1</a>"#, None),
            (r#"<a href="&nbsp;urn:uuid:1"/>"#, None),
            (
                r#"<p title="urn:uuid:1" href="urn:uuid:1" src="urn:uuid:1"/>"#,
                None,
            ),
            (r#"<a src="urn:uuid:1"/><img href="urn:uuid:1"/>"#, None),
            (r#"<a href="urn:uuid:1"#, Some("malformed")),
            (r"<a href=urn:uuid:1>", Some("malformed")),
        ] {
            assert_eq!(relinked(xhtml).as_deref(), expected, "{xhtml}");
        }
    }

    #[test]
    fn a_link_that_needs_escaping_is_escaped() {
        let new = |_: &str| Some("Patient/9#a\"&<'".to_owned());
        let made = relink(r#"<a href="x"/>"#, new);
        assert_eq!(
            made.ok().flatten().as_deref(),
            Some(r#"<a href="Patient/9#a&quot;&amp;&lt;&apos;"/>"#)
        );
    }
}
