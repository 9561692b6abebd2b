//! What the command line asks for.

use crate::{
    Failed,
    house::{installation::Shape, program::Program},
};

/// What is measured without being named, in the order in which it is.
const FIGURES: [&str; 13] = [
    "limits", "root", "sequence", "idle", "proof", "verify", "delay", "synthea", "sqlite",
    "postgres", "two", "grown", "hidden",
];
/// The databases of a soak and of turns.
const SHAPES: [(&str, Shape); 2] = [("sqlite", Shape::Sqlite), ("postgres", Shape::Postgres(1))];
const MINUTES: u32 = 60;
const ROUNDS: u32 = 5;

/// One run of `bench`.
pub enum Wanted {
    /// Figures by name; all when none is named.
    Figures(Vec<String>),
    /// Honest callers beside hostile ones.
    Soak { minutes: u32, shapes: Vec<Shape> },
    /// An old program and the usual one, alternately.
    Turns {
        old: Program,
        rounds: u32,
        shapes: Vec<Shape>,
    },
}

impl Wanted {
    /// Reads `[NAME..]`, `soak [MINUTES] [DATABASE]` or `turns OLD_BIN [ROUNDS] [DATABASE]`.
    pub fn parse(words: Vec<String>) -> Result<Self, Failed> {
        let rest = words.get(1..).unwrap_or_default();
        match (words.first().map(String::as_str), rest) {
            (Some("soak"), rest) => {
                let (minutes, shapes) = number_and_shapes(rest)?;
                let minutes = minutes.unwrap_or(MINUTES);
                Ok(Self::Soak { minutes, shapes })
            }
            (Some("turns"), [old, rest @ ..]) => {
                let (rounds, shapes) = number_and_shapes(rest)?;
                Ok(Self::Turns {
                    old: Program::at(old.into())?,
                    rounds: rounds.unwrap_or(ROUNDS),
                    shapes,
                })
            }
            (Some("turns"), []) => Err("name the old program: `turns OLD_BIN [ROUNDS]`".into()),
            _ => match words.iter().find(|word| !FIGURES.contains(&word.as_str())) {
                None => Ok(Self::Figures(words)),
                Some(unknown) => {
                    let known = FIGURES.join(", ");
                    let more = "or `soak [MINUTES]`, or `turns OLD_BIN [ROUNDS]`";
                    Err(format!("`{unknown}` is not measured; choose of: {known}, {more}").into())
                }
            },
        }
    }
}

/// A number of one or more, and one database; both when none is named.
fn number_and_shapes(words: &[String]) -> Result<(Option<u32>, Vec<Shape>), Failed> {
    let (mut number, mut shapes) = (None, Vec::new());
    for word in words {
        if let Some((_, shape)) = SHAPES.into_iter().find(|(name, _)| name == word) {
            shapes.push(shape);
            continue;
        }
        let counted = word.parse().ok().filter(|number| *number > 0);
        let unread = || format!("`{word}` is neither a number nor `sqlite` nor `postgres`");
        number = Some(counted.ok_or_else(unread)?);
    }
    if shapes.is_empty() {
        shapes.extend(SHAPES.map(|(_, shape)| shape));
    }
    Ok((number, shapes))
}
