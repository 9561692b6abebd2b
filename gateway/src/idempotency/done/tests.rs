//! How what was done is kept, and what bounds it.

use super::*;
use crate::failure::Category;

fn failure(text: &str, expression: Option<&str>) -> Failure {
    Failure {
        expression: expression.map(str::to_owned),
        ..Failure::new(Category::Unprocessable, IssueCode::BusinessRule, text)
    }
}

fn kept(done: &[Done]) -> String {
    serde_json::to_string(done).unwrap()
}

#[test]
fn each_refusal_is_kept_once() {
    let mut refusals = Refusals::default();
    let all = [("a", None), ("a", Some("Patient.id")), ("a", None)];
    let mut done = vec![Done::Looked];
    for (number, (text, expression)) in all.into_iter().enumerate() {
        done.push(refusals.keep(number + 1, &mut failure(text, expression)));
    }
    assert_eq!(
        kept(&done),
        r#"["looked",{"failed":{"status":"422 Unprocessable Entity","code":"business-rule","text":"a"}},{"failed":{"status":"422 Unprocessable Entity","code":"business-rule","text":"a","expression":"Patient.id"}},{"like":1}]"#
    );
    let done: Vec<Done> = serde_json::from_str(&kept(&done)).unwrap();
    let Some(Done::Failed(refused)) = of_entry(&done, 3) else {
        panic!("{:?}", of_entry(&done, 3));
    };
    let said = refused.entry().unwrap();
    let first = outcome::entry_of(&failure("a", None));
    assert_eq!(said.status, first.status);
    assert_eq!(said.outcome, first.outcome);
}

#[test]
fn what_is_kept_is_bounded() {
    let mut refusals = Refusals::default();
    let long = "ä".repeat(5_000);
    let mut done = Vec::new();
    for index in 0..10_000 {
        let element = format!("Patient.{}", "\"".repeat(200) + &index.to_string());
        let mut failure = failure(&long, Some(&element));
        done.push(refusals.keep(index, &mut failure));
        assert!(failure.text.len() <= TEXT_BYTES);
        assert_eq!(failure.expression.is_some(), index < MOST_REFUSALS);
    }
    assert!(kept(&done).len() < 1024 * 1024, "{}", kept(&done).len());
    let mut longer = failure("a", Some(&long));
    refusals.keep(0, &mut longer);
    assert_eq!(longer.expression, None);
}

#[test]
fn what_was_kept_before_is_read() {
    let old = r#"[{"wrote":{"success":"created","id":"x","version":{"number":1,"time":1790000000000}}},{"refused":{"status":"412 Precondition Failed","outcome":"{\"resourceType\":\"OperationOutcome\"}"}},"looked"]"#;
    let time =
        serde_json::to_string(&model::Timestamp::from_millis(1_790_000_000_000).unwrap()).unwrap();
    let old = old.replace("1790000000000", &time);
    let done: Vec<Done> = serde_json::from_str(&old).unwrap();
    assert_eq!(kept(&done), old);
    let Some(Done::Refused { status, outcome }) = of_entry(&done, 1) else {
        panic!("{done:?}");
    };
    let again = refused_again(status, outcome).unwrap();
    assert_eq!(again.status, "412 Precondition Failed");
    assert!(again.outcome.is_some());
}
