//! The examples of the grammar as they were printed when it was measured, and the forms
//! without a property of their own.

use index::{
    Code, CodeCriterion, DateCriterion, DateRange, DecimalText, Number, NumberCriterion, Reading,
    Reference, TextCriterion, TextMode, TokenValue, Uri, UriCriterion, UriMode, Zone, code_query,
    code_rows, date_query, date_rows, link_row, number_query, number_rows, short_token, text_query,
    text_rows, uri_query, uri_rows,
};
use model::{Tag, Token};
use sealing::Form;
use std::collections::BTreeSet;

fn texts(tokens: &[TokenValue]) -> BTreeSet<String> {
    tokens.iter().map(ToString::to_string).collect()
}

fn words(text: &str) -> BTreeSet<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

const DATE_ROWS: &[(&str, &str)] = &[
    ("1961-03-05", "^D1961-03-05 ^M1961-03 ^Y1961 ^Y196"),
    ("2019", "^D2019-01-01 ^M2019-01 ^Y2019 ^Y201 =Y2019"),
    (
        "2019-03-05T23:30:00-05:00",
        "^D2019-03-06 ^M2019-03 ^Y2019 ^Y201",
    ),
    (
        "2019-12-30/2020-01-02",
        "^D2019-12-30 ^M2019-12 ^Y2019 ^Y201 =D2019-12-30 =D2019-12-31 =D2020-01-01 =D2020-01-02",
    ),
    (
        "2019-03-20/2019-05-02",
        "^D2019-03-20 ^M2019-03 ^Y2019 ^Y201 =M2019-03 =M2019-04 =M2019-05",
    ),
    (
        "2011-03-20/2019-05-02",
        "^D2011-03-20 ^M2011-03 ^Y2011 ^Y201 =Y201",
    ),
    ("2019-03-20/", "^D2019-03-20 ^M2019-03 ^Y2019 ^Y201 > >Y201"),
    ("/2019-05-02", "^D1900-01-01 ^M1900-01 ^Y1900 ^Y190 <"),
];

#[test]
fn rows_of_dates_as_in_the_grammar() {
    for (text, rows) in DATE_ROWS {
        let part = |text: &'static str| Some(text).filter(|text| !text.is_empty());
        let range = match text.split_once('/') {
            Some((start, end)) => DateRange::of_period(part(start), part(end)),
            None => DateRange::of_date(text),
        };
        assert_eq!(texts(&date_rows(&[range.unwrap()])), words(rows), "{text}");
    }
}

#[test]
fn queries_for_dates_as_in_the_grammar() {
    let query = |text: &str, periods| {
        let zone = Zone::utc();
        let reading = Reading {
            zone: &zone,
            now: 0,
        };
        texts(&date_query(
            &DateCriterion::parse(text).unwrap(),
            &reading,
            periods,
        ))
    };
    assert_eq!(query("eq2019-03-15", true), words("* ^D2019-03-15"));
    let mut expected = words("* =D2019-03-15 =M2019-03 =Y2019 =Y201 < >");
    expected.extend((15..=31).map(|day| format!("^D2019-03-{day}")));
    expected.extend((4..=12).map(|month| format!("^M2019-{month:02}")));
    expected.extend((202..=209).map(|decade| format!("^Y{decade}")));
    assert_eq!(expected.len(), 41);
    assert_eq!(query("ge2019-03-15", true), expected);
    assert!(expected.remove(">"));
    assert_eq!(query("ge2019-03-15", false), expected);
    assert_eq!(query("ne2019-03-15", true).len(), 21);
}

#[test]
fn numbers_as_in_the_grammar() {
    let point = |text| Number::Point(DecimalText::parse(text).unwrap());
    for (number, rows) in [
        (point("0"), "^Z"),
        (point("0.00001"), "^Z"),
        (point("72.5"), "^P1 ^P1.7 ^P1.72"),
        (point("-0.05"), "^N-2 ^N-2.5 ^N-2.50"),
        (point("7e9"), "^P8 ^P8.9 ^P8.99"),
        (
            Number::range(Some("5"), Some("9")).unwrap(),
            "^P0 ^P0.5 ^P0.50 =P0",
        ),
        (Number::compared("<", "5").unwrap(), "^N8 ^N8.9 ^N8.99 ~"),
    ] {
        assert_eq!(
            texts(&number_rows(std::slice::from_ref(&number))),
            words(rows),
            "{number:?}"
        );
    }
    let query = |text, ranges| {
        texts(&number_query(
            &NumberCriterion::parse(text).unwrap(),
            ranges,
        ))
    };
    let mut expected = words(
        "* ^P0.54 ^P0.55 ^P0.56 ^P0.57 ^P0.58 ^P0.59 ^P0.6 ^P0.7 ^P0.8 ^P0.9 ^P1 ^P2 ^P3 ^P4 ^P5 \
         ^P6 ^P7 ^P8",
    );
    assert_eq!(query("gt5.4", false), expected);
    expected.extend(words("=P0.54 =P0.5 =P0 ~"));
    assert_eq!(query("gt5.4", true), expected);
    assert_eq!(query("eq100", true), words("* ^P1.99 ^P2.10"));
}

