//! The sites: which are named, and what is set for one of them alone.

use clap::ValueEnum as _;
use serde::Deserialize;

use super::{ConfigError, Environment};
use crate::browser_url::BrowserUrl;
use crate::resource::SiteName;
use crate::source::SourceName;
use crate::tableau::{ServerUrl, SignIns};

/// What is set for one site alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteSettings {
    /// The site.
    pub name: SiteName,
    /// What the names of its variables begin with, where it has a way to sign in of its own.
    pub prefix: Option<String>,
    /// How Tableau is asked what is on it, where it is not asked in the usual way.
    pub source: Option<SourceName>,
}

/// `[[tableau.site]]` as it stands in the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    name: String,
    prefix: Option<String>,
    source: Option<String>,
}

impl Section {
    fn into_settings(
        self,
        server: Option<&ServerUrl>,
        is_source_given: bool,
    ) -> Result<SiteSettings, ConfigError> {
        let Self { name, prefix, source } = self;
        let name =
            site(&name, server).map_err(|reason| invalid("`name` under `[[tableau.site]]`", reason))?;
        let is_name_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        if let Some(prefix) =
            prefix.as_ref().filter(|text| text.is_empty() || !text.chars().all(is_name_part))
        {
            return Err(ConfigError::Value {
                name: format!("`prefix` of site `{name}` under `[[tableau.site]]`"),
                reason: format!("no variable begins with `{prefix}`"),
                help: "write letters, digits and underscores, such as `EMEA_` for EMEA_TABLEAU_PAT_NAME"
                    .to_owned(),
            });
        }
        let source = source.map(|text| {
            let key = format!("`source` of site `{name}` under `[[tableau.site]]`");
            source_name(key, &text)
        });
        let source = source.transpose()?.filter(|_| !is_source_given);
        Ok(SiteSettings { name, prefix, source })
    }
}

/// What is set for sites alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OfSites(Vec<SiteSettings>);

impl OfSites {
    /// All sections. A site may have one.
    pub(super) fn new(
        sections: Vec<Section>,
        server: Option<&ServerUrl>,
        is_source_given: bool,
    ) -> Result<Self, ConfigError> {
        let mut settings = Self::default();
        for section in sections {
            let one = section.into_settings(server, is_source_given)?;
            if settings.of(&one.name).is_some() {
                let reason = format!("site `{}` has two sections", one.name);
                let help = "put all settings of the site into one section".to_owned();
                return Err(ConfigError::Value { name: "`[[tableau.site]]`".to_owned(), reason, help });
            }
            settings.0.push(one);
        }
        Ok(settings)
    }

    /// What is set for a site.
    #[must_use]
    pub fn of(&self, site: &SiteName) -> Option<&SiteSettings> {
        self.0.iter().find(|settings| settings.name.is_same_site(site))
    }

    /// Who signs in to which site. Of sites with variables of their own, those are read that are among `sites`; all of
    /// them where none is named. It is an error if nobody can sign in to one of those that are `needed`.
    pub(super) fn sign_ins(
        &self,
        environment: &Environment,
        sites: &[SiteName],
        needed: &[SiteName],
    ) -> Result<SignIns, ConfigError> {
        let usual = environment.credentials_if_set()?;
        let mut own = Vec::new();
        for SiteSettings { name, prefix, .. } in &self.0 {
            if let Some(prefix) = prefix.as_ref().filter(|_| name.is_among(sites)) {
                own.push((name.clone(), environment.with_prefix(prefix).credentials_if_set()?));
            }
        }
        let can_sign_in = usual.is_some() || own.iter().any(|(_, own)| own.is_some());
        let sign_ins = SignIns::new(usual, own);
        // What has no way in is asked for what is missing.
        if let Some(site) = needed.iter().find(|site| sign_ins.to(site).is_none()) {
            let prefix = self.of(site).and_then(|settings| settings.prefix.as_deref());
            environment.with_prefix(prefix.unwrap_or_default()).credentials()?;
        }
        if !can_sign_in {
            environment.credentials()?;
        }
        Ok(sign_ins)
    }
}

pub(super) fn source_name(name: String, text: &str) -> Result<SourceName, ConfigError> {
    SourceName::from_str(text, false).map_err(|_| {
        let known: Vec<_> = SourceName::value_variants().iter().map(|known| format!("`{known}`")).collect();
        let help = format!("write {}", known.join(" or "));
        ConfigError::Value { name, reason: format!("`{text}` is not a source"), help }
    })
}

/// The sites that the flag names, or else the variable, or else the file, in `sites` and then in `[[tableau.site]]`.
pub(super) fn named(
    flag: &[String],
    environment: &Environment,
    file: &[String],
    settings: &OfSites,
    server: Option<&ServerUrl>,
) -> Result<Vec<SiteName>, ConfigError> {
    let variable: Vec<String> = environment
        .get("TABLEAU_SITE")
        .into_iter()
        .flat_map(|text| text.split(','))
        .map(str::to_owned)
        .collect();
    let (name, texts) = if !flag.is_empty() {
        ("--site", flag)
    } else if !variable.is_empty() {
        ("TABLEAU_SITE", variable.as_slice())
    } else {
        ("`sites` under `[tableau]`", file)
    };
    if flag.iter().any(|text| text.trim().is_empty()) {
        // A script's variable that is not set must not mean every site, nor all sites but one.
        let several = if flag.len() > 1 { "one of the sites" } else { "it" };
        return Err(invalid(name, format!("{several} is empty")));
    }
    let texts = texts.iter().filter(|text| !text.trim().is_empty());
    let mut named = Vec::new();
    for text in texts {
        add(&mut named, site(text, server).map_err(|reason| invalid(name, reason))?);
    }
    if flag.is_empty() && variable.is_empty() {
        settings.0.iter().for_each(|settings| add(&mut named, settings.name.clone()));
    }
    Ok(named)
}

/// The one site that a flag names.
pub(super) fn of_flag(flag: &str, text: &str, server: Option<&ServerUrl>) -> Result<SiteName, ConfigError> {
    if text.trim().is_empty() {
        return Err(invalid(flag, "it is empty".to_owned()));
    }
    site(text, server).map_err(|reason| invalid(flag, reason))
}

fn add(sites: &mut Vec<SiteName>, site: SiteName) {
    if !sites.iter().any(|known| known.is_same_site(&site)) {
        sites.push(site);
    }
}

fn invalid(name: &str, reason: String) -> ConfigError {
    ConfigError::Value {
        name: name.to_owned(),
        reason,
        help: "take the part after `/site/` in a browser's address bar, or the whole address; `Default` for the Default site"
            .to_owned(),
    }
}

/// A site by its content URL or by an address on it.
fn site(text: &str, server: Option<&ServerUrl>) -> Result<SiteName, String> {
    if BrowserUrl::looks_like_one(text) {
        site_of_address(text, server)
    } else {
        text.parse::<SiteName>().map_err(|error| error.to_string())
    }
}

fn site_of_address(text: &str, server: Option<&ServerUrl>) -> Result<SiteName, String> {
    let url = BrowserUrl::parse(text).map_err(|error| error.to_string())?;
    match server.map(ServerUrl::identity) {
        Some(server) if !server.eq_ignore_ascii_case(&url.host) => {
            Err(format!("`{text}` is on server `{}`, and TABLEAU_SERVER is `{server}`", url.host))
        }
        _ => Ok(url.site),
    }
}
