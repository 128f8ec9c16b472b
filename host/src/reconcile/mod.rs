//! One story for each kind.

pub mod git_repository;
pub mod kustomization;
