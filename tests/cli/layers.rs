//! The layers of `src/`: imports go down only, and no files import each other in a circle.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;
use std::fs;
use std::iter;
use std::path::Path;

use self::imports::{Import, imports};

mod imports;

/// From the top. A module of `src/` may use its own layer and those below it.
const LAYERS: &[&[&str]] = &[
    &["main", "lib"],
    &["commands"],
    &["fuzzing"],
    &["report"],
    &["config"],
    &["serve"],
    &["check"],
    &["doctor"],
    &["refresh"],
    &["sync", "resolve", "history"],
    &["store"],
    &["source"],
    &["tableau"],
    &["browser_url", "diff", "plan", "snapshot", "mapping"],
    &["resource"],
    &[
        "text",
        "index",
        "retry",
        "schema_version",
        "toml_error",
        "loopback",
        "whole_file",
        "regular_file",
        "bounded_body",
        "ca_bundle",
        "clock",
    ],
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn layer(file: &str) -> (usize, &str) {
    let inside = file.strip_prefix("src/").expect("a file of src");
    let module = inside.split('/').next().expect("a name").trim_end_matches(".rs");
    match LAYERS.iter().position(|layer| layer.contains(&module)) {
        Some(layer) => (layer, module),
        None => panic!("{file}: `{module}` is in no layer. Name it in tests/cli/layers.rs"),
    }
}

/// Those that go up.
fn upward(imports: &BTreeSet<Import>) -> Vec<&Import> {
    imports.iter().filter(|import| layer(&import.to).0 < layer(&import.from).0).collect()
}

/// The imports by the file that imports, without the mere names of modules.
fn graph(imports: &BTreeSet<Import>) -> BTreeMap<&str, Vec<&Import>> {
    let mut graph: BTreeMap<&str, Vec<&Import>> = BTreeMap::new();
    for import in imports.iter().filter(|import| import.item) {
        graph.entry(&import.from).or_default().push(import);
    }
    graph
}

/// The shortest way of imports from one file to another.
fn way<'a>(graph: &BTreeMap<&str, Vec<&'a Import>>, from: &'a str, to: &str) -> Option<Vec<&'a Import>> {
    let mut reached: BTreeMap<&str, Option<&Import>> = BTreeMap::from([(from, None)]);
    let mut next = VecDeque::from([from]);
    while let Some(file) = next.pop_front() {
        if file == to {
            let last = |file| reached[file];
            let mut steps: Vec<_> = iter::successors(last(file), |step| last(&*step.from)).collect();
            steps.reverse();
            return Some(steps);
        }
        for import in graph.get(file).into_iter().flatten() {
            reached.entry(&import.to).or_insert_with(|| {
                next.push_back(&import.to);
                Some(import)
            });
        }
    }
    None
}

/// The circles, each once, by their steps.
fn circles<'a>(graph: &BTreeMap<&str, Vec<&'a Import>>) -> impl Iterator<Item = Vec<&'a Import>> {
    let mut circles: BTreeMap<BTreeSet<&str>, Vec<&Import>> = BTreeMap::new();
    for import in graph.values().flatten() {
        if let Some(back) = way(graph, &import.to, &import.from) {
            let circle: Vec<&Import> = iter::once(*import).chain(back).collect();
            circles.entry(circle.iter().map(|step| &*step.from).collect()).or_insert(circle);
        }
    }
    circles.into_values()
}

#[test]
fn imports_go_down_and_in_no_circle() {
    let imports = imports(root());
    let mut wrong = String::new();
    for import in upward(&imports) {
        let (from, to) = (layer(&import.from).1, layer(&import.to).1);
        let (file, line, target) = (&import.from, import.line, &import.to);
        writeln!(wrong, "{file}:{line}: `{from}` uses {target}, and `{to}` is a layer above it").unwrap();
    }
    for circle in circles(&graph(&imports)) {
        wrong.push_str("a circle:\n");
        for step in circle {
            writeln!(wrong, "    {}:{} uses {}", step.from, step.line, step.to).unwrap();
        }
    }
    assert!(wrong.is_empty(), "Imports go down only (docs/architecture.md):\n{wrong}");
}

#[test]
fn the_architecture_names_the_layers_in_their_order() {
    let text = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let (_, section) = text.split_once("\n## Layers\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let named: Vec<Vec<&str>> = section
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .map(|row| row.split(" | ").next().unwrap().split(", ").map(|name| name.trim_matches('`')).collect())
        .collect();
    assert_eq!(named, LAYERS);
    for module in LAYERS.concat() {
        let exists = ["src/{}.rs", "src/{}/mod.rs"]
            .iter()
            .any(|file| root().join(file.replace("{}", module)).exists());
        assert!(exists, "there is no module `{module}`");
    }
}
