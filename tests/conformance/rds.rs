//! What the driver of RDS makes of answers that no imitation of it gives: a server that answers what the case says, call by call, and
//! remembers what it was asked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use sonae::drivers::{AwsAddress, RdsDatabases};
use sonae::ports::{
    Cause, Certainty, DatabaseKind, DatabaseName, DatabaseSettings, DatabaseSnapshot, Databases as _,
    DatabasesRead as _, Fault, NewDatabase, RestoreFrom, SnapshotName, SnapshotOrigin,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// An answer: its status, lines of its head, and its body. No status is a connection that is closed without one.
struct Answer(Option<u16>, &'static str, String);

/// An answer that is well: what is in `<ActionResult>`.
fn well(action: &str, result: &str) -> Answer {
    let body = format!(
        "<{action}Response xmlns=\"http://rds.amazonaws.com/doc/2014-10-31/\"><{action}Result>{result}</{action}Result>\
         <ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></{action}Response>"
    );
    Answer(Some(200), "", body)
}

fn error(status: u16, code: &str, message: &str) -> Answer {
    let body = format!(
        "<ErrorResponse xmlns=\"http://rds.amazonaws.com/doc/2014-10-31/\"><Error><Type>Sender</Type><Code>{code}</Code>\
         <Message>{message}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
    );
    Answer(Some(status), "", body)
}

/// A driver, and what the server behind it was asked so far.
struct Scripted {
    databases: RdsDatabases,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    async fn of(answers: impl IntoIterator<Item = Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(vec![]));
        let (remembers, mut answers) = (Arc::clone(&asked), answers.into_iter().collect::<Vec<_>>().into_iter());
        tokio::spawn(async move {
            while let (Ok((socket, _)), Some(answer)) = (listener.accept().await, answers.next()) {
                let asked = answered(socket, answer).await;
                remembers.lock().unwrap().push(asked);
            }
        });
        Self { databases: RdsDatabases::new(AwsAddress::at(endpoint, "AKIAIOSFODNN7EXAMPLE", "secret")), asked }
    }

    /// What it was asked, `Action=…&…`.
    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// Reads a request, and answers it; tells the request's body.
async fn answered(mut socket: TcpStream, Answer(status, head, body): Answer) -> String {
    let mut read = Vec::new();
    let asked = loop {
        let mut piece = [0; 4096];
        let length = socket.read(&mut piece).await.unwrap();
        read.extend_from_slice(&piece[..length]);
        let text = String::from_utf8_lossy(&read).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length =
            head.to_lowercase().split("content-length: ").nth(1).and_then(|it| it.lines().next()?.parse().ok());
        if body.len() >= length.unwrap_or(0) {
            break body.to_owned();
        }
    };
    if let Some(status) = status {
        let length = body.len();
        let whole =
            format!("HTTP/1.1 {status} Said\r\nContent-Length: {length}\r\nConnection: close\r\n{head}\r\n{body}");
        socket.write_all(whole.as_bytes()).await.unwrap();
    }
    socket.shutdown().await.unwrap();
    asked
}

fn named(kind: DatabaseKind, identifier: &str) -> DatabaseName {
    DatabaseName { kind, identifier: identifier.to_owned(), region: Some("ap-northeast-1".to_owned()) }
}

fn shop() -> DatabaseName {
    named(DatabaseKind::Instance, "shop")
}

fn snapshot(kind: DatabaseKind, identifier: &str) -> SnapshotName {
    SnapshotName { kind, identifier: identifier.to_owned(), region: Some("ap-northeast-1".to_owned()) }
}

#[tokio::test]
async fn a_database_that_is_being_made_has_no_address_and_no_moment() {
    let making = "<DBInstances><DBInstance><DBInstanceIdentifier>shop</DBInstanceIdentifier>\
                  <DBInstanceStatus>creating</DBInstanceStatus><Engine>postgres</Engine><DbiResourceId>db-A</DbiResourceId>\
                  <AllocatedStorage>400</AllocatedStorage><StorageType>gp3</StorageType><Iops>3000</Iops>\
                  <BackupRetentionPeriod>7</BackupRetentionPeriod><TagList/></DBInstance></DBInstances>";
    let at = Scripted::of([well("DescribeDBInstances", making)]).await;
    let told = at.databases.database(&shop()).await.unwrap().unwrap();
    assert_eq!((told.status.as_str(), told.latest, told.address), ("creating", None, None));
    assert_eq!(told.settings.iops, None, "what comes with the storage is not provisioned");
    assert_eq!(told.settings, DatabaseSettings { storage_type: Some("gp3".into()), ..DatabaseSettings::default() });
    assert!(at.asked()[0].contains("Action=DescribeDBInstances"), "{:?}", at.asked());
}

#[tokio::test]
async fn a_list_is_read_to_its_end() {
    let one = |identifier: &str, more: &str| {
        format!(
            "<DBSnapshots><DBSnapshot><DBSnapshotIdentifier>{identifier}</DBSnapshotIdentifier><Status>available</Status>\
             <DBInstanceIdentifier>shop</DBInstanceIdentifier>{more}</DBSnapshot></DBSnapshots>"
        )
    };
    let manual = "<SnapshotType>manual</SnapshotType><SnapshotCreateTime>2026-03-02T00:00:00Z</SnapshotCreateTime>";
    let automated =
        "<SnapshotType>automated</SnapshotType><SnapshotCreateTime>2026-03-01T00:00:00.5Z</SnapshotCreateTime>";
    let others = "<SnapshotType>awsbackup</SnapshotType>";
    let first = one("late", manual) + "<Marker>further on</Marker>";
    let at = Scripted::of([
        well("DescribeDBSnapshots", &first),
        well("DescribeDBSnapshots", &(one("rds:early", automated) + "<Marker>and on</Marker>")),
        well("DescribeDBSnapshots", &one("of-others", others)),
        error(404, "DBInstanceNotFound", "DBInstance shop not found."),
    ])
    .await;
    let all = at.databases.snapshots(&shop()).await.unwrap();
    let told: Vec<_> = all.iter().map(|it| (it.name.identifier.as_str(), it.origin)).collect();
    assert_eq!(told, [("rds:early", SnapshotOrigin::Automated), ("late", SnapshotOrigin::Manual)]);
    let asked = at.asked();
    assert!(asked[1].contains("Marker=further%20on") && asked[2].contains("Marker=and%20on"), "{asked:?}");
}

#[tokio::test]
async fn a_snapshot_that_is_being_made_says_how_far_it_is_and_has_no_time() {
    let making = "<DBSnapshots><DBSnapshot><DBSnapshotIdentifier>night</DBSnapshotIdentifier><Status>creating</Status>\
                  <SnapshotType>manual</SnapshotType><PercentProgress>37</PercentProgress>\
                  <SnapshotCreateTime>2026-03-02T00:00:00Z</SnapshotCreateTime><AllocatedStorage>20</AllocatedStorage>\
                  <TagList><Tag><Key>empty</Key></Tag></TagList></DBSnapshot></DBSnapshots>";
    let at = Scripted::of([well("DescribeDBSnapshots", making)]).await;
    let told = at.databases.snapshot(&snapshot(DatabaseKind::Instance, "night")).await.unwrap().unwrap();
    assert_eq!((told.percent, told.taken, told.allocated_gib), (Some(37), None, 20));
    assert_eq!(told.tags, BTreeMap::from([("empty".to_owned(), String::new())]));
}

#[tokio::test]
async fn automated_backups_of_other_regions_are_not_of_this_one() {
    let one = |status: &str, resource: &str, latest: &str| {
        format!(
            "<DBInstanceAutomatedBackup><DBInstanceIdentifier>shop</DBInstanceIdentifier><Status>{status}</Status>\
             <DbiResourceId>{resource}</DbiResourceId><RestoreWindow><EarliestTime>2026-02-01T00:00:00Z</EarliestTime>\
             <LatestTime>{latest}</LatestTime></RestoreWindow></DBInstanceAutomatedBackup>"
        )
    };
    let all = [
        one("retained", "db-OLD", "2026-02-10T00:00:00Z"),
        one("replicating", "db-FAR", "2026-03-01T00:00:00Z"),
        one("active", "db-NEW", "2026-03-01T00:00:00Z"),
        one("retained", "db-LATER", "2026-02-20T00:00:00Z"),
    ];
    let all = format!("<DBInstanceAutomatedBackups>{}</DBInstanceAutomatedBackups>", all.concat());
    let at = Scripted::of([well("DescribeDBInstanceAutomatedBackups", &all)]).await;
    let told = at.databases.automated_backups(&shop()).await.unwrap();
    let told: Vec<_> = told.iter().map(|it| (it.resource.as_str(), it.retained)).collect();
    assert_eq!(told, [("db-NEW", false), ("db-LATER", true), ("db-OLD", true)]);
}

fn restored(resource: &str, at: Option<&str>) -> NewDatabase {
    let (resource, database) = (resource.to_owned(), "shop".to_owned());
    NewDatabase {
        name: named(DatabaseKind::Instance, "shop-restored"),
        from: RestoreFrom::Moment { resource, database, at: at.map(|at| at.parse().unwrap()) },
        engine: "mysql".to_owned(),
        settings: DatabaseSettings::default(),
        tags: BTreeMap::new(),
    }
}

#[tokio::test]
async fn what_lives_is_brought_back_by_its_name_and_what_is_gone_by_its_resource() {
    let living = "<DBInstances><DBInstance><DbiResourceId>db-NEW</DbiResourceId></DBInstance></DBInstances>";
    let script = || [well("DescribeDBInstances", living), well("RestoreDBInstanceToPointInTime", "")];
    let at = Scripted::of(script()).await;
    at.databases.begin_restore(&restored("db-NEW", Some("2026-03-01T00:00:00.9Z"))).await.unwrap();
    let asked = at.asked().pop().unwrap();
    assert!(asked.contains("SourceDBInstanceIdentifier=shop&") && !asked.contains("SourceDbiResourceId"), "{asked}");
    assert!(asked.contains("RestoreTime=2026-03-01T00%3A00%3A00Z") && !asked.contains("UseLatest"), "{asked}");
    let at = Scripted::of(script()).await;
    at.databases.begin_restore(&restored("db-OLD", None)).await.unwrap();
    let asked = at.asked().pop().unwrap();
    assert!(asked.contains("SourceDbiResourceId=db-OLD") && !asked.contains("SourceDBInstanceIdentifier"), "{asked}");
    assert!(asked.contains("UseLatestRestorableTime=true") && !asked.contains("RestoreTime="), "{asked}");
}

fn original(kind: DatabaseKind, encrypted: bool) -> DatabaseSnapshot {
    DatabaseSnapshot {
        name: snapshot(kind, "night"),
        arn: "arn:aws:rds:ap-northeast-1:123456789012:cluster-snapshot:night".to_owned(),
        database: "pool".to_owned(),
        origin: SnapshotOrigin::Manual,
        status: "available".to_owned(),
        percent: Some(100),
        taken: Some("2026-03-01T00:00:00Z".parse().unwrap()),
        allocated_gib: 0,
        encrypted,
        tags: BTreeMap::new(),
    }
}

#[tokio::test]
async fn a_copy_of_a_cluster_says_when_its_original_was_taken() {
    let copied = "<DBClusterSnapshots><DBClusterSnapshot><DBClusterSnapshotIdentifier>far</DBClusterSnapshotIdentifier>\
                  <Status>available</Status><SnapshotType>manual</SnapshotType>\
                  <SnapshotCreateTime>2026-03-05T00:00:00Z</SnapshotCreateTime><TagList>\
                  <Tag><Key>sonae:taken</Key><Value>2026-03-01T00:00:00Z</Value></Tag></TagList></DBClusterSnapshot></DBClusterSnapshots>";
    let at = Scripted::of([well("CopyDBClusterSnapshot", ""), well("DescribeDBClusterSnapshots", copied)]).await;
    let mut far = snapshot(DatabaseKind::Cluster, "far");
    far.region = Some("ap-northeast-3".to_owned());
    let original = original(DatabaseKind::Cluster, true);
    at.databases.begin_copy(&original, &far, Some("key"), &BTreeMap::new()).await.unwrap();
    let told = at.databases.snapshot(&far).await.unwrap().unwrap();
    assert_eq!((told.taken, told.tags), (original.taken, BTreeMap::new()));
    let asked = &at.asked()[0];
    assert!(asked.contains("CopyTags=false") && asked.contains("KmsKeyId=key"), "{asked}");
    assert!(asked.contains("arn%3Aaws%3Ards%3Aap-northeast-1"), "{asked}");
    assert!(asked.contains("sonae%3Ataken"), "{asked}");
}

#[tokio::test]
async fn an_encrypted_snapshot_is_copied_to_another_region_with_a_key_alone() {
    let at = Scripted::of([]).await;
    let mut far = snapshot(DatabaseKind::Instance, "far");
    far.region = Some("ap-northeast-3".to_owned());
    let original = original(DatabaseKind::Instance, true);
    let fault = at.databases.begin_copy(&original, &far, None, &BTreeMap::new()).await.unwrap_err();
    assert_eq!((fault.cause, fault.certainty), (Cause::Invalid, Certainty::Permanent));
    assert!(fault.answer.contains("name a key of the region"), "{fault}");
}

/// What a call that changes something and one that looks make of an answer.
async fn met(answer: impl Fn() -> Answer) -> (Fault, Fault) {
    let at = Scripted::of([answer(), answer()]).await;
    let name = snapshot(DatabaseKind::Instance, "night");
    let changes = at.databases.begin_snapshot(&shop(), &name, &BTreeMap::new()).await.unwrap_err();
    let looks = at.databases.automated_backups(&shop()).await.unwrap_err();
    assert_eq!(at.asked().len(), 2, "a call is sent once");
    (changes, looks)
}

#[tokio::test]
async fn each_word_of_rds_means_what_it_means() {
    use Cause::{Busy, Denied, Exists, Full, Invalid, Other};
    use Certainty::{Permanent, Transient};
    for (status, code, cause, certainty) in [
        (400, "DBSnapshotAlreadyExists", Exists, Permanent),
        (400, "DBClusterSnapshotAlreadyExistsFault", Exists, Permanent),
        (400, "InvalidDBInstanceState", Busy, Transient),
        (400, "InvalidDBClusterStateFault", Busy, Transient),
        (400, "InvalidDBSnapshotState", Busy, Transient),
        (400, "SnapshotQuotaExceeded", Full, Permanent),
        (400, "InstanceQuotaExceeded", Full, Permanent),
        (400, "StorageQuotaExceeded", Full, Permanent),
        (400, "DBClusterQuotaExceededFault", Full, Permanent),
        (400, "Throttling", Other, Transient),
        (503, "RequestLimitExceeded", Other, Transient),
        (400, "InsufficientDBInstanceCapacity", Other, Transient),
        (403, "ExpiredToken", Denied, Permanent),
        (403, "AccessDenied", Denied, Permanent),
        (403, "InvalidClientTokenId", Denied, Permanent),
        (403, "SignatureDoesNotMatch", Denied, Permanent),
        (400, "KMSKeyNotAccessibleFault", Denied, Permanent),
        (400, "PointInTimeRestoreNotEnabled", Invalid, Permanent),
        (400, "InvalidRestoreFault", Invalid, Permanent),
        (404, "DBSubnetGroupNotFoundFault", Invalid, Permanent),
        (404, "DBParameterGroupNotFound", Invalid, Permanent),
        (400, "InvalidVPCNetworkStateFault", Invalid, Permanent),
        (400, "InvalidParameterValue", Invalid, Permanent),
        (400, "InvalidParameterCombination", Invalid, Permanent),
    ] {
        let (changes, looks) = met(|| error(status, code, "As RDS says it.")).await;
        for fault in [changes, looks] {
            assert_eq!((fault.cause, fault.certainty), (cause, certainty), "{code}");
            assert!(fault.answer.starts_with(&format!("As RDS says it ({code})")), "{fault}");
        }
    }
}

#[tokio::test]
async fn what_is_not_certain_is_not_said_to_be() {
    for answer in [
        || error(500, "InternalFailure", "An internal error."),
        || error(503, "ServiceUnavailable", "Not just now."),
        || Answer(Some(502), "", "<html>Bad Gateway</html>".to_owned()),
        || Answer(Some(200), "", "<html>A captive portal".to_owned()),
        || Answer(None, "", String::new()),
    ] {
        let (changes, looks) = met(answer).await;
        assert_eq!((changes.cause, changes.certainty), (Cause::Other, Certainty::Unknown), "{changes}");
        assert_eq!((looks.cause, looks.certainty), (Cause::Other, Certainty::Transient), "{looks}");
    }
}

#[tokio::test]
async fn how_long_to_wait_is_heard() {
    let throttled = || Answer(Some(400), "Retry-After: 20\r\n", error(400, "Throttling", "Rate exceeded").2);
    let (changes, looks) = met(throttled).await;
    for fault in [changes, looks] {
        assert_eq!(fault.retry_after, Some(sonae::primitives::Duration::from_seconds(20)));
        assert_eq!(fault.certainty, Certainty::Transient);
    }
}

#[tokio::test]
async fn what_is_no_rds_is_said_to_be_none() {
    let (changes, _) = met(|| Answer(Some(404), "", "<html>nothing here</html>".to_owned())).await;
    assert_eq!((changes.cause, changes.certainty), (Cause::Invalid, Certainty::Permanent));
    assert!(changes.answer.contains("no RDS: look at the endpoint"), "{changes}");
}

#[tokio::test]
async fn what_is_not_there_is_deleted_already() {
    for kind in [DatabaseKind::Instance, DatabaseKind::Cluster] {
        let code = if kind == DatabaseKind::Instance { "DBSnapshotNotFound" } else { "DBClusterSnapshotNotFoundFault" };
        let at = Scripted::of([error(404, code, "It is not there.")]).await;
        at.databases.delete_snapshot(&snapshot(kind, "night")).await.unwrap();
        assert!(at.asked()[0].contains("SnapshotIdentifier=night"), "{:?}", at.asked());
    }
}
