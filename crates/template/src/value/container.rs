//! Lists and maps: shared and mutable as in Go, where `set` changes the map that everybody sees.

use std::cell::{Ref, RefCell, RefMut};
use std::collections::BTreeMap;
use std::rc::Rc;

use super::{ListType, MapType, Str, Value};

#[derive(Debug)]
struct ListData {
    kind: ListType,
    nil: bool,
    items: RefCell<Vec<Value>>,
}

/// A slice. Clones share the items.
#[derive(Clone, Debug)]
pub struct List(Rc<ListData>);

impl List {
    #[must_use]
    pub fn new(items: Vec<Value>) -> Self {
        Self::typed(ListType::Any, items)
    }

    #[must_use]
    pub fn typed(kind: ListType, items: Vec<Value>) -> Self {
        Self(Rc::new(ListData {
            kind,
            nil: false,
            items: RefCell::new(items),
        }))
    }

    /// A nil slice: empty, prints as `[]`, and is `null` in JSON.
    #[must_use]
    pub fn nil(kind: ListType) -> Self {
        Self(Rc::new(ListData {
            kind,
            nil: true,
            items: RefCell::default(),
        }))
    }

    pub fn strings<T: Into<Str>>(items: impl IntoIterator<Item = T>) -> Self {
        Self::typed(
            ListType::String,
            items
                .into_iter()
                .map(|item| Value::Str(item.into()))
                .collect(),
        )
    }

    #[must_use]
    pub fn kind(&self) -> ListType {
        self.0.kind
    }

    #[must_use]
    pub fn is_nil(&self) -> bool {
        self.0.nil
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.0.items.borrow().len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[must_use]
    pub fn get(&self, index: usize) -> Option<Value> {
        self.0.items.borrow().get(index).cloned()
    }

    #[must_use]
    pub fn items(&self) -> Ref<'_, Vec<Value>> {
        self.0.items.borrow()
    }

    /// Sets an item that is there, for all who share the list.
    pub fn set(&self, index: usize, value: Value) {
        if let Some(item) = self.items_mut().get_mut(index) {
            *item = value;
        }
    }

    pub(crate) fn items_mut(&self) -> RefMut<'_, Vec<Value>> {
        self.0.items.borrow_mut()
    }

    #[must_use]
    pub fn to_vec(&self) -> Vec<Value> {
        self.0.items.borrow().clone()
    }

    pub(crate) fn same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

#[derive(Debug)]
struct MapData {
    nil: bool,
    entries: RefCell<BTreeMap<Str, Value>>,
}

/// A map with string keys. Clones share the entries; iteration is in key order, as templates see it.
#[derive(Clone, Debug)]
pub struct Map {
    kind: MapType,
    data: Rc<MapData>,
}

impl Default for Map {
    fn default() -> Self {
        Self::new(BTreeMap::new())
    }
}

impl Map {
    #[must_use]
    pub fn new(entries: BTreeMap<Str, Value>) -> Self {
        Self::typed(MapType::Any, entries)
    }

    #[must_use]
    pub fn typed(kind: MapType, entries: BTreeMap<Str, Value>) -> Self {
        Self {
            kind,
            data: Rc::new(MapData {
                nil: false,
                entries: RefCell::new(entries),
            }),
        }
    }

    /// A nil map: reads as empty; writing to it is an error.
    #[must_use]
    pub fn nil(kind: MapType) -> Self {
        Self {
            kind,
            data: Rc::new(MapData {
                nil: true,
                entries: RefCell::default(),
            }),
        }
    }

    #[must_use]
    pub fn kind(&self) -> MapType {
        self.kind
    }

    /// The same map under another type name: what is changed in one shows in the other.
    #[must_use]
    pub fn with_kind(&self, kind: MapType) -> Self {
        Self {
            kind,
            data: self.data.clone(),
        }
    }

    #[must_use]
    pub fn is_nil(&self) -> bool {
        self.data.nil
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.data.entries.borrow().len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[must_use]
    pub fn get(&self, key: &[u8]) -> Option<Value> {
        self.data.entries.borrow().get(key).cloned()
    }

    #[must_use]
    pub fn contains(&self, key: &[u8]) -> bool {
        self.data.entries.borrow().contains_key(key)
    }

    pub fn insert(&self, key: impl Into<Str>, value: impl Into<Value>) {
        self.data
            .entries
            .borrow_mut()
            .insert(key.into(), value.into());
    }

    pub fn remove(&self, key: &[u8]) -> Option<Value> {
        self.data.entries.borrow_mut().remove(key)
    }

    #[must_use]
    pub fn entries(&self) -> Ref<'_, BTreeMap<Str, Value>> {
        self.data.entries.borrow()
    }

    /// The entries as they are now: what a loop works on while its body changes the map.
    #[must_use]
    pub fn snapshot(&self) -> Vec<(Str, Value)> {
        self.data
            .entries
            .borrow()
            .iter()
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }

    /// Are these two the same map, not only equal ones?
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.data, &other.data)
    }
}

impl<K: Into<Str>, V: Into<Value>> FromIterator<(K, V)> for Map {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        Self::new(
            entries
                .into_iter()
                .map(|(key, value)| (key.into(), value.into()))
                .collect(),
        )
    }
}
