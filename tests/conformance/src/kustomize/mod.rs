//! Runs the kustomize renderer over the recorded builds and compares what it makes with what the original made.
//!
//! A case passes semantically if the documents are equal with the order of keys ignored, or if both fail; and by bytes if the text
//! is equal, or the error's text is.

mod compare;
mod disk;
mod run;

pub use disk::Disk;
pub use run::{Case, Summary, Verdict, cases, corpus, run};
