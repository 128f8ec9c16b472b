//! Decryption of a tree, and its integrity code.

use sha2::{Digest as _, Sha512};

use crate::{
    cipher::{self, CipherError, Plain},
    error::FileError,
    metadata::Metadata,
    rules::CommentStack,
    value::{Comment, Field, Fields, Item, Value},
};

/// What the integrity code starts with where it covers the encrypted values only: the SHA-256 of `sops`.
const ENCRYPTED_ONLY: [u8; 32] = [
    0x8a, 0x3f, 0xd2, 0xad, 0x54, 0xce, 0x66, 0x52, 0x7b, 0x10, 0x34, 0xf3, 0xd1, 0x47, 0xbe, 0x0b,
    0x0b, 0x97, 0x5b, 0x3b, 0xf4, 0x4f, 0x72, 0xc6, 0xfd, 0xad, 0xec, 0x81, 0x76, 0xf2, 0x7d, 0x69,
];

/// Decrypts in place. Returns the integrity code of what was found.
pub(crate) fn decrypt(
    documents: &mut [Fields],
    metadata: &Metadata,
    key: &[u8; 32],
) -> Result<String, FileError> {
    let mut walk = Walk {
        metadata,
        key,
        hash: Sha512::new(),
        path: Vec::new(),
        comments: Vec::new(),
    };
    if metadata.mac_only_encrypted {
        walk.hash.update(ENCRYPTED_ONLY);
    }
    for document in documents {
        walk.fields(document)?;
    }
    Ok(hex::encode_upper(walk.hash.finalize()))
}

/// Compares with the integrity code that the file carries.
pub(crate) fn verify(metadata: &Metadata, key: &[u8; 32], found: &str) -> Result<(), FileError> {
    if metadata.mac.is_empty() {
        return Err(FileError::NoMac);
    }
    match cipher::decrypt(&metadata.mac, key, &metadata.last_modified) {
        Ok(Plain::Value(Value::Text(mac))) if mac.as_slice() == found.as_bytes() => Ok(()),
        Ok(_) => Err(FileError::MacMismatch),
        Err(error) => Err(FileError::Mac(error)),
    }
}

struct Walk<'a> {
    metadata: &'a Metadata,
    key: &'a [u8; 32],
    hash: Sha512,
    path: Vec<String>,
    comments: CommentStack,
}

impl Walk<'_> {
    fn fields(&mut self, fields: &mut Fields) -> Result<(), FileError> {
        self.comments.push(Vec::new());
        for field in fields {
            match field {
                Field::Comment(comment) => self.comment(comment),
                Field::Value(key, value) => {
                    self.path.push(key.clone());
                    // Only lists hold comments as values. Under a name, somebody moved one there.
                    if self.value(value)?.is_some() {
                        return Err(self.failed(CipherError::Comment));
                    }
                    self.path.pop();
                    self.forget_comments();
                }
            }
        }
        self.comments.pop();
        Ok(())
    }

    fn items(&mut self, items: &mut [Item]) -> Result<(), FileError> {
        self.comments.push(Vec::new());
        for item in items {
            match item {
                Item::Comment(comment) => self.comment(comment),
                Item::Value(value) => {
                    // SOPS turns the comments of a list into items when it encrypts them.
                    if let Some(comment) = self.value(value)? {
                        *item = Item::Comment(comment);
                    }
                    self.forget_comments();
                }
            }
        }
        self.comments.pop();
        Ok(())
    }

    fn forget_comments(&mut self) {
        if let Some(last) = self.comments.last_mut() {
            last.clear();
        }
    }

    fn place(&self) -> String {
        self.path
            .iter()
            .fold(String::new(), |place, key| place + key + ":")
            + if self.path.is_empty() { ":" } else { "" }
    }

    fn encrypted(&self, comment: bool) -> bool {
        self.metadata
            .rule
            .encrypts(&self.path, &self.comments, comment)
    }

    /// Comments are not part of the integrity code, and those that cannot be decrypted are taken for plain ones: old versions of
    /// SOPS left them as they were.
    fn comment(&mut self, comment: &mut Comment) {
        if let Some(last) = self.comments.last_mut() {
            last.push(comment.text.clone());
        }
        if !self.encrypted(true) {
            return;
        }
        match cipher::decrypt(&comment.text, self.key, &self.place()) {
            // What stood behind a value stands before it from now on.
            Ok(Plain::Comment(text)) => {
                *comment = Comment {
                    text,
                    inline: false,
                }
            }
            Ok(Plain::Value(Value::Text(text))) => {
                comment.text = String::from_utf8_lossy(&text).into_owned();
            }
            _ => {}
        }
    }

    /// Some, where the value turns out to be a comment.
    fn value(&mut self, value: &mut Value) -> Result<Option<Comment>, FileError> {
        match value {
            Value::Map(fields) => return self.fields(fields).map(|()| None),
            Value::List(items) => return self.items(items).map(|()| None),
            Value::Null => return Ok(None),
            _ => {}
        }
        let encrypted = self.encrypted(false);
        if encrypted {
            match self.decrypted(value)? {
                Plain::Value(plain) => *value = plain,
                Plain::Comment(text) => {
                    *value = Value::text(text.as_str());
                    return Ok(Some(Comment {
                        text,
                        inline: false,
                    }));
                }
            }
        }
        if (encrypted || !self.metadata.mac_only_encrypted)
            && let Some(bytes) = value.to_mac_bytes()
        {
            self.hash.update(bytes.as_slice());
        }
        Ok(None)
    }

    fn decrypted(&self, value: &Value) -> Result<Plain, FileError> {
        let Value::Text(text) = value else {
            return Err(self.failed(CipherError::Shape));
        };
        let text = std::str::from_utf8(text).map_err(|_| self.failed(CipherError::Shape))?;
        cipher::decrypt(text, self.key, &self.place()).map_err(|error| self.failed(error))
    }

    fn failed(&self, error: CipherError) -> FileError {
        FileError::Value {
            path: self.path.join("."),
            error,
        }
    }
}
