//! Positional parameters.

use super::fault::Fault;
use alloy::eips::BlockId;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The parameters of one request.
pub(crate) struct Params<'a>(&'a [Value]);

impl<'a> Params<'a> {
    /// A list, or nothing; parameters by name are not offered.
    pub(crate) fn new(params: &'a Value) -> Result<Self, Fault> {
        match params {
            Value::Null => Ok(Self(&[])),
            Value::Array(list) => Ok(Self(list)),
            _ => Err(Fault::invalid_params("parameters are given as a list")),
        }
    }

    /// Refuses any parameter.
    pub(crate) fn none(&self) -> Result<(), Fault> {
        self.at_most(0)
    }

    /// Refuses more than `count` parameters.
    pub(crate) fn at_most(&self, count: usize) -> Result<(), Fault> {
        if self.0.len() > count {
            let text = format!("too many parameters: want at most {count}");
            Err(Fault::invalid_params(text))
        } else {
            Ok(())
        }
    }

    /// Parameter `index`, which is `what`.
    pub(crate) fn get<T: DeserializeOwned>(&self, index: usize, what: &str) -> Result<T, Fault> {
        self.maybe(index, what)?.ok_or_else(|| {
            Fault::invalid_params(format!("parameter {index} is missing: give {what}"))
        })
    }

    /// Parameter `index`, which is `what` or left out.
    pub(crate) fn maybe<T: DeserializeOwned>(
        &self,
        index: usize,
        what: &str,
    ) -> Result<Option<T>, Fault> {
        match self.0.get(index) {
            None | Some(Value::Null) => Ok(None),
            // What the parser says would name types of this program.
            Some(value) => T::deserialize(value)
                .map(Some)
                .map_err(|_| Fault::invalid_params(format!("parameter {index} is not {what}"))),
        }
    }

    /// Parameter `index` as a block, the latest when left out.
    pub(crate) fn block(&self, index: usize) -> Result<BlockId, Fault> {
        let given = self.maybe(index, "a block number, tag or hash")?;
        Ok(given.unwrap_or_else(BlockId::latest))
    }
}
