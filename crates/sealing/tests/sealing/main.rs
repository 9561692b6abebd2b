//! What the crate promises, through its public interface: the bytes (golden
//! vectors computed apart from it), what it refuses, and the files it keeps.

#[cfg(test)]
mod audit_salts;
#[cfg(test)]
mod card;
#[cfg(test)]
mod cursor;
#[cfg(test)]
mod envelope;
#[cfg(test)]
mod file_kms;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod known_answers;
#[cfg(test)]
mod normal_form;
#[cfg(test)]
mod scripted;
#[cfg(test)]
mod wrapped_key;
