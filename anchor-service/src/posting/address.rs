//! Addresses as people write them: in one case, or with the capitals of a checksum
//! (<https://eips.ethereum.org/EIPS/eip-55>), which then has to hold.

use alloy::primitives::Address;

/// Why a text is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It has not the form of one.
    #[error("an address is `0x` and 40 hex digits")]
    Form,
    /// Its capitals are those of another address.
    #[error(
        "the capitals of the address are not those of its checksum (EIP-55), so a digit of it is \
         mistyped: copy it again, or write it in small letters to have it taken as it is"
    )]
    Checksum,
}

/// Reads an address.
///
/// # Errors
/// When it is none, or its capitals belong to another.
pub fn parse(text: &str) -> Result<[u8; 20], AddressError> {
    let digits = text.strip_prefix("0x").ok_or(AddressError::Form)?;
    let mut bytes = [0; 20];
    hex::decode_to_slice(digits, &mut bytes).map_err(|_| AddressError::Form)?;
    let mixed = digits.contains(|digit: char| digit.is_ascii_lowercase())
        && digits.contains(|digit: char| digit.is_ascii_uppercase());
    if mixed && Address::new(bytes).to_checksum(None) != text {
        return Err(AddressError::Checksum);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first of EIP-55's examples.
    const WRITTEN: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";

    #[test]
    fn one_case_or_the_capitals_of_the_checksum() {
        let address = parse(WRITTEN).unwrap();
        let digits = &WRITTEN[2..];
        for same in [digits.to_lowercase(), digits.to_uppercase()] {
            assert_eq!(parse(&format!("0x{same}")), Ok(address));
        }
        let wrong = WRITTEN.replacen("aA", "AA", 1);
        assert_eq!(parse(&wrong), Err(AddressError::Checksum));
        let mistyped = WRITTEN.replacen('6', "7", 1);
        assert_eq!(parse(&mistyped), Err(AddressError::Checksum));
        for none in ["", "0x", "0x12", digits, &format!("{WRITTEN}00"), "0xg"] {
            assert_eq!(parse(none), Err(AddressError::Form), "{none}");
        }
    }
}
