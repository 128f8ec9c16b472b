//! What [`export_renderer!`](crate::export_renderer) expands to: from the exports of the component to a [`Renderer`].

use std::marker::PhantomData;

use crate::bindings::exports::rosin::render::renderer as wit;
use crate::bindings::rosin::render::source::Tree;
use crate::{Descriptor, Failure, Output, Renderer, Request, Severity, report};

/// A [`Renderer`] as the generated bindings want it.
pub struct Guest<R>(PhantomData<R>);

impl<R: Renderer> wit::Guest for Guest<R> {
    fn describe() -> Descriptor {
        R::describe()
    }

    fn render(request: Request, source: &Tree) -> Result<Output, Failure> {
        set_panic_hook();
        R::render(request, source)
    }
}

/// Sends a panic's message to the host, before the trap that follows: without it, a person would see `unreachable` only.
fn set_panic_hook() {
    std::panic::set_hook(Box::new(|panic| {
        report(Severity::Error, &panic.to_string(), None)
    }));
}

/// Makes the component's exports out of a [`Renderer`](crate::Renderer). Natively, it only checks that the type is one.
#[macro_export]
macro_rules! export_renderer {
    ($renderer:ty) => {
        #[allow(
            unsafe_code,
            dead_code,
            reason = "generated exports; natively, nothing calls the renderer"
        )]
        const _: () = {
            type ExportedRenderer = $crate::Guest<$renderer>;
            const fn is_renderer<R: $crate::Renderer>() {}
            is_renderer::<$renderer>();
            #[cfg(target_arch = "wasm32")]
    $crate::bindings::export_component!(ExportedRenderer with_types_in $crate::bindings);
        };
    };
}
