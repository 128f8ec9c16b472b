//! Makes a case that the original refuses into one that it builds: many random builds fail, and errors say little of the rest.

use serde_json::{Map, Value};

use super::chance::Chance;
use super::{Case, Content};

/// Fields that are tried.
const ATTEMPTS: usize = 10;

/// The case without some fields of its kustomizations, if it builds without them.
pub fn mend(case: &Case, mut builds: impl FnMut(&Case) -> bool) -> Option<Case> {
    let mut mended = case.clone();
    let mut chance = Chance::new(case.seed);
    for _ in 0..ATTEMPTS {
        remove_field(&mut mended, &mut chance)?;
        if builds(&mended) {
            return Some(mended);
        }
    }
    None
}

fn remove_field(case: &mut Case, chance: &mut Chance) -> Option<()> {
    let removable: Vec<(String, String)> = case
        .files
        .iter()
        .filter_map(|(path, content)| Some((path, kustomization(path, content)?)))
        .flat_map(|(path, fields)| fields.keys().map(|key| (path.clone(), key.clone())))
        .filter(|(_, key)| !["resources", "bases", "kind", "apiVersion"].contains(&key.as_str()))
        .collect();
    let (path, key) = removable.get(chance.below(removable.len()))?;
    if let Some(Content::Documents(documents, _)) = case.files.get_mut(path)
        && let Some(Value::Object(fields)) = documents.first_mut()
    {
        fields.remove(key);
    }
    Some(())
}

fn kustomization<'c>(path: &str, content: &'c Content) -> Option<&'c Map<String, Value>> {
    let name = path.rsplit('/').next().unwrap_or(path);
    match content {
        Content::Documents(documents, _)
            if name.to_ascii_lowercase().starts_with("kustomization") =>
        {
            documents.first()?.as_object()
        }
        _ => None,
    }
}
