//! The user database of this host (getpwnam(3), getgrnam(3)).

use nix::unistd::{Gid, Group, Uid, User};

use super::Disk;
use super::blocking::blocking;
use crate::ports::{Cause, Fault, Users};

fn refused(error: nix::Error) -> Fault {
    Fault::permanent(Cause::Other, "ask the user database", error.desc())
}

#[async_trait::async_trait]
impl Users for Disk {
    async fn user_name(&self, uid: u32) -> Result<Option<String>, Fault> {
        let found = move || User::from_uid(Uid::from_raw(uid)).map(|user| user.map(|user| user.name)).map_err(refused);
        blocking("ask for a user", found).await
    }

    async fn group_name(&self, gid: u32) -> Result<Option<String>, Fault> {
        let found =
            move || Group::from_gid(Gid::from_raw(gid)).map(|group| group.map(|group| group.name)).map_err(refused);
        blocking("ask for a group", found).await
    }

    async fn uid(&self, name: &str) -> Result<Option<u32>, Fault> {
        let name = name.to_owned();
        let found = move || User::from_name(&name).map(|user| user.map(|user| user.uid.as_raw())).map_err(refused);
        blocking("ask for a user", found).await
    }

    async fn gid(&self, name: &str) -> Result<Option<u32>, Fault> {
        let name = name.to_owned();
        let found = move || Group::from_name(&name).map(|group| group.map(|group| group.gid.as_raw())).map_err(refused);
        blocking("ask for a group", found).await
    }
}
