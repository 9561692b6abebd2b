//! Random parameters with their values, and what they mean of the JSON of a resource.

use super::{
    BASE,
    dates::{Span, span},
    dice::Dice,
    resources::{CODES, DATES, NUMBERS, PERFORMERS, STATUSES, SUBJECTS, SYSTEMS, URIS, text},
};
use serde_json::Value;

/// What one value of a parameter means.
type Means = Box<dyn Fn(&Value) -> bool>;
/// The elements that a parameter is about.
type Elements = fn(&Value) -> Vec<&Value>;
/// A value as it stands in the query, and what it means.
type Alternative = (String, Means);

/// A parameter of a query.
pub(super) struct Query {
    pub(super) name: String,
    pub(super) value: String,
    alternatives: Vec<Means>,
    negated: bool,
}

impl Query {
    /// Whether a resource meets one of the values, or with `:not` none.
    pub(super) fn holds(&self, resource: &Value) -> bool {
        let mut means = self.alternatives.iter();
        means.any(|means| means(resource)) != self.negated
    }
}

/// A parameter of a type.
pub(super) fn query(dice: &mut Dice, kind: &str) -> Query {
    let is_observation = kind == "Observation";
    match dice.below(if is_observation { 10 } else { 6 }) {
        0 => any(dice, "subject", move |dice| subject(dice, is_observation)),
        1 => {
            let modifier = dice.pick(&["subject:Patient", "subject:Group", "patient"]);
            any(dice, modifier, move |dice| typed_subject(dice, modifier))
        }
        2 => any(dice, "date", date),
        3 => {
            let modifier = dice.pick(&["_source", "_source:above", "_source:below"]);
            any(dice, modifier, move |dice| uri(dice, modifier))
        }
        4 => any(dice, "identifier", |dice| {
            token(dice, |resource| all(resource, "identifier"), "value")
        }),
        5 if is_observation => missing(dice),
        5 => any(dice, "probability", |dice| number(dice, probabilities)),
        6 => {
            let modifier = dice.pick(&[
                "value-string",
                "value-string:exact",
                "value-string:contains",
            ]);
            any(dice, modifier, move |dice| string(dice, modifier))
        }
        7 => code(dice),
        8 => any(dice, "value-quantity", quantity),
        _ => performer(dice),
    }
}

fn any(dice: &mut Dice, name: &str, make: impl Fn(&mut Dice) -> Alternative) -> Query {
    let alternatives: Vec<Alternative> = (0..1 + dice.below(2)).map(|_| make(dice)).collect();
    let values: Vec<&str> = alternatives.iter().map(|(text, _)| text.as_str()).collect();
    Query {
        name: name.to_owned(),
        value: values.join(","),
        alternatives: alternatives.into_iter().map(|(_, means)| means).collect(),
        negated: false,
    }
}

/// The members of a list, or one that stands alone.
fn all<'v>(value: &'v Value, member: &str) -> Vec<&'v Value> {
    match value.get(member) {
        None => Vec::new(),
        Some(Value::Array(list)) => list.iter().collect(),
        Some(one) => vec![one],
    }
}

fn codings(resource: &Value) -> Vec<&Value> {
    let concepts = all(resource, "code").into_iter();
    concepts
        .flat_map(|concept| all(concept, "coding"))
        .collect()
}

/// Of references.
fn identifiers(resource: &Value) -> Vec<&Value> {
    let performers = all(resource, "performer").into_iter();
    performers
        .filter_map(|performer| performer.get("identifier"))
        .collect()
}

fn probabilities(resource: &Value) -> Vec<&Value> {
    let predictions = all(resource, "prediction").into_iter();
    predictions
        .filter_map(|one| one.get("probabilityDecimal"))
        .collect()
}

fn escaped(text: &str) -> String {
    let escape = |c: char| match c {
        ',' | '|' | '$' | '\\' => vec!['\\', c],
        c => vec![c],
    };
    text.chars().flat_map(escape).collect()
}

fn missing(dice: &mut Dice) -> Query {
    let (name, members): (_, &'static [&'static str]) = dice.pick(&[
        ("date", &["effectiveDateTime", "effectivePeriod"][..]),
        ("value-string", &["valueString"]),
        ("value-quantity", &["valueQuantity"]),
        ("subject", &["subject"]),
        ("identifier", &["identifier"]),
        ("code", &["code"]),
        ("performer", &["performer"]),
    ]);
    let wanted = dice.one_in(2);
    Query {
        name: format!("{name}:missing"),
        value: wanted.to_string(),
        alternatives: vec![Box::new(move |resource| {
            members.iter().all(|member| resource.get(*member).is_none()) == wanted
        })],
        negated: false,
    }
}

