//! What several backups look at is looked at once.

use sonae::fakes::World;

use super::journey::simulate;
use super::scene::{backup, proven};

const PLAN: &str = r#"
plan "p"
store "near" { local path="/near" }
store "far" { local path="/far" }
target "docs" {
    files "/srv/docs"
    backup "daily" { archive "tar.zip"; store "near" }
    backup "weekly" { archive "tar.zip"; store "near" }
    backup "monthly" { archive "tar.zip"; store "far" }
}
target "again" {
    files "/srv/docs" { exclude "*.tmp" }
    backup "daily" { archive "tar.zip"; store "near" }
}
restore "r" {
    recover "docs" { into path="/back/docs" }
    recover "again" { into path="/back/again" }
}
"#;

#[test]
fn backups_of_the_same_folders_to_the_same_store_walk_them_once() {
    let world = World::tied_to_tokio(1);
    world.tree().put_file("/srv/docs/text", "text");
    world.tree().put_file("/srv/docs/half.tmp", "half");
    let forecast = simulate(backup(&proven("p.kdl", PLAN), &world));
    let walks = world.history().iter().filter(|call| call.op == "tree.list" && call.key == "/srv/docs").count();
    assert_eq!(walks, 3, "another store, and other patterns, are other questions");
    let told = sonae::report::forecast::text(&(&forecast).into());
    assert_eq!(told.matches("2 files").count(), 3, "{told}");
    assert_eq!(told.matches("1 file in").count(), 1, "{told}");
}
