//! Reading the body of an answer up to a limit. An endless one would take all memory.

use std::fmt;

use reqwest::Response;

/// The most that is read of an answer that is one document, in bytes, unpacked. The largest pages have some megabytes.
pub const LARGEST_DOCUMENT: usize = 64 << 20;

/// The most room that is made before the first byte has come.
const LARGEST_ROOM: usize = 4 << 20;

/// A body.
pub struct Body {
    /// What was read.
    pub bytes: Vec<u8>,
    /// Whether there was more than the limit; the rest was not read.
    pub is_too_large: bool,
}

/// Reads a body, unpacked where it is packed, up to `limit` bytes.
pub async fn read_up_to(limit: usize, mut response: Response) -> Result<Body, reqwest::Error> {
    // What a server announces is believed as far as pages are long.
    let announced = response.content_length().and_then(|length| usize::try_from(length).ok());
    let mut bytes = Vec::with_capacity(announced.unwrap_or_default().min(limit).min(LARGEST_ROOM));
    while let Some(part) = response.chunk().await? {
        let room = limit - bytes.len();
        bytes.extend_from_slice(&part[..part.len().min(room)]);
        if part.len() > room {
            return Ok(Body { bytes, is_too_large: true });
        }
    }
    Ok(Body { bytes, is_too_large: false })
}

/// A limit as errors tell it: `64 MiB`.
#[must_use]
pub fn mebibytes(limit: usize) -> impl fmt::Display {
    format!("{} MiB", limit >> 20)
}
