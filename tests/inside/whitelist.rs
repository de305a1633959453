//! The few statements that sqlfluff does not know: their properties, by Snowflake's documentation.
//!
//! docs.snowflake.com: "CREATE EXTERNAL ACCESS INTEGRATION", "ALTER EXTERNAL ACCESS INTEGRATION", "CREATE NOTIFICATION
//! INTEGRATION (email)", and "GRANT <privileges>", whose schema privileges lack CREATE ALERT in sqlfluff.

const SECRETS: (&str, Value) = ("ALLOWED_AUTHENTICATION_SECRETS", Value::Names);
const ENABLED: (&str, Value) = ("ENABLED", Value::OneOf(&["TRUE", "FALSE"]));
const COMMENT: (&str, Value) = ("COMMENT", Value::Text);
const RULES: (&str, Value) = ("ALLOWED_NETWORK_RULES", Value::Names);

const FORMS: [Form; 4] = [
    Form {
        start: "CREATE EXTERNAL ACCESS INTEGRATION",
        set: false,
        properties: &[RULES, SECRETS, ENABLED, COMMENT],
        required: &["ALLOWED_NETWORK_RULES", "ENABLED"],
    },
    Form {
        start: "ALTER EXTERNAL ACCESS INTEGRATION",
        set: true,
        properties: &[RULES, SECRETS, ENABLED, COMMENT],
        required: &[],
    },
    Form {
        start: "CREATE NOTIFICATION INTEGRATION IF NOT EXISTS",
        set: false,
        properties: &[
            ("TYPE", Value::OneOf(&["EMAIL"])),
            ENABLED,
            ("ALLOWED_RECIPIENTS", Value::Texts),
            COMMENT,
        ],
        required: &["TYPE", "ENABLED"],
    },
    Form { start: "GRANT CREATE ALERT ON SCHEMA", set: false, properties: &[], required: &[] },
];

struct Form {
    start: &'static str,
    /// Whether `SET` stands before the properties.
    set: bool,
    properties: &'static [(&'static str, Value)],
    required: &'static [&'static str],
}

#[derive(Clone, Copy)]
enum Value {
    Names,
    Texts,
    Text,
    OneOf(&'static [&'static str]),
}

/// `None` when it is no statement of these forms; otherwise what is wrong with it, if anything.
pub fn check(statement: &str) -> Option<Result<(), String>> {
    let form = FORMS.iter().find(|form| statement.starts_with(form.start))?;
    Some(properties(form, tokens(&statement[form.start.len()..])))
}

/// sqlfluff takes any word for a property of a task, because a task may set session parameters.
pub fn unknown_task_property(statement: &str) -> Option<String> {
    let known = ["WAREHOUSE", "SCHEDULE", "USER_TASK_TIMEOUT_MS", "COMMENT", "AFTER", "WHEN"];
    let lines = statement.strip_prefix("CREATE TASK")?.lines().skip(1).take_while(|line| *line != "AS");
    let words = lines.filter_map(|line| line.split_whitespace().next());
    words.filter(|word| !known.contains(word)).map(|word| format!("`{word}` is no property")).next()
}

fn properties(form: &Form, tokens: Vec<String>) -> Result<(), String> {
    let mut tokens = tokens.into_iter().peekable();
    name(&mut tokens)?;
    if form.properties.is_empty() {
        expect(&mut tokens, "TO")?;
        expect(&mut tokens, "ROLE")?;
        name(&mut tokens)?;
    }
    if form.set {
        expect(&mut tokens, "SET")?;
    }
    let mut found = Vec::new();
    while let Some(property) = tokens.next() {
        let known = form.properties.iter().find(|(name, _)| *name == property);
        let (_, value) = known.ok_or_else(|| format!("`{property}` is no property"))?;
        expect(&mut tokens, "=")?;
        match value {
            Value::Names => list(&mut tokens, name)?,
            Value::Texts => list(&mut tokens, text)?,
            Value::Text => text(&mut tokens)?,
            Value::OneOf(words) => {
                let word = tokens.next().unwrap_or_default();
                if !words.contains(&word.as_str()) {
                    return Err(format!("`{property}` cannot be `{word}`"));
                }
            }
        }
        if found.contains(&property) {
            return Err(format!("`{property}` stands twice"));
        }
        found.push(property);
    }
    let missing = form.required.iter().find(|required| !found.iter().any(|property| property == *required));
    missing.map_or(Ok(()), |missing| Err(format!("`{missing}` is missing")))
}

