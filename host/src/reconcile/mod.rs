//! One story for each kind.

pub mod bucket;
pub mod git_repository;
pub mod helm_chart;
pub mod helm_release;
pub mod helm_repository;
pub mod kustomization;
pub mod oci_repository;
pub mod source;
