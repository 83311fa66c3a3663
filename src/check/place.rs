//! Paths compared as they are written: without a file system, links cannot be followed.

/// A path without its `.` and, where it can be said, without its `..`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place<'a> {
    absolute: bool,
    parts: Vec<&'a str>,
}

impl<'a> Place<'a> {
    pub(super) fn new(path: &'a str) -> Self {
        let absolute = path.starts_with('/');
        let mut parts = Vec::new();
        for part in path.split('/') {
            match part {
                "" | "." => {}
                ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
                ".." if absolute => {}
                part => parts.push(part),
            }
        }
        Self { absolute, parts }
    }

    /// What is left of this path below `root`; none where it does not lie there, or where one of them is relative
    /// and the other is not.
    pub(super) fn below(&self, root: &Self) -> Option<&[&'a str]> {
        let same = self.absolute == root.absolute;
        self.parts.strip_prefix(root.parts.as_slice()).filter(|_| same)
    }
}

#[cfg(test)]
mod tests {
    use super::Place;

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
    }
}
