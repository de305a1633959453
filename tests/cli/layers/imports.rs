//! Reads which file of `src/` uses what another file defines.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, File, Item, ItemMod, ItemUse, Macro, Meta, UseTree, Visibility};

/// One use: a line of one file needs another file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Import {
    pub from: String,
    pub line: usize,
    pub to: String,
    /// Whether something inside the file is used, or just its name as a module.
    pub item: bool,
}

/// Every import between two files of the crate, without unit tests.
pub fn imports(root: &Path) -> BTreeSet<Import> {
    let mut code = Code { root, modules: BTreeMap::new(), files: Vec::new() };
    code.read("lib", "src/lib.rs");
    code.read("main", "src/main.rs");
    let mut found = BTreeSet::new();
    for (module, file) in &code.files {
        let mut uses = Uses { code: &code, module: module.clone(), found: &mut found };
        uses.visit_file(file);
    }
    found
}

/// The modules by their paths, as `lib::store::sqlite`.
struct Code<'a> {
    root: &'a Path,
    modules: BTreeMap<String, Module>,
    files: Vec<(String, File)>,
}

struct Module {
    file: String,
    items: BTreeSet<String>,
    /// What `use` brings in, by its name here. Something that is only passed on counts where it is used.
    names: BTreeMap<String, Vec<String>>,
    globs: Vec<Vec<String>>,
}

impl Code<'_> {
    fn read(&mut self, module: &str, path: &str) {
        let text = fs::read_to_string(self.root.join(path)).expect(path);
        let file = syn::parse_file(&text).expect(path);
        self.define(module, path, &file.items);
        self.files.push((module.to_owned(), file));
    }

    fn define(&mut self, module: &str, file: &str, items: &[Item]) {
        let mut names = Names(Module {
            file: file.to_owned(),
            items: items.iter().filter_map(name_of).collect(),
            names: BTreeMap::new(),
            globs: Vec::new(),
        });
        for item in items {
            names.visit_item(item);
        }
        self.modules.insert(module.to_owned(), names.0);
        for child in items.iter().filter_map(|item| match item {
            Item::Mod(child) if !is_test(&child.attrs) => Some(child),
            _ => None,
        }) {
            let name = format!("{module}::{}", child.ident);
            if let Some((_, items)) = &child.content {
                self.define(&name, file, items);
                continue;
            }
            let folder =
                file.trim_end_matches("mod.rs").trim_end_matches("lib.rs").trim_end_matches("main.rs");
            let folder = folder.strip_suffix(".rs").unwrap_or(folder.trim_end_matches('/'));
            let beside = format!("{folder}/{}.rs", child.ident);
            let inside = format!("{folder}/{}/mod.rs", child.ident);
            self.read(&name, if self.root.join(&beside).exists() { &beside } else { &inside });
        }
    }

    /// The module that defines what a path names, and whether it names something inside of it. Follows re-exports.
    fn resolve(&self, at: &str, path: &[String], depth: usize) -> Option<(String, bool)> {
        if depth > 16 {
            return None;
        }
        let mut module = at.to_owned();
        for (position, name) in path.iter().enumerate() {
            match name.as_str() {
                "self" => {}
                "crate" => at.split("::").next()?.clone_into(&mut module),
                "tabmap" if at == "main" => "lib".clone_into(&mut module),
                "super" => module = module.rsplit_once("::")?.0.to_owned(),
                _ if self.modules.contains_key(&format!("{module}::{name}")) => {
                    module = format!("{module}::{name}");
                }
                _ => return self.inside(&module, path, position, depth),
            }
        }
        Some((module, false))
    }

    fn inside(&self, module: &str, path: &[String], position: usize, depth: usize) -> Option<(String, bool)> {
        let (name, known) = (&path[position], &self.modules[module]);
        if known.items.contains(name) {
            return Some((module.to_owned(), true));
        }
        if let Some(target) = known.names.get(name) {
            return self.resolve(module, &[target, &path[position + 1..]].concat(), depth + 1);
        }
        for glob in &known.globs {
            if let Some((target, false)) = self.resolve(module, glob, depth + 1)
                && target != module
                && let Some(found) = self.inside(&target, path, position, depth + 1)
            {
                return Some(found);
            }
        }
        // Behind a module stands what a macro made; a name without a module is from elsewhere.
        (position > 0).then(|| (module.to_owned(), true))
    }
}

