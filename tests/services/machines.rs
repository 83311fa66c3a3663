//! Machines of Amazon EC2, launched from an image by the real program on a server that imitates Amazon's.

use serde_json::{Value, json};

use super::Check;
use super::estate::{Estate, run_of};
use super::needs::Need;

/// What a check of machines needs.
const EC2: &[Need] = &[Need::Python("moto_server"), Need::Python("aws"), Need::Feature("ec2", cfg!(feature = "ec2"))];
const EC2_SSHD: &[Need] = &[
    Need::Python("moto_server"),
    Need::Python("aws"),
    Need::Feature("ec2", cfg!(feature = "ec2")),
    Need::Program("sshd", "openssh-server"),
    Need::Program("ssh", "openssh-client"),
    Need::Program("ssh-keygen", "openssh-client"),
];

pub(crate) const CHECKS: &[Check] = &[
    #[cfg(feature = "ec2")]
    Check { name: "machines of EC2 are as the port says", needs: EC2, run: driver::as_the_port_says },
    #[cfg(feature = "ec2")]
    Check { name: "what EC2 refuses is told with what to do", needs: EC2, run: driver::refused },
    Check {
        name: "a machine of EC2 is launched, configured and looked at, and a dry run only looks",
        needs: EC2_SSHD,
        run: launched,
    },
    Check { name: "a machine of EC2 is launched once, whichever answer a kill comes before", needs: EC2, run: killed },
    Check { name: "an image of EC2 is chosen once, and one that will not do is refused", needs: EC2, run: images },
    Check { name: "a machine of EC2 that dies is told, and one without room is tried again", needs: EC2, run: dies },
    Check { name: "policies of IAM name the calls to EC2 that are made, and no others", needs: EC2, run: policies },
];

const PLAN: &str = r#"plan "one" { timezone "UTC"; }
target "base" { machine-image IMAGE max-age="90d" region="ap-northeast-1"; no-backup "built anew each month"; }
restore "system" {
    launch "web server" {
        image target="base"
        instance-type "m6i.large"
        subnet "SUBNET"
        user-data "begin.sh"
        tags "role=web"
    }
    REST
}
"#;

const TAGGED: &str = r#"newest-tagged="role=web""#;

/// A provider with an old image and a newer one, and the newer one's name.
fn estate(image: Option<&str>, rest: &str) -> (Estate, String) {
    let estate = Estate::new("");
    estate.moto.put_image("web 1", &json!({ "days": 40, "tags": { "role": "web" } }));
    let new = estate.moto.put_image("web 2", &json!({ "days": 3, "tags": { "role": "web" } }));
    let image = image.map_or_else(|| format!("{new:?}"), str::to_owned);
    let plan = PLAN.replace("IMAGE", &image).replace("SUBNET", &estate.moto.subnet()).replace("REST", rest);
    std::fs::write(estate.scene.plan(), plan).unwrap();
    std::fs::write(estate.scene.path("begin.sh"), "#!/bin/sh\necho ready\n").unwrap();
    (estate, new)
}

const RESTORE: &[&str] = &["restore", "plan.kdl", "system"];
const DRY: &[&str] = &["restore", "plan.kdl", "system", "--dry-run"];

fn machines(estate: &Estate) -> Vec<Value> {
    let told = estate.aws(&["ec2", "describe-instances"]);
    let reservations = told["Reservations"].as_array().unwrap();
    reservations.iter().flat_map(|reservation| reservation["Instances"].as_array().unwrap().clone()).collect()
}

fn tag<'v>(of: &'v Value, name: &str) -> Option<&'v str> {
    of["Tags"].as_array()?.iter().find(|tag| tag["Key"] == name)?["Value"].as_str()
}

/// Has `ssh` find the server at any address, as it would find a machine's by `~/.ssh/config`.
fn with_ssh(estate: &Estate, sshd: &super::sshd::Sshd) -> String {
    use std::os::unix::fs::PermissionsExt;
    let address = sshd.address();
    let (folder, port) = (estate.scene.path("bin"), address.port.unwrap());
    let known = estate.scene.path("known");
    std::fs::write(&known, format!("[127.0.0.1]:{port} {}\n", sshd.host_key())).unwrap();
    let config = estate.scene.path("ssh_config");
    let lines = format!(
        "Host 127.0.0.1\n Port {port}\n User {}\n IdentityFile {}\n UserKnownHostsFile {}\n",
        address.user.unwrap(),
        sshd.identity().display(),
        known.display()
    );
    std::fs::write(&config, lines).unwrap();
    std::fs::create_dir(&folder).unwrap();
    let real = super::needs::program("ssh").unwrap();
    let script = format!("#!/bin/sh\nexec {} -F {} \"$@\"\n", real.display(), config.display());
    std::fs::write(folder.join("ssh"), script).unwrap();
    std::fs::set_permissions(folder.join("ssh"), PermissionsExt::from_mode(0o755)).unwrap();
    format!("{}:{}", folder.display(), std::env::var("PATH").unwrap())
}

