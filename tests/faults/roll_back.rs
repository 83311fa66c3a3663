//! A restore that is taken back: a death before and after every record and every call, lost answers, and journals that nobody wrote.

use std::collections::BTreeSet;

use sonae::fakes::{Edge, FaultScript, Injected, World};
use sonae::forecast::{self, Action, Forecast, Outlook, Subject};
use sonae::observe::{self, Reading};
use sonae::ports::{Clock, TreeRead as _};
use sonae::primitives::{Digest, HostPath, PathBytes, RunId};
use sonae::run::{End, StepEnd, recorded};

use super::journey::{Ending, Journey, assert_consistent, simulate, unbroken};
use super::scene::{backup, proven, restore};

const PLAN: &str = r#"
plan "sim"
store "vault" { local path="/vault" }
target "docs" {
    files "/srv/docs" "/srv/more"
    backup "daily" { schedule "daily" at="05:30"; archive "tar.zip"; store "vault"; takes "5m"; }
}
target "shop" {
    release archive="/srv/builds/shop.tar" sha256="SHA256"
    no-backup "kept where it is built"
}
restore "all" rto="30m" {
    recover "docs" takes="5m" { into path="/srv/back" }
    deploy "shop" takes="5m" { into path="/srv/shop" link="/srv/serving" }
    switch "docs" takes="1m"
}
"#;

fn archive() -> Vec<u8> {
    let mut tar = tar::Builder::new(vec![]);
    let mut header = tar::Header::new_gnu();
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_mode(0o644);
    header.set_size(4);
    tar.append_data(&mut header, "version", &b"new\n"[..]).unwrap();
    tar.into_inner().unwrap()
}

/// A world in which what served was damaged, and a restore mended it; and that restore.
async fn mended() -> (World, Forecast) {
    let plan = PLAN.replace("SHA256", Digest::of(&archive()).to_string().trim_start_matches("sha256:"));
    let (world, proven) = (World::tied_to_tokio(7), proven("sim.kdl", &plan));
    let tree = world.tree();
    tree.put_file("/srv/docs/text", "good");
    tree.put_file("/srv/more/text", "good");
    assert_eq!(unbroken(&world, backup(&proven, &world).await, 1).await.end, End::Complete);
    tree.put_file("/srv/docs/text", "damaged");
    tree.put_file("/srv/more/text", "damaged");
    tree.put_file("/srv/builds/shop.tar", archive());
    tree.put_file("/srv/old/version", "old\n");
    tree.put_symlink("/srv/serving", "old");
    world.clock().advance(jiff::SignedDuration::from_hours(1));
    let restore = restore(&proven, &world, "all").await;
    let outcome = unbroken(&world, restore.clone(), 1).await;
    assert_eq!(outcome.end, End::Complete, "{:#?}", outcome.steps);
    world.clock().advance(jiff::SignedDuration::from_hours(1));
    assert_eq!(serves(&world).await, ["good", "good", &format!("/srv/shop/shop-{}", restore.run)]);
    (world, restore)
}

/// What is in the places, and where the link points.
async fn serves(world: &World) -> [String; 3] {
    let tree = world.tree();
    let text = |path: &str| String::from_utf8_lossy(&tree.content(path.as_bytes()).unwrap_or_default()).into_owned();
    let link = tree.read_link(&PathBytes::new(*b"/srv/serving")).await.unwrap().to_string();
    [text("/srv/docs/text"), text("/srv/more/text"), link]
}

/// What would be taken back of a restore.
async fn outlook(world: &World, of: &RunId) -> Outlook {
    let found = recorded(&*world.journal(), of).await.unwrap().unwrap();
    let (placed, tree) = (found.placed(), world.tree());
    let reading = Reading {
        tree: &*tree,
        hosts: &Default::default(),
        stores: &Default::default(),
        subversion: &*world.subversion(),
        databases: &*world.databases(),
        machines: &*world.machines(),
        scratch: &*world.scratch(),
        clock: &*world.clock(),
    };
    let links: Vec<_> = placed.iter().filter_map(|placed| placed.link(&found.forecast)).collect();
    let places: Vec<_> = placed.iter().flat_map(|placed| placed.places(&found.forecast)).collect();
    let databases: Vec<_> = placed.iter().flat_map(|placed| placed.databases(&found.forecast)).collect();
    let seen = observe::in_service(&reading, &links, &places, &databases).await;
    forecast::roll_back(&found.forecast, &placed, &seen, &BTreeSet::new(), world.clock().now())
}

