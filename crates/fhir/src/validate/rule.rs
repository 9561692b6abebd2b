//! R4's invariants, evaluated. docs/fhir.md lists them, and those that are checked by
//! code or left out.

mod evaluate;
mod item;
mod parse;

use crate::definition::{Node, r4};
use evaluate::Evaluation;
use item::Item;
use parse::Expr;
use std::sync::LazyLock;

/// Steps of evaluation that one resource may take, about half a second.
pub(super) const MAX_WORK: u32 = 20_000_000;

/// By the number of the rule; `None` for one that is not evaluated.
static RULES: LazyLock<Vec<Option<Expr>>> = LazyLock::new(|| {
    let rules = r4().rules.iter();
    rules.map(|rule| parse::parse(rule.expression?)).collect()
});

/// What a rule says of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Kept,
    Broken,
    /// There is no work left.
    TooCostly,
}

/// Evaluates the rule of this number.
pub(super) fn check(number: u16, resource: Node, context: Node, work: &mut u32) -> Verdict {
    let Some(Some(expression)) = RULES.get(usize::from(number)) else {
        return Verdict::Kept;
    };
    // Told when it ran out.
    if *work == 0 {
        return Verdict::Kept;
    }
    let mut evaluation = Evaluation {
        resource,
        context,
        work,
    };
    let truth = evaluation.truth(expression, &Item::Node(context));
    match (*work, truth) {
        (0, _) => Verdict::TooCostly,
        (_, Some(false)) => Verdict::Broken,
        _ => Verdict::Kept,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_that_is_evaluated_is_understood() {
        for (rule, parsed) in r4().rules.iter().zip(RULES.iter()) {
            let evaluated = rule.expression.is_some();
            assert_eq!(
                parsed.is_some(),
                evaluated,
                "{}: {:?}",
                rule.key,
                rule.expression
            );
            assert_eq!(!rule.human.is_empty(), evaluated, "{}", rule.key);
        }
    }
}
