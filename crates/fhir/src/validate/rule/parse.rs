//! The part of FHIRPath (<http://hl7.org/fhirpath/N1/>) that R4's invariants are written
//! in: paths, calls, literals and operators with their precedence.

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expr {
    /// `$this`, where a path begins.
    This,
    /// `%resource` and `%rootResource`.
    Resource,
    /// `%context`: what the rule stands on.
    Context,
    /// `{}`
    Empty,
    Text(&'static str),
    /// `'a' | 'b'`
    Texts(Vec<&'static str>),
    Number(f64),
    Bool(bool),
    Child(Box<Expr>, &'static str),
    Call(Box<Expr>, &'static str, Vec<Expr>),
    Binary(Operator, Box<Expr>, Box<Expr>),
    /// `is` a type.
    Is(Box<Expr>, &'static str),
    /// `as` a type.
    As(Box<Expr>, &'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Implies,
    Or,
    Xor,
    And,
    In,
    Contains,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Union,
    Add,
    Concatenate,
}

/// Operators from the loosest to the tightest, those of one line binding alike.
const LEVELS: [&[(&str, Operator)]; 7] = [
    &[("implies", Operator::Implies)],
    &[("or", Operator::Or), ("xor", Operator::Xor)],
    &[("and", Operator::And)],
    &[("in", Operator::In), ("contains", Operator::Contains)],
    &[("=", Operator::Equal), ("!=", Operator::NotEqual)],
    &[
        ("<=", Operator::LessOrEqual),
        (">=", Operator::GreaterOrEqual),
        ("<", Operator::Less),
        (">", Operator::Greater),
    ],
    &[("|", Operator::Union)],
];

/// Reads an expression; `None` when it has something that is not known.
pub(super) fn parse(text: &'static str) -> Option<Expr> {
    let mut parser = Parser { rest: text };
    let expression = parser.level(0)?;
    parser.rest.trim_start().is_empty().then_some(expression)
}

struct Parser {
    rest: &'static str,
}

impl Parser {
    /// Takes this word or sign if it comes next.
    fn take(&mut self, token: &str) -> bool {
        let Some(after) = self.rest.trim_start().strip_prefix(token) else {
            return false;
        };
        let goes_on = |c: char| c.is_alphanumeric() || c == '_';
        if token.ends_with(char::is_alphabetic) && after.starts_with(goes_on) {
            return false;
        }
        self.rest = after;
        true
    }

    fn name(&mut self) -> Option<&'static str> {
        let text = self.rest.trim_start();
        let end = text
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(text.len());
        let (name, rest) = text.split_at_checked(end)?;
        if !name.starts_with(char::is_alphabetic) {
            return None;
        }
        self.rest = rest;
        Some(name)
    }

    fn level(&mut self, number: usize) -> Option<Expr> {
        let Some(operators) = LEVELS.get(number) else {
            return self.sum();
        };
        let mut left = self.level(number + 1)?;
        while let Some((_, operator)) = operators.iter().find(|(token, _)| self.take(token)) {
            let right = self.level(number + 1)?;
            left = match (operator, left, right) {
                (Operator::Union, Expr::Text(one), Expr::Text(other)) => {
                    Expr::Texts(vec![one, other])
                }
                (Operator::Union, Expr::Texts(mut texts), Expr::Text(other)) => {
                    texts.push(other);
                    Expr::Texts(texts)
                }
                (operator, left, right) => Expr::Binary(*operator, Box::new(left), Box::new(right)),
            };
        }
        Some(left)
    }

    fn sum(&mut self) -> Option<Expr> {
        let mut left = self.typed()?;
        loop {
            let operator = if self.take("+") {
                Operator::Add
            } else if self.take("&") {
                Operator::Concatenate
            } else {
                return Some(left);
            };
            left = Expr::Binary(operator, Box::new(left), Box::new(self.typed()?));
        }
    }

    /// A path that `is` or is taken `as` a type.
    fn typed(&mut self) -> Option<Expr> {
        let path = self.path()?;
        if self.take("is") {
            return Some(Expr::Is(Box::new(path), self.name()?));
        }
        if self.take("as") {
            return Some(Expr::As(Box::new(path), self.name()?));
        }
        Some(path)
    }

    fn path(&mut self) -> Option<Expr> {
        let mut path = self.start()?;
        while self.take(".") {
            let name = self.name()?;
            path = self.step(path, name)?;
        }
        Some(path)
    }

    fn step(&mut self, from: Expr, name: &'static str) -> Option<Expr> {
        if !self.take("(") {
            return Some(Expr::Child(Box::new(from), name));
        }
        if matches!(name, "is" | "as" | "ofType") {
            let type_name = self.name()?;
            let from = Box::new(from);
            return self.take(")").then_some(match name {
                "is" => Expr::Is(from, type_name),
                _ => Expr::As(from, type_name),
            });
        }
        let mut arguments = Vec::new();
        while !self.take(")") {
            arguments.push(self.level(0)?);
            self.take(",");
        }
        let call = Expr::Call(Box::new(from), name, arguments);
        is_known(&call).then_some(call)
    }

    fn start(&mut self) -> Option<Expr> {
        if self.take("(") {
            let inner = self.level(0)?;
            return self.take(")").then_some(inner);
        }
        for (token, constant) in [
            ("{}", Expr::Empty),
            ("$this", Expr::This),
            ("%resource", Expr::Resource),
            ("%rootResource", Expr::Resource),
            ("%context", Expr::Context),
            ("%ucum", Expr::Text("http://unitsofmeasure.org")),
            ("true", Expr::Bool(true)),
            ("false", Expr::Bool(false)),
        ] {
            if self.take(token) {
                return Some(constant);
            }
        }
        let text = self.rest.trim_start();
        if let Some(text) = text.strip_prefix('\'') {
            let (text, rest) = text.split_once('\'')?;
            self.rest = rest;
            // No rule that is evaluated needs an escape.
            return (!text.contains('\\')).then_some(Expr::Text(text));
        }
        if text.starts_with(|c: char| c.is_ascii_digit()) {
            let end = text
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(text.len());
            let (number, rest) = text.split_at_checked(end)?;
            self.rest = rest;
            return number.parse().ok().map(Expr::Number);
        }
        let name = self.name()?;
        // A path may begin with the type that the rule stands on.
        if name.starts_with(char::is_uppercase) && self.rest.starts_with('.') {
            return Some(Expr::This);
        }
        self.step(Expr::This, name)
    }
}

/// Functions that the evaluator has.
const FUNCTIONS: [&str; 23] = [
    "all",
    "allFalse",
    "combine",
    "contains",
    "count",
    "descendants",
    "empty",
    "exists",
    "first",
    "hasValue",
    "iif",
    "intersect",
    "isDistinct",
    "not",
    "select",
    "startsWith",
    "tail",
    "toInteger",
    "toString",
    "trace",
    "where",
    "last",
    "distinct",
];

fn is_known(call: &Expr) -> bool {
    matches!(call, Expr::Call(_, name, _) if FUNCTIONS.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn and_binds_tighter_than_or_and_or_than_implies() {
        let parsed = parse("a or b and c implies d").unwrap();
        let Expr::Binary(Operator::Implies, left, _) = parsed else {
            panic!("{parsed:?}")
        };
        let Expr::Binary(Operator::Or, _, right) = *left else {
            panic!("{left:?}")
        };
        assert!(matches!(*right, Expr::Binary(Operator::And, ..)));
    }

    #[test]
    fn a_word_is_an_operator_only_as_a_whole() {
        let parsed = parse("order = inner").unwrap();
        assert!(matches!(parsed, Expr::Binary(Operator::Equal, ..)));
        assert_eq!(parse("a orb b"), None);
    }

    #[test]
    fn what_is_not_known_is_not_read() {
        for text in [
            "a.matches('b')",
            "a.where(",
            "a ~ b",
            "'a",
            "a b",
            "%none",
            "a.'b'",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
