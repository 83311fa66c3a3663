//! The steps of verifications, drills and notices.

use std::collections::BTreeSet;

use super::restore::{Line, Scratch};
use super::{Builder, Deed, needs};
use crate::graph::{Dependency, Driver, Effect, Slice};
use crate::plan::{Announce, Backup, Depth, Drill, Plan, SignOff, Target, Verify, Way};
use crate::primitives::{Span, StepId};

impl Builder<'_> {
    /// A look at the points of each job, side by side, and then a person's word.
    pub(super) fn verify(&mut self, plan: &Plan, verify: &Verify) {
        let slice = Slice::Verify(verify.name.value.clone());
        let mut looked_at = BTreeSet::new();
        let mut looks = vec![];
        for selector in &verify.targets {
            let meant = plan.targets.iter().filter(|target| selector.value.means(target));
            for target in meant.filter(|target| looked_at.insert(&target.name.value)) {
                for backup in &target.backups {
                    looks.push(self.look_closely(&slice, verify, target, backup));
                }
            }
        }
        let takes = verify.takes.as_ref().map(|takes| takes.value);
        looks.iter().for_each(|look| self.steps[look.index()].takes = takes);
        self.sign_off(&slice, verify.sign_off.as_ref(), &looks);
    }

    fn look_closely(&mut self, slice: &Slice, verify: &Verify, target: &Target, backup: &Backup) -> StepId {
        let (job, asked) = (target.job(backup), verify.depth.value);
        let depth = match (&backup.way, asked) {
            (Way::PointInTime(_) | Way::Snapshot(_), _) => Depth::Present,
            (Way::Stored(_), Depth::Deepest) => Depth::Restore,
            (Way::Stored(_), depth) => depth,
        };
        let looks = match depth {
            Depth::Present => "are there",
            Depth::Checksum => "have the digests of their manifests in their store",
            Depth::Read => "are read whole",
            Depth::Restore | Depth::Deepest => "are restored into scratch",
        };
        let deed = Deed {
            word: "verify",
            what: format!("the recovery points of {job} {looks}"),
            details: vec![],
            effect: Effect::Read,
            yields: &[],
            lacks: Driver::Verification,
        };
        let name = format!("verify-{}-{}", job.target, job.backup);
        self.undriven(slice, &name, deed, vec![], vec![], verify.span)
    }

    /// A person's word on what was done, whatever came of it.
    fn sign_off(&mut self, slice: &Slice, sign_off: Option<&SignOff>, after: &[StepId]) {
        let Some(SignOff { role, within, span }) = sign_off else { return };
        let within = within.as_ref().map_or_else(String::new, |within| format!(", within {}", within.value));
        let deed = Deed {
            word: "sign-off",
            what: format!("by a person with the role {}{within}", role.value),
            details: vec![],
            effect: Effect::Read,
            yields: &[],
            lacks: Driver::People,
        };
        let after = after.iter().map(|on| whatever(*on, *span)).collect();
        self.undriven(slice, "sign-off", deed, vec![], after, *span);
    }

    /// The restores one after the other, into scratch, and then a person's word.
    pub(super) fn drill(&mut self, drill: &Drill) {
        let slice = Slice::Drill(drill.name.value.clone());
        let scratch =
            drill.scratch.as_ref().map_or(Scratch::Beside, |folder| Scratch::Below(self.absolute(&folder.value)));
        let line = Line { slice: &slice, scratch: Some(&scratch) };
        let place = match &scratch {
            Scratch::Below(folder) => format!("below {folder}"),
            Scratch::Beside => "beside each destination".to_owned(),
        };
        let deed =
            |word, what, effect| Deed { word, what, details: vec![], effect, yields: &[], lacks: Driver::Drills };
        let make = deed("scratch", format!("room for what is restored, {place}"), Effect::Add);
        let begin = self.undriven(&slice, "scratch", make, vec![], vec![], drill.span);
        let ends = drill.restores.iter().fold(vec![begin], |before, name| {
            let held = self.restores.get(&name.value).copied();
            held.map_or(before.clone(), |held| self.whole(&line, held, before))
        });
        let record =
            deed("record", "what was restored, how long each step took, and what the probes said".into(), Effect::Add);
        let after = ends.iter().map(|on| whatever(*on, drill.span)).collect();
        let recorded = self.undriven(&slice, "record", record, vec![], after, drill.span);
        self.sign_off(&slice, drill.sign_off.as_ref(), &[recorded]);
    }

    /// What a person says, and its publication.
    pub(super) fn announce(&mut self, announce: &Announce) {
        let (slice, span) = (Slice::Announce(announce.name.value.clone()), announce.span);
        let deed = |word, what, effect, lacks| Deed { word, what, details: vec![], effect, yields: &[], lacks };
        let asks: Vec<String> = announce.asks.iter().map(|ask| format!("{:?}", ask.value)).collect();
        let ask = deed("ask", format!("a person for {}", asks.join(", ")), Effect::Read, Driver::People);
        let asked = self.undriven(&slice, "ask", ask, vec![], vec![], span);
        let what = format!("with {}, within {} of the incident", announce.publish.value, announce.within.value);
        let publish = deed("publish", what, Effect::Execute, Driver::Notices);
        self.undriven(&slice, "publish", publish, vec![], vec![needs(asked, span)], span);
    }
}

/// Behind another step, whatever came of it.
fn whatever(on: StepId, span: Span) -> Dependency {
    Dependency { on, span, needs_success: false }
}
