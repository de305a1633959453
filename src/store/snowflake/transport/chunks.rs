//! The parts of large results.
//!
//! Snowflake sends the first rows inside its answer and the others as chunks, from another server. The crate
//! appends the first rows after the chunks, so they are made a chunk themselves, which is served from memory.

use std::collections::HashMap;
use std::io::Read as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use reqwest::{Client, Request, Response};
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::super::error::Fault;
use super::server::RETRY;
use crate::bounded_body::{Body, mebibytes, read_up_to};
use crate::loopback::is_loopback;

/// A host that cannot exist ("Special-Use Domain Names", RFC 6761).
const INLINE: &str = "inline.invalid";

/// The crate asks for all chunks at once.
const AT_ONCE: usize = 4;

const CHUNK_TIMEOUT: Duration = Duration::from_secs(300);

pub(super) struct Chunks {
    inline: Mutex<HashMap<String, Vec<u8>>>,
    gate: Semaphore,
}

impl Default for Chunks {
    fn default() -> Self {
        Self { inline: Mutex::default(), gate: Semaphore::new(AT_ONCE) }
    }
}

/// Snowflake makes chunks of some 16 MB, packed.
const LARGEST_CHUNK: usize = 256 << 20;

impl Chunks {
    /// Makes the rows inside the answer the first of its chunks.
    pub(super) fn reorder(&self, data: &mut Map<String, Value>) -> Result<(), Fault> {
        let broken = |what: &str| Fault::Answer { what: what.to_owned() };
        let Some(chunks) =
            data.get_mut("chunks").and_then(Value::as_array_mut).filter(|chunks| !chunks.is_empty())
        else {
            return Ok(());
        };
        for chunk in chunks.iter_mut().filter_map(Value::as_object_mut) {
            // The crate insists on both, and uses neither.
            chunk.entry("rowCount").or_insert_with(|| json!(0));
            chunk.entry("uncompressedSize").or_insert_with(|| json!(0));
        }
        let inline = match data.get("rowsetBase64") {
            Some(Value::String(rows)) => rows.clone(),
            _ if data.get("rowset").is_some_and(|rows| !rows.is_null()) => {
                // The crate would take the first rows for all of them.
                return Err(broken("a large result came as JSON, which is not supported"));
            }
            _ => String::new(),
        };
        data.insert("rowsetBase64".to_owned(), json!(""));
        // Storage that keeps chunks encrypted wants the key with each request.
        let has_headers = data.get("chunkHeaders").is_some_and(|headers| !headers.is_null());
        if let (false, Some(key)) = (has_headers, data.get("qrmk").and_then(Value::as_str)) {
            let headers = json!({
                "x-amz-server-side-encryption-customer-algorithm": "AES256",
                "x-amz-server-side-encryption-customer-key": key,
            });
            data.insert("chunkHeaders".to_owned(), headers);
        }
        if inline.is_empty() {
            return Ok(());
        }
        let rows = STANDARD.decode(inline).map_err(|_| broken("the first rows are not Base64"))?;
        let id = Uuid::new_v4().to_string();
        let chunk =
            json!({ "url": format!("https://{INLINE}/{id}"), "rowCount": 0, "uncompressedSize": rows.len() });
        self.inline.lock().unwrap_or_else(PoisonError::into_inner).insert(id, rows);
        if let Some(chunks) = data.get_mut("chunks").and_then(Value::as_array_mut) {
            chunks.insert(0, chunk);
        }
        Ok(())
    }

    /// A chunk that the crate asks for. It comes from cloud storage and never sees a token.
    pub(super) async fn fetch(&self, http: &Client, request: Request) -> Result<Response, Fault> {
        let broken =
            |what: String| Fault::Answer { what: format!("a part of a large result did not come: {what}") };
        let url = request.url().clone();
        if url.host_str() == Some(INLINE) {
            let mut inline = self.inline.lock().unwrap_or_else(PoisonError::into_inner);
            let rows = inline.remove(url.path().trim_start_matches('/'));
            let rows = rows.ok_or_else(|| broken("its first rows were taken already".to_owned()))?;
            return Ok(http::Response::new(rows).into());
        }
        if url.scheme() != "https" && !is_loopback(&url) {
            return Err(broken("its address is not encrypted".to_owned()));
        }
        let _place = self.gate.acquire().await.map_err(|error| broken(error.to_string()))?;
        let get = || {
            let get = http.get(url.clone()).headers(request.headers().clone()).timeout(CHUNK_TIMEOUT);
            async { read(get.send().await).await }
        };
        let bytes = RETRY.run(get, |_, pause| Some(pause)).await.map_err(broken)?;
        Ok(http::Response::new(bytes).into())
    }
}

/// Cloud storage may hold a chunk compressed and not say so (`_ensure_decompressed` of Snowflake's Python connector).
fn unpacked(bytes: Vec<u8>, limit: usize) -> std::io::Result<Vec<u8>> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(bytes);
    }
    let mut plain = Vec::new();
    let mut unpacked = GzDecoder::new(bytes.as_slice()).take(limit as u64);
    unpacked.read_to_end(&mut plain)?;
    let mut rest = [0];
    if unpacked.into_inner().read(&mut rest)? > 0 {
        Err(std::io::Error::other(too_large()))
    } else {
        Ok(plain)
    }
}

/// The bytes, or why there are none. Chunk addresses are signed, so none goes into an error.
async fn read(sent: reqwest::Result<Response>) -> Result<Vec<u8>, String> {
    let plain = |error: reqwest::Error| error.without_url().to_string();
    let response = sent.map_err(plain)?;
    let status = response.status();
    if !status.is_success() {
        return Err(format!("HTTP status {status}"));
    }
    let Body { bytes, is_too_large } = read_up_to(LARGEST_CHUNK, response).await.map_err(plain)?;
    if is_too_large {
        return Err(too_large());
    }
    unpacked(bytes, LARGEST_CHUNK).map_err(|error| error.to_string())
}

fn too_large() -> String {
    format!("it is larger than {}", mebibytes(LARGEST_CHUNK))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    #[test]
    fn a_chunk_is_unpacked_up_to_the_limit_and_not_beyond() {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(&[7; 1000]).unwrap();
        let packed = packed.finish().unwrap();
        assert_eq!(unpacked(packed.clone(), 1000).unwrap(), [7; 1000]);
        assert!(unpacked(packed, 999).is_err());
        assert_eq!(unpacked(b"plain".to_vec(), 5).unwrap(), b"plain");
    }
}
