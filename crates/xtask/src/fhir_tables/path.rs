//! The FHIRPath of search parameters, compiled to paths of a few operators.
//!
//! | written | means |
//! |---|---|
//! | `.` | the resource itself |
//! | `a.b` | the element `b` of each `a` |
//! | `/a` | from the resource, where the path is a component's |
//! | `a:T` | those of type T; `as`, `as()` and `ofType()` are all read so |
//! | `a[b=c]` | those whose element `b` is the code `c` |
//! | `a->T` | References to a resource of type T |
//! | `a#0` | the item at this index |
//! | `a?` | `true` where there is one and it is not `false`, else `false` |
//!
//! `extension('url')` is `extension[url=…]`. `as` on several items is an error in
//! FHIRPath; R4's own expressions need it to filter, so it does here.

/// The compact form of one alternative of an expression.
pub fn compile(expression: &str) -> Result<String, String> {
    let expression = expression.trim();
    if let Some(path) = truth(expression) {
        return Ok(format!("{}?", compile(path)?));
    }
    let mut rest = expression;
    let mut path = String::new();
    if let Some(inner) = rest.strip_prefix('(') {
        let (inner, after) = inner.split_once(')').ok_or_else(|| unknown(expression))?;
        path = match inner.split_once(" as ") {
            Some((inner, name)) => format!("{}:{}", compile(inner)?, type_name(name)),
            None => compile(inner)?,
        };
        rest = after.strip_prefix('.').unwrap_or(after);
    } else if let Some(absolute) = rest.strip_prefix("%resource.") {
        path.push('/');
        rest = absolute;
    }
    for step in steps(rest) {
        add(&mut path, step).ok_or_else(|| unknown(expression))?;
    }
    Ok(path)
}

fn unknown(expression: &str) -> String {
    format!("`{expression}` has an operator that is not known")
}

/// `a.exists() and a != false`
fn truth(expression: &str) -> Option<&str> {
    let (exists, differs) = expression.split_once(" and ")?;
    let path = exists.strip_suffix(".exists()")?;
    (differs == format!("{path} != false")).then_some(path)
}

/// Splits at the dots outside of parentheses.
fn steps(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_u32;
    let dot = move |c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == '.' && depth == 0
    };
    text.split(dot).filter(|step| !step.is_empty())
}

fn add(path: &mut String, step: &str) -> Option<()> {
    let plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric());
    if let Some(argument) = call(step, "ofType").or_else(|| call(step, "as")) {
        path.push(':');
        path.push_str(type_name(argument));
    } else if let Some(argument) = call(step, "where") {
        if let Some(name) = argument.strip_prefix("resolve() is ") {
            path.push_str("->");
            path.push_str(name);
        } else {
            let (name, code) = argument.split_once('=')?;
            let code = code.trim().strip_prefix('\'')?.strip_suffix('\'')?;
            path.push_str(&format!("[{}={code}]", name.trim()));
        }
    } else if let Some(argument) = call(step, "extension") {
        let url = argument.strip_prefix('\'')?.strip_suffix('\'')?;
        child(path, &format!("extension[url={url}]"));
    } else if step == "first()" {
        path.push_str("#0");
    } else if let Some((name, index)) = step.strip_suffix(']').and_then(|rest| rest.split_once('['))
    {
        index.parse::<u16>().ok().filter(|_| plain(name))?;
        child(path, &format!("{name}#{index}"));
    } else {
        plain(step).then(|| child(path, step))?;
    }
    Some(())
}

fn child(path: &mut String, name: &str) {
    if !path.is_empty() && !path.ends_with('/') {
        path.push('.');
    }
    path.push_str(name);
}

fn call<'a>(step: &'a str, name: &str) -> Option<&'a str> {
    step.strip_prefix(name)?
        .strip_prefix('(')?
        .strip_suffix(')')
}

/// R4 writes `DateTime` once.
fn type_name(name: &str) -> &str {
    match name.trim() {
        "DateTime" => "dateTime",
        name => name,
    }
}

#[cfg(test)]
mod tests {
    use super::compile;

    #[test]
    fn each_form_of_r4_compiles() {
        for (expression, path) in [
            ("subject.where(resolve() is Patient)", "subject->Patient"),
            ("telecom.where(system='phone')", "telecom[system=phone]"),
            (
                "(value as CodeableConcept).text",
                "value:CodeableConcept.text",
            ),
            ("(component.value as Quantity)", "component.value:Quantity"),
            ("value.as(DateTime)", "value:dateTime"),
            ("value.ofType(Range)", "value:Range"),
            ("entry[0].resource", "entry#0.resource"),
            ("name.first().given", "name#0.given"),
            (
                "%resource.referenceSeq.chromosome",
                "/referenceSeq.chromosome",
            ),
            ("deceased.exists() and deceased != false", "deceased?"),
            (
                "extension('http://a.b/c').value",
                "extension[url=http://a.b/c].value",
            ),
        ] {
            assert_eq!(compile(expression).as_deref(), Ok(path), "{expression}");
        }
    }

    #[test]
    fn other_operators_are_refused_by_name() {
        for expression in [
            "a.where(b > 1)",
            "a.descendants()",
            "a + b",
            "(a as B",
            "a[x]",
        ] {
            let refused = compile(expression).unwrap_err();
            assert!(refused.contains(expression), "{refused}");
        }
    }
}
