//! Integrity of manifests that stay encrypted until they are built.

use crate::{
    Format, data_key,
    error::FileError,
    keys::Keys,
    metadata::Metadata,
    store,
    value::{Field, Fields, Value},
    walk,
};

/// Fails only where the code proves a change. What cannot be read or opened is left to whoever needs it: a build may drop the object.
pub(crate) fn check(bytes: &[u8], format: Format, keys: &Keys) -> Result<(), FileError> {
    let Ok(documents) = store::read(bytes, format) else {
        return Ok(());
    };
    for mut group in together(documents) {
        if let Err(error @ (FileError::MacMismatch | FileError::Mac(_) | FileError::Value { .. })) =
            verified(&mut group, keys)
        {
            return Err(error);
        }
    }
    Ok(())
}

fn verified(documents: &mut [Fields], keys: &Keys) -> Result<(), FileError> {
    let metadata = store::take_metadata(documents)?.ok_or(FileError::NoMetadata)?;
    let metadata = Metadata::from_fields(&metadata)?;
    let data_key = data_key::recover(&metadata, keys)?;
    let found = walk::decrypt(documents, &metadata, &data_key)?;
    walk::verify(&metadata, &data_key, &found)
}

/// Documents that were encrypted as one file carry the same code; files put one behind the other do not.
fn together(documents: Vec<Fields>) -> Vec<Vec<Fields>> {
    let mut groups: Vec<Vec<Fields>> = Vec::new();
    for document in documents {
        match groups.last_mut() {
            Some(group)
                if mac(&document).is_some() && mac(&document) == group.last().and_then(mac) =>
            {
                group.push(document)
            }
            _ if mac(&document).is_none() => {}
            _ => groups.push(vec![document]),
        }
    }
    groups
}

fn mac(document: &Fields) -> Option<&Value> {
    let field = |fields: &'_ Fields, name: &str| {
        fields
            .iter()
            .position(|field| matches!(field, Field::Value(key, _) if key == name))
    };
    let at = field(document, "sops")?;
    let Field::Value(_, Value::Map(metadata)) = &document[at] else {
        return None;
    };
    match &metadata[field(metadata, "mac")?] {
        Field::Value(_, value) => Some(value),
        Field::Comment(_) => None,
    }
}
