//! Listings of REST: page by page, several pages at once, until one stood still from its first page to its last.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};

use super::page::{Listed, PAGE_SIZE, Page};
use super::{Session, TableauError};
use crate::resource::Luid;

/// How often a listing that changed while it was read is begun anew.
const LISTING_ATTEMPTS: u32 = 3;

/// One listing.
#[derive(Debug)]
pub struct Listing<T> {
    /// Everything that was listed, each LUID once.
    pub entries: Vec<T>,
    /// The entries that could not be read: they are there all the same.
    pub unreadable: Vec<Unreadable>,
    /// How many there should be.
    pub announced: Option<usize>,
    /// Whether the listing stood still while it was read and all that it announced was there.
    pub is_complete: bool,
}

/// An entry of a listing that could not be read.
#[derive(Debug)]
pub struct Unreadable {
    /// Its LUID, where that much can be read.
    pub luid: Option<Luid>,
    /// Where it stands, and why.
    pub reason: String,
}

/// What is listed.
pub(super) struct What {
    /// The last part of the address, and the member of the answer that holds the list.
    pub segment: &'static str,
    /// The member of that.
    pub member: &'static str,
    /// What of each entry is asked for ("Using Fields in the REST API", help.tableau.com); all of it where that is not
    /// said, or the server does not understand it.
    pub fields: Option<String>,
}

/// Lists until a listing stood still from its first page to its last: pages are cut by position, so a deletion
/// on an earlier page makes a later one skip a resource.
pub(super) async fn list<T: Listed>(session: &Session, what: &What) -> Result<Listing<T>, TableauError> {
    let are_fields_understood = AtomicBool::new(what.fields.is_some());
    let mut before = None;
    for attempt in 1.. {
        let reading = Reading::new(session, what, &are_fields_understood);
        let mut listing = reading.read_all().await?;
        if !listing.is_complete {
            let luids: HashSet<Luid> = listing.entries.iter().map(|entry: &T| entry.luid().clone()).collect();
            let now = Some((listing.announced, luids));
            listing.is_complete = session.tableau.counts_may_differ && now == before;
            before = now;
        }
        if listing.is_complete || attempt >= LISTING_ATTEMPTS {
            return Ok(listing);
        }
        tracing::info!(listing = what.segment, "the listing changed while it was read, starting over");
    }
    unreachable!("the last attempt returns")
}

/// A listing on its way through the pages.
struct Reading<'a, T> {
    session: &'a Session,
    what: &'a What,
    doing: String,
    are_fields_understood: &'a AtomicBool,
    listing: Listing<T>,
    seen: HashSet<Luid>,
    /// How many entries the pages so far had room for.
    read: usize,
}

impl<'a, T: Listed> Reading<'a, T> {
    fn new(session: &'a Session, what: &'a What, are_fields_understood: &'a AtomicBool) -> Self {
        let listing =
            Listing { entries: Vec::new(), unreadable: Vec::new(), announced: None, is_complete: true };
        let doing = format!("list {}", what.segment);
        Self { session, what, doing, are_fields_understood, listing, seen: HashSet::new(), read: 0 }
    }

    /// Reads the first page, which tells how many there are, and then three at once.
    async fn read_all(mut self) -> Result<Listing<T>, TableauError> {
        let mut next = 1;
        let mut last = 1;
        loop {
            let (first, second, third) = tokio::join!(
                self.page(next),
                self.page_up_to(last, next + 1),
                self.page_up_to(last, next + 2)
            );
            for page in [Some(first), second, third].into_iter().flatten() {
                match page {
                    // The listing became so short that this page is beyond its end.
                    Err(error) if error.has_code("400006") && next > 1 => {
                        self.listing.is_complete = false;
                        return Ok(self.finish());
                    }
                    page => {
                        let page = page?;
                        last = page.total.div_ceil(page.size);
                        if self.take(next, page) {
                            return Ok(self.finish());
                        }
                    }
                }
                next += 1;
            }
        }
    }

    async fn page_up_to(&self, last: usize, number: usize) -> Option<Result<Page<T>, TableauError>> {
        if number <= last { Some(self.page(number).await) } else { None }
    }

    async fn page(&self, number: usize) -> Result<Page<T>, TableauError> {
        if let Some(fields) = &self.what.fields
            && self.are_fields_understood.load(Ordering::Relaxed)
        {
            let page = self.page_of(number, Some(fields)).await;
            let is_understood = match &page {
                Ok(page) => page.is_whole(),
                Err(error) => !error.is_bad_request() || error.has_code("400006"),
            };
            if is_understood {
                return page;
            }
            // A server that leaves out the project would seem to have all of it in Personal Spaces.
            tracing::info!(listing = self.what.segment, "this server does not understand `fields`");
            self.are_fields_understood.store(false, Ordering::Relaxed);
        }
        self.page_of(number, None).await
    }

    async fn page_of(&self, number: usize, fields: Option<&str>) -> Result<Page<T>, TableauError> {
        let (size, page_number) = (PAGE_SIZE.to_string(), number.to_string());
        let mut query = vec![("pageSize", size.as_str()), ("pageNumber", page_number.as_str())];
        query.extend(fields.map(|fields| ("fields", fields)));
        let What { segment, member, .. } = *self.what;
        let reply = self.session.get_reply(&self.doing, segment, &query).await?;
        let read = move |body: &[u8]| Page::read(body, segment, member);
        self.session.tableau.decode_aside(&self.doing, "a page of a listing", reply, read).await
    }

    /// Takes a page in; answers whether it was the last one.
    fn take(&mut self, number: usize, page: Page<T>) -> bool {
        let Self { listing, seen, .. } = self;
        listing.is_complete &= listing.announced.is_none_or(|announced| announced == page.total);
        listing.announced = Some(page.total);
        let before = seen.len() + listing.unreadable.len();
        for (place, entry) in page.entries.into_iter().enumerate() {
            match entry {
                Ok(entry) => {
                    if seen.insert(entry.luid().clone()) {
                        listing.entries.push(entry);
                    }
                }
                Err((luid, error)) => {
                    let reason = format!("entry {} of page {number}: {error}", place + 1);
                    listing.unreadable.push(Unreadable { luid, reason });
                }
            }
        }
        self.read += page.size;
        // A page that brings nothing new ends the listing too: a server that repeats itself must not hold us forever.
        self.read >= page.total || self.seen.len() + self.listing.unreadable.len() == before
    }

    fn finish(mut self) -> Listing<T> {
        let count = self.seen.len() + self.listing.unreadable.len();
        self.listing.is_complete &= self.listing.announced == Some(count);
        self.listing
    }
}
