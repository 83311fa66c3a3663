//! A simulated provider of machines, whose work takes simulated time.
//!
//! Unaware of what runs on a machine. Invariant: what was launched comes up by the world's clock, whether anybody looks or not, and survives a
//! death; one token launches one machine.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::world::Shared;
use crate::ports::{Cause, Certainty, Fault, Image, Machine, MachineChecks, Machines, MachinesRead, NewMachine};

/// The region of a name that names none.
const HOME: &str = "home-1";
/// What a machine is handed at most, as EC2 has it.
const USER_DATA_BYTES_MAX: usize = 16 * 1024;

/// How long the provider takes with a machine, from its launch on.
#[derive(Debug, Clone, Copy)]
pub struct Launching {
    /// Until it is seen at all: what was just changed is not seen everywhere at once.
    pub seen: SignedDuration,
    /// Until it runs.
    pub runs: SignedDuration,
    /// Until its checks find all well.
    pub well: SignedDuration,
}

impl Default for Launching {
    fn default() -> Self {
        Self {
            seen: SignedDuration::from_secs(2),
            runs: SignedDuration::from_secs(30),
            well: SignedDuration::from_mins(3),
        }
    }
}

/// What becomes of a machine.
#[derive(Debug, Clone)]
enum Fate {
    Well,
    /// When it should run, it is terminated instead, for that reason.
    Dies(String),
    /// Its checks find that it does not work, from when it runs and for so long.
    Impaired(SignedDuration),
}

/// A machine that was launched.
#[derive(Debug, Clone)]
pub struct FakeMachine {
    /// What it is called.
    pub id: String,
    /// What was asked for.
    pub new: NewMachine,
    /// What it was handed.
    pub user_data: Option<Vec<u8>>,
    /// When.
    pub launched: Timestamp,
    takes: Launching,
    fate: Fate,
    terminated: bool,
}

impl FakeMachine {
    fn after(&self, takes: SignedDuration) -> Timestamp {
        self.launched.saturating_add(takes).unwrap_or(Timestamp::MAX)
    }

    fn told(&self, number: usize, now: Timestamp) -> Machine {
        let is_up = now >= self.after(self.takes.runs);
        let (state, reason) = match &self.fate {
            _ if self.terminated => {
                ("terminated", Some("Client.UserInitiatedShutdown: User initiated shutdown".into()))
            }
            Fate::Dies(reason) if is_up => ("terminated", Some(reason.clone())),
            _ if is_up => ("running", None),
            _ => ("pending", None),
        };
        // One that is gone has given its address back.
        let address = (state != "terminated").then(|| format!("10.0.0.{}", 10 + number));
        Machine { id: self.id.clone(), state: state.into(), reason, address }
    }

    fn checks(&self, now: Timestamp) -> MachineChecks {
        let both = |word: &str| MachineChecks { system: "ok".into(), instance: word.into() };
        match &self.fate {
            Fate::Impaired(time) if now < self.after(self.takes.runs.saturating_add(*time)) => both("impaired"),
            _ if now >= self.after(self.takes.well) => both("ok"),
            _ => MachineChecks { system: "initializing".into(), instance: "initializing".into() },
        }
    }

    fn is_in(&self, region: Option<&str>) -> bool {
        self.new.region.as_deref().unwrap_or(HOME) == region.unwrap_or(HOME)
    }
}

#[derive(Debug)]
struct HeldImage {
    region: String,
    image: Image,
    tags: BTreeMap<String, String>,
}

#[derive(Debug, Default)]
struct Contents {
    images: Vec<HeldImage>,
    machines: Vec<FakeMachine>,
    takes: Launching,
    next: Option<Fate>,
}

/// Machines that a simulated provider runs, all of one account.
#[derive(Debug)]
pub struct FakeMachines {
    world: Arc<Shared>,
    contents: Mutex<Contents>,
}

impl FakeMachines {
    pub(super) fn new(world: Arc<Shared>) -> Self {
        Self { world, contents: Mutex::default() }
    }

    /// Puts an image there behind everybody's back, in the place of one of its identifier.
    pub fn put_image(&self, region: Option<&str>, image: Image, tags: &[(&str, &str)]) {
        let mut contents = self.contents();
        contents.images.retain(|held| held.image.id != image.id);
        let tags = tags.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        contents.images.push(HeldImage { region: region.unwrap_or(HOME).to_owned(), image, tags });
    }

    /// Takes an image away behind everybody's back. What was launched from it goes on.
    pub fn deregister(&self, id: &str) {
        self.contents().images.retain(|held| held.image.id != id);
    }

    /// Terminates a machine behind everybody's back.
    pub fn terminate(&self, id: &str) {
        let mut contents = self.contents();
        contents.machines.iter_mut().filter(|machine| machine.id == id).for_each(|machine| machine.terminated = true);
    }

    /// The next machine is terminated when it should run, for that reason.
    pub fn fail_next(&self, reason: &str) {
        self.contents().next = Some(Fate::Dies(reason.to_owned()));
    }

    /// Of the next machine the checks find for so long that it does not work.
    pub fn impair_next(&self, time: SignedDuration) {
        self.contents().next = Some(Fate::Impaired(time));
    }

    /// How long everything takes with machines that are launched from now on.
    pub fn set_takes(&self, takes: Launching) {
        self.contents().takes = takes;
    }

    /// All machines, without a call.
    pub fn all(&self) -> Vec<FakeMachine> {
        self.contents().machines.clone()
    }

