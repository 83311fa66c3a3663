//! Owners by name and number: as a tree has them, and as an archive holds them.
//!
//! Unaware of what is done with them. Invariant: whoever asks twice gets the same answer, and what is remembered is bounded.

use std::collections::HashMap;

use crate::archive::Member;
use crate::ports::{Fault, Users};

/// What is remembered of each kind. Few hosts have as many users; one that has asks its database more often.
const REMEMBERED_MAX: usize = 4096;

/// The user database, asked once for each owner.
pub(super) struct Owners<'a> {
    users: &'a dyn Users,
    names: HashMap<(Kind, u32), String>,
    numbers: HashMap<(Kind, String), Option<u32>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    User,
    Group,
}

impl<'a> Owners<'a> {
    pub(super) fn new(users: &'a dyn Users) -> Self {
        Self { users, names: HashMap::new(), numbers: HashMap::new() }
    }

    /// The names of an owner and group; empty where there are none, or the database cannot be asked: the numbers are stored
    /// in any case.
    pub(super) async fn names(&mut self, uid: u32, gid: u32) -> (String, String) {
        (self.name(Kind::User, uid).await, self.name(Kind::Group, gid).await)
    }

    async fn name(&mut self, kind: Kind, id: u32) -> String {
        if let Some(known) = self.names.get(&(kind, id)) {
            return known.clone();
        }
        let asked = match kind {
            Kind::User => self.users.user_name(id).await,
            Kind::Group => self.users.group_name(id).await,
        };
        let name = asked.ok().flatten().filter(|name| Member::is_owner_name(name)).unwrap_or_default();
        make_room(&mut self.names);
        self.names.insert((kind, id), name.clone());
        name
    }

    /// The numbers that a member's owner and group have here: those of their names, where these are known here; else
    /// those that were stored.
    ///
    /// # Errors
    /// When the database cannot be asked: an owner is not guessed.
    pub(super) async fn numbers(&mut self, member: &Member) -> Result<(u32, u32), Fault> {
        let uid = self.number(Kind::User, &member.user).await?.unwrap_or(member.uid);
        let gid = self.number(Kind::Group, &member.group).await?.unwrap_or(member.gid);
        Ok((uid, gid))
    }

    async fn number(&mut self, kind: Kind, name: &str) -> Result<Option<u32>, Fault> {
        if name.is_empty() {
            return Ok(None);
        }
        let key = (kind, name.to_owned());
        if let Some(known) = self.numbers.get(&key) {
            return Ok(*known);
        }
        let number = match kind {
            Kind::User => self.users.uid(name).await?,
            Kind::Group => self.users.gid(name).await?,
        };
        make_room(&mut self.numbers);
        self.numbers.insert(key, number);
        Ok(number)
    }
}

fn make_room<K, V>(known: &mut HashMap<K, V>) {
    if known.len() >= REMEMBERED_MAX {
        known.clear();
    }
}
