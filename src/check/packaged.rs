//! Workbooks and data sources as Tableau Desktop packs them: the text in a `.twbx` or `.tdsx`.

use std::io::{self, Read as _};
use std::path::Path;

use zip::ZipArchive;

use super::walk::Content;
use crate::regular_file::open_regular;

/// The packed forms, and the ending of the text in each.
const FORMS: [(&str, &str); 2] = [("twbx", ".twb"), ("tdsx", ".tds")];

/// The ending of the text in a packed file of that name.
fn inner_ending(path: &Path) -> Option<&'static str> {
    let extension = path.extension()?.to_str()?;
    FORMS.into_iter().find(|(packed, _)| extension.eq_ignore_ascii_case(packed)).map(|(_, inner)| inner)
}

/// Whether a file of that name holds its text packed. A correction cannot be put into it.
pub fn is_packed(path: &Path) -> bool {
    inner_ending(path).is_some()
}

/// The text in a packed file, up to a size; the extracts beside it are not read.
pub fn read(path: &Path, max_size: u64) -> io::Result<Content> {
    let ending = inner_ending(path).unwrap_or_default();
    let mut archive = ZipArchive::new(open_regular(path)?).map_err(io::Error::other)?;
    let is_text =
        |name: &String| name.to_ascii_lowercase().ends_with(ending) && !name.starts_with("__MACOSX/");
    let Some(name) = archive.file_names().flatten().map(String::from).find(is_text) else {
        return Ok(Content::Binary);
    };
    let text = archive.by_name(&name).map_err(io::Error::other)?;
    let mut bytes = Vec::new();
    // What the archive says of the size may be wrong.
    text.take(max_size.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max_size {
        return Ok(Content::Huge);
    }
    Ok(Content::Text(bytes))
}
