//! A keyspace in memory, so that the domain is tested and fuzzed without a server.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use anonymizer::Anonymizer;

use super::{
    Effect, Effects, Error, Expiry, KeyKind, Keys, Repo, Result, Settings, Store, Timestamp,
    Values, View,
};

#[derive(Debug, Clone, PartialEq)]
enum Value {
    Hash(BTreeMap<Vec<u8>, Vec<u8>>),
    List(Vec<Vec<u8>>),
    Set(BTreeSet<Vec<u8>>),
    SortedSet(BTreeMap<Vec<u8>, f64>),
    Other,
}

impl Value {
    fn kind(&self) -> KeyKind {
        match self {
            Value::Hash(_) => KeyKind::Hash,
            Value::List(_) => KeyKind::List,
            Value::Set(_) => KeyKind::Set,
            Value::SortedSet(_) => KeyKind::SortedSet,
            Value::Other => KeyKind::Other,
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Value::Hash(h) => h.is_empty(),
            Value::List(l) => l.is_empty(),
            Value::Set(s) => s.is_empty(),
            Value::SortedSet(z) => z.is_empty(),
            Value::Other => false,
        }
    }
}

/// Keys, a clock that the test turns, and settings that it chooses.
#[derive(Debug, Clone)]
pub struct Memory {
    keys: RefCell<BTreeMap<String, (Value, Option<i64>)>>,
    /// How many corrupt records were passed over.
    pub corrupt: Cell<usize>,
    /// The time.
    pub now: Timestamp,
    /// The settings.
    pub settings: Settings,
}

macro_rules! value {
    ($self:ident, $key:ident, $kind:ident) => {
        match $self.get($key) {
            None => None,
            Some(Value::$kind(value)) => Some(value),
            Some(_) => return Err(Error::WrongType),
        }
    };
}

impl Memory {
    /// An empty keyspace on 18 November 2026.
    pub fn empty() -> Self {
        Memory {
            keys: RefCell::default(),
            corrupt: Cell::new(0),
            now: Timestamp::from_ms(1_795_000_000_000),
            settings: Settings::default(),
        }
    }