/// Takes all back through a death at that call, or an answer that is lost; whether it came to that.
fn through(death: Option<(&str, u64, Edge)>) -> bool {
    simulate(async {
        let (world, restore) = mended().await;
        let back = outlook(&world, &restore.run).await.performable().unwrap();
        assert_eq!(back.check(), Ok(()));
        let run = back.run.clone();
        let journey = Journey::new(&world, back, 1);
        if let Some((op, nth, edge)) = death {
            world.crash_at(op, nth, edge);
        }
        let died = matches!(journey.attempt(None).await, Some(Ending::Died));
        if died != death.is_some() {
            return false;
        }
        let outcome = journey.to_the_end().await;
        assert_consistent(&outcome);
        assert!(outcome.steps.iter().all(|step| matches!(step.end, StepEnd::Done(_))), "{:#?}", outcome.steps);
        assert_eq!(serves(journey.world()).await, ["damaged", "damaged", "old"]);
        // Nothing is deleted.
        let tree = journey.world().tree();
        for kept in [format!("docs.before-{run}"), format!("more.before-{run}")] {
            assert_eq!(tree.content(format!("/srv/{kept}/text").as_bytes()).as_deref(), Some(&b"good"[..]), "{kept}");
            let before = format!("/srv/{}", kept.replace(&run.to_string(), &restore.run.to_string()));
            assert!(!tree.is_there(&PathBytes::new(before.as_bytes())), "{before} is back in its place");
        }
        let release = format!("/srv/shop/shop-{}/version", restore.run);
        assert_eq!(tree.content(release.as_bytes()).as_deref(), Some(&b"new\n"[..]));
        true
    })
}

/// Dies at the first, second, … call of an operation until there are no more of them; says how often it died.
fn dies_everywhere(op: &str) -> u64 {
    for edge in [Edge::Before, Edge::After] {
        for nth in 1.. {
            match through(Some((op, nth, edge))) {
                true => {}
                false if edge == Edge::Before => break,
                false => return nth - 1,
            }
        }
    }
    0
}

#[test]
fn a_roll_back_survives_death_at_every_record() {
    assert!(through(None));
    assert!(dies_everywhere("journal.append") >= 6);
}

#[test]
fn a_roll_back_survives_death_at_every_call_of_the_tree() {
    assert_eq!(dies_everywhere("tree.point-link"), 1);
    assert_eq!(dies_everywhere("tree.rename"), 4);
    assert!(dies_everywhere("tree.stat") >= 7);
}

/// Takes all back though something is done to the `nth` call; whether it came to that.
fn in_spite_of(op: &str, nth: u64, fault: Injected) -> bool {
    simulate(async {
        let (world, restore) = mended().await;
        let back = outlook(&world, &restore.run).await.performable().unwrap();
        let journey = Journey::new(&world, back, 1);
        let before = world.history().len();
        world.script(FaultScript::new().nth(op, nth, fault));
        let Some(Ending::Over(outcome)) = journey.attempt(None).await else { panic!("nothing stops it") };
        assert_eq!(outcome.end, End::Complete, "{op} {nth}: {:#?}", outcome.steps);
        // Whoever looks now is not struck.
        world.script(FaultScript::new());
        assert_eq!(serves(&world).await, ["damaged", "damaged", "old"]);
        world.history().iter().skip(before).filter(|call| call.op == op).count() as u64 > nth
    })
}

