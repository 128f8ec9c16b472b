//! From the output back to the template: which line of the outermost template a part of the text comes from.

use std::rc::Rc;

use crate::parse::Tree;

#[derive(Clone, Copy, Debug)]
struct Step {
    /// Where in the output.
    output: usize,
    /// Where in the template.
    source: usize,
    /// Text is copied, so lines inside it are lines of the template.
    text: bool,
}

/// The steps of one execution, in order.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    source: Rc<[u8]>,
    steps: Vec<Step>,
}

impl Trace {
    pub(super) fn new(tree: &Tree) -> Self {
        Self {
            source: tree.text.clone(),
            steps: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, output: usize, source: usize, text: bool) {
        self.steps.push(Step {
            output,
            source,
            text,
        });
    }

    /// The line of the template (from 1) that made the output at an offset.
    #[must_use]
    pub fn line(&self, output: usize) -> usize {
        let step = match self.steps.partition_point(|step| step.output <= output) {
            0 => return 1,
            next => self.steps[next - 1],
        };
        let copied = if step.text { output - step.output } else { 0 };
        let end = (step.source + copied).min(self.source.len());
        1 + memchr::memchr_iter(b'\n', &self.source[..end]).count()
    }
}
