//! Probes that ask a database, against a real server.

use std::path::Path;
use std::time::{Duration, Instant};

use sonae::drivers::Sockets;
use sonae::ports::{Cause, Certainty, Fault, Network as _, Revealed, SqlQuery};
use sonae::primitives::PathBytes;

use super::Check;
use super::conformance::network;
use super::leftovers::files;
use super::mariadb::{MARIADB, Mariadb, PASSWORD};
use super::scene::{SONAE, Said, Scene};
use super::ssh::wait;

pub(crate) const CHECKS: &[Check] = &[
    Check {
        name: "a database is asked as the port promises, and what it refuses is understood",
        needs: MARIADB,
        run: asks,
    },
    Check {
        name: "a database is asked in encryption where it can, and of whoever `ca` vouches for alone",
        needs: MARIADB,
        run: encrypted,
    },
    Check { name: "a restore asks the database, and its password is told nowhere", needs: MARIADB, run: well },
    Check {
        name: "a probe by `sql` is tried again while that may help, says what is wrong, and is gone on with",
        needs: MARIADB,
        run: refused,
    },
];

/// What the server is asked, as the user that may.
fn query(mariadb: &Mariadb, text: &str) -> SqlQuery {
    SqlQuery {
        query: text.into(),
        host: "127.0.0.1".into(),
        port: mariadb.port(),
        user: Some("sonae".into()),
        password: Some(Revealed::new(PASSWORD)),
        database: Some("shop".into()),
        ca: None,
    }
}

fn asks() {
    let mut mariadb = Mariadb::start();
    let network = Sockets::default();
    let of = |text: &str| query(&mariadb, text);
    wait(async {
        let nobody = SqlQuery { port: super::sshd::free_port(), ..of("SELECT 1") };
        network::sql(&network, &[of("SELECT id FROM orders"), of("SELECT id FROM returned"), nobody]).await;
        for (query, cause, words) in [
            (
                SqlQuery { password: Some(Revealed::new("wrong")), ..of("SELECT 1") },
                Cause::Denied,
                "using password: YES",
            ),
            (SqlQuery { password: None, ..of("SELECT 1") }, Cause::Denied, "using password: NO"),
            (SqlQuery { user: None, ..of("SELECT 1") }, Cause::Denied, "Access denied for user"),
            (SqlQuery { database: Some("gone".into()), ..of("SELECT 1") }, Cause::NotFound, "Unknown database 'gone'"),
            (SqlQuery { database: Some("other".into()), ..of("SELECT 1") }, Cause::Denied, "to database 'other'"),
            (of("SELECT * FROM other.things"), Cause::Denied, "SELECT command denied"),
            (of("SELEKT 1"), Cause::Invalid, "SQL syntax"),
            (of(" "), Cause::Invalid, "empty"),
            (of("SELECT * FROM missing"), Cause::Other, "doesn't exist"),
            (of("INSERT INTO returned VALUES (1)"), Cause::Invalid, "READ ONLY"),
            (of("DROP TABLE returned"), Cause::Invalid, "READ ONLY"),
            (of("LOAD DATA LOCAL INFILE '/etc/hostname' INTO TABLE returned"), Cause::Invalid, "READ ONLY"),
            (SqlQuery { password: Some(Revealed::new(b"\xff")), ..of("SELECT 1") }, Cause::Invalid, "UTF-8"),
        ] {
            let fault = network.sql_row(&query).await.unwrap_err();
            assert_eq!((fault.cause, fault.certainty), (cause, Certainty::Permanent), "{}: {fault}", query.query);
            assert!(fault.answer.contains(words), "{}: {fault}", query.query);
        }
        // Of several statements the first answers.
        assert!(!network.sql_row(&of("COMMIT; INSERT INTO returned VALUES (1)")).await.unwrap());
        assert!(!network.sql_row(&of("SELECT * FROM returned")).await.unwrap(), "nothing was written");
        // Of very many rows the first is enough.
        let many = "SELECT a.seq FROM shop.orders o, seq_1_to_100000000 a";
        let begun = Instant::now();
        assert!(network.sql_row(&of(many)).await.unwrap());
        assert!(begun.elapsed() < Duration::from_secs(20), "it took {:?}", begun.elapsed());
        let slow = of("SELECT SLEEP(1000)");
        assert!(tokio::time::timeout(Duration::from_millis(300), network.sql_row(&slow)).await.is_err());
    });
    let again = query(&mariadb, "SELECT 1");
    mariadb.stop();
    let fault = wait(network.sql_row(&again)).unwrap_err();
    assert_eq!(fault.certainty, Certainty::Transient, "{fault}");
    assert!(fault.answer.contains("refused"), "{fault}");
}

