//! Embed code of views in its older form: an object whose parameters hold host, site and view.

use std::path::Path;
use std::sync::LazyLock;

use percent_encoding::percent_decode_str;
use regex::Regex;
use url::Url;

use super::finder::{Finder, Found, TextFile};
use crate::check::reference::{Reference, Spanned, Target};
use crate::resource::{ResourceKind, SiteName};

static OBJECT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?is)<object\b[^<>]{0,512}\btableauViz\b.*?</object>").expect("a valid pattern")
});
static PARAMETER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?i)<param\s+name\s*=\s*["'](host_url|site_root|name)["']\s+value\s*=\s*["']([^"'<>]*)["']"#,
    )
    .expect("a valid pattern")
});
/// How a slash is written there.
const SLASHES: [&str; 4] = ["/", "&#47;", "&#x2F;", "%2F"];

/// Finds views in embed code.
#[derive(Debug)]
pub struct Embeds;

impl Finder for Embeds {
    fn reads(&self, _: &Path) -> bool {
        true
    }

    fn find(&self, file: &TextFile<'_>) -> Found {
        let objects = OBJECT.find_iter(file.text);
        let of_object = |object: regex::Match<'_>| {
            let target = view(object.as_str(), object.start())?;
            Some(Reference::new(object.range(), target))
        };
        Found::References(objects.filter_map(of_object).collect())
    }
}

fn view(object: &str, start: usize) -> Option<Target> {
    let parameter = |wanted: &str| {
        let mut all = PARAMETER.captures_iter(object);
        all.find(|one| one.get(1).is_some_and(|name| name.as_str() == wanted)).and_then(|one| one.get(2))
    };
    let with_slashes =
        |text: &str| SLASHES.iter().fold(text.to_owned(), |text, slash| text.replace(slash, "/"));
    let view = parameter("name")?;
    let length = SLASHES.iter().filter_map(|slash| view.as_str().find(slash)).min()?;
    let span = start + view.start()..start + view.start() + length;
    let name = Spanned { value: view.as_str()[..length].to_owned(), span };
    let host = parameter("host_url")
        .and_then(|host| {
            Url::parse(&percent_decode_str(&with_slashes(host.as_str())).decode_utf8_lossy()).ok()
        })
        .and_then(|url| url.host_str().map(str::to_owned));
    // Without one, or with an empty one, it is the Default site.
    let root = parameter("site_root").map(|root| with_slashes(root.as_str())).unwrap_or_default();
    let site = SiteName::from_content_url(root.trim_start_matches("/t/").trim_matches('/'));
    Some(Target::Address { host, site: Some(site), kind: ResourceKind::Workbook, name })
}
