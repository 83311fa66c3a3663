//! Facts of what targets are.

use super::backup::text;
use super::{Facts, or_none, quoted, texts, yes};
use crate::plan::{Files, ImageChoice, MYSQL_PORT, MysqlAddress, RdsDatabase, ReleaseFrom, Source};

impl Facts {
    pub(super) fn source(&mut self, of: &str, source: Option<&Source>) {
        match source {
            None => self.fact(of, "source none"),
            Some(Source::Files(files)) => self.folders(of, "files", files),
            Some(Source::Logs(logs)) => {
                self.folders(of, "logs", &logs.files);
                self.fact(of, format!("pattern {}", text(logs.pattern.as_ref())));
                let keep = logs.rotates.as_ref().map(|keep| keep.value.to_string());
                self.fact(of, format!("rotates keep {}", or_none(keep)));
            }
            Some(Source::Rds(rds)) => {
                let word = match &rds.database {
                    RdsDatabase::Instance(_) => "instance",
                    RdsDatabase::Cluster(_) => "cluster",
                };
                self.fact(of, format!("rds {word} {}", quoted(&rds.database.identifier().value)));
                self.optional_text(of, "region", rds.region.as_ref());
            }
            Some(Source::Mysql(mysql)) => {
                match &mysql.address {
                    MysqlAddress::Socket(path) => self.fact(of, format!("mysql socket {}", quoted(&path.value))),
                    MysqlAddress::Tcp { host, port } => {
                        let port = port.as_ref().map_or(MYSQL_PORT, |port| port.value);
                        self.fact(of, format!("mysql host {} port {port}", quoted(&host.value)));
                    }
                }
                self.optional_text(of, "user", mysql.user.as_ref());
                self.optional(of, "password", mysql.password.as_ref());
                self.each(of, "database", texts(&mysql.databases));
            }
            Some(Source::MachineImage(image)) => {
                match &image.image {
                    ImageChoice::Id(id) => self.fact(of, format!("machine-image {}", quoted(&id.value))),
                    ImageChoice::NewestTagged(tag) => {
                        self.fact(of, format!("machine-image newest-tagged {}", quoted(&tag.value)));
                    }
                }
                self.optional(of, "max-age", image.max_age.as_ref());
                self.optional_text(of, "region", image.region.as_ref());
            }
            Some(Source::Release(release)) => match &release.from {
                ReleaseFrom::Svn(url) => self.fact(of, format!("release svn {}", quoted(&url.value))),
                ReleaseFrom::Archive { path, store, sha256, strip } => {
                    self.fact(of, format!("release archive {}", quoted(&path.value)));
                    self.optional(of, "release store", store.as_ref());
                    self.fact(of, format!("release sha256 {}", sha256.value));
                    self.optional(of, "release strip", strip.as_ref());
                }
            },
        }
    }

    fn folders(&mut self, of: &str, word: &str, files: &Files) {
        // Their order is the order of the archive.
        texts(&files.roots).for_each(|root| self.fact(of, format!("{word} {root}")));
        self.each(of, "exclude", texts(&files.exclude));
        self.fact(of, format!("allow-empty {}", yes(files.allow_empty)));
        self.fact(of, format!("allow-unmounted {}", yes(files.allow_unmounted)));
        self.fact(of, format!("one-file-system {}", yes(files.one_file_system)));
    }
}