type Tokens = std::iter::Peekable<std::vec::IntoIter<String>>;

fn expect(tokens: &mut Tokens, wanted: &str) -> Result<(), String> {
    match tokens.next() {
        Some(token) if token == wanted => Ok(()),
        other => Err(format!("`{wanted}` was expected, not {other:?}")),
    }
}

fn name(tokens: &mut Tokens) -> Result<(), String> {
    loop {
        let token = tokens.next().unwrap_or_default();
        if !token.starts_with('"') || token.len() < 3 {
            return Err(format!("a quoted name was expected, not `{token}`"));
        }
        if tokens.next_if(|token| token == ".").is_none() {
            return Ok(());
        }
    }
}

fn text(tokens: &mut Tokens) -> Result<(), String> {
    let token = tokens.next().unwrap_or_default();
    if token.starts_with('\'') { Ok(()) } else { Err(format!("a text was expected, not `{token}`")) }
}

fn list(tokens: &mut Tokens, element: fn(&mut Tokens) -> Result<(), String>) -> Result<(), String> {
    expect(tokens, "(")?;
    element(tokens)?;
    while tokens.next_if(|token| token == ",").is_some() {
        element(tokens)?;
    }
    expect(tokens, ")")
}

/// Words, quoted names, texts and single signs.
fn tokens(sql: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut letters = sql.chars().peekable();
    while let Some(letter) = letters.next() {
        let mut token = letter.to_string();
        if letter == '"' || letter == '\'' {
            while let Some(next) = letters.next() {
                token.push(next);
                if next == letter && letters.next_if_eq(&letter).is_none() {
                    break;
                }
            }
        } else if letter.is_alphanumeric() {
            while let Some(next) = letters.next_if(|next| next.is_alphanumeric() || *next == '_') {
                token.push(next);
            }
        } else if letter.is_whitespace() {
            continue;
        }
        tokens.push(token);
    }
    tokens
}

#[test]
fn the_whitelist_refuses_what_snowflake_does_not_document() {
    let create = "CREATE EXTERNAL ACCESS INTEGRATION \"I\" ";
    for (wrong, why) in [
        ("ALLOWED_NETWORK_RULES = (\"R\")", "`ENABLED` is missing"),
        ("ALLOWED_NETWORK_RULE = (\"R\") ENABLED = TRUE", "`ALLOWED_NETWORK_RULE` is no property"),
        ("ALLOWED_NETWORK_RULES = \"R\" ENABLED = TRUE", "`(` was expected"),
        ("ALLOWED_NETWORK_RULES = ('R') ENABLED = TRUE", "a quoted name was expected"),
        ("ALLOWED_NETWORK_RULES = (\"R\") ENABLED = YES", "`ENABLED` cannot be `YES`"),
        ("ALLOWED_NETWORK_RULES = (\"R\") ENABLED = TRUE ENABLED = FALSE", "`ENABLED` stands twice"),
        ("SET ENABLED = TRUE", "`SET` is no property"),
        ("ALLOWED_NETWORK_RULES = (\"A\".\"B\".) ENABLED = TRUE", "a quoted name was expected"),
    ] {
        let error = check(&format!("{create}{wrong}")).unwrap().unwrap_err();
        assert!(error.contains(why), "{wrong}: {error}");
    }
    assert!(check("ALTER EXTERNAL ACCESS INTEGRATION \"I\" ENABLED = TRUE").unwrap().is_err());
    assert!(check("GRANT CREATE ALERT ON SCHEMA \"A\" TO \"R\"").unwrap().is_err());
    assert!(check("CREATE TABLE \"A\" (B INTEGER)").is_none());
}