const CIPHER: &str =
    "SELECT 1 FROM information_schema.SESSION_STATUS WHERE VARIABLE_NAME = 'SSL_CIPHER' AND VARIABLE_VALUE <> ''";

fn encrypted() {
    let mut mariadb = Mariadb::start();
    let network = Sockets::default();
    let with = |ca: Option<&Path>| SqlQuery { ca: ca.map(PathBytes::from_path), ..query(&mariadb, CIPHER) };
    let refused = |query: SqlQuery| -> Fault { wait(network.sql_row(&query)).unwrap_err() };
    assert!(wait(network.sql_row(&with(None))).unwrap(), "it is encrypted where that can be");
    assert!(wait(network.sql_row(&with(Some(&mariadb.ca())))).unwrap());
    let other = refused(with(Some(&mariadb.other_ca())));
    assert_eq!((other.cause, other.certainty), (Cause::Invalid, Certainty::Permanent), "{other}");
    assert!(other.answer.contains("not the one that `ca` vouches for"), "{other}");
    let elsewhere = refused(SqlQuery { host: "localhost".into(), ..with(Some(&mariadb.ca())) });
    assert_eq!(elsewhere.cause, Cause::Invalid, "its certificate is for another name: {elsewhere}");
    let missing = refused(with(Some(Path::new("/no/such/file"))));
    assert_eq!(missing.cause, Cause::NotFound, "{missing}");
    let (plain, ca) = (with(None), with(Some(&mariadb.ca())));
    mariadb.stop();
    mariadb.again(&["--skip-ssl"], "");
    assert!(!wait(network.sql_row(&plain)).unwrap(), "in clear where the server cannot");
    let cannot = refused(ca);
    assert_eq!((cannot.cause, cannot.certainty), (Cause::Invalid, Certainty::Permanent), "{cannot}");
    assert!(cannot.answer.contains("cannot encrypt"), "{cannot}");
}

/// A plan whose restore asks this.
fn plan(mariadb: &Mariadb, probe: &str) -> String {
    format!(
        r#"plan "one" {{ timezone "UTC"; }}
store "local" {{ local path="store"; }}
host "database" {{ ssh address="127.0.0.1"; }}
target "files" {{ files "source"; backup "now" {{ archive "tar.zip"; store "local"; }}; }}
restore "files" {{
    recover "files" {{ into path="restored"; }}
    probe "orders are there" timeout="2s" {{ sql {probe} host="database" port={} user="sonae" database="shop"; }}
    command "touch" "after"
}}
"#,
        mariadb.port()
    )
}

const FROM_ENV: &str = r#""SELECT 1 FROM orders LIMIT 1" password=(env)"SHOP_PASSWORD""#;

fn scene(mariadb: &Mariadb, probe: &str) -> Scene {
    let scene = Scene::new(&plan(mariadb, probe));
    std::fs::create_dir(scene.path("source")).unwrap();
    std::fs::write(scene.path("source/file"), "content").unwrap();
    scene.sonae(&["run", "plan.kdl", "--all", "--quiet"]).exits(0);
    scene
}

