//! REST answers: written once as a small tree of elements, rendered as XML or as Tableau's JSON.
//!
//! The two forms differ in shape, not only in syntax: JSON has no envelope, turns attributes into members, and
//! turns repeated elements into an array that is absent when there are none (`"workbooks":{}`).

use serde_json::{Map, Value};

/// One element: attributes, then children.
#[derive(Clone, Debug)]
pub(crate) struct Element {
    name: &'static str,
    attributes: Vec<(&'static str, String)>,
    children: Vec<Child>,
}

#[derive(Clone, Debug)]
enum Child {
    One(Element),
    /// Repeated elements of one name; an array in JSON.
    Many(&'static str, Vec<Element>),
    Text(String),
}

/// Which of the two forms a client asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Xml,
    Json,
}

impl Form {
    /// XML unless JSON is asked for by name.
    pub(crate) fn of_accept(accept: &str) -> Self {
        if accept.contains("application/json") { Self::Json } else { Self::Xml }
    }

    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Xml => "application/xml;charset=utf-8",
            Self::Json => "application/json;charset=utf-8",
        }
    }

    /// The body that says these elements.
    pub(crate) fn render(self, elements: &[Element]) -> String {
        match self {
            Self::Xml => xml(elements),
            Self::Json => {
                let members = elements.iter().map(|element| (element.name.to_owned(), element.json()));
                Value::Object(members.collect()).to_string()
            }
        }
    }
}

impl Element {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, attributes: Vec::new(), children: Vec::new() }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.attributes.push((name, value.into()));
        self
    }

    /// An attribute that may be absent.
    pub(crate) fn with_some(self, name: &'static str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    pub(crate) fn child(mut self, child: Self) -> Self {
        self.children.push(Child::One(child));
        self
    }

    pub(crate) fn child_some(self, child: Option<Self>) -> Self {
        match child {
            Some(child) => self.child(child),
            None => self,
        }
    }

    pub(crate) fn many(mut self, name: &'static str, elements: Vec<Self>) -> Self {
        self.children.push(Child::Many(name, elements));
        self
    }

    pub(crate) fn text(mut self, text: impl Into<String>) -> Self {
        self.children.push(Child::Text(text.into()));
        self
    }

    /// The same with those attributes alone that `is_wanted` by the names of element and attribute, its own and its
    /// children's; a child that is left with none goes.
    pub(crate) fn only(mut self, is_wanted: &dyn Fn(&str, &str) -> bool) -> Self {
        self.attributes.retain(|(attribute, _)| is_wanted(self.name, attribute));
        let children = self.children.into_iter().filter_map(|child| match child {
            Child::One(child) => {
                let child = child.only(is_wanted);
                (!child.attributes.is_empty()).then_some(Child::One(child))
            }
            other => Some(other),
        });
        self.children = children.collect();
        self
    }

    fn json(&self) -> Value {
        if let (true, [Child::Text(text)]) = (self.attributes.is_empty(), self.children.as_slice()) {
            return Value::String(text.clone());
        }
        let mut members = Map::new();
        for child in &self.children {
            match child {
                Child::One(element) => members.insert(element.name.to_owned(), element.json()),
                Child::Many(_, elements) if elements.is_empty() => None,
                Child::Many(name, elements) => {
                    members.insert((*name).to_owned(), elements.iter().map(Self::json).collect())
                }
                Child::Text(text) => members.insert("value".to_owned(), Value::String(text.clone())),
            };
        }
        for (name, value) in &self.attributes {
            members.insert((*name).to_owned(), Value::String(value.clone()));
        }
        Value::Object(members)
    }

    fn write_xml(&self, out: &mut String) {
        out.push('<');
        out.push_str(self.name);
        for (name, value) in &self.attributes {
            out.push(' ');
            out.push_str(name);
            out.push_str("=\"");
            escape(value, out);
            out.push('"');
        }
        if self.children.is_empty() {
            out.push_str("/>");
            return;
        }
        out.push('>');
        for child in &self.children {
            match child {
                Child::One(element) => element.write_xml(out),
                Child::Many(_, elements) => elements.iter().for_each(|element| element.write_xml(out)),
                Child::Text(text) => escape(text, out),
            }
        }
        out.push_str("</");
        out.push_str(self.name);
        out.push('>');
    }
}

fn xml(elements: &[Element]) -> String {
    let mut out = String::from(concat!(
        "<?xml version='1.0' encoding='UTF-8'?>",
        r#"<tsResponse xmlns="http://tableau.com/api" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" "#,
        r#"xsi:schemaLocation="http://tableau.com/api https://help.tableau.com/samples/en-us/rest_api/ts-api_3_29.xsd">"#,
    ));
    for element in elements {
        element.write_xml(&mut out);
    }
    out.push_str("</tsResponse>");
    out
}

/// Escapes for attributes and text alike. Line breaks and tabs go out as references, because a parser turns
/// them into spaces when they stand in an attribute as they are.
fn escape(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            '\t' => out.push_str("&#9;"),
            // XML 1.0 has no way to say these.
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_list_has_no_member_in_json() {
        let list = [Element::new("workbooks").many("workbook", Vec::new())];
        assert_eq!(Form::Json.render(&list), r#"{"workbooks":{}}"#);
        assert!(Form::Xml.render(&list).contains("<workbooks></workbooks>"));
    }

    #[test]
    fn text_beside_attributes_is_called_value_in_json() {
        let version = Element::new("productVersion").with("build", "1").text("2026.2.0");
        assert_eq!(Form::Json.render(&[version]), r#"{"productVersion":{"build":"1","value":"2026.2.0"}}"#);
    }

    #[test]
    fn line_breaks_survive_in_attributes() {
        let element = Element::new("workbook").with("name", "a\n\t\"b\"<&>");
        assert!(Form::Xml.render(&[element]).contains(r#"name="a&#10;&#9;&quot;b&quot;&lt;&amp;&gt;""#));
    }
}
