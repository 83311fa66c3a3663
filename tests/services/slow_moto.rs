//! Amazon RDS and EC2, as moto imitates it, made as slow and as strict as Amazon's: `slow_moto/server.py` says in what, and what can be planted.

use serde_json::{Value, json};

use sonae::drivers::{AwsAddress, RdsDatabases};

use super::moto::Moto;
use super::needs::program;

/// The region that the tests are at home in.
pub(crate) const HOME: &str = "ap-northeast-1";
/// A server.
pub(crate) struct SlowMoto(Moto);

impl SlowMoto {
    /// One that holds nothing, and logs what it is asked.
    pub(crate) fn start() -> Self {
        Self(Moto::launched(|port, home| {
            let settings = json!({ "log": home.join("log"), "done": home.join("done") });
            let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/services/slow_moto/server.py");
            let python = program("moto_server").unwrap().with_file_name("python3");
            let environment = [("SLOW_MOTO", settings.to_string()), ("PYTHONDONTWRITEBYTECODE", "1".to_owned())];
            (python, vec![script.to_owned(), port.to_owned()], environment.to_vec())
        }))
    }

    /// Where it is.
    pub(crate) fn endpoint(&self) -> String {
        self.0.endpoint()
    }

    /// Its databases, by the driver.
    pub(crate) fn databases(&self) -> RdsDatabases {
        RdsDatabases::new(AwsAddress::at(self.endpoint(), "AKIAIOSFODNN7EXAMPLE", "secret"))
    }

    /// Its machines, by the driver.
    #[cfg(feature = "ec2")]
    pub(crate) fn machines(&self) -> sonae::drivers::Ec2Machines {
        sonae::drivers::Ec2Machines::new(AwsAddress::at(self.endpoint(), "AKIAIOSFODNN7EXAMPLE", "secret"))
    }

    /// An image that is there, made so many days ago; what it is called.
    pub(crate) fn put_image(&self, name: &str, more: &Value) -> String {
        self.says("/slow/image", &merged(json!({ "region": HOME, "name": name }), more))
    }

    /// Takes an image away.
    pub(crate) fn deregister(&self, id: &str) {
        self.says("/slow/deregister", &json!({ "region": HOME, "id": id }));
    }

    /// A subnet that is there.
    pub(crate) fn subnet(&self) -> String {
        self.says("/slow/subnet", &json!({ "region": HOME }))
    }

    /// Each call that it was asked, `rds:CreateDBSnapshot`.
    pub(crate) fn log(&self) -> Vec<String> {
        self.lines("log")
    }

    /// Each change that it carried out, with the names in it, and `held` for an answer that it keeps to itself.
    pub(crate) fn done(&self) -> Vec<String> {
        self.lines("done")
    }

    /// Begins both lists anew.
    pub(crate) fn forget(&self) {
        for name in ["log", "done"] {
            std::fs::write(self.0.home().join(name), "").unwrap();
        }
    }

    fn lines(&self, name: &str) -> Vec<String> {
        let lines = std::fs::read_to_string(self.0.home().join(name)).unwrap_or_default();
        lines.lines().map(str::to_owned).collect()
    }

    /// Sets what its script says can be set.
    pub(crate) fn set(&self, settings: &Value) {
        self.says("/slow/set", settings);
    }

    /// An instance that has been there for two days, made of moto's words and those that every instance has.
    pub(crate) fn put_instance(&self, identifier: &str, more: &Value) {
        let like = json!({
            "db_instance_identifier": identifier,
            "db_instance_class": "db.t4g.medium",
            "engine": "mysql",
            "allocated_storage": 20,
            "backup_retention_period": 7,
            "preferred_backup_window": "18:00-18:30",
            "storage_encrypted": true,
            "master_username": "master",
            "master_user_password": "a-master-password",
        });
        self.says("/slow/put", &json!({ "region": HOME, "kind": "instance", "like": merged(like, more) }));
    }

    /// A cluster of the same kind.
    pub(crate) fn put_cluster(&self, identifier: &str, more: &Value) {
        let like = json!({
            "db_cluster_identifier": identifier,
            "engine": "aurora-mysql",
            "backup_retention_period": 7,
            "preferred_backup_window": "18:00-18:30",
            "storage_encrypted": true,
            "master_username": "master",
            "master_user_password": "a-master-password",
        });
        self.says("/slow/put", &json!({ "region": HOME, "kind": "cluster", "like": merged(like, more) }));
    }

    /// Deletes an instance; its automated backups are retained.
    pub(crate) fn delete_instance(&self, identifier: &str) {
        self.says("/slow/delete", &json!({ "region": HOME, "identifier": identifier, "keep": true }));
    }

    /// A key that is in that region.
    pub(crate) fn key_in(&self, region: &str) -> String {
        self.says("/slow/key", &json!({ "region": region }))
    }

    fn says(&self, path: &str, body: &Value) -> String {
        self.0.asks("POST", path, &[], &body.to_string())
    }
}

fn merged(mut like: Value, more: &Value) -> Value {
    let (Some(like_map), Some(more)) = (like.as_object_mut(), more.as_object()) else { return like };
    like_map.extend(more.clone());
    like
}
