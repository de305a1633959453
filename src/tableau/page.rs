//! One page of a listing of REST, as JSON.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Error as _};
use serde_json::value::RawValue;

use super::shapes::number;
use crate::resource::Luid;

/// The most that Tableau gives at once.
pub(super) const PAGE_SIZE: usize = 1000;

/// What stands in a listing.
pub trait Listed: DeserializeOwned + Send + 'static {
    /// Which one it is.
    fn luid(&self) -> &Luid;

    /// Whether it has all that the `fields` of its listing asks for.
    fn is_whole(&self) -> bool {
        true
    }
}

/// A page. An empty list has no member at all.
pub struct Page<T> {
    /// How many entries the whole listing is said to have.
    pub total: usize,
    /// How many entries a page has: a server may give less than it was asked for.
    pub size: usize,
    /// An entry that cannot be read costs itself and no other.
    pub entries: Vec<Result<T, (Option<Luid>, serde_json::Error)>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pagination {
    #[serde(deserialize_with = "number")]
    total_available: Option<i64>,
    #[serde(default, deserialize_with = "number")]
    page_size: Option<i64>,
}

/// A page all of whose entries can be read, in one pass.
#[derive(Deserialize)]
struct Whole<T> {
    pagination: Pagination,
    #[serde(rename = "workbooks", alias = "datasources", alias = "projects")]
    list: Option<Entries<T>>,
}

#[derive(Deserialize)]
struct Entries<T> {
    #[serde(rename = "workbook", alias = "datasource", alias = "project")]
    entries: Option<Vec<T>>,
}

/// What is left to know of an entry that cannot be read otherwise.
#[derive(Deserialize)]
struct Identified {
    id: Luid,
}

impl<T: Listed> Page<T> {
    /// Reads the page of a listing: `segment` and, in that, `member` hold the entries.
    pub fn read(body: &[u8], segment: &str, member: &str) -> serde_json::Result<Self> {
        let Ok(Whole { pagination, list }) = serde_json::from_slice(body) else {
            return Self::read_one_by_one(body, segment, member);
        };
        let entries = list.and_then(|list: Entries<T>| list.entries).unwrap_or_default();
        Self::new(&pagination, entries.into_iter().map(Ok).collect())
    }

    /// The same for a page some of whose entries cannot be read.
    pub fn read_one_by_one(body: &[u8], segment: &str, member: &str) -> serde_json::Result<Self> {
        type Members<'a> = BTreeMap<String, &'a RawValue>;
        let page: Members<'_> = serde_json::from_slice(body)?;
        let pagination = page.get("pagination").map_or("{}", |raw| raw.get());
        let pagination = serde_json::from_str(pagination)?;
        let list = page.get(segment).map_or("{}", |raw| raw.get());
        let list: Option<Members<'_>> = serde_json::from_str(list)?;
        let entries = match list.as_ref().and_then(|list| list.get(member)) {
            Some(entries) => serde_json::from_str::<Vec<&RawValue>>(entries.get())?,
            None => Vec::new(),
        };
        let read = |raw: &RawValue| {
            let luid = || serde_json::from_str(raw.get()).ok().map(|Identified { id }| id);
            serde_json::from_str(raw.get()).map_err(|error| (luid(), error))
        };
        Self::new(&pagination, entries.into_iter().map(read).collect())
    }

    fn new(
        Pagination { total_available, page_size }: &Pagination,
        entries: Vec<Result<T, (Option<Luid>, serde_json::Error)>>,
    ) -> serde_json::Result<Self> {
        let total = total_available.and_then(|total| usize::try_from(total).ok());
        let total = total.ok_or_else(|| serde_json::Error::custom("`totalAvailable` is not a number"))?;
        let size = page_size.and_then(|size| usize::try_from(size).ok()).filter(|size| *size > 0);
        Ok(Self { total, size: size.unwrap_or(PAGE_SIZE), entries })
    }

    /// Whether the server gave all that was asked for: one entry that has it shows that it knows the names.
    pub fn is_whole(&self) -> bool {
        self.entries.is_empty() || self.entries.iter().flatten().any(T::is_whole)
    }
}
