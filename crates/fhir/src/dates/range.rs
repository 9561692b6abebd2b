//! A date, dateTime or instant as the range of all moments that it may mean.

use model::DateSpan;

/// From the first moment to before the second, in milliseconds since 1970; the ends
/// of `i64` stand for no bound.
pub(crate) type Span = (i64, i64);

/// All moments that a date may mean; `None` for what is no date.
pub(crate) fn of(text: &str) -> Option<Span> {
    let span = DateSpan::read(text)?;
    // A day that is the last of the calendar ends with no bound; a time of it ends.
    let is_open = span.until == DateSpan::END && !text.contains('T');
    Some((span.from, if is_open { i64::MAX } else { span.until }))
}
