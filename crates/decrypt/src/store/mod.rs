//! The file formats: bytes to documents with metadata, documents to bytes.

mod dotenv;
mod flat;
mod ini;
mod json;
mod yaml;

use crate::{
    error::FileError,
    format::Format,
    metadata::Metadata,
    value::{Field, Fields, Value},
};

/// Collections may be nested this deep.
const MAX_DEPTH: usize = 120;

/// The documents of an encrypted file without their metadata, and the metadata.
pub(crate) fn read_encrypted(
    bytes: &[u8],
    format: Format,
) -> Result<(Vec<Fields>, Metadata), FileError> {
    let mut documents = read(bytes, format)?;
    let metadata = match format {
        Format::Dotenv => {
            let fields = documents
                .first_mut()
                .map(flat::take_prefixed)
                .unwrap_or_default();
            (!fields.is_empty())
                .then(|| flat::unflatten(fields))
                .transpose()
        }
        Format::Ini => take_metadata(&mut documents)?
            .map(|fields| flat::unflatten(flat::unescaped(fields)))
            .transpose(),
        _ => Ok(take_metadata(&mut documents)?),
    }
    .map_err(FileError::Metadata)?
    .ok_or(FileError::NoMetadata)?;
    Ok((documents, Metadata::from_fields(&metadata)?))
}

/// The documents of a file, metadata and all.
pub(crate) fn read(bytes: &[u8], format: Format) -> Result<Vec<Fields>, FileError> {
    match format {
        Format::Binary | Format::Json => json::read(bytes).map(|document| vec![document]),
        Format::Yaml => yaml::read(bytes),
        Format::Dotenv => dotenv::read(bytes).map(|document| vec![document]),
        Format::Ini => ini::read(bytes).map(|document| vec![document]),
    }
    .map_err(|cause| FileError::Read { format, cause })
}

/// The field `sops` of the first document; that of the others is dropped.
pub(crate) fn take_metadata(documents: &mut [Fields]) -> Result<Option<Fields>, FileError> {
    let mut found = None;
    for (at, document) in documents.iter_mut().enumerate() {
        let is_metadata = |field: &Field| matches!(field, Field::Value(key, _) if key == "sops");
        while let Some(position) = document.iter().position(is_metadata) {
            let field = document.remove(position);
            if at > 0 {
                continue;
            }
            match field {
                Field::Value(_, Value::Map(_)) if found.is_some() => {
                    return Err(FileError::Metadata("it is there twice".to_owned()));
                }
                Field::Value(_, Value::Map(fields)) => found = Some(fields),
                _ => return Err(FileError::Metadata("it is not a mapping".to_owned())),
            }
        }
    }
    Ok(found)
}

/// The plain text of documents that were read as one format, in another.
pub(crate) fn write(documents: &[Fields], from: Format, to: Format) -> Result<Vec<u8>, FileError> {
    let failed = |cause: String| FileError::Write { format: to, cause };
    let one = || documents.first().map_or(&[][..], Vec::as_slice);
    // What was encrypted as a whole has one value. In a Secret it stands under any name, which then says nothing of its content.
    match to {
        Format::Binary => whole(one(), from).map_err(failed),
        Format::Json => json::write(one()).map_err(failed),
        Format::Yaml => yaml::write(documents).map_err(failed),
        Format::Dotenv => dotenv::write(one()).map_err(failed),
        Format::Ini => ini::write(documents).map_err(failed),
    }
}

/// A binary file: the field `data`.
fn whole(fields: &[Field], from: Format) -> Result<Vec<u8>, String> {
    fields
        .iter()
        .find_map(|field| match field {
            Field::Value(key, value) if key == "data" => Some(match value {
                Value::Text(text) => Ok(text.to_vec()),
                _ => Err("its field 'data' is not a text".to_owned()),
            }),
            _ => None,
        })
        .unwrap_or_else(|| {
            Err(format!(
                "the {from} file has no field 'data', in which SOPS keeps binary files"
            ))
        })
}
