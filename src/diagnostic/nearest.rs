//! "Did you mean".

/// Of how many known names the nearest is looked for: more would take minutes on a hostile plan, and help nobody.
const CANDIDATES_MAX: usize = 500;

/// The word of `known` that is nearest to `word`, where one is near enough to have been meant.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let slips_max = 1 + word.chars().count() / 4;
    let word = word.to_lowercase();
    let length = word.chars().count();
    known
        .into_iter()
        .map(|candidate| (candidate, candidate.to_lowercase()))
        // So many slips it takes at least; comparing letter by letter takes long.
        .filter(|(_, lower)| length.abs_diff(lower.chars().count()) <= slips_max)
        .map(|(candidate, lower)| (strsim::osa_distance(&word, &lower), candidate))
        .filter(|(slips, candidate)| *slips <= slips_max && *slips < candidate.chars().count())
        .min()
        .map(|(_, candidate)| candidate)
}

/// A help line that names what is known: the nearest name, or all of them where they are few.
pub fn known_names<'a>(wanted: &str, kind: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    const SHOWN_MAX: usize = 8;
    if let Some(meant) = nearest(wanted, known.clone().take(CANDIDATES_MAX)) {
        return format!("did you mean \"{meant}\"?");
    }
    let shown: Vec<_> = known.clone().take(SHOWN_MAX).map(|name| format!("\"{name}\"")).collect();
    match (shown.len(), known.take(SHOWN_MAX + 1).count() > SHOWN_MAX) {
        (0, _) => format!("this plan declares no {kind}"),
        (_, false) => format!("this plan declares {}", shown.join(", ")),
        (_, true) => format!("this plan declares {} and more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_slips_and_no_strangers() {
        let words = ["schedule", "store", "retention", "archive"];
        assert_eq!(nearest("shedule", words), Some("schedule"));
        assert_eq!(nearest("Store", words), Some("store"));
        assert_eq!(nearest("retenshun", words), Some("retention"));
        assert_eq!(nearest("notify", words), None);
        assert_eq!(nearest("", words), None);
        // Longer by as much as may be wrong, and by one letter more.
        assert_eq!(nearest("xxxstore", words), Some("store"));
        assert_eq!(nearest("xxxxstore", words), None);
    }
}
