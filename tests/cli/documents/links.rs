//! Links of README and of the other documents at the top lead somewhere. `.ci/docs` looks at those of the pages.

use std::fs;

use test_support::repository;

/// The name that a heading has in addresses.
fn anchor(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
    words.chars().filter(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '_')).collect()
}

#[test]
fn every_link_of_the_documents_at_the_top_leads_to_a_file_and_a_heading() {
    let mut count = 0;
    for page in ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"] {
        let text = fs::read_to_string(repository(page)).expect("a document");
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.starts_with("https://") {
                continue;
            }
            let (path, heading) = target.split_once('#').unwrap_or((target, ""));
            let path = if path.is_empty() { page } else { path };
            let there = fs::read_to_string(repository(path));
            let there = there.unwrap_or_else(|error| panic!("{page} links to {target}: {error}"));
            let mut headings = there.lines().filter(|line| line.starts_with('#')).map(anchor);
            assert!(heading.is_empty() || headings.any(|one| one == heading), "{page} links to {target}");
            count += 1;
        }
    }
    assert!(count > 5, "{count}");
}
