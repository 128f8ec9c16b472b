//! One story for each kind.

pub mod git_repository;
pub mod helm_release;
pub mod kustomization;
pub mod oci_repository;
pub mod source;
