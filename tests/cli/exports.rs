//! What is printed for others: the policies of AWS.

use super::scene::{Scene, settings};

#[test]
fn policies_are_of_what_the_plan_names_and_no_more() {
    let scene = Scene::with_plan();
    scene.write("policy.kdl", include_str!("../../plans/smaregi.kdl"));
    let told = scene.types_all(&[
        "export iam policy.kdl read",
        "export iam policy.kdl write --account 123456789012",
        "export iam policy.kdl prune",
        "export iam policy.kdl restore",
        "export bucket-policy policy.kdl vault",
    ]);
    settings().bind(|| insta::assert_snapshot!("policies", told));
}

#[test]
fn what_cannot_be_exported_is_told_with_what_to_write() {
    let scene = Scene::with_plan();
    scene.write("policy.kdl", include_str!("../../plans/smaregi.kdl"));
    let told = scene.types_all(&[
        "export bucket-policy policy.kdl valt",
        "export bucket-policy policy.kdl backup-server",
        "export iam policy.kdl read --account 12",
        "export iam plan.kdl read",
        "export iam policy.kdl everything",
    ]);
    settings().bind(|| insta::assert_snapshot!("not_exported", told));
}
