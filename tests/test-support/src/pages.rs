//! The fenced blocks of README and of the pages in `docs/`.

use std::fs;

use crate::repository;

/// A fenced block.
pub struct Block {
    /// The file that it stands in.
    pub page: String,
    /// The line of its fence.
    pub line: usize,
    /// What the fence names.
    pub language: String,
    /// The HTML comment before it, which readers do not see.
    pub mark: String,
    /// What stands in it.
    pub text: String,
}

impl Block {
    /// Where it is, for messages.
    pub fn place(&self) -> String {
        format!("{}:{}", self.page, self.line)
    }
}

/// README and the pages, by their paths in the repository.
pub fn pages() -> Vec<String> {
    let folder = fs::read_dir(repository("docs")).expect("the pages");
    let mut pages: Vec<String> = folder
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .map(|path| format!("docs/{}", path.file_name().expect("a name").to_string_lossy()))
        .collect();
    pages.sort();
    pages.insert(0, "README.md".to_owned());
    pages
}

/// All blocks in one of these languages.
pub fn blocks(languages: &[&str]) -> Vec<Block> {
    let mut blocks = Vec::new();
    for page in pages() {
        let text = fs::read_to_string(repository(&page)).expect("a page");
        let mut lines = text.lines().zip(1..);
        let mut mark = "";
        while let Some((line, number)) = lines.next() {
            let indent = line.len() - line.trim_start().len();
            let Some(language) = line[indent..].strip_prefix("```") else {
                mark = line
                    .trim()
                    .strip_prefix("<!-- ")
                    .and_then(|line| line.strip_suffix(" -->"))
                    .unwrap_or_default();
                continue;
            };
            let inside = lines.by_ref().map(|(line, _)| line).take_while(|line| line.trim() != "```");
            // A block of a list is indented as a whole.
            let text: String =
                inside.flat_map(|line| [line.get(indent..).unwrap_or_default(), "\n"]).collect();
            blocks.push(Block {
                page: page.clone(),
                line: number,
                language: language.to_owned(),
                mark: mark.to_owned(),
                text,
            });
        }
    }
    blocks.retain(|block| languages.contains(&block.language.as_str()));
    blocks
}
