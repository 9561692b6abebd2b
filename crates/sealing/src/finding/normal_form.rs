//! The form in which strings are compared by search: without case, accents and
//! compatibility variants. NFKC, full case folding, NFD, category Mn dropped,
//! NFKC (Unicode Standard, 3.13 and UAX #15, <https://www.unicode.org/reports/tr15/>).
//!
//! The Unicode version, 18.0.0, is that of the ICU4X data that is compiled in;
//! `tests/sealing/normal_form.rs` holds it for every scalar value. Another version is a
//! new index epoch. No stemming, no transliteration, no language.

use icu_casemap::CaseMapper;
use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use icu_properties::{
    CodePointMapData,
    props::{GeneralCategory, Script},
};

/// Lengths of the prefixes that are tokenised, in code points of the normal form.
const PREFIX_LENGTHS: [usize; 3] = [2, 4, 6];

/// The normal form of `value`.
#[must_use]
pub fn normal_form(value: &str) -> String {
    if value.is_ascii() {
        // For ASCII every step but the folding of letters leaves all as it is.
        return value.to_ascii_lowercase();
    }
    let composing = ComposingNormalizerBorrowed::new_nfkc();
    let category = CodePointMapData::<GeneralCategory>::new();
    let composed = composing.normalize(value);
    let folded = CaseMapper::new().fold_string(&composed);
    let decomposed = DecomposingNormalizerBorrowed::new_nfd().normalize(&folded);
    let bare: String = decomposed
        .chars()
        .filter(|&c| category.get(c) != GeneralCategory::NonspacingMark)
        .collect();
    composing.normalize(&bare).into_owned()
}

/// What of `value` is tokenised as [`Form::Prefix`](crate::Form::Prefix): the
/// first 2, 4 and 6 code points of its normal form, as far as it has them.
#[must_use]
pub fn prefixes(value: &str) -> Vec<String> {
    let normal = normal_form(value);
    PREFIX_LENGTHS
        .iter()
        .filter_map(|&length| first_code_points(&normal, length))
        .map(str::to_owned)
        .collect()
}

/// The prefix by which values that start with `value` are looked up; the hits
/// are checked after opening where `value` is longer. `None` when its normal
/// form has fewer than two code points: no token can find it.
#[must_use]
pub fn longest_prefix(value: &str) -> Option<String> {
    prefixes(value).pop()
}

/// The first code point of a normal form, where one is a whole name: Han, Hiragana,
/// Katakana and Hangul. From index epoch 2 on a prefix beside [`prefixes`].
#[must_use]
pub fn single_prefix(normal: &str) -> Option<&str> {
    let first = normal.chars().next()?;
    let script = CodePointMapData::<Script>::new().get(first);
    let scripts = [
        Script::Han,
        Script::Hiragana,
        Script::Katakana,
        Script::Hangul,
    ];
    scripts
        .contains(&script)
        .then(|| normal.get(..first.len_utf8()))?
}

fn first_code_points(text: &str, count: usize) -> Option<&str> {
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    let end = ends.take(count).enumerate().last();
    end.filter(|&(index, _)| index + 1 == count)
        .and_then(|(_, end)| text.get(..end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_cut_for_ascii_is_the_long_way() {
        for c in 0..128_u8 {
            let text = format!("{}é", char::from(c));
            let long_way = normal_form(&text);
            let short_cut = normal_form(&char::from(c).to_string());
            assert_eq!(long_way, format!("{short_cut}e"));
        }
    }

    #[test]
    fn one_code_point_is_a_prefix_where_it_can_be_a_name() {
        for (normal, prefix) in [
            ("王小明", Some("王")),
            ("김", Some("김")),
            ("あ", Some("あ")),
            ("ア", Some("ア")),
            ("smith", None),
            ("ー", None),
            ("", None),
        ] {
            assert_eq!(single_prefix(normal), prefix, "{normal}");
        }
    }

    #[test]
    fn a_prefix_counts_code_points() {
        assert_eq!(first_code_points("añb", 2), Some("añ"));
        assert_eq!(first_code_points("añ", 2), Some("añ"));
        assert_eq!(first_code_points("a", 2), None);
    }
}
