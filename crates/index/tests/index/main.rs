//! What the crate promises, through its public interface: the bytes (golden vectors
//! computed apart from it), that no token misses a match, and the readings of R4.

#[cfg(test)]
mod card;
#[cfg(test)]
mod date_texts;
#[cfg(test)]
mod dates;
#[cfg(test)]
mod decimals;
#[cfg(test)]
mod dice;
#[cfg(test)]
mod evaluator;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod numbers;
#[cfg(test)]
mod random_card;
#[cfg(test)]
mod sorted;
#[cfg(test)]
mod strings;
#[cfg(test)]
mod tokens;
#[cfg(test)]
mod uris;
