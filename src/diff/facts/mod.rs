//! A plan, taken apart into what it says of each of its parts.
//!
//! Unaware of the other plan, but for what that calls the parts. Invariant: whatever of a plan could make a run, a restore or a proof go
//! another way is a fact here; a test changes plans at random and holds that.

mod backup;
mod people;
mod restore;
mod store;
mod target;
mod watch;

pub(super) use backup::{COPY, COPY_RETENTION, RETENTION_OF_POINTS, SCHEDULE, SELECT, is_store, store_of};
pub(super) use store::hides;
pub(super) use target::{AREA, HOSTS, LOOKED_AT, ROOTS, are_of_one_source};
pub(super) use watch::TARGETS;

use std::path::{Component, Path, PathBuf};

use super::change::Kind;
use super::fact::{Approver, Aspect, Entity, Renames, Rule, Value};
use crate::plan::{Plan, Schedule, Waiver};
use crate::primitives::{Name, Span, Spanned};

static NAME: Aspect = Aspect::judged(
    "name",
    Rule::Place,
    "recovery points carry the name of their plan: all that were made so far are left behind",
    "",
);
static TIMEZONE: Aspect = Aspect::told("timezone", "days, months and times of day are counted by another clock");
static OWNER: Aspect = Aspect::neutral("owner");
static EVIDENCE: Aspect = Aspect::judged(
    "evidence",
    Rule::Place,
    "sign-offs, holds and the results of drills that were written so far are looked for in another place",
    "",
);
static WAIVE: Aspect =
    Aspect::judged("waive", Rule::Waiver, "a problem is set aside", "a problem is not set aside any more");

/// All that a plan says. What others call its parts is as `names` has it.
pub(super) fn of_plan(plan: &Plan, names: &Renames) -> Vec<Entity> {
    let mut flat = Flat { names, plan, entities: vec![] };
    let mut entity = Entity::new(Kind::Plan, plan.name.value.as_str(), plan.name.span);
    entity.say(&NAME, plan.name.value.as_str(), plan.name.span);
    entity.maybe(&TIMEZONE, Some(&plan.timezone));
    entity.maybe(&OWNER, plan.owner.as_ref());
    if let Some(evidence) = &plan.evidence {
        entity.say(&EVIDENCE, names.name(Kind::Store, &evidence.value), evidence.span);
    }
    // There is one in each plan, whatever it is called.
    entity.subject.name = String::new();
    flat.add(entity, &plan.waivers);
    plan.roles.iter().for_each(|role| flat.role(role));
    flat.hosts(plan);
    plan.stores.iter().for_each(|store| flat.store(store));
    plan.notifies.iter().for_each(|notify| flat.notify(notify));
    plan.targets.iter().for_each(|target| flat.target(target));
    plan.restores.iter().for_each(|restore| flat.restore(restore));
    plan.verifies.iter().for_each(|verify| flat.verify(verify));
    plan.drills.iter().for_each(|drill| flat.drill(drill));
    plan.announces.iter().for_each(|announce| flat.announce(announce));
    flat.entities
}

/// A path without what says nothing in it: a stroke at its end, or two in a row, or a `.` between.
fn plain(path: &str) -> String {
    let plain: PathBuf = Path::new(path).components().filter(|part| *part != Component::CurDir).collect();
    if plain.as_os_str().is_empty() { ".".to_owned() } else { plain.display().to_string() }
}

/// The parts so far.
struct Flat<'r> {
    names: &'r Renames,
    plan: &'r Plan,
    entities: Vec<Entity>,
}

impl Flat<'_> {
    /// A part of that name.
    fn entity(&self, kind: Kind, name: &Spanned<Name>, span: Span) -> Entity {
        Entity::new(kind, self.names.name(kind, &name.value), span)
    }

    fn add(&mut self, mut entity: Entity, waivers: &[Waiver]) {
        for (at, waiver) in waivers.iter().enumerate() {
            let said = format!("until {}: {}", waiver.until.value, waiver.reason.value);
            let code = &waiver.code.value;
            let again = waivers[..at].iter().filter(|other| other.code.value == *code).count();
            let of = if again == 0 { code.clone() } else { format!("{code} ({})", again + 1) };
            entity.say_of(&WAIVE, of, said.into(), waiver.span);
        }
        self.entities.push(entity);
    }

    fn schedule(&self, entity: &mut Entity, aspect: &'static Aspect, schedule: Option<&Schedule>) {
        if let Some(schedule) = schedule {
            let when = super::fact::When::of(schedule);
            entity.say(aspect, Value::Schedule(Box::new(when)), schedule.span);
        }
    }

    /// A role, and who has it.
    fn role_of(&self, name: &Name) -> Value {
        let role = self.plan.roles.iter().find(|role| role.name.value == *name);
        let members = role.into_iter().flat_map(|role| &role.members);
        let who = members.map(|member| format!("{} ({})", member.person.value, member.user.value)).collect();
        Value::Approver(Approver { role: self.names.name(Kind::Role, name), who })
    }

    /// The names of parts, as the newer plan has them.
    fn refer(&self, entity: &mut Entity, aspect: &'static Aspect, kind: Kind, names: &[Spanned<Name>]) {
        entity.set(aspect, &self.names.names(kind, names));
    }
}
