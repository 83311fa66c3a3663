//! What a step takes in, an earlier one yields; what is switched to, an earlier one recovered.

use std::collections::BTreeMap;

use super::Scene;
use crate::check::scene::known_names;
use crate::diagnostic::{Diagnostic, Diagnostics, codes::step as codes, nearest};
use crate::plan::{Input, Into, RestoreStep, Source};
use crate::primitives::{Span, Spanned};

pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    for restore in &scene.plan.restores {
        let broken = scene.is_broken("restore", &restore.name.value);
        let mut line = Line { scene, broken, earlier: BTreeMap::new(), out };
        line.sequence(&restore.steps);
    }
}

/// The steps that are before the one that is looked at, by what others call them.
struct Line<'a, 'p> {
    scene: &'a Scene<'p>,
    /// Whether a step of the restore could not be read: it may be the one that is missed.
    broken: bool,
    earlier: BTreeMap<&'p str, Vec<Yielding<'p>>>,
    out: &'a mut Diagnostics,
}

/// A step that yields something.
#[derive(Clone, Copy)]
struct Yielding<'p> {
    step: &'p RestoreStep,
    slots: &'static [&'static str],
}

impl<'p> Line<'_, 'p> {
    fn sequence(&mut self, steps: &'p [RestoreStep]) {
        for step in steps {
            let yielding = self.step(step);
            self.remember(yielding);
        }
    }

    /// Looks at a step; answers what it, or what it holds, yields to those behind it.
    fn step(&mut self, step: &'p RestoreStep) -> Vec<Yielding<'p>> {
        match step {
            RestoreStep::Parallel(children) => {
                // None of them is before another.
                children.iter().flat_map(|child| self.step(child)).collect()
            }
            single => {
                single.host().into_iter().for_each(|input| self.input(input, true));
                single.argv().iter().for_each(|input| self.input(input, false));
                if let RestoreStep::Switch(switch) = single {
                    self.switch(&switch.target);
                }
                let slots = slots(self.scene, single);
                if slots.is_empty() { vec![] } else { vec![Yielding { step: single, slots }] }
            }
        }
    }

    fn remember(&mut self, yielding: Vec<Yielding<'p>>) {
        for of in yielding {
            if let Some(label) = of.step.label() {
                self.earlier.entry(label).or_default().push(of);
            }
        }
    }

    /// Where a host is meant, only an address will do.
    fn input(&mut self, input: &'p Spanned<Input>, is_host: bool) {
        let Input::Output(name) = &input.value else { return };
        let found = self.earlier.get(name.step.as_str()).map(Vec::as_slice).unwrap_or_default();
        let problem = match found {
            [] if self.broken => return,
            [] => {
                let help = known_names(&name.step, "earlier step", self.earlier.keys().copied());
                let message = format!("no earlier step is called {:?}", name.step);
                Diagnostic::new(&codes::UNKNOWN_OUTPUT, message, input.span, "not before this step", help)
            }
            [one] if !one.slots.contains(&name.slot.as_str()) => {
                let known: Vec<String> = one.slots.iter().map(|slot| format!("`{slot}`")).collect();
                let message = format!("{} yields no `{}`", one.step.title(), name.slot);
                let help = format!("it yields {}", known.join(" and "));
                let found = Diagnostic::new(&codes::NOT_YIELDED, message, input.span, "not yielded", help);
                found.also(one.step.span(), "by this step")
            }
            [one] if is_host && name.slot != "address" => {
                let message = format!("a host is meant, and `{}` is none", name.slot);
                let help = if one.slots.contains(&"address") {
                    format!("write (output)\"{}.address\"", name.step)
                } else {
                    "name a host that is declared, or an address".to_owned()
                };
                let found = Diagnostic::new(&codes::WRONG_OUTPUT, message, input.span, "an address is needed", help);
                found.also(one.step.span(), "of this step")
            }
            [_] => return,
            [first, second, ..] => ambiguous(input.span, &name.step, first, second),
        };
        self.out.push(problem);
    }

    fn switch(&mut self, target: &'p Spanned<crate::primitives::Name>) {
        let recovered = self.earlier.get(target.value.as_str()).map(Vec::as_slice).unwrap_or_default();
        let is_recovered = recovered.iter().any(|of| matches!(of.step, RestoreStep::Recover(_)));
        if is_recovered || self.broken {
            return;
        }
        let names =
            self.earlier.iter().filter(|(_, of)| of.iter().any(|of| matches!(of.step, RestoreStep::Recover(_))));
        let names: Vec<&str> = names.map(|(name, _)| *name).collect();
        let help = match nearest(target.value.as_str(), names.iter().copied()) {
            Some(meant) => format!("did you mean \"{meant}\"?"),
            None if names.is_empty() => "write a `recover` of it before this step".to_owned(),
            None => format!("recovered before it: {}", names.join(", ")),
        };
        let message = format!("nothing before this step recovers \"{}\"", target.value);
        self.out.push(Diagnostic::new(&codes::NOTHING_TO_SWITCH, message, target.span, "not recovered", help));
    }
}

fn ambiguous(at: Span, name: &str, first: &Yielding<'_>, second: &Yielding<'_>) -> Diagnostic {
    let message = format!("two earlier steps are called {name:?}");
    let help = "give one of them another name";
    let found = Diagnostic::new(&codes::AMBIGUOUS_OUTPUT, message, at, "which of them is meant?", help);
    found.also(first.step.span(), "this").also(second.step.span(), "or this")
}

/// What a step yields, by name.
fn slots(scene: &Scene<'_>, step: &RestoreStep) -> &'static [&'static str] {
    match step {
        RestoreStep::Launch(_) => &["instance", "address"],
        RestoreStep::Deploy(_) => &["path"],
        RestoreStep::Recover(recover) => {
            let target = scene.targets.get(&recover.target.value);
            let source = target.and_then(|target| target.source.as_ref());
            match (&recover.into, source) {
                (Into::Database { .. }, _) | (_, Some(Source::Rds(_))) => &["instance", "address"],
                (Into::Path { .. }, _) => &["path"],
            }
        }
        _ => &[],
    }
}
