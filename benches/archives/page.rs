//! The page of the documentation that shows figures.

use std::path::{Path, PathBuf};

use super::place::Outcome;

/// Writes figures into the documentation, between the comments of their word.
pub(crate) fn write(word: &str, figures: &str) -> Outcome<()> {
    let page: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/performance.md");
    let text = std::fs::read_to_string(&page)?;
    let (opens, closes) = (format!("<!-- figures of {word} -->\n"), format!("<!-- end of {word} -->"));
    let place = text.split_once(&opens).and_then(|(before, rest)| Some((before, rest.split_once(&closes)?.1)));
    let Some((before, after)) = place else {
        return Err(format!("{} has no place for the figures of {word}", page.display()).into());
    };
    std::fs::write(&page, format!("{before}{opens}{figures}{closes}{after}"))?;
    Ok(())
}
