//! What guests may call; one module per interface of `wit/`.

mod ambient;
mod cluster;
mod compose;
mod crypto;
mod diagnostics;
mod remote;
pub(crate) mod source;

use std::collections::BTreeSet;

use wasmtime::component::{HasSelf, Linker};

use crate::bindings::rosin::render as wit;
use crate::call::Call;
use crate::grants::Import;

/// A linker that has these interfaces and no others.
pub(crate) fn linker(
    engine: &wasmtime::Engine,
    imports: &BTreeSet<Import>,
) -> wasmtime::Result<Linker<Call>> {
    let mut linker = Linker::new(engine);
    let link = &mut linker;
    for import in imports {
        match import {
            Import::Source => wit::source::add_to_linker::<_, HasSelf<_>>(link, |call| call)?,
            Import::Diagnostics => {
                wit::diagnostics::add_to_linker::<_, HasSelf<_>>(link, |call| call)?
            }
            Import::Remote => wit::remote::add_to_linker::<_, HasSelf<_>>(link, |call| call)?,
            Import::Cluster => wit::cluster::add_to_linker::<_, HasSelf<_>>(link, |call| call)?,
            Import::Ambient => wit::ambient::add_to_linker::<_, HasSelf<_>>(link, |call| call)?,
            Import::Compose => wit::compose::add_to_linker::<_, HasSelf<_>>(link, |call| call)?,
            Import::Crypto => wit::crypto::add_to_linker::<_, HasSelf<_>>(link, |call| call)?,
        }
    }
    Ok(linker)
}