/// The program, with a password in its environment.
fn says(scene: &Scene, password: Option<&str>, arguments: &[&str], status: i32) -> String {
    let mut command = scene.command(SONAE, arguments);
    command.env_remove("SHOP_PASSWORD").envs(password.map(|password| ("SHOP_PASSWORD", password)));
    let said = Said::of(&mut command).exits(status);
    format!("{}{}", said.stdout(), said.stderr())
}

/// That nothing below the scene holds the password, but the file that is to.
fn assert_hidden(scene: &Scene, told: &str) {
    assert!(!told.contains(PASSWORD), "{told}");
    for file in files(scene.root()) {
        let content = std::fs::read(&file).unwrap();
        let found = content.windows(PASSWORD.len()).any(|window| window == PASSWORD.as_bytes());
        assert_eq!(found, file.ends_with("password"), "{}", file.display());
    }
}

fn well() {
    let mariadb = Mariadb::start();
    let restore = ["restore", "plan.kdl", "files"];
    let from_file = FROM_ENV.replace(r#"(env)"SHOP_PASSWORD""#, r#"(file)"password""#);
    let with_ca = format!("{from_file} ca={:?}", mariadb.ca());
    for (probe, password) in [(FROM_ENV, Some(PASSWORD)), (&from_file, None), (&with_ca, None)] {
        let scene = scene(&mariadb, probe);
        std::fs::write(scene.path("password"), format!("{PASSWORD}\n")).unwrap();
        let dry = says(&scene, None, &[&restore[..], &["--dry-run"]].concat(), 0);
        let foretold = format!("\"SELECT 1 FROM orders LIMIT 1\" yields a row at 127.0.0.1 port {}", mariadb.port());
        assert!(dry.contains(&foretold), "{dry}");
        let json = says(&scene, None, &[&restore[..], &["--dry-run", "--format", "json"]].concat(), 0);
        let told = says(&scene, password, &restore, 0);
        assert!(scene.path("after").exists(), "{told}");
        let history = says(&scene, password, &["history", "--format", "json"], 0);
        assert_hidden(&scene, &format!("{dry}{json}{told}{history}"));
    }
}

/// What a restore says that fails, and the name of its run.
fn fails(scene: &Scene, password: Option<&str>) -> (String, String) {
    let told = says(scene, password, &["restore", "plan.kdl", "files"], 4);
    assert!(!scene.path("after").exists(), "{told}");
    let run = told.split("sonae resume ").nth(1).unwrap_or_else(|| panic!("{told}"));
    let run = run.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').next().unwrap().to_owned();
    (told, run)
}

fn refused() {
    let mut mariadb = Mariadb::start();
    let step = "failed: restore/files/probe:";
    // For good, so that it is said at once.
    for (password, words) in [
        (Some("wrong"), "Access denied for user 'sonae'"),
        (None, "read the secret (env)\"SHOP_PASSWORD\": SHOP_PASSWORD is not in the environment"),
    ] {
        let scene = scene(&mariadb, FROM_ENV);
        let (told, run) = fails(&scene, password);
        assert!(told.contains(step) && told.contains(words) && !told.contains("looked"), "{told}");
        says(&scene, Some(PASSWORD), &["resume", &run], 0);
        assert!(scene.path("after").exists());
        assert_hidden(&scene, &told);
    }
    // It may come yet.
    let returned = scene(&mariadb, &FROM_ENV.replace("orders", "returned"));
    let (told, run) = fails(&returned, Some(PASSWORD));
    assert!(told.contains("the query yields no row; looked ") && told.contains(" times in 2s"), "{told}");
    mariadb.stop();
    mariadb.again(&[], "INSERT INTO shop.returned VALUES (7);\n");
    says(&returned, Some(PASSWORD), &["resume", &run], 0);
    // Nobody is there, and then somebody is.
    let orders = scene(&mariadb, FROM_ENV);
    mariadb.stop();
    let (told, run) = fails(&orders, Some(PASSWORD));
    assert!(told.contains("refused") && told.contains("looked "), "{told}");
    mariadb.again(&[], "");
    says(&orders, Some(PASSWORD), &["resume", &run], 0);
    assert!(orders.path("after").exists());
}
