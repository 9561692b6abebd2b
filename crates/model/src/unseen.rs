//! Characters that show nothing, or change how those around them are shown: with them a
//! text can look like another one.

/// Whether a character is a control, a format or bidi character, or a separator of lines
/// (Unicode 16, general categories Cc, Cf, Zl and Zp).
#[must_use]
pub fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{600}'..='\u{605}'
                | '\u{61c}'
                | '\u{6dd}'
                | '\u{70f}'
                | '\u{890}'..='\u{891}'
                | '\u{8e2}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{110bd}'
                | '\u{110cd}'
                | '\u{13430}'..='\u{1343f}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// A text as it may stand on a terminal and in a page: what is unseen is written out, a
/// line break as a blank.
#[must_use]
pub fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_control() => shown.push(' '),
            c if is_unseen(c) => shown.extend(c.escape_unicode()),
            c => shown.push(c),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_seen() {
        for c in "a Z9-_.é字ب\u{301}\u{a0}👩".chars() {
            assert!(!is_unseen(c), "{c:?}");
        }
        for c in
            "\0\n\u{7f}\u{85}\u{ad}\u{200b}\u{200d}\u{200f}\u{2028}\u{202e}\u{2066}\u{feff}".chars()
        {
            assert!(is_unseen(c), "{c:?}");
        }
        assert_eq!(shown("lab\u{202e}7\n-é"), "lab\\u{202e}7 -é");
    }
}
