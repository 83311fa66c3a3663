//! Archives beside those of other tools.

use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use super::contest::{Contender, Findings, hold, median};
use super::place::{Outcome, Place, SONAE, Stage, stage};
use super::trees::{self, Chance, IMAGES, bytes, image};

/// Room for a tree, four archives of it, and what they unpack to in all rounds, with some to spare.
const BYTES_FREE: u64 = 26 << 30;
const FILES_FREE: u64 = 250_000;

/// How often each is run.
const ROUNDS: usize = 5;

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tree {
    Logs,
    Images,
}

impl Tree {
    fn name(self) -> &'static str {
        match self {
            Self::Logs => "logs",
            Self::Images => "images",
        }
    }

    fn job(self) -> &'static str {
        match self {
            Self::Logs => "logs/now",
            Self::Images => "images/now",
        }
    }

    /// A place with the tree and its plan.
    fn place(self) -> Outcome<Place> {
        let place = Place::new(BYTES_FREE, FILES_FREE)?;
        eprintln!("archives: making the {}", self.name());
        let folder = place.path(self.name());
        match self {
            Self::Logs => trees::logs(&folder)?,
            Self::Images => trees::images(&folder)?,
        }
        fs::write(place.path("plan.kdl"), plan(self.name(), &[("now", String::new())]))?;
        Ok(place)
    }
}

/// A plan with a target for each packing, and a restore of the first.
fn plan(tree: &str, packings: &[(&str, String)]) -> String {
    let mut plan = String::from("plan \"bench\" { timezone \"UTC\"; }\nstore \"disk\" { local path=\"store\"; }\n");
    let _ = writeln!(plan, "target \"{tree}\" {{ files \"{tree}\"");
    for (name, settings) in packings {
        let _ = writeln!(plan, "  backup \"{name}\" {{ archive \"tar.zip\" {settings}; store \"disk\"; }}");
    }
    let _ = writeln!(plan, "}}\nrestore \"{tree}\" {{ recover \"{tree}\" {{ into path=\"restored\"; }}; }}");
    plan
}

fn sonae(arguments: &[&str]) -> Stage {
    stage([SONAE].into_iter().chain(arguments.iter().copied()))
}

fn backup(tree: Tree) -> Contender {
    Contender {
        name: "sonae run".into(),
        removed: &["store"],
        aside: &[],
        first: None,
        pipeline: vec![sonae(&["run", "plan.kdl", tree.job(), "--quiet"])],
        output: None,
        made: "store",
    }
}

fn restic_backup(tree: Tree) -> Contender {
    Contender {
        name: "restic backup".into(),
        removed: &["restic", "restic-cache"],
        aside: &[],
        first: Some(stage(["restic", "--repo", "restic", "init"])),
        pipeline: vec![stage(["restic", "--repo", "restic", "--quiet", "backup", tree.name()])],
        output: None,
        made: "restic",
    }
}

/// Backups and restores of the logs.
pub(crate) fn logs() -> Outcome<Findings> {
    let place = Tree::Logs.place()?;
    let pigz = Contender {
        name: "tar \\| pigz -6".into(),
        removed: &["logs.tar.gz"],
        aside: &[],
        first: None,
        pipeline: vec![stage(["tar", "c", "logs"]), stage(["pigz", "-6"])],
        output: Some("logs.tar.gz"),
        made: "logs.tar.gz",
    };
    let mut findings = Findings::default();
    let standings = hold(&place, &[backup(Tree::Logs), pigz], ROUNDS)?;
    findings.table(&standings, "archive");
    findings.goals();
    let [own, pigz] = &standings[..] else { return Err("two were to be compared".into()) };
    findings.at_most(own, pigz, 0.6);
    let [own, other] = [own, pigz].map(|standing| standing.bytes);
    // All that the store holds: the archive, its contents and its manifest.
    findings.goal("the store holds no more than pigz writes", &format!("{own} / {other} bytes"), own <= other);
    findings.line("");
    restores(&place, Tree::Logs, &mut findings)?;
    Ok(findings)
}

/// Backups and restores of the images.
pub(crate) fn images() -> Outcome<Findings> {
    let place = Tree::Images.place()?;
    let zip = Contender {
        name: "tar \\| zip -0".into(),
        removed: &["images.tar.zip"],
        aside: &[],
        first: None,
        pipeline: vec![stage(["tar", "c", "images"]), stage(["zip", "-q", "-0", "-", "-"])],
        output: Some("images.tar.zip"),
        made: "images.tar.zip",
    };
    // What the disk takes by itself: others leave what they wrote in memory.
    let disk = Contender {
        name: "dd of that, synced".into(),
        removed: &["copy"],
        aside: &[],
        first: None,
        pipeline: vec![stage(["dd", "if=images.tar.zip", "of=copy", "bs=1M", "conv=fsync"])],
        output: None,
        made: "copy",
    };
    let mut findings = Findings::default();
    let standings = hold(&place, &[backup(Tree::Images), zip, disk, restic_backup(Tree::Images)], ROUNDS)?;
    findings.table(&standings, "archive");
    findings.goals();
    let [own, zip, _, restic] = &standings[..] else { return Err("four were to be compared".into()) };
    findings.at_most(own, zip, 0.8);
    findings.at_most(own, restic, 0.8);
    place.remove("images.tar.zip")?;
    place.remove("copy")?;
    findings.line("");
    restores(&place, Tree::Images, &mut findings)?;
    one_file(&place, &mut findings)?;
    Ok(findings)
}