fn launched() {
    let sshd = super::sshd::Sshd::start();
    let port = sshd.address().port.unwrap();
    let rest = format!(
        r#"probe "it listens" {{ tcp (output)"web server.address" port={port}; }}
    command "/bin/sh" "-c" "echo $0 > FOLDER/configured" (output)"web server.instance" host=(output)"web server.address""#
    );
    let (estate, image) = estate(Some(TAGGED), &rest);
    let folder = estate.scene.root().display().to_string();
    let plan = std::fs::read_to_string(estate.scene.plan()).unwrap().replace("FOLDER", &folder);
    std::fs::write(estate.scene.plan(), plan).unwrap();
    estate.moto.set(&json!({ "address": "127.0.0.1" }));

    estate.sonae(DRY).exits(0).says(&image).says("the newest image with the tag role=web").says("3d");
    assert_eq!(estate.moto.log(), ["ec2:DescribeImages"], "a dry run looks");
    assert_eq!(estate.moto.done(), Vec::<String>::new());

    let mut command = estate.command(RESTORE);
    let said = super::scene::Said::of(command.env("PATH", with_ssh(&estate, &sshd))).exits(0);
    let all = machines(&estate);
    let [machine] = all.as_slice() else { panic!("one was launched: {all:#?}") };
    let id = machine["InstanceId"].as_str().unwrap();
    let said = said.says(&image).says(id);
    assert_eq!(std::fs::read_to_string(estate.scene.path("configured")).unwrap().trim(), id);
    assert_eq!((&machine["ImageId"], &machine["InstanceType"]), (&json!(image), &json!("m6i.large")));
    assert_eq!((tag(machine, "role"), tag(machine, "Name")), (Some("web"), Some("web server")));
    assert_eq!(tag(machine, "sonae:run"), Some(run_of(&said).as_str()), "{machine:#}");
    assert_eq!(tag(machine, "sonae:step"), Some("restore/system/launch"));
    let volumes = estate.aws(&["ec2", "describe-volumes"]);
    assert_eq!(tag(&volumes["Volumes"][0], "sonae:plan"), Some("one"), "{volumes:#}");
    let data = estate.aws(&["ec2", "describe-instance-attribute", "--instance-id", id, "--attribute", "userData"]);
    assert_eq!(data["UserData"]["Value"], "IyEvYmluL3NoCmVjaG8gcmVhZHkK", "{data:#}");
}

