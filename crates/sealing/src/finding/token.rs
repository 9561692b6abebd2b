//! Search tokens: a search value without the value. Equal values under one
//! parameter give equal tokens, which is what makes sealed records searchable
//! and is all that they show.

use crate::{
    DataKey,
    envelope::length_prefix,
    finding::{normal_form::normal_form, tag::ShortMac},
    keys::derive::Extracted,
};
use model::{Tag, Token};
use std::borrow::Cow;

/// The form in which a value is tokenised; equal values in two forms give
/// different tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Form {
    /// A whole string; normalised by [`token`](IndexRoot::token).
    Exact = 1,
    /// The start of a string, as [`prefixes`](crate::prefixes) or
    /// [`longest_prefix`](crate::longest_prefix) give it: cut after
    /// normalisation, and taken as it is.
    Prefix = 2,
    /// `system|code`.
    SystemCode = 3,
    /// `|code`: a code without a system.
    NoSystemCode = 4,
    /// `code`: a code of any system.
    Code = 5,
    /// One of [`date_buckets`](crate::date_buckets).
    DateBucket = 6,
    /// A range of numbers.
    NumberBucket = 7,
    /// A URI.
    Uri = 8,
    /// That there is a value.
    Present = 9,
    /// The record tag of the target of a reference.
    Link = 10,
}

impl Form {
    /// The number that is hashed.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }
}

/// Makes the tokens of one facility and index epoch. Another epoch has another root, and may
/// have another Unicode version. Gateways use the first epoch alone.
pub struct IndexRoot {
    epoch: u32,
    root: Extracted,
}

impl IndexRoot {
    /// From the data key of the facility's scope `IndexRoot(epoch)`.
    #[must_use]
    pub fn new(epoch: u32, root: &DataKey) -> Self {
        let root = Extracted::new(root.0.as_bytes(), b"");
        Self { epoch, root }
    }

    /// The index epoch, which rows carry beside their tokens.
    #[must_use]
    pub const fn epoch(&self) -> u32 {
        self.epoch
    }

    /// The token of `value` under a search parameter of a type. Form 1 is normalised here;
    /// every other form is taken as received. With `patient` the token is of use within that
    /// patient only; gateways make none of these, and find values of few kinds by cards.
    #[must_use]
    pub fn token(
        &self,
        resource_type: &str,
        parameter: &str,
        form: Form,
        value: &str,
        patient: Option<Tag>,
    ) -> Token {
        let value = match form {
            Form::Exact => Cow::Owned(normal_form(value)),
            _ => Cow::Borrowed(value),
        };
        let key = self.parameter_key(resource_type, parameter);
        let mut mac = key.mac(form, value.as_bytes());
        if let Some(patient) = patient {
            mac.add(patient.as_bytes());
        }
        mac.into_token()
    }

    /// The key of the tokens of one parameter of a type. Deriving it costs more than a
    /// token, so whoever makes many keeps it.
    #[must_use]
    pub fn parameter_key(&self, resource_type: &str, parameter: &str) -> ParameterKey {
        let (resource_type, parameter) = (resource_type.as_bytes(), parameter.as_bytes());
        let keys = self.root.expand::<1>(&[
            b"chartseal/1/token",
            &length_prefix::length(resource_type),
            resource_type,
            &length_prefix::length(parameter),
            parameter,
        ]);
        let [key] = &*keys;
        ParameterKey(ShortMac::new(key))
    }
}

/// Makes the tokens of one parameter of a type, from index epoch 2 on.
#[derive(Clone)]
pub struct ParameterKey(ShortMac);

impl ParameterKey {
    /// The token of a value, which is taken as it is in every form: forms 1 and 2 come in
    /// their normal form, form 10 as the 16 bytes of a tag.
    #[must_use]
    pub fn token(&self, form: Form, value: &[u8]) -> Token {
        self.mac(form, value).into_token()
    }

    fn mac(&self, form: Form, value: &[u8]) -> ShortMac {
        let mut mac = self.0.clone();
        mac.add(&[form.number()]);
        mac.add_prefixed(value);
        mac
    }
}
