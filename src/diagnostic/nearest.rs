//! "Did you mean".

/// The word of `known` that is nearest to `word`, where one is near enough to have been meant.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let slips_max = 1 + word.chars().count() / 4;
    known
        .into_iter()
        .map(|candidate| (strsim::osa_distance(&word.to_lowercase(), &candidate.to_lowercase()), candidate))
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
    }
}
