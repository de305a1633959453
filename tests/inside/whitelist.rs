//! The few statements that sqlfluff does not know: their properties, by Snowflake's documentation.
//!
//! docs.snowflake.com: "CREATE EXTERNAL ACCESS INTEGRATION", "ALTER EXTERNAL ACCESS INTEGRATION", "CREATE NOTIFICATION
//! INTEGRATION (email)" and "(webhooks)", and "GRANT <privileges>", whose schema privileges lack CREATE ALERT in sqlfluff.

const SECRETS: (&str, Value) = ("ALLOWED_AUTHENTICATION_SECRETS", Value::Names);
const ENABLED: (&str, Value) = ("ENABLED", Value::OneOf(&["TRUE", "FALSE"]));
const COMMENT: (&str, Value) = ("COMMENT", Value::Text);
const RULES: (&str, Value) = ("ALLOWED_NETWORK_RULES", Value::Names);

const FORMS: [Form; 10] = [
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
        start: "CREATE NOTIFICATION INTEGRATION IF NOT EXISTS \"API__TABLEAU__WEBHOOK\"",
        set: false,
        properties: &[
            ("TYPE", Value::OneOf(&["WEBHOOK"])),
            ENABLED,
            ("WEBHOOK_URL", Value::Text),
            ("WEBHOOK_SECRET", Value::Name),
            ("WEBHOOK_BODY_TEMPLATE", Value::Text),
            ("WEBHOOK_HEADERS", Value::Pairs),
            COMMENT,
        ],
        required: &["TYPE", "ENABLED", "WEBHOOK_URL"],
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
    Form {
        start: "CREATE COMPUTE POOL IF NOT EXISTS",
        set: false,
        properties: &[
            ("MIN_NODES", Value::Number),
            ("MAX_NODES", Value::Number),
            ("INSTANCE_FAMILY", Value::OneOf(&["CPU_X64_XS"])),
            ("AUTO_RESUME", Value::OneOf(&["TRUE", "FALSE"])),
            ("INITIALLY_SUSPENDED", Value::OneOf(&["TRUE", "FALSE"])),
            ("AUTO_SUSPEND_SECS", Value::Number),
            COMMENT,
        ],
        required: &["MIN_NODES", "MAX_NODES", "INSTANCE_FAMILY"],
    },
    Form { start: "CREATE IMAGE REPOSITORY IF NOT EXISTS", set: false, properties: &[], required: &[] },
    Form { start: "GRANT CREATE ALERT ON SCHEMA", set: false, properties: &[], required: &[] },
    Form { start: "GRANT CREATE SERVICE ON SCHEMA", set: false, properties: &[], required: &[] },
    Form { start: "GRANT READ, WRITE ON IMAGE REPOSITORY", set: false, properties: &[], required: &[] },
    Form { start: "GRANT USAGE, MONITOR ON COMPUTE POOL", set: false, properties: &[], required: &[] },
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
    Name,
    Names,
    Number,
    Pairs,
    Texts,
    Text,
    OneOf(&'static [&'static str]),
}

/// `None` when it is no statement of these forms; otherwise what is wrong with it, if anything.
pub fn check(statement: &str) -> Option<Result<(), String>> {
    let form = FORMS.iter().find(|form| statement.starts_with(form.start))?;
    let name = form.start.find('"').unwrap_or(form.start.len());
    Some(properties(form, tokens(&statement[name..])))
}

/// A task that executes a job: its text with a query in the job's place, for sqlfluff, and what is wrong with the job.
pub fn job(statement: &str) -> Option<(String, Result<(), String>)> {
    let (task, job) = statement.split_once("AS\nEXECUTE JOB SERVICE\n")?;
    Some((format!("{task}AS\nSELECT 1 AS DONE"), checked(job)))
}

/// docs.snowflake.com, "EXECUTE JOB SERVICE": the pool, then properties, the specification at the end; "Service
/// specification reference".
fn checked(job: &str) -> Result<(), String> {
    let (head, specification) = job.split_once("$$").ok_or("no specification")?;
    let (specification, rest) = specification.split_once("$$").ok_or("a specification without an end")?;
    let mut tokens = tokens(head).into_iter().peekable();
    for word in ["IN", "COMPUTE", "POOL"] {
        expect(&mut tokens, word)?;
    }
    name(&mut tokens)?;
    expect(&mut tokens, "QUERY_WAREHOUSE")?;
    expect(&mut tokens, "=")?;
    name(&mut tokens)?;
    expect(&mut tokens, "EXTERNAL_ACCESS_INTEGRATIONS")?;
    expect(&mut tokens, "=")?;
    list(&mut tokens, name)?;
    expect(&mut tokens, "FROM")?;
    expect(&mut tokens, "SPECIFICATION")?;
    if tokens.next().is_some() || !rest.trim().is_empty() {
        return Err("something follows the specification, which stands at the end".to_owned());
    }
    let specification: serde_json::Value =
        serde_json::from_str(specification).map_err(|error| error.to_string())?;
    let containers = specification["spec"]["containers"].as_array().ok_or("no containers")?;
    let known = ["name", "image", "args", "env", "secrets"];
    let keys = containers.iter().filter_map(|one| one.as_object()).flat_map(|one| one.keys());
    let unknown = keys.clone().find(|key| !known.contains(&key.as_str()));
    unknown.map_or(Ok(()), |key| Err(format!("`{key}` is not known of a container")))
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
    if form.start.starts_with("GRANT") {
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
            Value::Name => name(&mut tokens)?,
            Value::Names => list(&mut tokens, name)?,
            Value::Number => number(&mut tokens)?,
            Value::Pairs => list(&mut tokens, pair)?,
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

fn number(tokens: &mut Tokens) -> Result<(), String> {
    let token = tokens.next().unwrap_or_default();
    token.parse::<u32>().map(drop).map_err(|_| format!("a number was expected, not `{token}`"))
}

fn pair(tokens: &mut Tokens) -> Result<(), String> {
    text(tokens)?;
    expect(tokens, "=")?;
    text(tokens)
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
    assert!(check("CREATE COMPUTE POOL IF NOT EXISTS \"P\" MIN_NODES = one").unwrap().is_err());
    let job = |text: &str| job(&format!("CREATE TASK \"T\"\nAS\nEXECUTE JOB SERVICE\n{text}")).unwrap().1;
    let right = "IN COMPUTE POOL \"P\"\nQUERY_WAREHOUSE = \"W\"\nEXTERNAL_ACCESS_INTEGRATIONS = (\"I\")\nFROM SPECIFICATION\n$$\n\
                 {\"spec\": {\"containers\": [{\"name\": \"n\"}]}}\n$$";
    assert_eq!(job(right), Ok(()));
    for (part, wrong) in [
        ("QUERY_WAREHOUSE", "WAREHOUSE"),
        ("\"name\"", "\"nam\""),
        ("containers", "container"),
        ("}}\n$$", "}\n$$"),
    ] {
        assert!(job(&right.replace(part, wrong)).is_err(), "{wrong}");
    }
    assert!(check("CREATE TABLE \"A\" (B INTEGER)").is_none());
}
