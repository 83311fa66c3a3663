//! The book of the documentation (`book.toml`, <https://rust-lang.github.io/mdBook/>): every page is in its summary, and no link of a page leads nowhere.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn pages() -> Vec<PathBuf> {
    let folder = std::fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    folder.filter(|path| path.extension().is_some_and(|end| end == "md")).collect()
}

/// Where the links of a page lead: paths, without what is behind `#`; none of them of the web.
fn links(text: &str) -> BTreeSet<String> {
    let mut in_block = false;
    let prose = text.lines().filter(|line| {
        in_block ^= line.starts_with("```");
        !in_block
    });
    let links = prose.flat_map(|line| line.split("](").skip(1).filter_map(|rest| rest.split(')').next()));
    let paths = links.filter(|link| !link.contains("://")).filter_map(|link| link.split('#').next());
    paths.filter(|path| !path.is_empty()).map(str::to_owned).collect()
}

#[test]
fn every_page_is_in_the_summary() {
    let summary = std::fs::read_to_string(root().join("docs/SUMMARY.md")).unwrap();
    let listed = links(&summary);
    for page in pages() {
        let name = page.file_name().unwrap().to_string_lossy().into_owned();
        assert!(name == "SUMMARY.md" || listed.contains(&name), "docs/SUMMARY.md does not list {name}");
    }
    assert!(listed.contains("diagnostics/README.md"));
}

/// The book has what its summary lists, and no other page.
#[test]
fn every_link_to_a_page_leads_to_one_of_the_book() {
    let listed = links(&std::fs::read_to_string(root().join("docs/SUMMARY.md")).unwrap());
    let mut led = 0;
    for name in &listed {
        let page = root().join("docs").join(name);
        for link in links(&std::fs::read_to_string(&page).unwrap()).iter().filter(|link| link.ends_with(".md")) {
            let path = page.parent().unwrap().join(link).canonicalize().unwrap();
            let within = path.strip_prefix(root().join("docs").canonicalize().unwrap());
            let within = within.unwrap_or_else(|_| panic!("{name}: {link} is outside of the book"));
            assert!(listed.contains(&*within.to_string_lossy()), "{name}: {link} is not in the book");
            led += 1;
        }
    }
    assert!(led > 200, "{led}");
}

/// What the pages of the book lead to beside it is what is put there; and mdBook leaves their names as they are.
#[test]
fn what_the_book_leads_to_is_put_beside_it() {
    let settings = std::fs::read_to_string(root().join("book.toml")).unwrap();
    assert!(settings.contains("\nbuild-dir = \"book/docs\"\n"), "{settings}");
    assert!(settings.contains("\nuse-default-preprocessors = false\n"), "README.md would be index.html: {settings}");
    let mut beside = BTreeSet::new();
    for page in pages() {
        for link in links(&std::fs::read_to_string(&page).unwrap()).iter().filter(|link| !link.ends_with(".md")) {
            let folder = link.strip_prefix("../").and_then(|link| link.split('/').next());
            beside.insert(folder.unwrap_or_else(|| panic!("{}: {link}", page.display())).to_owned());
        }
    }
    let put = std::fs::read_to_string(root().join("README.md")).unwrap();
    let folders: Vec<&str> = beside.iter().map(String::as_str).collect();
    assert!(put.contains(&format!("mdbook build && cp -r {} book/", folders.join(" "))), "{folders:?}");
}

#[test]
fn every_link_of_a_page_leads_to_a_file() {
    let mut led = 0;
    for page in
        pages().into_iter().chain(["README.md", "README.ja.md", "CONTRIBUTING.md"].map(|name| root().join(name)))
    {
        for link in links(&std::fs::read_to_string(&page).unwrap()) {
            let path = page.parent().unwrap().join(&link);
            assert!(path.exists(), "{}: {link}", page.display());
            led += 1;
        }
    }
    assert!(led > 60, "{led}");
}
