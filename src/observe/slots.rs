//! Which slots were done, as a store's keys say it: no manifest is read for that.

use std::collections::BTreeSet;

use crate::catalog::{FirstSeen, Part, PointPlace, host_prefix, plan_prefix};
use crate::ports::{Fault, ObjectInfo, StoreRead};
use crate::primitives::{JobName, Key, Name, PathBytes, Slot};

/// Keys of a page (S3's own limit).
const PAGE: usize = 1000;

/// What the keys of a job on one host say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SlotsSeen {
    /// The slots of its recovery points.
    pub done: BTreeSet<Slot>,
    /// The records of when it was first seen.
    pub first_seen: Vec<FirstSeen>,
}

/// Reads the slots from `from` on, or all of them, and all records. What is below `prefix` is a job's on one host. Keys are in the order of
/// their slots with the records behind them, so what is older is not read.
///
/// # Errors
/// When the store cannot be read.
pub async fn slots(store: &dyn StoreRead, prefix: &str, from: Option<Slot>) -> Result<SlotsSeen, Fault> {
    // No point has this key itself; those of the slot follow it.
    let after = from.and_then(|from| Key::parse(&format!("{prefix}{from}")).ok());
    let mut seen = SlotsSeen::default();
    for object in pages(store, prefix, after).await? {
        if let Some((place, Part::Manifest)) = PointPlace::parse(&object.key) {
            seen.done.insert(place.point.slot);
        } else if let Some(record) = FirstSeen::parse(&object.key, prefix) {
            seen.first_seen.push(record);
        }
    }
    Ok(seen)
}

async fn pages(store: &dyn StoreRead, prefix: &str, mut after: Option<Key>) -> Result<Vec<ObjectInfo>, Fault> {
    let mut objects = vec![];
    loop {
        let page = store.list(prefix, after.as_ref(), PAGE).await?;
        after = page.objects.last().map(|object| object.key.clone());
        objects.extend(page.objects);
        if !page.more || after.is_none() {
            return Ok(objects);
        }
    }
}

/// A job that a store has points of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobSeen {
    /// Its name.
    pub job: JobName,
    /// The folders of its newest point, where its manifest can be read.
    pub roots: Vec<PathBytes>,
}

/// The jobs of a plan and host that a store has points of, and that are none of `known`. A key of each job that there is, and the newest
/// manifest of each that is answered, are all that is read.
///
/// # Errors
/// When the store cannot be listed.
pub async fn other_jobs(
    store: &dyn StoreRead,
    plan: &Name,
    host: &Name,
    known: &BTreeSet<JobName>,
) -> Result<Vec<JobSeen>, Fault> {
    let prefix = plan_prefix(plan);
    let (mut seen, mut after) = (vec![], None);
    while let Some(first) = store.list(&prefix, after.as_ref(), 1).await?.objects.pop() {
        let Some(job) = job_of(&first.key) else {
            after = Some(first.key);
            continue;
        };
        // No name begins with a tilde, the last of all characters of a key: so this is behind all keys of the job.
        after = Key::parse(&format!("{prefix}{}/{}/~", job.target, job.backup)).ok();
        if known.contains(&job) {
            continue;
        }
        let points = pages(store, &host_prefix(plan, &job, host), None).await?;
        let newest = points.iter().rev().find(|object| is_manifest(&object.key));
        if let Some(newest) = newest {
            // One that cannot be read says nothing of its folders, and its name still tells.
            let roots = super::manifest(store, &newest.key).await.map(|manifest| manifest.roots).unwrap_or_default();
            seen.push(JobSeen { job, roots });
        }
    }
    Ok(seen)
}

fn is_manifest(key: &Key) -> bool {
    matches!(PointPlace::parse(key), Some((_, Part::Manifest)))
}

