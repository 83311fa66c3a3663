//! Paths compared as they are written: without a file system, links cannot be followed.

/// A path without its `.` and, where it can be said, without its `..`. In their order, whatever lies inside a folder comes right
/// behind it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place<'a> {
    absolute: bool,
    /// How many folders above the plan's it begins: the `..` that stay.
    up: usize,
    parts: Vec<&'a str>,
}

impl<'a> Place<'a> {
    pub(super) fn new(path: &'a str) -> Self {
        let absolute = path.starts_with('/');
        let (mut up, mut parts) = (0, Vec::new());
        for part in path.split('/') {
            match part {
                "" | "." => {}
                ".." if !parts.is_empty() => drop(parts.pop()),
                ".." if absolute => {}
                ".." => up += 1,
                part => parts.push(part),
            }
        }
        Self { absolute, up, parts }
    }

    /// The path itself, then each folder above it, as far as they can be named.
    pub(super) fn and_above(&self) -> impl Iterator<Item = Self> {
        let above = (0..=self.parts.len()).rev().filter_map(|length| self.parts.get(..length));
        above.map(|parts| Self { parts: parts.to_vec(), ..*self })
    }

    /// What is left of this path below `root`; none where it does not lie there, or where that cannot be said because one of
    /// them is relative and the other is not, or begins further up.
    pub(super) fn below(&self, root: &Self) -> Option<&[&'a str]> {
        let same = self.absolute == root.absolute && self.up == root.up;
        self.parts.strip_prefix(root.parts.as_slice()).filter(|_| same)
    }
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn a_path_and_what_is_above_it() {
        let all = |path| Place::new(path).and_above().collect::<Vec<_>>();
        assert_eq!(all("/a/./b"), ["/a/b", "/a", "/"].map(Place::new));
        assert_eq!(all("a"), ["a", "."].map(Place::new));
        assert_eq!(all("../a"), ["../a", ".."].map(Place::new));
        assert_eq!(all("/"), ["/"].map(Place::new));
    }

    #[test]
    fn what_lies_inside_a_folder_comes_right_behind_it() {
        let mut places = ["b", "../x", "a-b", "a/c", ".", "a", "-", "..", "/a", "/"].map(Place::new);
        places.sort();
        assert_eq!(places, [".", "-", "a", "a/c", "a-b", "b", "..", "../x", "/", "/a"].map(Place::new));
    }

    #[test]
    fn paths_are_compared_by_whole_parts() {
        let below = |path, root| Place::new(path).below(&Place::new(root)).map(|parts| parts.join("/"));
        assert_eq!(below("/srv/a/b", "/srv/a/"), Some("b".to_owned()));
        assert_eq!(below("/srv/./x/../a", "/srv/a"), Some(String::new()));
        assert_eq!(below("/srv/ab", "/srv/a"), None);
        assert_eq!(below("srv/a", "/srv"), None);
        assert_eq!(below("../a", ".."), Some("a".to_owned()));
        assert_eq!(below("/../etc", "/etc"), Some(String::new()));
        assert_eq!(below("anything", "."), Some("anything".to_owned()));
        assert_eq!(below("../a", "."), None);
        assert_eq!(below("../../a", ".."), None);
    }
}
