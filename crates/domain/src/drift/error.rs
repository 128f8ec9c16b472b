//! What a refused dry run means, and Flux's words for it.

use std::sync::LazyLock;

use regex::Regex;

use crate::identity::ObjectId;

/// The API server's answer to a dry run that it refused.
#[derive(Clone, Copy, Debug)]
pub struct DryRunError<'a> {
    /// HTTP status; 0 where there was none.
    pub code: u16,
    /// The reason in the answer, such as `Invalid`; may be empty.
    pub reason: &'a str,
    pub message: &'a str,
}

/// Whether the refusal may come from a field that cannot be changed, so that deleting and creating could help. As broad as Flux's and
/// kubectl's: every conflict and every invalid object counts, as do the words of webhooks and CEL rules.
pub fn is_immutable(error: &DryRunError<'_>) -> bool {
    static WORDS: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"is\simmutable|immutable\sfield").ok());
    error.code == 409
        || error.code == 422
        || matches!(error.reason, "Conflict" | "Invalid")
        || WORDS
            .as_ref()
            .is_some_and(|words| words.is_match(error.message))
}

/// The message for the Kustomization, ending in the line break that Flux's has.
pub fn dry_run_message(id: &ObjectId, error: &DryRunError<'_>) -> String {
    let message = error.message;
    if error.code == 404 || error.reason == "NotFound" {
        let what = if id.namespace.is_empty() {
            "namespace not specified"
        } else {
            "not found"
        };
        return format!("{id} {what}: {message}\n");
    }
    if error.reason.is_empty() {
        return format!("{id} dry-run failed: {message}\n");
    }
    format!("{id} dry-run failed ({}): {message}\n", error.reason)
}

/// The message for an object of a namespaced kind that has no namespace.
pub fn namespace_missing_message(id: &ObjectId) -> String {
    format!("{id} namespace not specified: the server could not find the requested resource\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(namespace: &str) -> ObjectId {
        ObjectId {
            namespace: namespace.into(),
            name: "svc".into(),
            group: String::new(),
            kind: "Service".into(),
        }
    }

    #[test]
    fn messages_are_those_of_flux() {
        // parity: KS-APPLY-008
        let error = |code, reason, message| DryRunError {
            code,
            reason,
            message,
        };
        assert_eq!(
            dry_run_message(&id("apps"), &error(422, "Invalid", "bad port")),
            "Service/apps/svc dry-run failed (Invalid): bad port\n"
        );
        assert_eq!(
            dry_run_message(&id("apps"), &error(0, "", "no route")),
            "Service/apps/svc dry-run failed: no route\n"
        );
        assert_eq!(
            dry_run_message(
                &id("apps"),
                &error(404, "NotFound", "namespaces \"apps\" not found")
            ),
            "Service/apps/svc not found: namespaces \"apps\" not found\n"
        );
        assert_eq!(
            dry_run_message(
                &id(""),
                &error(
                    404,
                    "NotFound",
                    "the server could not find the requested resource"
                )
            ),
            namespace_missing_message(&id(""))
        );
    }

    #[test]
    fn immutable_fields_are_told_by_code_reason_or_words() {
        // parity: KS-APPLY-017
        for (code, reason, message, expected) in [
            (409, "Conflict", "", true),
            (422, "Invalid", "spec.clusterIP: field is immutable", true),
            (
                403,
                "Forbidden",
                "admission webhook denied: name is immutable",
                true,
            ),
            (500, "", "cannot change immutable field x", true),
            (403, "Forbidden", "no access", false),
            (404, "NotFound", "", false),
        ] {
            assert_eq!(
                is_immutable(&DryRunError {
                    code,
                    reason,
                    message
                }),
                expected,
                "{code} {message}"
            );
        }
    }
}