fn forms(tokens: &[TokenValue]) -> BTreeSet<(u8, String)> {
    (tokens.iter())
        .map(|token| (token.form().number(), token.to_string()))
        .collect()
}

fn of_forms(list: &[(Form, &str)]) -> BTreeSet<(u8, String)> {
    list.iter()
        .map(|(form, text)| (form.number(), (*text).to_owned()))
        .collect()
}

#[test]
fn strings_have_a_whole_and_prefixes() {
    for (values, rows) in [
        (
            &["Müller-Lüdenscheidt"][..],
            &[
                (Form::Exact, "muller-ludenscheidt"),
                (Form::Prefix, "mu"),
                (Form::Prefix, "mull"),
                (Form::Prefix, "muller"),
            ][..],
        ),
        (&["Li", "li"], &[(Form::Exact, "li"), (Form::Prefix, "li")]),
        (&["X"], &[(Form::Exact, "x")]),
        (
            &["王小明"],
            &[
                (Form::Exact, "王小明"),
                (Form::Prefix, "王"),
                (Form::Prefix, "王小"),
            ],
        ),
    ] {
        assert_eq!(forms(&text_rows(values)), of_forms(rows), "{values:?}");
    }
    for (mode, text, token) in [
        (TextMode::Starts, "Mü", Some((Form::Prefix, "mu"))),
        (TextMode::Starts, "MÜL", Some((Form::Prefix, "mu"))),
        (TextMode::Starts, "Müllers", Some((Form::Prefix, "muller"))),
        (TextMode::Starts, "m", None),
        (TextMode::Starts, "王", Some((Form::Prefix, "王"))),
        (TextMode::Exact, "Müller", Some((Form::Exact, "muller"))),
        (TextMode::Contains, "Müller", None),
    ] {
        let found = text_query(&TextCriterion::new(mode, text));
        let expected = token.map(|token| of_forms(&[token]));
        assert_eq!(found.map(|found| forms(&[found])), expected, "{text}");
    }
}

#[test]
fn codes_have_a_token_whatever_their_system() {
    let codes = [
        Code::new("urn:x", "a"),
        Code::new("urn:y", "a"),
        Code::new("urn:x", ""),
    ];
    assert_eq!(forms(&code_rows(&codes)), of_forms(&[(Form::Code, "a")]));
    for (text, token) in [
        ("a", Some("a")),
        ("urn:x|a", Some("a")),
        ("|a", Some("a")),
        ("urn:x|", None),
        (r"a\|b", Some("a|b")),
    ] {
        let found = code_query(&CodeCriterion::parse(text).unwrap());
        assert_eq!(
            found.map(|found| found.to_string()).as_deref(),
            token,
            "{text}"
        );
    }
}

#[test]
fn uris_have_a_token_and_canonicals_two() {
    let rows = uri_rows(&[Uri::canonical("http://x/vs|1"), Uri::new("urn:a|b")]);
    let expected = [
        (Form::Uri, "http://x/vs|1"),
        (Form::Uri, "http://x/vs"),
        (Form::Uri, "urn:a|b"),
    ];
    assert_eq!(forms(&rows), of_forms(&expected));
    let query = |mode, text: &str| {
        let text = text.to_owned();
        uri_query(&UriCriterion { mode, text }).map(|tokens| texts(&tokens))
    };
    assert_eq!(query(UriMode::Exact, "urn:a"), Some(words("urn:a")));
    assert_eq!(query(UriMode::Below, "http://x"), None);
    assert_eq!(query(UriMode::Above, "urn:a:b"), Some(words("urn:a:b")));
    let above = "http: http:/ http:// http://x http://x/ http://x/a http://x/a/ http://x/a/b";
    assert_eq!(query(UriMode::Above, "http://x/a/b"), Some(words(above)));
    assert_eq!(
        query(UriMode::Above, &format!("http://x{}", "/a".repeat(40))),
        None
    );
}

#[test]
fn links_are_tags_and_rows_hold_eight_bytes() {
    let target = Tag::new([7; 16]);
    let resource_type = "Patient".to_owned();
    let row = link_row(&Reference {
        target,
        resource_type,
    });
    assert_eq!((row.form().number(), row.bytes()), (10, &[7; 16][..]));
    let bytes = [
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE, 1, 2, 3, 4, 5, 6, 7, 8,
    ];
    assert_eq!(short_token(Token::new(bytes)), -2);
}