fn name_of(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        matches!(&attribute.meta, Meta::List(list) if list.path.is_ident("cfg") && list.tokens.to_string() == "test")
    })
}

/// The paths of a `use`, each with the name it gets here (none: all names) and its line.
fn flatten(tree: &UseTree, before: &[String], found: &mut Vec<(Vec<String>, Option<String>, usize)>) {
    let with = |name: &Ident| [before, &[name.to_string()]].concat();
    match tree {
        UseTree::Path(path) => flatten(&path.tree, &with(&path.ident), found),
        UseTree::Name(name) if name.ident == "self" => {
            found.push((before.to_vec(), before.last().cloned(), name.ident.span().start().line));
        }
        UseTree::Name(name) => {
            found.push((with(&name.ident), Some(name.ident.to_string()), name.ident.span().start().line));
        }
        UseTree::Rename(name) => {
            found.push((with(&name.ident), Some(name.rename.to_string()), name.ident.span().start().line));
        }
        UseTree::Glob(glob) => found.push((before.to_vec(), None, glob.star_token.spans[0].start().line)),
        UseTree::Group(group) => group.items.iter().for_each(|tree| flatten(tree, before, found)),
    }
}

/// Collects what `use` brings into one module.
struct Names(Module);

impl<'ast> Visit<'ast> for Names {
    fn visit_item_mod(&mut self, _: &'ast ItemMod) {}

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let mut paths = Vec::new();
        flatten(&item.tree, &[], &mut paths);
        for (path, name, _) in paths {
            match name {
                Some(name) => drop(self.0.names.insert(name, path)),
                None => self.0.globs.push(path),
            }
        }
    }
}

/// Collects the imports of one file.
struct Uses<'a> {
    code: &'a Code<'a>,
    module: String,
    found: &'a mut BTreeSet<Import>,
}

impl Uses<'_> {
    fn found(&mut self, path: &[String], line: usize, passed_on: bool) {
        let Some((target, item)) = self.code.resolve(&self.module, path, 0) else { return };
        if passed_on && target.starts_with(&format!("{}::", self.module)) {
            return;
        }
        let (from, to) = (&self.code.modules[&self.module].file, &self.code.modules[&target].file);
        if from != to {
            self.found.insert(Import { from: from.clone(), line, to: to.clone(), item });
        }
    }

    /// The paths among the tokens of a macro or an attribute.
    fn tokens(&mut self, tokens: TokenStream) {
        let (mut path, mut line, mut joined, mut member) = (Vec::new(), 0, 0, false);
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if joined != 2 {
                        self.found_among_tokens(&mut path, line);
                    }
                    if !member {
                        line = ident.span().start().line;
                        path.push(ident.to_string());
                    }
                    (joined, member) = (0, false);
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => joined += 1,
                other => {
                    self.found_among_tokens(&mut path, line);
                    (joined, member) =
                        (0, matches!(&other, TokenTree::Punct(punct) if punct.as_char() == '.'));
                    if let TokenTree::Group(group) = other {
                        self.tokens(group.stream());
                    }
                }
            }
        }
        self.found_among_tokens(&mut path, line);
    }

    fn found_among_tokens(&mut self, path: &mut Vec<String>, line: usize) {
        // A single word may be a field or a variable with the name of a module.
        let is_item =
            path.len() > 1 || self.code.resolve(&self.module, path, 0).is_some_and(|(_, item)| item);
        if is_item {
            self.found(path, line, false);
        }
        path.clear();
    }
}

impl<'ast> Visit<'ast> for Uses<'_> {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if !is_test(&item.attrs) {
            let outer = self.module.clone();
            self.module = format!("{outer}::{}", item.ident);
            visit::visit_item_mod(self, item);
            self.module = outer;
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let mut paths = Vec::new();
        flatten(&item.tree, &[], &mut paths);
        for (path, _, line) in paths {
            self.found(&path, line, !matches!(item.vis, Visibility::Inherited));
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        let line = path.segments[0].ident.span().start().line;
        if path.leading_colon.is_none() {
            self.found_among_tokens(&mut names.clone(), line);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast Macro) {
        self.tokens(item.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if let Meta::List(list) = &attribute.meta {
            self.tokens(list.tokens.clone());
        }
    }
}