#[test]
fn a_roll_back_is_done_though_answers_are_lost_and_calls_refused_for_now() {
    for op in ["tree.rename", "tree.point-link", "tree.stat", "tree.read-link"] {
        for fault in [Injected::LoseAnswer, Injected::RefuseOnce(sonae::ports::Cause::Other)] {
            let mut nth = 1;
            while in_spite_of(op, nth, fault) {
                nth += 1;
            }
        }
    }
}

#[test]
fn a_second_one_finds_that_all_is_taken_back_already() {
    simulate(async {
        let (world, restore) = mended().await;
        let back = outlook(&world, &restore.run).await.performable().unwrap();
        assert_eq!(unbroken(&world, back, 1).await.end, End::Complete);
        world.clock().advance(jiff::SignedDuration::from_hours(1));
        let again = outlook(&world, &restore.run).await;
        assert_eq!(again.foreseen().count(), 2, "both steps would fail: {:#?}", again.steps);
        assert!(again.refused().is_some());
    });
}

/// Forgeries of a roll-back, each with what is said of it.
fn forgeries(back: &Forecast) -> Vec<(Forecast, &'static str)> {
    let forged = |change: &dyn Fn(&mut Forecast)| {
        let mut forged = back.clone();
        change(&mut forged);
        assert_ne!(forged, *back);
        forged
    };
    let path = |text: &str| PathBytes::new(text.as_bytes());
    let each = |forged: &mut Forecast, change: &dyn Fn(&mut Action)| {
        forged.steps.iter_mut().for_each(|step| change(&mut step.action));
    };
    let with_link = |change: fn(&mut PathBytes, &mut PathBytes, &mut PathBytes)| {
        forged(&|forged| {
            each(forged, &|action| {
                if let Action::Link { link, from, to, .. } = action {
                    change(link, from, to);
                }
            });
        })
    };
    let with_move = |change: &dyn Fn(&mut forecast::Move)| {
        forged(&|forged| {
            each(forged, &|action| {
                if let Action::Switch { moves, .. } = action {
                    moves.iter_mut().for_each(change);
                }
            });
        })
    };
    let with_subject = |change: &dyn Fn(&mut forecast::RollBack)| {
        forged(&|forged| {
            let Subject::RollBack(of) = &mut forged.subject else { panic!("a roll-back") };
            change(of);
        })
    };
    let other = || RunId::parse("20200101T000000Z-00000000").unwrap();
    let run = back.run.clone();
    vec![
        (with_link(|_, from, _| *from = PathBytes::new(*b"/etc/passwd")), "is no release of run"),
        (with_link(|link, _, _| *link = PathBytes::new(*b"serving")), "is no absolute path"),
        (with_link(|_, from, to| *to = from.clone()), "goes back to nothing else"),
        (with_move(&|step| step.from = path("/etc")), "is nothing that run"),
        (with_move(&|step| step.kept = path("/srv/elsewhere")), "it calls"),
        (with_move(&|step| step.to = path("/etc/other")), "it calls"),
        (with_subject(&|of| of.of = other()), "is nothing that run"),
        (with_subject(&|of| of.of = run.clone()), "it takes itself back"),
        (with_subject(&|of| of.destinations.push(HostPath::here(path("..")))), "is no absolute path"),
        (
            forged(&|forged| forged.subject = Subject::Restore { restore: super::scene::name("all"), budget: None }),
            "is nothing that it recovers",
        ),
    ]
}

#[test]
fn no_forged_roll_back_is_believed() {
    simulate(async {
        let (world, restore) = mended().await;
        let back = outlook(&world, &restore.run).await.performable().unwrap();
        for (forged, why) in forgeries(&back) {
            let said = forged.check().unwrap_err();
            assert!(said.contains(why), "{why}: {said}");
        }
        // And no restore holds such a step.
        let mut forged = restore.clone();
        let link = back.steps.iter().find(|step| matches!(step.action, Action::Link { .. })).unwrap();
        forged.steps[0] = sonae::forecast::ForecastStep { after: vec![], ..link.clone() };
        forged.steps.truncate(1);
        forged.steps[0].id = sonae::primitives::StepId(0);
        assert!(forged.check().unwrap_err().contains("not of what the run is about"));
    });
}
