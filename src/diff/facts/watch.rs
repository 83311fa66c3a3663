//! What a plan says of verifications and drills.

use super::Flat;
use super::backup::SCHEDULE;
use crate::diagnostic::codes::change::{GUARD, LOST, OBJECTIVE};
use crate::diff::change::Kind;
use crate::diff::fact::{Aspect, Entity, Rule, Value};
use crate::plan::{Drill, Selector, SignOff, Verify};

pub(in crate::diff) static TARGETS: Aspect =
    Aspect::judged("targets", Rule::EachOrAll(&LOST), "fewer targets are looked at", "more targets are looked at");
static DEPTH: Aspect = Aspect::judged(
    "depth",
    Rule::More(&GUARD),
    "what is kept is looked at less closely",
    "what is kept is looked at more closely",
);
static TAKES: Aspect = Aspect::told("takes", "the proofs reckon with another length of it; nothing is done otherwise");
static RESTORES: Aspect =
    Aspect::judged("restores", Rule::Each(&LOST), "fewer restores are practised", "more restores are practised");
static SCRATCH: Aspect = Aspect::told("scratch", "restores are practised in another place");
static SIGN_OFF: Aspect =
    Aspect::judged("sign-off", Rule::Have(&LOST), "nobody's word is waited for", "a person's word is waited for");
static ROLE: Aspect = Aspect::judged(
    "sign-off role",
    Rule::Approver,
    "people may sign off who may not so far",
    "fewer people may sign off",
)
.within(&SIGN_OFF);
static WITHIN: Aspect =
    Aspect::judged("sign-off within", Rule::Less(&OBJECTIVE), "the word may come later", "the word comes sooner")
        .within(&SIGN_OFF);

impl Flat<'_> {
    pub(super) fn verify(&mut self, verify: &Verify) {
        let mut entity = self.entity(Kind::Verify, &verify.name, verify.span);
        self.schedule(&mut entity, &SCHEDULE, verify.schedule.as_ref());
        if let Some(first) = verify.targets.first() {
            let of = |selector: &Selector| match selector {
                Selector::Target(name) => self.names.name(Kind::Target, name),
                Selector::All | Selector::Area(_) => selector.to_string(),
            };
            let targets = verify.targets.iter().map(|selector| of(&selector.value)).collect();
            entity.say(&TARGETS, Value::Set(targets), first.span);
        }
        let depth = verify.depth.value;
        entity.say(&DEPTH, Value::Level(depth as u8, depth.to_string()), verify.depth.span);
        self.sign_off(&mut entity, verify.sign_off.as_ref());
        entity.maybe(&TAKES, verify.takes.as_ref());
        self.add(entity, &verify.waivers);
    }

    pub(super) fn drill(&mut self, drill: &Drill) {
        let mut entity = self.entity(Kind::Drill, &drill.name, drill.span);
        self.schedule(&mut entity, &SCHEDULE, drill.schedule.as_ref());
        self.refer(&mut entity, &RESTORES, Kind::Restore, &drill.restores);
        entity.maybe(&SCRATCH, drill.scratch.as_ref());
        self.sign_off(&mut entity, drill.sign_off.as_ref());
        self.add(entity, &drill.waivers);
    }

    fn sign_off(&self, entity: &mut Entity, sign_off: Option<&SignOff>) {
        if let Some(sign_off) = sign_off {
            entity.say(&SIGN_OFF, Value::Said, sign_off.span);
            entity.say(&ROLE, self.role_of(&sign_off.role.value), sign_off.role.span);
            entity.maybe(&WITHIN, sign_off.within.as_ref());
        }
    }
}