    /// What a command sees of a repo.
    pub fn view(&self, repo: &str) -> View<'_> {
        let repo = Repo::parse(repo.as_bytes(), anonymizer()).expect("a good name");
        View {
            store: self,
            keys: Keys::new("pm", repo),
            now: self.now,
            settings: &self.settings,
        }
    }

    /// Lets time pass; negative for a clock that is set back.
    pub fn pass(&mut self, ms: i64) {
        self.now = Timestamp::from_ms(self.now.ms() + ms);
    }

    /// Removes what has expired, as a server does in time: it does not come back though a clock is set back.
    pub fn bury(&self) {
        let now = self.now.ms();
        let mut keys = self.keys.borrow_mut();
        keys.retain(|_, (_, at)| at.is_none_or(|at| at > now));
    }

    /// Puts a hash under a key, without a TTL.
    pub fn plant_hash<F: AsRef<[u8]>, V: AsRef<[u8]>>(&self, key: &str, fields: &[(F, V)]) {
        let own = |(field, value): &(F, V)| (field.as_ref().to_vec(), value.as_ref().to_vec());
        self.put(key, Value::Hash(fields.iter().map(own).collect()));
    }

    /// Puts a list under a key, without a TTL.
    pub fn plant_list<V: AsRef<[u8]>>(&self, key: &str, elements: &[V]) {
        let elements = elements.iter().map(|element| element.as_ref().to_vec());
        self.put(key, Value::List(elements.collect()));
    }

    /// Puts a set under a key, without a TTL.
    pub fn plant_set<V: AsRef<[u8]>>(&self, key: &str, members: &[V]) {
        let members = members.iter().map(|member| member.as_ref().to_vec());
        self.put(key, Value::Set(members.collect()));
    }

    /// Puts a sorted set under a key, without a TTL.
    pub fn plant_ranking<V: AsRef<[u8]>>(&self, key: &str, members: &[(V, f64)]) {
        let members = members
            .iter()
            .map(|(member, score)| (member.as_ref().to_vec(), *score));
        self.put(key, Value::SortedSet(members.collect()));
    }

    fn put(&self, key: &str, value: Value) {
        self.keys.borrow_mut().insert(key.into(), (value, None));
    }

    /// Puts a value of a type under a key.
    pub fn plant(&self, key: &str, kind: KeyKind) {
        let value = match kind {
            KeyKind::Hash => Value::Hash([(b"x".to_vec(), b"x".to_vec())].into()),
            KeyKind::List => Value::List(vec![b"x".to_vec()]),
            KeyKind::Set => Value::Set([b"x".to_vec()].into()),
            KeyKind::SortedSet => Value::SortedSet([(b"x".to_vec(), 1.0)].into()),
            KeyKind::Other => Value::Other,
        };
        self.put(key, value);
    }

    /// Takes the TTL of a key away.
    pub fn persist(&self, key: &str) {
        if let Some((_, expiry)) = self.keys.borrow_mut().get_mut(key) {
            *expiry = None;
        }
    }

    /// Every live key with its expiry.
    pub fn expiries(&self) -> BTreeMap<String, Option<i64>> {
        let keys = self.keys.borrow();
        let live = keys
            .iter()
            .filter(|(_, (_, at))| at.is_none_or(|at| at > self.now.ms()));
        live.map(|(key, (_, at))| (key.clone(), *at)).collect()
    }

    /// Carries out what a plan wants.
    pub fn apply(&self, effects: &Effects) {
        for effect in effects.iter() {
            self.carry_out(effect);
        }
        self.keys.borrow_mut().retain(|_, (v, _)| !v.is_empty());
    }

    fn carry_out(&self, effect: &Effect) {
        let bytes = |text: &String| text.clone().into_bytes();
        match effect {
            Effect::HashSet(key, fields) => self.change(key, Value::Hash(BTreeMap::new()), |v| {
                let Value::Hash(hash) = v else {
                    panic!("{key}")
                };
                hash.extend(fields.iter().map(|(f, v)| (bytes(f), bytes(v))));
            }),
            Effect::HashReplace(key, fields, expires_at) => {
                let fields = fields.iter().map(|(f, v)| (bytes(f), bytes(v)));
                let value = Value::Hash(fields.collect());
                let mut keys = self.keys.borrow_mut();
                keys.insert(key.clone(), (value, *expires_at));
            }
            Effect::HashDelete(key, fields) => {
                self.change(key, Value::Hash(BTreeMap::new()), |v| {
                    let Value::Hash(hash) = v else {
                        panic!("{key}")
                    };
                    hash.retain(|f, _| !fields.iter().any(|g| g.as_bytes() == f));
                })
            }
            Effect::ListPush(key, values) => self.change(key, Value::List(vec![]), |v| {
                let Value::List(list) = v else {
                    panic!("{key}")
                };
                values.iter().for_each(|v| list.insert(0, bytes(v)));
            }),
            Effect::ListAppend(key, values) => self.change(key, Value::List(vec![]), |v| {
                let Value::List(list) = v else {
                    panic!("{key}")
                };
                list.extend(values.iter().map(bytes));
            }),
            Effect::ListTrim(key, keep) => self.change(key, Value::List(vec![]), |v| {
                let Value::List(list) = v else {
                    panic!("{key}")
                };
                list.truncate(*keep);
            }),
            Effect::SetAdd(key, members) => self.change(key, Value::Set(BTreeSet::new()), |v| {
                let Value::Set(set) = v else { panic!("{key}") };
                set.extend(members.iter().map(bytes));
            }),
            Effect::SetRemove(key, members) => self.change(key, Value::Set(BTreeSet::new()), |v| {
                let Value::Set(set) = v else { panic!("{key}") };
                set.retain(|m| !members.iter().any(|n| n.as_bytes() == m));
            }),
            Effect::Rank(key, scores) => self.change(key, Value::SortedSet(BTreeMap::new()), |v| {
                let Value::SortedSet(ranking) = v else {
                    panic!("{key}")
                };
                ranking.extend(scores.iter().map(|(score, m)| (bytes(m), *score)));
            }),
            Effect::Unrank(key, members) => {
                self.change(key, Value::SortedSet(BTreeMap::new()), |v| {
                    let Value::SortedSet(ranking) = v else {
                        panic!("{key}")
                    };
                    ranking.retain(|m, _| !members.iter().any(|n| n.as_bytes() == m));
                });
            }
            Effect::Delete(keys) => {
                self.keys.borrow_mut().retain(|key, _| !keys.contains(key));
            }
            Effect::Persist(key) => self.persist(key),
            Effect::ExpireAt(key, at) => {
                if let Some((_, expiry)) = self.keys.borrow_mut().get_mut(key) {
                    *expiry = Some(*at);
                }
            }
        }
    }

    fn change(&self, key: &str, empty: Value, change: impl FnOnce(&mut Value)) {
        let dead = self.get(key).is_none();
        let mut keys = self.keys.borrow_mut();
        if dead {
            keys.remove(key);
        }
        let (value, _) = keys.entry(key.into()).or_insert((empty, None));
        change(value);
    }

    /// A sorted set from the lowest score up; members of one score by their bytes.
    fn ranking(&self, key: &str) -> Result<Vec<(Vec<u8>, f64)>> {
        let members = value!(self, key, SortedSet).unwrap_or_default();
        let mut ranking: Vec<_> = members.into_iter().collect();
        ranking.sort_by(|a, b| a.1.total_cmp(&b.1).then_with(|| a.0.cmp(&b.0)));
        Ok(ranking)
    }

    fn get(&self, key: &str) -> Option<Value> {
        let keys = self.keys.borrow();
        let (value, at) = keys.get(key)?;
        at.is_none_or(|at| at > self.now.ms())
            .then(|| value.clone())
    }
}

