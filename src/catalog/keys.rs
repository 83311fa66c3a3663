//! Where the parts of a recovery point lie in a store: `plan/target/backup/host/point` and what it is.

use serde::{Deserialize, Serialize};

use crate::primitives::{Digest, JobName, Key, Name, PointId};

/// A recovery point's place in a store.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PointPlace {
    /// The plan it was made by.
    pub plan: Name,
    /// The job.
    pub job: JobName,
    /// The host, as [`host_name`] has it.
    pub host: Name,
    /// Which of them.
    pub point: PointId,
}

/// One of the objects that a recovery point is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The data: one zip that holds one tar.
    Archive,
    /// The list of what is in the archive.
    Contents,
    /// What makes it a recovery point.
    Manifest,
}

impl Part {
    /// All of them, in the order in which they are written.
    pub const ALL: [Self; 3] = [Self::Archive, Self::Contents, Self::Manifest];

    /// What its key ends in.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Archive => ".tar.zip",
            Self::Contents => ".contents.jsonl.gz",
            Self::Manifest => ".manifest.json",
        }
    }
}

impl PointPlace {
    /// The key of a part.
    pub fn key(&self, part: Part) -> Key {
        let text = [&*host_prefix(&self.plan, &self.job, &self.host), &self.point.to_string(), part.ending()].concat();
        // A name is a sound part of a key, and four of 64 bytes with a point fit 1,024.
        Key::parse(&text).expect("names and points make keys")
    }

    /// The name of the tar inside the archive.
    pub fn tar_name(&self) -> String {
        format!("{}.tar", self.point)
    }

    /// Reads a key; none where it is no part of a recovery point.
    pub fn parse(key: &Key) -> Option<(Self, Part)> {
        let (folder, file) = key.as_str().rsplit_once('/')?;
        let (point, part) = point_and_part(file)?;
        let mut parts = folder.split('/');
        let mut name = || Name::parse(parts.next()?).ok();
        let (plan, target, backup, host) = (name()?, name()?, name()?, name()?);
        let is_whole = parts.next().is_none();
        is_whole.then_some((Self { plan, job: JobName { target, backup }, host, point }, part))
    }

    /// The same, of a key that mostly lies beside that place: names are read once then, and shared.
    pub fn parse_beside(&self, key: &Key) -> Option<(Self, Part)> {
        let beside = key.as_str().rsplit_once('/').filter(|(folder, _)| self.is_in(folder));
        let Some((_, file)) = beside else { return Self::parse(key) };
        point_and_part(file).map(|(point, part)| (Self { point, ..self.clone() }, part))
    }

    fn is_in(&self, folder: &str) -> bool {
        let names = [&self.plan, &self.job.target, &self.job.backup, &self.host];
        folder.split('/').eq(names.map(Name::as_str))
    }
}

/// What a file's name says.
fn point_and_part(file: &str) -> Option<(PointId, Part)> {
    let (part, stem) = Part::ALL.iter().find_map(|part| Some((*part, file.strip_suffix(part.ending())?)))?;
    Some((PointId::parse(stem).ok()?, part))
}

/// What the keys of all points of a plan begin with.
pub fn plan_prefix(plan: &Name) -> String {
    format!("{plan}/")
}

/// What the keys of all points of a job begin with, whatever the host.
pub fn job_prefix(plan: &Name, job: &JobName) -> String {
    format!("{plan}/{}/{}/", job.target, job.backup)
}

/// What the keys of all points of a job on one host begin with.
pub fn host_prefix(plan: &Name, job: &JobName, host: &Name) -> String {
    [plan.as_str(), job.target.as_str(), job.backup.as_str(), host.as_str(), ""].join("/")
}

/// A host's name as a part of a key. One that needs no change stays as it is; another gets a few digits of its
/// digest, so that two hosts never share a place.
pub fn host_name(host: &str) -> Name {
    if let Ok(name) = Name::parse(host) {
        return name;
    }
    let digest = Digest::of(host.as_bytes());
    let kept: String = host
        .chars()
        .take(48)
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '.') { c } else { '_' })
        .collect();
    let hex: String = digest.as_bytes().iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    // It begins with a letter, holds what a name may, and has at most 5 + 48 + 9 bytes.
    Name::parse(&format!("host-{kept}-{hex}")).expect("a host's name is made of what a name may hold")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place(text: &str) -> PointPlace {
        PointPlace::parse(&Key::parse(text).unwrap()).unwrap().0
    }

    #[test]
    fn keys_are_built_and_read() {
        let text = "smaregi/shop/full/web-1/20260301T053000Z-9f3a2c1b.tar.zip";
        let place = place(text);
        assert_eq!(place.key(Part::Archive).as_str(), text);
        assert_eq!(place.tar_name(), "20260301T053000Z-9f3a2c1b.tar");
        assert_eq!(
            place.key(Part::Manifest).as_str(),
            "smaregi/shop/full/web-1/20260301T053000Z-9f3a2c1b.manifest.json"
        );
        for bad in [
            "smaregi/shop/full/20260301T053000Z-9f3a2c1b.tar.zip",
            "a/smaregi/shop/full/web-1/20260301T053000Z-9f3a2c1b.tar.zip",
            "smaregi/shop/full/web-1/20260301T053000Z.tar.zip",
            "smaregi/shop/full/web-1/20260301T053000Z-9f3a2c1b.tar",
        ] {
            assert_eq!(PointPlace::parse(&Key::parse(bad).unwrap()), None, "{bad}");
            assert_eq!(place.parse_beside(&Key::parse(bad).unwrap()), None, "{bad}");
        }
        let others = ["a/shop/full/web-1", "smaregi/shop/full/web-2", "smaregi/shop/fuller/web-1"];
        for other in others.map(|folder| Key::parse(&format!("{folder}/20260302T053000Z-9f3a2c1b.tar.zip")).unwrap()) {
            assert!(PointPlace::parse(&other).is_some());
            assert_eq!(place.parse_beside(&other), PointPlace::parse(&other));
        }
    }

    proptest! {
        #[test]
        fn any_host_and_name_makes_keys_that_read_back(host in any::<String>(), name in "[A-Za-z0-9][A-Za-z0-9._-]{0,63}") {
            let name = Name::parse(&name).unwrap();
            let job = JobName { target: name.clone(), backup: name.clone() };
            let point = PointId::parse("20260301T053000Z-9f3a2c1b").unwrap();
            let place = PointPlace { plan: name, job, host: host_name(&host), point };
            for part in Part::ALL {
                prop_assert_eq!(PointPlace::parse(&place.key(part)), Some((place.clone(), part)));
                prop_assert_eq!(place.parse_beside(&place.key(part)), Some((place.clone(), part)));
            }
        }
    }

    #[test]
    fn hosts_that_need_changing_stay_apart() {
        assert_eq!(host_name("web-1.internal").as_str(), "web-1.internal");
        assert_ne!(host_name("web 1"), host_name("web_1"));
        assert_ne!(host_name("web 1"), host_name("web:1"));
    }
}