/// The one archive below the store's folder.
fn archive(place: &Place, job: &str) -> Outcome<String> {
    let folder = format!("store/bench/{job}");
    let host = fs::read_dir(place.path(&folder))?.next().ok_or("no host has points")??;
    for entry in fs::read_dir(host.path())? {
        let path = entry?.path();
        let name = path.to_str().ok_or("a path that is no text")?;
        if name.ends_with(".tar.zip") {
            return Ok(name.to_owned());
        }
    }
    Err(format!("{folder} holds no archive").into())
}

/// Restores of what the backups left.
fn restores(place: &Place, tree: Tree, findings: &mut Findings) -> Outcome<()> {
    // As it was left by the backups, where there were some.
    backup_once(place, tree)?;
    let source = bytes(&place.path(tree.name()))?;
    let unpacked = |name: &str, first, pipeline| Contender {
        name: name.into(),
        removed: &[],
        aside: &["restored", "unzipped", "resticked"],
        first,
        pipeline,
        output: None,
        made: "",
    };
    let contenders = [
        Contender {
            made: "restored",
            ..unpacked("sonae restore", None, vec![sonae(&["restore", "plan.kdl", tree.name(), "--quiet"])])
        },
        Contender {
            made: "unzipped",
            ..unpacked(
                "unzip \\| tar x",
                Some(stage(["mkdir", "unzipped"])),
                vec![stage(["unzip", "-p", &archive(place, tree.job())?]), stage(["tar", "x", "-C", "unzipped"])],
            )
        },
        Contender {
            made: "resticked",
            ..unpacked(
                "restic restore",
                None,
                vec![stage(["restic", "--repo", "restic", "--quiet", "restore", "latest", "--target", "resticked"])],
            )
        },
    ];
    let standings = hold(place, &contenders, ROUNDS)?;
    for (standing, contender) in standings.iter().zip(&contenders) {
        if standing.bytes != source {
            let found = standing.bytes;
            return Err(format!("{} gave back {found} bytes of {source}", contender.name).into());
        }
    }
    place.remove("aside")?;
    findings.table(&standings, "restored");
    findings.goals();
    let [own, peers @ ..] = &standings[..] else { return Err("three were to be compared".into()) };
    let better = peers.iter().min_by_key(|peer| peer.wall()).ok_or("nothing to compare with")?;
    findings.at_most(own, better, 0.8);
    Ok(())
}

/// Leaves one recovery point, and one repository of restic's.
fn backup_once(place: &Place, tree: Tree) -> Outcome<()> {
    for contender in [backup(tree), restic_backup(tree)] {
        contender.run(place)?;
    }
    Ok(())
}

const PICKED: usize = 20;
const ONE_FILE_MOST: Duration = Duration::from_millis(50);

/// One file at a time out of the archive of the images.
fn one_file(place: &Place, findings: &mut Findings) -> Outcome<()> {
    let mut chance = Chance(10);
    let mut took = Vec::new();
    // The first one is not measured.
    for number in 0..=PICKED {
        let path = image(chance.below(IMAGES));
        place.remove("restored")?;
        let arguments = ["restore", "plan.kdl", "images", "--path", &path, "--into", "restored", "--quiet"];
        let one = place.run(&[sonae(&arguments)], None)?;
        let [source, restored] = ["images", "restored"].map(|folder| fs::read(place.path(folder).join(&path)));
        if source? != restored? {
            return Err(format!("{path} came back as another file").into());
        }
        if number > 0 {
            took.push(one);
        }
    }
    let wall = median(took.iter().map(|took| took.wall));
    let slowest = took.iter().map(|took| took.wall).max().unwrap_or_default();
    let peak = super::launch::mebibytes(took.iter().map(|took| took.peak).max().unwrap_or_default());
    let [wall_ms, slowest, most] = [wall, slowest, ONE_FILE_MOST].map(|time| time.as_secs_f64() * 1000.0);
    findings.goal(
        &format!("one file of {IMAGES}, median of {PICKED}, ≤ {most:.0} ms"),
        &format!("{wall_ms:.0} ms; the slowest {slowest:.0} ms; peak memory {peak:.0} MiB"),
        wall <= ONE_FILE_MOST,
    );
    Ok(())
}

const PACKINGS: [(&str, &[u8]); 2] = [("deflate", &[1, 3, 6, 9, 12]), ("zstd", &[1, 3, 9, 15, 19])];

/// What methods and levels come to, of the logs. Without goals.
pub(crate) fn levels() -> Outcome<Findings> {
    let place = Tree::Logs.place()?;
    let named = |(method, levels): &(&'static str, &'static [u8])| {
        let method = *method;
        levels.iter().map(move |level| (method, *level, format!("{method}-{level}")))
    };
    let packings: Vec<_> = PACKINGS.iter().flat_map(named).collect();
    let settings: Vec<(&str, String)> = packings
        .iter()
        .map(|(method, level, name)| (name.as_str(), format!("method=\"{method}\" level={level}")))
        .collect();
    fs::write(place.path("plan.kdl"), plan("logs", &settings))?;
    let contender = |(method, level, name): &(&str, u8, String)| Contender {
        name: format!("{method}, level {level}"),
        pipeline: vec![sonae(&["run", "plan.kdl", &format!("logs/{name}"), "--quiet"])],
        ..backup(Tree::Logs)
    };
    let contenders: Vec<Contender> = packings.iter().map(contender).collect();
    let mut findings = Findings::default();
    findings.table(&hold(&place, &contenders, 1)?, "archive");
    Ok(findings)
}
