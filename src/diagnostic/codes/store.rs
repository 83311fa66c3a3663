//! What is wrong with stores by themselves.

use super::Code;

/// All of this area, in the order of the documentation.
pub const ALL: &[&Code] = &[&UNUSED, &NO_ACCESS, &NESTED];

/// No backup is put in a store.
pub static UNUSED: Code = Code::warning(
    "sonae::store::unused",
    "no backup is put in a store",
    r#"A store that no backup names looks like a second copy, and holds nothing. Either a backup was meant to go there, or the
store is left over.

Wrong:

```kdl inside=file
store "offsite" { local path="/mnt/offsite" }
```

Right:

```kdl inside=file
store "offsite" { local path="/mnt/offsite" }
target "photos" {
    files "/home/photos"
    backup "weekly" { schedule "weekly" weekday="sun" at="04:30"; archive "tar.zip"; store "offsite"; retention weekly=8 }
}
restore "photos" { recover "photos" { into path="/restore/photos" } }
```
"#,
);

/// A store does not say who may reach it.
pub static NO_ACCESS: Code = Code::advice(
    "sonae::store::no-access",
    "a store does not say who may reach it",
    r#"Whoever can read a store reads all that was ever backed up, and whoever can delete there can take every way back. `access`
says who adds, reads and deletes backups, by the store's own names for them: for a folder, its users and groups. It is written down for
whoever sets the folder's permissions and whoever reviews them; `sonae` does not change those. Where one person has one disk, there is
little to say, and the advice can be waived.

Wrong:

```kdl inside=file
store "spare" { local path="/mnt/spare" }
```

Right:

```kdl inside=file
store "spare" {
    local path="/mnt/spare"
    access { write "backup"; read "sysadmin"; prune "sysadmin" }
}
```
"#,
);

/// A store lies inside another.
pub static NESTED: Code = Code::warning(
    "sonae::store::nested",
    "a store lies inside another",
    r#"Two stores look like two copies. Where the folder of one lies in the other's, whoever may delete the outer deletes both, a disk
that fails takes both, and what the outer is given in permissions and space holds for the inner as well.

Wrong:

```kdl inside=file
store "copy" { local path="/srv/backup/copy" }
```

Right:

```kdl inside=file
store "copy" { local path="/mnt/copy" }
```
"#,
);
