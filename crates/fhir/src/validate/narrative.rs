//! The XHTML of a narrative (<https://hl7.org/fhir/R4/narrative.html#xhtml>): well
//! formed, one `div`, elements and attributes that only format, something to read.

use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};

const NAMESPACE: &str = "http://www.w3.org/1999/xhtml";

/// Chapters 7 to 11 (but 9.4) and 15 of HTML 4.0, links and images, without what HTML 4.0
/// deprecates.
const ELEMENTS: [&str; 53] = [
    "a",
    "abbr",
    "acronym",
    "address",
    "area",
    "b",
    "bdo",
    "big",
    "blockquote",
    "br",
    "caption",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "kbd",
    "li",
    "map",
    "ol",
    "p",
    "pre",
    "q",
    "samp",
    "small",
    "span",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "tt",
    "ul",
    "var",
];

/// The rule that a narrative breaks, with a sentence.
pub(super) fn fault(xhtml: &str) -> Option<(&'static str, &'static str)> {
    let mut reader = Reader::from_str(xhtml);
    let (mut depth, mut is_empty, mut roots) = (0_u32, true, 0_u32);
    loop {
        let Ok(event) = reader.read_event() else {
            return Some(("txt-1", "must be well-formed XHTML"));
        };
        match event {
            Event::Start(tag) => {
                if let Some(fault) = tag_fault(&tag, depth) {
                    return Some(fault);
                }
                roots += u32::from(depth == 0);
                depth += 1;
                is_empty &= tag.local_name().as_ref() != "img";
            }
            Event::Empty(tag) => {
                if let Some(fault) = tag_fault(&tag, depth) {
                    return Some(fault);
                }
                roots += u32::from(depth == 0);
                is_empty &= tag.local_name().as_ref() != "img";
            }
            Event::End(_) => depth = depth.saturating_sub(1),
            Event::Text(text) if depth > 0 => is_empty &= text.trim().is_empty(),
            Event::CData(_) | Event::GeneralRef(_) if depth > 0 => is_empty = false,
            Event::Text(text) if !text.trim().is_empty() => {
                return Some(("txt-1", "must have nothing around its `div`"));
            }
            Event::DocType(_) => return Some(("txt-1", "must have no document type")),
            Event::Eof => break,
            _ => {}
        }
    }
    match (roots, depth, is_empty) {
        (1, 0, false) => None,
        (1, 0, true) => Some(("txt-2", "must have some text or an image")),
        _ => Some(("txt-1", "must be one well-formed `div`")),
    }
}

fn tag_fault(tag: &BytesStart, depth: u32) -> Option<(&'static str, &'static str)> {
    let name = tag.local_name();
    let name = name.as_ref();
    if depth == 0 && name != "div" {
        return Some(("txt-1", "must be one `div`"));
    }
    if !ELEMENTS.contains(&name) {
        return Some((
            "txt-1",
            "has an element of HTML that a narrative may not have",
        ));
    }
    let mut namespace = None;
    for attribute in tag.attributes() {
        let Ok(attribute) = attribute else {
            return Some(("txt-1", "must be well-formed XHTML"));
        };
        let key: &str = attribute.key.as_ref();
        let value = attribute.value.trim_start().to_ascii_lowercase();
        if key == "xmlns" {
            namespace = Some(attribute.value.into_owned());
        } else if key
            .get(..2)
            .is_some_and(|start| start.eq_ignore_ascii_case("on"))
            || value.starts_with("javascript:")
        {
            return Some(("txt-1", "must have no attribute that runs a script"));
        }
    }
    let wrong = match namespace {
        Some(namespace) => namespace != NAMESPACE,
        // A prefix is rare and good XML; the outermost element then says what it means.
        None => depth == 0 && !tag.name().as_ref().contains(':'),
    };
    wrong.then_some(("txt-1", "its `div` must be in the namespace of XHTML"))
}