/// The built-in rules, compiled once for all tests.
pub fn anonymizer() -> &'static Anonymizer {
    static ANONYMIZER: std::sync::OnceLock<Anonymizer> = std::sync::OnceLock::new();
    ANONYMIZER.get_or_init(Anonymizer::new)
}

impl Store for Memory {
    fn kind(&self, key: &str) -> Option<KeyKind> {
        self.get(key).map(|value| value.kind())
    }

    fn expiry(&self, key: &str) -> Expiry {
        match self.keys.borrow().get(key) {
            None => Expiry::Missing,
            Some((_, None)) => Expiry::Never,
            Some((_, Some(at))) if *at <= self.now.ms() => Expiry::Missing,
            Some((_, Some(at))) => Expiry::At(*at),
        }
    }

    fn field(&self, key: &str, field: &str) -> Result<Option<Vec<u8>>> {
        Ok(value!(self, key, Hash).and_then(|hash| hash.get(field.as_bytes()).cloned()))
    }

    fn look(
        &self,
        key: &str,
        fields: &[&'static str],
        visit: &mut dyn FnMut(&Values<'_>),
    ) -> Result<()> {
        if let Some(hash) = value!(self, key, Hash) {
            let values: Vec<_> = fields
                .iter()
                .map(|field| hash.get(field.as_bytes()).map(Vec::as_slice))
                .collect();
            visit(&values);
        }
        Ok(())
    }

    fn hash_len(&self, key: &str) -> Result<usize> {
        Ok(value!(self, key, Hash).map_or(0, |hash| hash.len()))
    }

    fn each_field(&self, key: &str, visit: &mut dyn FnMut(&[u8], &[u8])) -> Result<()> {
        if let Some(hash) = value!(self, key, Hash) {
            hash.iter().for_each(|(field, value)| visit(field, value));
        }
        Ok(())
    }

    fn list_len(&self, key: &str) -> Result<usize> {
        Ok(value!(self, key, List).map_or(0, |list| list.len()))
    }

    fn elements(
        &self,
        key: &str,
        start: usize,
        visit: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<()> {
        let list = value!(self, key, List).unwrap_or_default();
        let _ = list.iter().skip(start).try_for_each(|value| visit(value));
        Ok(())
    }

    fn set_len(&self, key: &str) -> Result<usize> {
        Ok(value!(self, key, Set).map_or(0, |set| set.len()))
    }

    fn each_member(&self, key: &str, visit: &mut dyn FnMut(&[u8])) -> Result<()> {
        let set = value!(self, key, Set).unwrap_or_default();
        set.iter().for_each(|member| visit(member));
        Ok(())
    }

    fn sample(&self, key: &str, count: usize) -> Result<Vec<Vec<u8>>> {
        let set = value!(self, key, Set).unwrap_or_default();
        Ok(set.into_iter().take(count).collect())
    }

    fn ranking_len(&self, key: &str) -> Result<usize> {
        Ok(value!(self, key, SortedSet).map_or(0, |ranking| ranking.len()))
    }

    fn each_from_highest(
        &self,
        key: &str,
        visit: &mut dyn FnMut(&[u8], f64) -> ControlFlow<()>,
    ) -> Result<()> {
        let ranking = self.ranking(key)?;
        let _ = ranking
            .iter()
            .rev()
            .try_for_each(|(member, score)| visit(member, *score));
        Ok(())
    }

    fn each_from_lowest(
        &self,
        key: &str,
        visit: &mut dyn FnMut(&[u8], f64) -> ControlFlow<()>,
    ) -> Result<()> {
        let ranking = self.ranking(key)?;
        let _ = ranking
            .iter()
            .try_for_each(|(member, score)| visit(member, *score));
        Ok(())
    }

    fn report_corrupt(&self, _: &str) {
        self.corrupt.set(self.corrupt.get() + 1);
    }
}
