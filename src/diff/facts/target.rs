//! What a plan says of targets and their sources.

use std::collections::BTreeSet;

use super::{Flat, plain};
use crate::diagnostic::codes::change::{GUARD, LOST, NARROWER, OBJECTIVE};
use crate::diff::change::Kind;
use crate::diff::fact::{Aspect, Entity, Rule, Value};
use crate::plan::{
    Files, ImageChoice, Logs, MachineImage, Mysql, Objective, Rds, Release, ReleaseFrom, Source, Target, Verify,
};

pub(in crate::diff) static AREA: Aspect = Aspect::neutral("area");
/// What looks at it, by whatever words: told of those alone whose words are the same in both plans.
pub(in crate::diff) static LOOKED_AT: Aspect = Aspect::judged(
    "verify",
    Rule::Each(&LOST),
    "a verification does not look at it any more",
    "one more verification looks at it",
);
pub(in crate::diff) static HOSTS: Aspect = Aspect::judged(
    "hosts",
    Rule::EachOrAll(&LOST),
    "it is backed up on these hosts alone",
    "it is backed up on more hosts",
);
static NO_BACKUP: Aspect = Aspect::neutral("no-backup");
static SOURCE: Aspect = Aspect::judged(
    "source",
    Rule::Place,
    "what is backed up from now on is something else than in the points made so far",
    "",
);
pub(in crate::diff) static ROOTS: Aspect =
    Aspect::judged("folders", Rule::Folders(&NARROWER), "less is backed up", "more is backed up");
static EXCLUDE: Aspect =
    Aspect::judged("exclude", Rule::EachOpens(&NARROWER), "less is backed up", "more is backed up");
static ALLOW_EMPTY: Aspect = Aspect::judged(
    "allow-empty",
    Rule::HaveNot(&GUARD),
    "an empty folder is taken for what is meant",
    "an empty folder fails the run",
);
static ALLOW_UNMOUNTED: Aspect = Aspect::judged(
    "allow-unmounted",
    Rule::HaveNot(&GUARD),
    "a disk that is not mounted is taken for what is meant",
    "a disk that is not mounted fails the run",
);
static ONE_FILE_SYSTEM: Aspect = Aspect::judged(
    "one-file-system",
    Rule::HaveNot(&NARROWER),
    "what is mounted below is left out",
    "what is mounted below is backed up too",
);
static PATTERN: Aspect = Aspect::judged("pattern", Rule::Other(&NARROWER), "other files are taken for logs", "");
static ROTATES: Aspect = Aspect::told("rotates", "how long a file stays in the folder is reckoned otherwise");
static REGION: Aspect = Aspect::neutral("region");
static USER: Aspect = Aspect::neutral("user");
static PASSWORD: Aspect = Aspect::neutral("password");
static DATABASES: Aspect = Aspect::judged(
    "databases",
    Rule::EachOrAll(&NARROWER),
    "a database is not backed up any more",
    "more databases are backed up",
);
static MAX_AGE: Aspect =
    Aspect::judged("max-age", Rule::Less(&GUARD), "an older image is taken", "older images are refused");
static IMAGE: Aspect = Aspect::told("image", "restores launch another image from now on");
static RELEASE: Aspect = Aspect::told("release", "restores deploy another release from now on");
static SHA256: Aspect = Aspect::told("sha256", "the archive has to be another, or restores refuse it");
static STRIP: Aspect = Aspect::neutral("strip");
static RPO: Aspect = Aspect::judged("rpo", Rule::Less(&OBJECTIVE), "more may be lost", "less may be lost");
static RTO: Aspect = Aspect::judged(
    "rto",
    Rule::Less(&OBJECTIVE),
    "it may take longer until it is back",
    "it is promised to be back sooner",
);
static ANY_POINT: Aspect = Aspect::judged(
    "any-point",
    Rule::More(&OBJECTIVE),
    "fewer days can be brought back to every moment",
    "more days can be brought back to every moment",
);

/// Whether two targets could be one by another name: all of a template's have much in common, and what they back up is each one's own. Of anything
/// else it could be.
pub(in crate::diff) fn are_of_one_source(one: &Entity, other: &Entity) -> bool {
    let said = |entity: &Entity, aspect: &Aspect| {
        entity.facts.iter().find(|fact| fact.aspect == aspect).map(|fact| fact.value.clone())
    };
    let folders = |entity: &Entity| match said(entity, &ROOTS) {
        Some(Value::Set(folders)) => folders,
        _ => BTreeSet::new(),
    };
    let (own, others) = (folders(one), folders(other));
    let same = |aspect: &Aspect| said(one, aspect) == said(other, aspect);
    match own.is_empty() && others.is_empty() {
        false => !own.is_disjoint(&others),
        true => same(&SOURCE) && same(&IMAGE) && same(&RELEASE),
    }
}