/// Case and accents go.
fn folded(text: &str) -> String {
    let fold = |c: char| match c {
        'Ü' | 'ü' => "u".to_owned(),
        'ö' => "o".to_owned(),
        'ß' => "ss".to_owned(),
        c => c.to_lowercase().to_string(),
    };
    text.chars().map(fold).collect()
}

fn string(dice: &mut Dice, modifier: &str) -> Alternative {
    let whole = text(dice);
    let length = whole.chars().count();
    let kept = match dice.below(3) {
        0 => length,
        _ => 1 + dice.below(length),
    };
    let asked: String = if modifier.ends_with("contains") {
        whole.chars().skip(length - kept).collect()
    } else {
        whole.chars().take(kept).collect()
    };
    let (query, modifier) = (escaped(&asked), modifier.to_owned());
    let means = move |resource: &Value| {
        let Some(value) = resource.get("valueString").and_then(Value::as_str) else {
            return false;
        };
        match modifier.as_str() {
            "value-string:exact" => value == asked,
            "value-string:contains" => folded(value).contains(&folded(&asked)),
            _ => folded(value).starts_with(&folded(&asked)),
        }
    };
    (query, Box::new(means))
}

/// A token by its four forms, over elements with a system and a code in `member`.
fn token(dice: &mut Dice, elements: Elements, member: &'static str) -> Alternative {
    let (system, code) = (dice.pick(&SYSTEMS), dice.pick(&CODES));
    let form = dice.below(4);
    let query = match form {
        0 => escaped(code),
        1 => format!("{system}|{}", escaped(code)),
        2 => format!("|{}", escaped(code)),
        _ => format!("{system}|"),
    };
    let means = move |resource: &Value| {
        elements(resource).into_iter().any(|element| {
            let own = element.get("system").and_then(Value::as_str);
            let has_code = element.get(member).and_then(Value::as_str) == Some(code);
            match form {
                0 => has_code,
                1 => has_code && own == Some(system),
                2 => has_code && own.is_none(),
                _ => own == Some(system),
            }
        })
    };
    (query, Box::new(means))
}

fn code(dice: &mut Dice) -> Query {
    let mut query = if dice.one_in(2) {
        any(dice, "code", |dice| token(dice, codings, "code"))
    } else {
        any(dice, "status", |dice| {
            let (status, bound) = (dice.pick(&STATUSES), dice.below(3));
            let system = ["", "http://hl7.org/fhir/observation-status|", "|"];
            let query = format!("{}{status}", system[bound]);
            // A code has a system.
            let means = move |resource: &Value| bound != 2 && resource["status"] == status;
            (query, Box::new(means) as Means)
        })
    };
    if dice.one_in(3) {
        query.name.push_str(":not");
        query.negated = true;
    }
    query
}

