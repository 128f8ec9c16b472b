//! The objects of a build in their order, found by identity without looking at each.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::context::Context;
use crate::error::{Error, Result, bail};
use crate::id::{Key, ResId};
use crate::resource::{Behavior, Resource};

#[derive(Debug, Default)]
pub(crate) struct ResMap {
    list: Vec<Resource>,
    index: Option<Index>,
    /// Whether it is known that no two objects have one identity.
    unique: bool,
}

/// Positions by identity. Only kept while nothing changes the objects behind its back.
#[derive(Debug, Default)]
struct Index {
    current: FxHashMap<Key, Vec<usize>>,
    /// By present and earlier identities.
    any: FxHashMap<Key, Vec<usize>>,
}

impl Index {
    fn add(&mut self, at: usize, resource: &Resource, current: Key) {
        if !resource.is_empty() {
            let mut seen = vec![current.clone()];
            for key in resource.previous_keys() {
                if !seen.contains(&key) {
                    seen.push(key);
                }
            }
            for key in seen {
                self.any.entry(key).or_default().push(at);
            }
        }
        self.current.entry(current).or_default().push(at);
    }
}

impl ResMap {
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Resource> {
        self.list.iter()
    }

    pub(crate) fn as_slice(&self) -> &[Resource] {
        &self.list
    }

    /// For changes that may alter identities.
    pub(crate) fn as_mut_slice(&mut self) -> &mut [Resource] {
        self.index = None;
        self.unique = false;
        &mut self.list
    }

    /// For changes that leave identities alone.
    pub(crate) fn contents_mut(&mut self) -> &mut [Resource] {
        &mut self.list
    }

    pub(crate) fn into_vec(self) -> Vec<Resource> {
        self.list
    }

    pub(crate) fn get(&self, at: usize) -> Option<&Resource> {
        self.list.get(at)
    }

    fn index(&mut self, context: &Context) -> &mut Index {
        let list = &self.list;
        self.index.get_or_insert_with(|| {
            let mut index = Index::default();
            for (at, resource) in list.iter().enumerate() {
                index.add(at, resource, resource.current_key(context));
            }
            index
        })
    }

    /// Where the objects are that have or had this identity.
    pub(crate) fn find_any(&mut self, id: &ResId, context: &Context) -> &[usize] {
        self.index(context)
            .any
            .get(&id.key())
            .map_or(&[], Vec::as_slice)
    }

    /// The one object that has or had this identity, for a patch.
    pub(crate) fn find_patch_target(&mut self, id: &ResId, context: &Context) -> Result<usize> {
        match *self.find_any(id, context) {
            [at] => Ok(at),
            [] => bail!("no matches for Id {id}; failed to find unique target for patch {id}"),
            _ => bail!("multiple matches for Id {id}; failed to find unique target for patch {id}"),
        }
    }

    pub(crate) fn push(&mut self, resource: Resource, context: &Context) -> Result<()> {
        let key = resource.current_key(context);
        if self.index(context).current.contains_key(&key) {
            let error = Error::new(format!(
                "may not add resource with an already registered id: {}",
                resource.current_id(context)
            ));
            return Err(error
                .in_file(&resource.source.file)
                .at_line(resource.source.line));
        }
        let at = self.list.len();
        self.index(context).add(at, &resource, key);
        self.list.push(resource);
        Ok(())
    }

    pub(crate) fn append(
        &mut self,
        resources: impl IntoIterator<Item = Resource>,
        context: &Context,
    ) -> Result<()> {
        resources
            .into_iter()
            .try_for_each(|resource| self.push(resource, context))
    }

    /// Drops objects that a patch deleted.
    pub(crate) fn drop_empty(&mut self) {
        if self.list.iter().any(Resource::is_empty) {
            self.list.retain(|resource| !resource.is_empty());
            self.index = None;
        }
    }

    pub(crate) fn retain(&mut self, keep: impl FnMut(&Resource) -> bool) {
        let before = self.list.len();
        self.list.retain(keep);
        if self.list.len() != before {
            self.index = None;
        }
    }

    /// An error if two objects have one identity: what the original finds when it builds its list anew.
    pub(crate) fn check_unique(&mut self, context: &Context) -> Result<()> {
        if self.unique {
            return Ok(());
        }
        let mut seen = FxHashSet::default();
        let duplicate = self
            .list
            .iter()
            .position(|resource| !seen.insert(resource.current_key(context)));
        match duplicate {
            None => {
                self.unique = true;
                Ok(())
            }
            Some(at) => bail!(
                "may not add resource with an already registered id: {}",
                self.list[at].current_id(context)
            ),
        }
    }

    /// Sorts all objects.
    pub(crate) fn sort_by_key<K: Ord>(&mut self, key: impl FnMut(&Resource) -> K) {
        self.list.sort_by_cached_key(key);
        self.index = None;
    }

    /// Adds generated objects: new ones, or ones that replace or complete what is there.
    pub(crate) fn absorb(&mut self, resource: Resource, context: &Context) -> Result<()> {
        let id = resource.current_id(context);
        let behavior = resource.behavior.unwrap_or(Behavior::Unspecified);
        match *self.find_any(&id, context) {
            [] => match behavior {
                Behavior::Merge | Behavior::Replace => {
                    bail!(
                        "id {} does not exist; cannot merge or replace",
                        id.go_syntax()
                    )
                }
                Behavior::Create | Behavior::Unspecified => self.push(resource, context),
            },
            [at] => self.replace(at, resource, behavior, &id),
            ref found => {
                let found = found.to_vec();
                let text = |at: &usize| crate::yaml::json_text(&self.list[*at].annotated());
                let objects: Vec<String> = found.iter().map(text).collect();
                bail!(
                    "found multiple objects [{}] that could accept merge of {id}",
                    objects.join(" ")
                )
            }
        }
    }

    fn replace(
        &mut self,
        at: usize,
        mut resource: Resource,
        behavior: Behavior,
        id: &ResId,
    ) -> Result<()> {
        let old = &self.list[at];
        match behavior {
            Behavior::Replace => resource.take_place_of(old),
            Behavior::Merge => {
                let origin = old.origin.clone();
                resource.take_place_of(old);
                let data = crate::generate::data_with_string_data(&old.node)?;
                resource.merge_data("data", data.as_ref().unwrap_or(&old.node));
                resource.merge_data("binaryData", &old.node);
                if origin.is_some() {
                    resource.origin = origin;
                }
            }
            Behavior::Create | Behavior::Unspecified => bail!(
                "id {} exists; can not use behavior: '{}', behavior must be merge or replace",
                id.go_syntax(),
                behavior.name()
            ),
        }
        self.list[at] = resource;
        self.index = None;
        self.unique = false;
        Ok(())
    }
}

impl<'a> IntoIterator for &'a ResMap {
    type Item = &'a Resource;
    type IntoIter = std::slice::Iter<'a, Resource>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