/// The job that a key is of, whatever it is.
fn job_of(key: &Key) -> Option<JobName> {
    let mut parts = key.as_str().split('/').skip(1);
    let mut name = || Name::parse(parts.next()?).ok();
    let (target, backup, _host) = (name()?, name()?, name()?);
    parts.next().map(|_| JobName { target, backup })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::ScheduleMark;
    use crate::fakes::World;
    use crate::ports::{PutMode, StoreWrite};

    async fn put(store: &dyn StoreWrite, key: &str) {
        let key = Key::parse(key).unwrap();
        let upload = store.begin(&key).await.unwrap();
        store.part(&upload, 1, bytes::Bytes::from_static(b"x")).await.unwrap();
        store.finish(&upload, 1, PutMode::IfAbsent).await.unwrap();
    }

    fn slot(text: &str) -> Slot {
        Slot::parse(text).unwrap()
    }

    #[tokio::test]
    async fn keys_alone_say_what_was_done() {
        let world = World::new(1);
        let store = world.store("shelf");
        for key in [
            "20260301T053000Z-00000001.manifest.json",
            "20260302T053000Z-00000002.manifest.json",
            "20260302T053000Z-00000002.tar.zip",
            // It was never committed.
            "20260303T053000Z-00000003.tar.zip",
            "first-seen-20260201T000000Z-0000002a.json",
            "README",
        ] {
            put(&*store, &format!("home/photos/daily/nas/{key}")).await;
        }
        put(&*store, "home/photos/daily/other/20260305T053000Z-00000001.manifest.json").await;
        let all = slots(&*store, "home/photos/daily/nas/", None).await.unwrap();
        assert_eq!(all.done.iter().copied().collect::<Vec<_>>(), [slot("20260301T053000Z"), slot("20260302T053000Z")]);
        let mark = "home/photos/daily/nas/first-seen-20260201T000000Z-0000002a.json";
        assert_eq!(all.first_seen[0].at, slot("20260201T000000Z"));
        assert_eq!(all.first_seen[0].schedule.to_string(), "0000002a", "{mark}");
        assert_ne!(all.first_seen[0].schedule, ScheduleMark::of("daily 05:30 UTC"));
        // From a slot on: that slot itself, and the records.
        let late = slots(&*store, "home/photos/daily/nas/", Some(slot("20260302T053000Z"))).await.unwrap();
        assert_eq!(late.done.iter().copied().collect::<Vec<_>>(), [slot("20260302T053000Z")]);
        assert_eq!(late.first_seen, all.first_seen);
    }

    #[tokio::test]
    async fn very_many_points_are_read_page_by_page_and_only_from_the_slot_on() {
        let world = World::new(1);
        let store = world.store("shelf");
        for second in 0..1500_i64 {
            let at = Slot::new(jiff::Timestamp::from_second(1_780_000_000 + second * 60).unwrap());
            put(&*store, &format!("home/photos/daily/nas/{at}-00000001.manifest.json")).await;
        }
        let all = slots(&*store, "home/photos/daily/nas/", None).await.unwrap();
        assert_eq!(all.done.len(), 1500);
        let newest = *all.done.last().unwrap();
        let late = slots(&*store, "home/photos/daily/nas/", Some(newest)).await.unwrap();
        assert_eq!(late.done, BTreeSet::from([newest]));
    }

    #[tokio::test]
    async fn jobs_that_the_plan_has_not_are_found() {
        let world = World::new(1);
        let store = world.store("shelf");
        for key in [
            "home/README",
            "home/photos/daily/nas/20260301T053000Z-00000001.manifest.json",
            "home/photos/daily-old/nas/20260301T053000Z-00000001.manifest.json",
            "home/photos/nightly/nas/20260301T053000Z-00000001.manifest.json",
            "home/photos/elsewhere/other/20260301T053000Z-00000001.manifest.json",
            "home/photos/unfinished/nas/20260301T053000Z-00000001.tar.zip",
            "homes/photos/others/nas/20260301T053000Z-00000001.manifest.json",
        ] {
            put(&*store, key).await;
        }
        let known = BTreeSet::from([JobName::parse("photos/daily").unwrap()]);
        let (plan, host) = (Name::parse("home").unwrap(), Name::parse("nas").unwrap());
        let seen = other_jobs(&*store, &plan, &host, &known).await.unwrap();
        let names: Vec<String> = seen.iter().map(|seen| seen.job.to_string()).collect();
        assert_eq!(names, ["photos/daily-old", "photos/nightly"]);
        assert!(seen.iter().all(|seen| seen.roots.is_empty()), "these manifests say nothing");
    }
}
