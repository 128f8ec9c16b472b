//! `rosin:render/diagnostics`: messages for people.

use crate::Diagnostic;
use crate::bindings::rosin::render::diagnostics::{Host, Location, Severity};
use crate::call::Call;

impl Host for Call {
    fn report(
        &mut self,
        severity: Severity,
        message: String,
        at: Option<Location>,
    ) -> wasmtime::Result<()> {
        self.diagnostics.add(Diagnostic {
            severity: severity.into(),
            message,
            at: at.map(Into::into),
        });
        Ok(())
    }
}
