//! What commands write for people. A reader that has gone, such as `head` when it has
//! its lines, must not end a command in the middle of its work: what cannot be written
//! is left out.

use std::{
    fmt::Arguments,
    io::{Write, stderr, stdout},
};

/// Writes a line to standard output, as `println!` does.
#[macro_export]
macro_rules! say {
    ($($text:tt)*) => {
        $crate::output::to_stdout(format_args!($($text)*))
    };
}

/// Writes a line to standard error, as `eprintln!` does.
#[macro_export]
macro_rules! complain {
    ($($text:tt)*) => {
        $crate::output::to_stderr(format_args!($($text)*))
    };
}

/// Writes a line to standard output; `say!` calls it.
pub fn to_stdout(text: Arguments<'_>) {
    line(&mut stdout().lock(), text);
}

/// Writes a line to standard error; `complain!` calls it.
pub fn to_stderr(text: Arguments<'_>) {
    line(&mut stderr().lock(), text);
}

fn line(to: &mut impl Write, text: Arguments<'_>) {
    let _ = writeln!(to, "{text}").and_then(|()| to.flush());
}