    /// What the provider tells of all machines, without a call.
    pub fn all_told(&self) -> Vec<Machine> {
        let now = self.world.now();
        self.contents().machines.iter().enumerate().map(|(number, machine)| machine.told(number, now)).collect()
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn call<T>(
        &self,
        op: &'static str,
        of: &str,
        effect: impl FnOnce(&mut Contents, Timestamp) -> Result<T, Refusal>,
    ) -> Result<T, Fault> {
        let fault = |(cause, answer): Refusal| {
            let fault = Fault::permanent(cause, format!("{} {of}", op.trim_start_matches("machines.")), answer);
            Fault { certainty: Certainty::Permanent, ..fault }
        };
        self.world.call(None, op, of, || effect(&mut self.contents(), self.world.now()).map_err(fault)).await
    }
}

type Refusal = (Cause, String);

impl Contents {
    /// Those of a region that are seen already, with their numbers.
    fn seen(&self, region: Option<&str>, now: Timestamp) -> impl Iterator<Item = (usize, &FakeMachine)> {
        let is_seen = move |machine: &FakeMachine| now >= machine.after(machine.takes.seen);
        let region = region.map(str::to_owned);
        self.machines
            .iter()
            .enumerate()
            .filter(move |(_, machine)| is_seen(machine) && machine.is_in(region.as_deref()))
    }

    fn launch(&mut self, new: &NewMachine, user_data: Option<&[u8]>, now: Timestamp) -> Result<Machine, Refusal> {
        if let Some(number) = self.machines.iter().position(|machine| machine.new.token == new.token) {
            let asked = &self.machines[number];
            if asked.new != *new || asked.user_data.as_deref() != user_data {
                return Err((Cause::Exists, "the token was used with other words".into()));
            }
            return Ok(asked.told(number, now));
        }
        let region = new.region.as_deref().unwrap_or(HOME);
        let image = self.images.iter().find(|held| held.image.id == new.image && held.region == region);
        let checked = match image {
            None => Err((Cause::NotFound, format!("the image {} does not exist", new.image))),
            Some(held) if !held.image.is_available() => Err((Cause::NotFound, format!("{} is unavailable", new.image))),
            Some(_) => Ok(()),
        };
        checked?;
        if new.subnet.ends_with("-none") {
            return Err((Cause::Invalid, format!("the subnet {} does not exist", new.subnet)));
        }
        if new.token.len() > 64 || user_data.is_some_and(|data| data.len() > USER_DATA_BYTES_MAX) {
            return Err((Cause::Invalid, "the token or the user data is too long".into()));
        }
        let number = self.machines.len();
        self.machines.push(FakeMachine {
            id: format!("i-{number:08x}"),
            new: new.clone(),
            user_data: user_data.map(<[u8]>::to_vec),
            launched: now,
            takes: self.takes,
            fate: self.next.take().unwrap_or(Fate::Well),
            terminated: false,
        });
        Ok(self.machines[number].told(number, now))
    }
}

#[async_trait::async_trait]
impl MachinesRead for FakeMachines {
    async fn image(&self, region: Option<&str>, id: &str) -> Result<Option<Image>, Fault> {
        let region = region.unwrap_or(HOME);
        let call = self.call("machines.image", id, |contents, _| {
            let found = contents.images.iter().find(|held| held.image.id == id && held.region == region);
            Ok(found.map(|held| held.image.clone()))
        });
        call.await
    }

    async fn images_tagged(&self, region: Option<&str>, name: &str, value: &str) -> Result<Vec<Image>, Fault> {
        let region = region.unwrap_or(HOME);
        let of = format!("{name}={value}");
        let call = self.call("machines.images-tagged", &of, |contents, _| {
            let is_tagged = |held: &&HeldImage| held.tags.get(name).is_some_and(|tag| tag == value);
            let found = contents.images.iter().filter(|held| held.region == region).filter(is_tagged);
            let mut found: Vec<Image> = found.map(|held| held.image.clone()).collect();
            found.sort_by(|a, b| (b.made, &b.id).cmp(&(a.made, &a.id)));
            Ok(found)
        });
        call.await
    }

    async fn machines_tagged(
        &self,
        region: Option<&str>,
        tags: &BTreeMap<String, String>,
    ) -> Result<Vec<Machine>, Fault> {
        let call = self.call("machines.machines-tagged", "", |contents, now| {
            let is_tagged =
                |machine: &FakeMachine| tags.iter().all(|(name, value)| machine.new.tags.get(name) == Some(value));
            let found = contents.seen(region, now).filter(|(_, machine)| is_tagged(machine));
            Ok(found.map(|(number, machine)| machine.told(number, now)).collect())
        });
        call.await
    }

    async fn machine(&self, region: Option<&str>, id: &str) -> Result<Option<Machine>, Fault> {
        let call = self.call("machines.machine", id, |contents, now| {
            let mut seen = contents.seen(region, now);
            Ok(seen.find(|(_, machine)| machine.id == id).map(|(number, machine)| machine.told(number, now)))
        });
        call.await
    }

    async fn checks(&self, region: Option<&str>, id: &str) -> Result<Option<MachineChecks>, Fault> {
        let call = self.call("machines.checks", id, |contents, now| {
            let mut seen = contents.seen(region, now);
            let found = seen.find(|(number, machine)| machine.id == id && machine.told(*number, now).is_running());
            Ok(found.map(|(_, machine)| machine.checks(now)))
        });
        call.await
    }
}

#[async_trait::async_trait]
impl Machines for FakeMachines {
    async fn launch(&self, new: &NewMachine, user_data: Option<&[u8]>) -> Result<Machine, Fault> {
        self.call("machines.launch", &new.image, |contents, now| contents.launch(new, user_data, now)).await
    }
}
