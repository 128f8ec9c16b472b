//! Charts among the files of a request.

use rosin_plugin::Files;

pub use rosin_chart::{Chart, File, load_files};

use crate::Error;

struct Folder<'f>(&'f dyn Files);

impl rosin_chart::Folder for Folder<'_> {
    fn is_file(&self, path: &str) -> bool {
        self.0.is_file(path)
    }

    fn files(&self, under: &str) -> Result<Vec<String>, String> {
        self.0.files(under).map_err(|error| error.to_string())
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        self.0.read(path).map_err(|error| error.to_string())
    }
}

/// Loads the chart at a path: a folder, or an archive.
pub fn load(files: &dyn Files, path: &str) -> Result<Chart, Error> {
    Ok(rosin_chart::load(&Folder(files), path)?)
}
