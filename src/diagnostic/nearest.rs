//! "Did you mean".

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
