//! REST request bodies, told apart by their content: real clients send XML and JSON under any content type,
//! or none.

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;
use serde_json::{Map, Value};

/// The body as JSON, whichever form it came in: XML loses its `tsRequest`, attributes and child elements become
/// members. `None` when it is neither form.
pub(crate) fn parse(body: &str) -> Option<Value> {
    let body = body.trim_start_matches('\u{feff}').trim();
    if body.starts_with('<') { from_xml(body) } else { serde_json::from_str(body).ok() }
}

fn from_xml(body: &str) -> Option<Value> {
    let mut reader = Reader::from_str(body);
    let mut open: Vec<(String, Map<String, Value>)> = Vec::new();
    loop {
        match reader.read_event().ok()? {
            Event::Start(tag) => open.push(element(&tag)?),
            Event::Empty(tag) => {
                let (name, members) = element(&tag)?;
                match open.last_mut() {
                    Some((_, parent)) => parent.insert(name, Value::Object(members)),
                    None => return (name == "tsRequest").then_some(Value::Object(members)),
                };
            }
            Event::End(_) => {
                let (name, members) = open.pop()?;
                match open.last_mut() {
                    Some((_, parent)) => parent.insert(name, Value::Object(members)),
                    None => return (name == "tsRequest").then_some(Value::Object(members)),
                };
            }
            Event::Eof => return None,
            _ => {}
        }
    }
}

fn element(tag: &BytesStart<'_>) -> Option<(String, Map<String, Value>)> {
    let mut members = Map::new();
    for attribute in tag.attributes() {
        let attribute = attribute.ok()?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?;
        members.insert(attribute.key.local_name().as_ref().to_owned(), Value::String(value.into_owned()));
    }
    Some((tag.local_name().as_ref().to_owned(), members))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_and_json_say_the_same() {
        let xml = r#"<tsRequest><credentials name="u&amp;" password="p"><site contentUrl="" /></credentials></tsRequest>"#;
        let json = r#"{"credentials":{"name":"u&","password":"p","site":{"contentUrl":""}}}"#;
        assert_eq!(parse(xml), parse(json));
        assert!(parse(xml).is_some());
    }

    #[test]
    fn what_is_neither_form_is_refused() {
        assert_eq!(parse("credentials=none"), None);
        assert_eq!(parse("<tsRequest><credentials"), None);
        assert_eq!(parse("<somethingElse/>"), None);
    }
}
