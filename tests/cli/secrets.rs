//! A secret that somebody wrote into a plan is shown by nothing.

use super::scene::Scene;

/// Slips by which a secret comes into a plan.
const SLIPS: [&str; 10] = [
    r#"email to="a@example.org" smtp="smtps://m.example.org" password="hunter2""#,
    r#"email to="a@example.org" smtp="smtps://m.example.org" password=(plain)"hunter2""#,
    r#"email to="a@example.org" smtp="smtps://m.example.org" pasword="hunter2""#,
    r#"email "hunter2" to="a@example.org" smtp="smtps://m.example.org""#,
    r#"email to="a@example.org" smtp="smtps://sonae:hunter2@m.example.org""#,
    r#"email to="a@example.org" smtp="smtps://m.example.org" password=(env)"hunter2 ""#,
    r#"ping "https://example.org/hunter2""#,
    r#"ping url="https://example.org/hunter2""#,
    r#"ping (evn)"https://example.org/hunter2""#,
    r#"ping (env)"https://example.org/hunter2""#,
];

#[test]
fn no_slip_shows_a_secret() {
    let scene = Scene::with_plan();
    let plan = std::fs::read_to_string(scene.path("plan.kdl")).unwrap();
    for slip in SLIPS {
        scene.write("plan.kdl", &format!("{plan}\nnotify \"told\" {{ {slip}; evnts \"failure\" }}\n"));
        for line in [
            "check plan.kdl",
            "check plan.kdl --format json",
            "check plan.kdl --format sarif",
            "check plan.kdl --format github",
            "accept plan.kdl",
            "run plan.kdl --all",
        ] {
            let told = scene.types(line);
            assert!(!told.contains("hunter2"), "{slip}\n{told}");
            assert!(told.ends_with("── exit 1\n"), "{slip}\n{told}");
        }
    }
}