impl Flat<'_> {
    pub(super) fn target(&mut self, target: &Target) {
        let mut entity = self.entity(Kind::Target, &target.name, target.span);
        entity.is_idle = target.backups.is_empty();
        entity.names_points = target.backups.iter().any(|backup| backup.way.is_of_points());
        entity.maybe_shown(&AREA, target.area.as_ref());
        self.looked_at(&mut entity, target);
        self.refer(&mut entity, &HOSTS, Kind::Host, &target.hosts);
        if let Some(source) = &target.source {
            self.source(&mut entity, source);
        }
        entity.maybe(&NO_BACKUP, target.no_backup.as_ref());
        if let Some(objective) = &target.objective {
            objective_facts(&mut entity, objective);
        }
        self.add(entity, &target.waivers);
        target.backups.iter().for_each(|backup| self.backup(target, backup));
    }

    fn looked_at(&self, entity: &mut Entity, target: &Target) {
        let is_meant =
            |verify: &&Verify| verify.targets.is_empty() || verify.targets.iter().any(|of| of.value.means(target));
        let by = self.plan.verifies.iter().filter(is_meant);
        let by: BTreeSet<String> = by.map(|verify| self.names.name(Kind::Verify, &verify.name.value)).collect();
        if !by.is_empty() {
            entity.say(&LOOKED_AT, Value::Set(by), target.area.as_ref().map_or(target.span, |area| area.span));
        }
    }

    fn source(&self, entity: &mut Entity, source: &Source) {
        match source {
            Source::Files(files) => {
                entity.say(&SOURCE, "files", files.span);
                files_facts(entity, files);
            }
            Source::Logs(Logs { files, pattern, rotates }) => {
                entity.say(&SOURCE, "logs", files.span);
                files_facts(entity, files);
                entity.maybe(&PATTERN, pattern.as_ref());
                entity.maybe(&ROTATES, rotates.as_ref());
            }
            // In another region is another database.
            Source::Rds(Rds { database, region, span }) => {
                let region = region.as_ref().map_or_else(String::new, |region| format!(" in {}", region.value));
                // RDS knows no capitals in names.
                entity.say(&SOURCE, format!("rds {}{region}", database.to_string().to_ascii_lowercase()), *span);
            }
            Source::Mysql(mysql) => mysql_facts(entity, mysql),
            Source::MachineImage(image) => image_facts(entity, image),
            Source::Release(release) => self.release(entity, release),
        }
    }

    fn release(&self, entity: &mut Entity, release: &Release) {
        entity.say(&SOURCE, "release", release.span);
        match &release.from {
            ReleaseFrom::Svn(url) => entity.say(&RELEASE, format!("svn {}", url.value), url.span),
            ReleaseFrom::Archive { path, store, sha256, strip } => {
                let of = store.as_ref().map(|store| self.names.name(Kind::Store, &store.value));
                let of = of.map_or_else(String::new, |store| format!(" in {store}"));
                entity.say(&RELEASE, format!("archive {}{of}", path.value), path.span);
                entity.say(&SHA256, &sha256.value, sha256.span);
                entity.maybe(&STRIP, strip.as_ref());
            }
        }
    }
}

fn files_facts(entity: &mut Entity, files: &Files) {
    if let Some(first) = files.roots.first() {
        entity.set_of(&ROOTS, files.roots.iter().map(|root| (plain(&root.value), root.span)), first.span);
    }
    entity.set(&EXCLUDE, &files.exclude);
    entity.flag(&ALLOW_EMPTY, files.allow_empty, files.span);
    entity.flag(&ALLOW_UNMOUNTED, files.allow_unmounted, files.span);
    entity.flag(&ONE_FILE_SYSTEM, files.one_file_system, files.span);
}

fn mysql_facts(entity: &mut Entity, mysql: &Mysql) {
    entity.say(&SOURCE, format!("mysql {}", mysql.address), mysql.span);
    entity.maybe(&USER, mysql.user.as_ref());
    entity.maybe_shown(&PASSWORD, mysql.password.as_ref());
    entity.set(&DATABASES, &mysql.databases);
}

fn image_facts(entity: &mut Entity, image: &MachineImage) {
    entity.say(&SOURCE, "machine-image", image.span);
    let span = match &image.image {
        ImageChoice::Id(said) | ImageChoice::NewestTagged(said) => said.span,
    };
    entity.say(&IMAGE, image.image.to_string(), span);
    entity.maybe(&MAX_AGE, image.max_age.as_ref());
    entity.maybe(&REGION, image.region.as_ref());
}

fn objective_facts(entity: &mut Entity, objective: &Objective) {
    entity.maybe(&RPO, objective.rpo.as_ref());
    entity.maybe(&RTO, objective.rto.as_ref());
    entity.maybe(&ANY_POINT, objective.any_point.as_ref());
}
