//! The files of a source, as charts are loaded from.

use rosin_chart::Folder;
use rosin_tree::Tree;

pub(in crate::reconcile) struct Files<'a>(pub(in crate::reconcile) &'a Tree);

impl Folder for Files<'_> {
    fn is_file(&self, path: &str) -> bool {
        self.0.entry(path).is_some()
    }

    fn files(&self, under: &str) -> Result<Vec<String>, String> {
        self.0.files(under).map_err(|error| error.to_string())
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        self.0.read(path).map_err(|error| error.to_string())
    }
}
