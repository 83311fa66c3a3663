//! What a service answers that does not do as it is asked, as people are told it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;

use super::Check;
use super::conformance::s3::{Checksums, KEYS, Parts, Server, Unconditional};
use super::noise::noise;
use super::scene::{SONAE, Said, Scene};

pub(crate) const CHECKS: &[Check] = &[
    Check { name: "what a service of S3 refuses is told with what helps", needs: &[], run: refusals },
    Check {
        name: "a service of S3 that passes over conditions is noticed before anything relies on them",
        needs: &[],
        run: unconditional,
    },
    Check {
        name: "parts are signed where a service of S3 wants that, and one that was changed on its way is put again",
        needs: &[],
        run: parts,
    },
];

const PLAN: &str = r#"
plan "one" { timezone "UTC"; }
store "vault" { s3 bucket="bucket" region="us-east-1" endpoint="ENDPOINT"; }
target "files" { files "source"; backup "now" { archive "tar.zip"; store "vault"; retention generations=1; }; }
restore "files" { recover "files" { into path="restored"; }; }
"#;

/// A service that answers all with the same. Answers where it is.
fn service(status: &str, headers: &str, code: &str, message: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let body = match code {
        "" => String::new(),
        code => format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>"),
    };
    let length = body.len();
    let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}");
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let asked = BufReader::new(client.try_clone().unwrap());
            let _head = asked.lines().map_while(Result::ok).take_while(|line| !line.is_empty()).count();
            let _gone = client.write_all(answer.as_bytes());
        }
    });
    endpoint
}

/// What is told of it, without what differs from test to test.
fn told(endpoint: &str, keys: bool) -> String {
    let scene = Scene::new(&PLAN.replace("ENDPOINT", endpoint));
    let mut command = scene.command(SONAE, &["points", "plan.kdl"]);
    if keys {
        command.env("AWS_ACCESS_KEY_ID", KEYS.0).env("AWS_SECRET_ACCESS_KEY", KEYS.1);
    }
    let said = Said::of(&mut command);
    format!("{}{}exit {}", said.stdout(), said.stderr(), said.status().unwrap()).replace(endpoint, "ENDPOINT")
}

fn unconditional() {
    for (of, call) in [(Unconditional::Puts, "PutObject"), (Unconditional::Uploads, "CompleteMultipartUpload")] {
        let server = Server::start();
        let scene = Scene::new(&PLAN.replace("ENDPOINT", &server.endpoint()));
        std::fs::create_dir(scene.path("source")).unwrap();
        std::fs::write(scene.path("source/file"), "content").unwrap();
        let sonae = |arguments: &[&str]| {
            let mut command = scene.command(SONAE, arguments);
            Said::of(command.env("AWS_ACCESS_KEY_ID", KEYS.0).env("AWS_SECRET_ACCESS_KEY", KEYS.1))
        };
        let points = || sonae(&["points", "plan.kdl", "--format", "json"]).exits(0).json()["points"].clone();
        sonae(&["run", "plan.kdl", "--all"]).exits(0);
        let before = points();
        assert_eq!(before.as_array().map(Vec::len), Some(1), "{before}");
        server.passes_over_conditions_of(of);
        let refused = sonae(&["run", "plan.kdl", "--all"]).exits(4);
        refused.says(&format!("ignores `If-None-Match` of {call}")).says("update the service");
        assert_eq!(points(), before, "nothing was made, and nothing deleted");
        // What is there comes back all the same.
        sonae(&["restore", "plan.kdl", "files"]).exits(0);
    }
}

fn parts() {
    let server = Server::start();
    let scene = Scene::new(&PLAN.replace("ENDPOINT", &server.endpoint()));
    std::fs::create_dir(scene.path("source")).unwrap();
    std::fs::write(scene.path("source/file"), noise(1, 60 << 20)).unwrap();
    let run = || {
        let mut command = scene.command(SONAE, &["run", "plan.kdl", "--all"]);
        Said::of(command.env("AWS_ACCESS_KEY_ID", KEYS.0).env("AWS_SECRET_ACCESS_KEY", KEYS.1)).exits(0);
        std::mem::take(&mut *server.parts())
    };
    let plain = run();
    // The archive's, and one by which it is tried whether conditions are kept.
    assert_eq!((plain.unsigned, plain.signed), (9, 0));
    server.parts().spoils_next = true;
    let spoilt = run();
    assert_eq!((spoilt.unsigned, spoilt.signed), (10, 0), "one came twice");
    server.parts().must_be_signed = true;
    let wanted = run();
    // As many as are under way at once, and that one, are turned away before it is known.
    assert!((1..=4).contains(&wanted.unsigned) && wanted.signed == 9, "{wanted:?}");
    *server.parts() = Parts { checksums: Checksums::Unknown, ..Parts::default() };
    let unknown = run();
    assert!((1..=4).contains(&unknown.unsigned) && unknown.signed == 9, "{unknown:?}");
    *server.parts() = Parts { checksums: Checksums::Told, spoils_next: true, ..Parts::default() };
    let told = run();
    // Others may come unsigned while the one that was changed is put again.
    assert!(told.signed >= 1 && told.unsigned + told.signed == 10, "{told:?}");
}

fn refusals() {
    let nobody = format!("http://{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let answers = [
        ("403 Forbidden", "", "AccessDenied", "Access Denied"),
        (
            "403 Forbidden",
            "",
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
        ),
        (
            "403 Forbidden",
            "",
            "RequestTimeTooSkewed",
            "The difference between the request time and the server's time is too large.",
        ),
        ("400 Bad Request", "", "ExpiredToken", "The provided token has expired."),
        ("404 Not Found", "", "NoSuchBucket", "The specified bucket does not exist"),
        (
            "301 Moved Permanently",
            "x-amz-bucket-region: eu-central-1\r\n",
            "PermanentRedirect",
            "The bucket must be addressed otherwise.",
        ),
        ("400 Bad Request", "", "AuthorizationHeaderMalformed", "The region 'us-east-1' is wrong"),
        ("503 Slow Down", "", "SlowDown", "Please reduce your request rate."),
        ("503 Service Unavailable", "", "", ""),
        ("500 Internal Server Error", "", "InternalError", "We encountered an internal error. Please try again."),
        (
            "501 Not Implemented",
            "",
            "NotImplemented",
            "A header you provided implies functionality that is not implemented",
        ),
        ("200 OK", "", "", ""),
    ];
    let mut text = String::new();
    for (status, headers, code, message) in answers {
        text += &format!("# {status} {code}\n{}\n\n", told(&service(status, headers, code, message), true));
    }
    text += &format!("# nobody is there\n{}\n\n", told(&nobody, true));
    text += &format!("# nobody said who asks\n{}\n", told(&nobody, false));
    insta::assert_snapshot!("s3_refusals", text);
}
