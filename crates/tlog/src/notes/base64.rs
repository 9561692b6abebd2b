//! Base 64 as C2SP uses it: RFC 4648 section 4, padded, and with one spelling
//! per value (unused bits are zero).

use base64::prelude::{BASE64_STANDARD, Engine as _};

/// The one spelling of `bytes`.
pub(crate) fn encode(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

/// The bytes, when `text` is their one spelling.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let bytes = BASE64_STANDARD.decode(text).ok()?;
    (encode(&bytes) == text).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_one_spelling_is_read() {
        assert_eq!(decode("AQ=="), Some(vec![1]));
        for bad in ["AQ", "AQ=", "AR==", "AQ==\n", " AQ==", "A-==", "AQ==AQ=="] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }
}
