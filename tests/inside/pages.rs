//! The SQL of the pages in `docs/` is Snowflake's. README's has a test of its own, which runs the section.

use test_support::pages::blocks;

use crate::parse::troubles;

#[test]
fn every_sql_block_of_the_pages_is_parsed() {
    let blocks = blocks(&["sql"]).into_iter();
    // What is SQLite's says so, and is run where the pages are.
    let of_snowflake =
        blocks.filter(|block| block.page != "README.md" && !block.text.starts_with("-- SQLite"));
    let (mut places, mut statements) = (Vec::new(), Vec::new());
    for block in of_snowflake {
        for statement in block.text.split_terminator(";\n").map(str::trim).filter(|text| !text.is_empty()) {
            places.push(block.place());
            statements.push(statement.to_owned());
        }
    }
    assert!(statements.len() > 2, "{statements:?}");
    for ((place, statement), trouble) in places.iter().zip(&statements).zip(troubles(&statements)) {
        assert_eq!(trouble, None, "{place}: {statement}");
    }
}
