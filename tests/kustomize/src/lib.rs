//! What is needed to compare the renderer with the original kustomize: [`random`] builds, and the trees of the benchmark.

pub mod random;
pub mod trees;