/// Killed when the machine is launched and nobody was told: resumed, it is the same machine, of the same image.
fn killed() {
    let (estate, image) = estate(Some(TAGGED), "");
    // Not seen for a while after the launch, so that the token alone tells.
    estate.moto.set(&json!({ "hold": 1, "launch": { "seen": 4.0, "runs": 4.5, "well": 5.0 } }));
    let mut child = estate.command(RESTORE).spawn().unwrap();
    while !estate.moto.done().iter().any(|line| line == "held") {
        assert!(child.try_wait().unwrap().is_none(), "it ended");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // A newer image does not change what was chosen.
    estate.moto.put_image("web 3", &json!({ "days": 1, "tags": { "role": "web" } }));
    estate.sonae(&["resume"]).exits(0).says(&image);
    let all = machines(&estate);
    assert!(matches!(all.as_slice(), [one] if one["ImageId"] == json!(image)), "{all:#?}");
}

fn images() {
    let (estate, image) = estate(None, "");
    let refused = |arguments: &[&str], words: &str| {
        estate.sonae(arguments).exits(1).says("nothing was done").says(words);
    };
    let plan = std::fs::read_to_string(estate.scene.plan()).unwrap();
    let with = |from: &str, to: &str| std::fs::write(estate.scene.plan(), plan.replace(from, to)).unwrap();

    with(r#"max-age="90d""#, r#"max-age="2d""#);
    refused(RESTORE, "--accept-old-image");
    estate.sonae(DRY).exits(4).says("`max-age` is 2d");
    with(&image, "ami-0123456789abcdef0");
    refused(RESTORE, "have the plan name another `machine-image`");
    with(&format!("{image:?}"), r#"newest-tagged="role=db""#);
    refused(RESTORE, "aws ec2 create-tags");
    with("begin.sh", "absent.sh");
    refused(RESTORE, "absent.sh");
    std::fs::write(estate.scene.path("begin.sh"), vec![b'#'; 16 * 1024 + 1]).unwrap();
    with("", "");
    refused(RESTORE, "more than 16384 bytes");
    std::fs::write(estate.scene.path("begin.sh"), vec![b'#'; 16 * 1024]).unwrap();
    assert_eq!(estate.moto.done(), Vec::<String>::new());
    estate.moto.set(&json!({ "denied": ["DescribeImages"] }));
    refused(RESTORE, "allow that action in the policy");
    estate.moto.set(&json!({ "denied": [] }));

    // An old one is better than none.
    with(r#"max-age="90d""#, r#"max-age="2d""#);
    estate.sonae(&["restore", "plan.kdl", "system", "--accept-old-image"]).exits(0).says(&image);
    assert_eq!(machines(&estate).len(), 1);
    estate.moto.deregister(&image);
    refused(RESTORE, "it was deregistered");
}

fn dies() {
    let (estate, _) = estate(None, "");
    estate.moto.set(&json!({ "dies": "Client error on launch" }));
    let said = estate.sonae(RESTORE).exits(4).says("Client error on launch").says("aws ec2 terminate-instances");
    let run = run_of(&said);
    let id = machines(&estate)[0]["InstanceId"].as_str().unwrap().to_owned();
    said.says(&id);
    let _again = estate.sonae(&["resume", &run]);
    assert_eq!(machines(&estate).len(), 1, "a run has one machine of a step");

    estate.moto.set(&json!({ "capacity": 1 }));
    estate.sonae(RESTORE).exits(0);
    assert_eq!(machines(&estate).len(), 2);
}

/// The actions of EC2 that a policy allows, but for one: tags are given with the launch.
fn allowed(estate: &Estate, purpose: &str) -> std::collections::BTreeSet<String> {
    let policy = estate.sonae(&["export", "iam", "plan.kdl", purpose]).exits(0).json();
    let statements = policy["Statement"].as_array().unwrap();
    let actions = statements.iter().flat_map(|statement| statement["Action"].as_array().unwrap().clone());
    let all = actions.map(|action| action.as_str().unwrap().to_owned());
    all.filter(|action| action.starts_with("ec2:") && action != "ec2:CreateTags").collect()
}

fn policies() {
    for image in [None, Some(TAGGED)] {
        let (estate, _) = estate(image, "");
        let asked = |arguments: &[&str]| {
            estate.moto.forget();
            estate.sonae(arguments).exits(0);
            estate.moto.log().into_iter().collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(asked(DRY), allowed(&estate, "read"));
        assert_eq!(asked(RESTORE), allowed(&estate, "restore"));
        for purpose in ["write", "prune"] {
            assert_eq!(allowed(&estate, purpose), std::collections::BTreeSet::new());
        }
    }
}

#[cfg(feature = "ec2")]
mod driver {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use serde_json::json;
    use sonae::ports::{Cause, Certainty, Machines as _, NewMachine};

    use crate::conformance::machines::{Provider, all};
    use crate::slow_moto::{HOME, SlowMoto};

    fn wait<T>(what: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(what)
    }

    pub(super) fn as_the_port_says() {
        let moto = SlowMoto::start();
        let image = |name: &str, days: u32, state: &str| {
            moto.put_image(name, &json!({ "days": days, "state": state, "tags": { "role": "web" } }))
        };
        let (old, new) = (image("web 1", 9, "available"), image("web 2", 2, "available"));
        let (coming, machines) = (image("web 3", 1, "pending"), moto.machines());
        let at = Provider {
            machines: &machines,
            region: HOME,
            subnet: &moto.subnet(),
            old: &old,
            new: &new,
            coming: &coming,
            pause: Duration::from_millis(100),
            fail_next: &|| moto.set(&json!({ "dies": "Client.InternalError: Client error on launch" })),
        };
        wait(all(&at));
    }

    pub(super) fn refused() {
        let moto = SlowMoto::start();
        let new = NewMachine {
            region: Some(HOME.into()),
            image: moto.put_image("web", &json!({})),
            instance_type: "m6i.large".into(),
            subnet: moto.subnet(),
            security_groups: vec![],
            token: "refused".into(),
            tags: BTreeMap::from([("role".to_owned(), "web".to_owned())]),
        };
        let machines = moto.machines();
        let meet = |settings: serde_json::Value, new: &NewMachine| {
            moto.set(&settings);
            let fault = wait(machines.launch(new, None)).unwrap_err();
            moto.set(&json!({ "busy": {}, "expired": false, "denied": [] }));
            fault
        };
        let room = meet(json!({ "capacity": 1 }), &new);
        assert_eq!((room.cause, room.certainty), (Cause::Other, Certainty::Transient));
        assert!(room.answer.contains("`instance-type`"), "{room}");
        let denied = meet(json!({ "denied": ["RunInstances"] }), &new);
        assert_eq!((denied.cause, denied.certainty), (Cause::Denied, Certainty::Permanent));
        assert!(denied.answer.contains("allow that action"), "{denied}");
        let busy = meet(json!({ "busy": { "RunInstances": 1 } }), &new);
        assert_eq!(busy.certainty, Certainty::Transient, "{busy}");
        let expired = meet(json!({ "expired": true }), &new);
        assert!(expired.cause == Cause::Denied && expired.answer.contains("aws sso login"), "{expired}");
        let group = NewMachine { security_groups: vec!["sg-0123456789abcdef0".into()], ..new.clone() };
        let group = meet(json!({}), &group);
        assert!(group.cause == Cause::Invalid && group.answer.contains("in the region of the image"), "{group}");
        let lost = meet(json!({ "drop": { "after": 1 } }), &new);
        assert_eq!(lost.certainty, Certainty::Unknown, "{lost}");
        let again = wait(machines.launch(&new, None)).unwrap();
        assert!(!again.id.is_empty(), "asked again, it is the machine that was launched");
    }
}