const PREFIXES: [&str; 9] = ["", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb"];

fn date(dice: &mut Dice) -> Alternative {
    let (prefix, text) = (dice.pick(&PREFIXES), dice.pick(&DATES));
    let asked = span(text);
    let means = move |resource: &Value| {
        let Some(own) = date_of(resource) else {
            return false;
        };
        let contained = asked.from <= own.from && own.until <= asked.until;
        let (above, below) = (own.until > asked.until, own.from < asked.from);
        match prefix {
            "" | "eq" => contained,
            "ne" => !contained,
            "gt" => above,
            "lt" => below,
            "ge" => above || contained,
            "le" => below || contained,
            "sa" => own.from >= asked.until,
            _ => own.until <= asked.from,
        }
    };
    (format!("{prefix}{text}"), Box::new(means))
}

fn date_of(resource: &Value) -> Option<Span> {
    let member = |names: [&str; 2]| names.into_iter().find_map(|name| resource.get(name));
    if let Some(date) = member(["effectiveDateTime", "occurrenceDateTime"]) {
        return date.as_str().map(span);
    }
    // That of a RiskAssessment is not read: `(RiskAssessment.occurrence as dateTime)`.
    let period = resource.get("effectivePeriod")?;
    let end = |name: &str| period.get(name).and_then(Value::as_str).map(span);
    Some(Span {
        from: end("start").map_or(i64::MIN, |span| span.from),
        until: end("end").map_or(i64::MAX, |span| span.until),
    })
}

/// Millionths, and half of what the last digit of the text counts.
fn millionths(text: &str) -> (i64, i64) {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{fraction:0<6}");
    let places = u32::try_from(6 - fraction.len()).expect("few digits");
    (digits.parse().expect("digits"), 10_i64.pow(places) / 2)
}

/// Whether a number of the resource meets a prefix and a text.
fn compares(prefix: &str, text: &str, own: &Value) -> bool {
    let (asked, half) = millionths(text);
    let (own, _) = millionths(&own.to_string());
    let within = asked - half <= own && own < asked + half;
    match prefix {
        "" | "eq" => within,
        "ne" => !within,
        "gt" | "sa" => own > asked,
        "lt" | "eb" => own < asked,
        "ge" => own >= asked,
        _ => own <= asked,
    }
}

/// A number as it is asked for, sometimes more precisely than it stands in resources.
fn asked_number(dice: &mut Dice) -> (&'static str, String) {
    let (prefix, mut number) = (dice.pick(&PREFIXES), dice.pick(&NUMBERS).to_owned());
    if dice.one_in(3) {
        number.push_str(if number.contains('.') { "0" } else { ".0" });
    }
    (prefix, number)
}

fn number(dice: &mut Dice, elements: Elements) -> Alternative {
    let (prefix, number) = asked_number(dice);
    let query = format!("{prefix}{number}");
    let means = move |resource: &Value| {
        let mut own = elements(resource).into_iter();
        own.any(|own| compares(prefix, &number, own))
    };
    (query, Box::new(means))
}

fn quantity(dice: &mut Dice) -> Alternative {
    let (prefix, number) = asked_number(dice);
    let (system, code, form) = (dice.pick(&SYSTEMS), dice.pick(&CODES), dice.below(4));
    let unit = match form {
        0 => String::new(),
        1 => format!("||{}", escaped(code)),
        2 => format!("|{system}|"),
        _ => format!("|{system}|{}", escaped(code)),
    };
    let query = format!("{prefix}{number}{unit}");
    let means = move |resource: &Value| {
        let Some(own) = resource.get("valueQuantity") else {
            return false;
        };
        let is = |member: &str, text: &str| own.get(member).and_then(Value::as_str) == Some(text);
        let unit = match form {
            0 => true,
            1 => is("code", code) || is("unit", code),
            2 => is("system", system),
            _ => is("system", system) && is("code", code),
        };
        unit && compares(prefix, &number, &own["value"])
    };
    (query, Box::new(means))
}

fn uri(dice: &mut Dice, modifier: &str) -> Alternative {
    let (asked, modifier) = (dice.pick(&URIS), modifier.to_owned());
    // A URN has no path.
    let below = |uri: &str, upper: &str| {
        uri == upper || (upper.starts_with("http") && uri.starts_with(&format!("{upper}/")))
    };
    let means = move |resource: &Value| {
        let Some(own) = resource["meta"]["source"].as_str() else {
            return false;
        };
        match modifier.as_str() {
            "_source:above" => below(asked, own),
            "_source:below" => below(own, asked),
            _ => own == asked,
        }
    };
    (asked.to_owned(), Box::new(means))
}

/// The reference as one to a record of this facility, if it is.
fn local(reference: &str) -> &str {
    let below = reference.strip_prefix(BASE);
    below.map_or(reference, |rest| rest.trim_start_matches('/'))
}

fn refers(element: &Value, to: &str) -> bool {
    let reference = element.get("reference").and_then(Value::as_str);
    reference.is_some_and(|reference| local(reference) == to)
}

fn subject(dice: &mut Dice, is_observation: bool) -> Alternative {
    if dice.one_in(3) {
        let id = dice.pick(&["a", "b"]);
        // Those to which the element may refer.
        let kinds: &[&str] = if is_observation {
            &["Patient", "Group", "Device", "Location"]
        } else {
            &["Patient", "Group"]
        };
        let means = move |resource: &Value| {
            let mut names = kinds.iter().map(|kind| format!("{kind}/{id}"));
            names.any(|name| refers(&resource["subject"], &name))
        };
        return (id.to_owned(), Box::new(means));
    }
    let own = SUBJECTS.len() - 1;
    let asked = dice.pick(&SUBJECTS[..own]);
    let means = move |resource: &Value| refers(&resource["subject"], local(asked));
    (asked.to_owned(), Box::new(means))
}

/// `subject:Patient`, `subject:Group` and `patient` with an id alone.
fn typed_subject(dice: &mut Dice, modifier: &str) -> Alternative {
    let id = dice.pick(&["a", "b", "c"]);
    let kind = if modifier == "subject:Group" {
        "Group"
    } else {
        "Patient"
    };
    let name = format!("{kind}/{id}");
    let means = move |resource: &Value| refers(&resource["subject"], &name);
    (id.to_owned(), Box::new(means))
}

fn performer(dice: &mut Dice) -> Query {
    if dice.one_in(2) {
        return any(dice, "performer:identifier", |dice| {
            token(dice, identifiers, "value")
        });
    }
    any(dice, "performer", |dice| {
        let asked = dice.pick(&PERFORMERS);
        let means = move |resource: &Value| {
            let mut performers = all(resource, "performer").into_iter();
            performers.any(|performer| refers(performer, asked))
        };
        (asked.to_owned(), Box::new(means) as Means)
    })
}
