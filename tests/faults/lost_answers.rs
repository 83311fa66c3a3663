//! An answer of a store that is lost: what was asked for is looked for before it is asked again.

use sonae::fakes::{Call, FaultScript, Injected};
use sonae::run::{End, StepEnd};

use super::journey::{Ending, Journey, assert_consistent, simulate};
use super::scene::{Past, Scene};

/// What changes a store, but for throwing away one's own unfinished upload, which nothing is lost by.
const CHANGES: [&str; 4] = ["store.begin", "store.part", "store.finish", "store.delete"];
const LOOKS: [&str; 4] = ["store.list", "store.head", "store.read", "store.uploads"];

/// The run of which the `nth` answer to `op` is lost: its calls from there on; none where there are fewer.
fn after_a_lost_answer(past: &Past, op: &str, nth: u64) -> Option<Vec<Call>> {
    simulate(async {
        let scene = Scene::with(41, past).with_leftovers().await;
        let journey = Journey::new(&scene.world, scene.backup().await, 1);
        let before = scene.world.history().len();
        scene.world.script(FaultScript::new().nth(op, nth, Injected::LoseAnswer));
        let Some(Ending::Over(outcome)) = journey.attempt(None).await else { panic!("nothing stops it") };
        assert_consistent(&outcome);
        assert_eq!(outcome.end, End::Complete, "after lost answer {nth} to {op}");
        assert!(outcome.steps.iter().all(|step| matches!(step.end, StepEnd::Done(_))));
        let calls = scene.world.history().into_iter().skip(before);
        let mut seen = 0;
        let from: Vec<Call> = calls.skip_while(|call| (seen += u64::from(call.op == op), seen < nth).1).collect();
        (!from.is_empty()).then_some(from)
    })
}

fn job(call: &Call) -> Vec<&str> {
    call.key.split('/').take(4).collect()
}

#[test]
fn what_may_have_been_done_is_looked_for_before_it_is_asked_again() {
    let past = Past::of(41, 4);
    for op in CHANGES {
        let mut lost = 0;
        while let Some(calls) = after_a_lost_answer(&past, op, lost + 1) {
            lost += 1;
            let (first, rest) = calls.split_first().unwrap();
            // A look at another of the job's objects says as much: of what else is there, and of what is under way.
            let next = rest.iter().filter(|call| job(call) == job(first)).find(|call| {
                let looks = LOOKS.contains(&call.op);
                looks || CHANGES.contains(&call.op)
            });
            if let Some(next) = next {
                assert!(LOOKS.contains(&next.op), "{next:?} after the answer to {first:?} was lost");
            }
        }
        assert!(lost >= 3, "{op}: {lost}");
    }
}
