//! Nulls in what programs in Go wrote: their decoder takes one for an absent field.

use serde::{Deserialize, Deserializer};

pub(crate) fn as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}
