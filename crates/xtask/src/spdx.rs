//! SPDX licence expressions: parsed and asked whether a set of licences is
//! enough (<https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/>).
//!
//! `WITH` binds tighter than `AND`, `AND` tighter than `OR`. `/` is the older
//! way to write `OR`. No list of known ids is kept: an id that is not allowed
//! is refused whether it exists or not.

/// Whether this expression can be met by the licences that `allowed` accepts;
/// a licence with an exception is asked for as `ID WITH EXCEPTION`.
pub fn met(expression: &str, allowed: &dyn Fn(&str) -> bool) -> Result<bool, String> {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let mut parser = Parser {
        words: spaced.split_whitespace().collect(),
        at: 0,
        allowed,
    };
    let verdict = parser.or();
    match (verdict, parser.peek()) {
        (Some(verdict), None) => Ok(verdict),
        _ => Err(format!("`{expression}` is no SPDX expression")),
    }
}

struct Parser<'a> {
    words: Vec<&'a str>,
    at: usize,
    allowed: &'a dyn Fn(&str) -> bool,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.words.get(self.at).copied()
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.peek() == Some(word);
        self.at += usize::from(found);
        found
    }

    fn or(&mut self) -> Option<bool> {
        let mut verdict = self.and()?;
        while self.take("OR") {
            // Both sides are read in any case: the parse must go on behind them.
            verdict |= self.and()?;
        }
        Some(verdict)
    }

    fn and(&mut self) -> Option<bool> {
        let mut verdict = self.licence()?;
        while self.take("AND") {
            verdict &= self.licence()?;
        }
        Some(verdict)
    }

    fn licence(&mut self) -> Option<bool> {
        if self.take("(") {
            let verdict = self.or()?;
            return self.take(")").then_some(verdict);
        }
        let id = self.id()?;
        if self.take("WITH") {
            let exception = self.id()?;
            return Some((self.allowed)(&format!("{id} WITH {exception}")));
        }
        Some((self.allowed)(id))
    }

    fn id(&mut self) -> Option<&'a str> {
        let word = self.peek()?;
        let reserved = matches!(word, "OR" | "AND" | "WITH" | "(" | ")");
        self.at += 1;
        (!reserved).then_some(word)
    }
}

#[cfg(test)]
mod tests {
    use super::met;

    fn free(id: &str) -> bool {
        ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"].contains(&id)
    }

    #[test]
    fn one_side_of_or_is_enough() {
        for expression in [
            "MIT",
            "GPL-3.0 OR MIT",
            "MIT OR GPL-3.0",
            "GPL-3.0/MIT",
            "GPL-3.0 / MIT",
            "Apache-2.0 WITH LLVM-exception OR GPL-3.0",
            "(GPL-3.0 OR MIT) AND Apache-2.0",
            "GPL-3.0 AND GPL-2.0 OR MIT",
        ] {
            assert_eq!(met(expression, &free), Ok(true), "{expression}");
        }
    }

    #[test]
    fn both_sides_of_and_are_needed() {
        for expression in [
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "GPL-3.0 AND (MIT OR Apache-2.0)",
            "MIT AND GPL-3.0 OR GPL-2.0",
            "MIT WITH GPL-exception",
            "GPL-3.0 OR (MIT AND GPL-2.0)",
        ] {
            assert_eq!(met(expression, &free), Ok(false), "{expression}");
        }
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for expression in [
            "", "MIT OR", "AND MIT", "(MIT", "MIT)", "MIT MIT", "MIT WITH",
        ] {
            assert!(met(expression, &free).is_err(), "{expression}");
        }
    }
}
