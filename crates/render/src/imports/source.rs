//! `rosin:render/source`: files, with every read noted.

use rosin_tree::{Tree, TreeError, path};
use wasmtime::component::Resource;

use crate::bindings::rosin::render::source::{AccessError, Host, HostTree, Kind};
use crate::call::{Call, Stop};
use crate::guest_text;

/// A tree that a guest holds a handle to.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub enum OpenTree {
    /// The source of the render.
    Source,
    /// Fetched from elsewhere: what is read of it is not noted, since such output is not reused.
    Remote(Tree),
}

impl Host for Call {}

impl HostTree for Call {
    fn files(
        &mut self,
        tree: Resource<OpenTree>,
        under: String,
    ) -> wasmtime::Result<Result<Vec<String>, AccessError>> {
        if !self.is_inside(&under) {
            return Ok(Err(AccessError::InvalidPath));
        }
        Ok(Ok(match self.handles.get(&tree)? {
            OpenTree::Source => self.reads.list(&self.source.tree, &under),
            OpenTree::Remote(tree) => tree.files(&under).unwrap_or_default(),
        }))
    }

    fn kind(
        &mut self,
        tree: Resource<OpenTree>,
        path: String,
    ) -> wasmtime::Result<Result<Option<Kind>, AccessError>> {
        if !self.is_inside(&path) {
            return Ok(Err(AccessError::InvalidPath));
        }
        let tree = match self.handles.get(&tree)? {
            OpenTree::Source => {
                self.reads.note_kind(&self.source.tree, &path);
                &self.source.tree
            }
            OpenTree::Remote(tree) => tree,
        };
        Ok(Ok(if tree.entry(&path).is_some() {
            Some(Kind::File)
        } else {
            tree.is_dir(&path).then_some(Kind::Folder)
        }))
    }

    fn revision(&mut self, tree: Resource<OpenTree>) -> wasmtime::Result<String> {
        Ok(match self.handles.get(&tree)? {
            OpenTree::Source => {
                self.reads.note_revision(&self.source.revision);
                self.source.revision.clone()
            }
            OpenTree::Remote(_) => String::new(),
        })
    }

    fn read(
        &mut self,
        tree: Resource<OpenTree>,
        path: String,
    ) -> wasmtime::Result<Result<Vec<u8>, AccessError>> {
        if !self.is_inside(&path) {
            return Ok(Err(AccessError::InvalidPath));
        }
        let tree = match self.handles.get(&tree)? {
            OpenTree::Source => {
                self.reads.note_content(&self.source.tree, &path);
                &self.source.tree
            }
            OpenTree::Remote(tree) => tree,
        };
        let Some(entry) = tree.entry(&path) else {
            if !tree.is_dir(&path) {
                return Ok(Err(AccessError::NotFound));
            }
            // That there is a folder is an answer of its own.
            self.reads.note_kind(&self.source.tree, &path);
            return Ok(Err(AccessError::IsFolder));
        };
        if entry.size > self.limits.file {
            return Ok(Err(AccessError::TooLarge));
        }
        match tree.read(&path) {
            Ok(content) => Ok(Ok(content)),
            Err(TreeError::TooLarge { .. }) => Ok(Err(AccessError::TooLarge)),
            // Listed and not there, or a disk that fails: nothing that a guest could handle.
            Err(error) => Err(wasmtime::Error::new(Stop::Source(error))),
        }
    }

    fn drop(&mut self, tree: Resource<OpenTree>) -> wasmtime::Result<()> {
        self.handles.delete(tree)?;
        Ok(())
    }
}

impl Call {
    /// Whether a path keeps the contract; remembers the first one that does not.
    fn is_inside(&mut self, path: &str) -> bool {
        let inside = path.is_empty() || path::check(path).is_ok();
        if !inside && self.invalid_path.is_none() {
            self.invalid_path = Some(guest_text::clean(path, guest_text::PATH));
        }
        inside
    }
}
