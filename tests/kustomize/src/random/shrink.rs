//! Makes a case that fails smaller: fields, items and files go while it still fails.

use serde_json::Value;

use super::{Case, Content};

/// How many smaller cases are tried.
const ATTEMPTS: usize = 2_000;

/// The smallest case that was found for which `fails` is still true.
pub fn shrink(case: &Case, mut fails: impl FnMut(&Case) -> bool) -> Case {
    let mut best = case.clone();
    let mut left = ATTEMPTS;
    loop {
        let before = best.clone();
        let paths: Vec<String> = best.files.keys().cloned().collect();
        for path in paths {
            let mut at = 0;
            loop {
                let mut smaller = best.clone();
                let Some(Content::Documents(documents, _)) = smaller.files.get_mut(&path) else {
                    break;
                };
                let mut number = at;
                if !documents
                    .iter_mut()
                    .any(|document| remove(document, &mut number))
                {
                    break;
                }
                if left == 0 {
                    return best;
                }
                left -= 1;
                if fails(&smaller) {
                    best = smaller;
                } else {
                    at += 1;
                }
            }
            let mut plain = best.clone();
            if let Some(Content::Documents(_, style)) = plain.files.get_mut(&path)
                && *style != PLAIN
            {
                *style = PLAIN;
                if fails(&plain) {
                    best = plain;
                }
            }
            let mut without = best.clone();
            without.files.remove(&path);
            if fails(&without) {
                best = without;
            }
        }
        if best == before {
            return best;
        }
    }
}

/// A seed for which nothing odd is written.
const PLAIN: u64 = 1;

/// Removes the field or item with this number, counted from the outside in; lowers the number by what was passed.
fn remove(value: &mut Value, number: &mut usize) -> bool {
    match value {
        Value::Object(fields) => {
            if *number < fields.len() {
                let key = fields.keys().nth(*number).cloned().unwrap_or_default();
                fields.remove(&key);
                return true;
            }
            *number -= fields.len();
            fields.values_mut().any(|value| remove(value, number))
        }
        Value::Array(items) => {
            if *number < items.len() {
                items.remove(*number);
                return true;
            }
            *number -= items.len();
            items.iter_mut().any(|value| remove(value, number))
        }
        _ => false,
    }
}
