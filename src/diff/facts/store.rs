//! What a plan says of stores.

use super::people::HOST_KEY;
use super::{Flat, plain};
use crate::diagnostic::codes::change::{ACCESS, OPEN};
use crate::diff::change::Kind;
use crate::diff::fact::{Aspect, Entity, Fact, Rule, Value};
use crate::plan::{Access, LockMode, S3, ServerEncryption, Sftp, Store, StoreKind};
use crate::primitives::Spanned;

static PLACE: Aspect = Aspect::judged("place", Rule::Place, "what lies there so far is left behind", "");
static PORT: Aspect = Aspect::neutral("port");
static USER: Aspect = Aspect::told("user", "it logs in as another, who has to be allowed what the one before was");
static IDENTITY: Aspect = Aspect::neutral("identity");
static REGION: Aspect = Aspect::neutral("region");
static STORAGE_CLASS: Aspect = Aspect::told(
    "storage-class",
    "what is put there from now on costs and is fetched otherwise; what lies there stays in its class",
);
static RETRIEVAL: Aspect =
    Aspect::told("retrieval", "the proofs reckon with another time until what is archived can be read");
static ADDRESSING: Aspect = Aspect::neutral("addressing");
static ENCRYPTION: Aspect = Aspect::judged(
    "encryption",
    Rule::More(&OPEN),
    "the service encrypts with keys that are less well guarded, or as the bucket happens to",
    "the service encrypts with keys that are better guarded",
);
static KMS_KEY: Aspect =
    Aspect::judged("kms-key", Rule::Have(&OPEN), "no key of one's own is named", "a key of one's own is named");
static OBJECT_LOCK: Aspect = Aspect::judged(
    "object-lock",
    Rule::More(&OPEN),
    "more people can delete what is put there",
    "fewer people can delete what is put there",
);
static LOCK_FOR: Aspect = Aspect::judged(
    "lock-for",
    Rule::More(&OPEN),
    "what is put there can be deleted earlier",
    "what is put there cannot be deleted for longer",
)
.within(&OBJECT_LOCK);
static SIDE_BY_SIDE: Aspect = Aspect::neutral("side-by-side");
static UPLOAD: Aspect = Aspect::neutral("upload");
static ENCRYPT: Aspect = Aspect::judged(
    "encrypt",
    Rule::Keys,
    "what is put there can be read by more people",
    "what is put there can be read by fewer people",
);
static HAS_ACCESS: Aspect = Aspect::judged(
    "access",
    Rule::Have(&ACCESS),
    "it is not said any more who may do what there",
    "it is said who may do what there",
);
static WRITE: Aspect =
    Aspect::judged("write", Rule::EachOpens(&ACCESS), "more may write there", "fewer may write there")
        .within(&HAS_ACCESS);
static READ: Aspect =
    Aspect::judged("read", Rule::EachOpens(&ACCESS), "more may read it", "fewer may read it").within(&HAS_ACCESS);
static PRUNE: Aspect =
    Aspect::judged("prune", Rule::EachOpens(&ACCESS), "more may delete there", "fewer may delete there")
        .within(&HAS_ACCESS);

/// Whether a guard of one store, which says `older`, is one of who can read, and another has to have it as well that holds the same and says `newer`. Of two
/// ways to encrypt either will do; names are those of one service, and who reads what is encrypted for others reads nothing.
pub(in crate::diff) fn hides(guard: &Aspect, older: &[Fact], newer: &[Fact]) -> bool {
    let is_said = |of: &Aspect| newer.iter().any(|fact| fact.aspect == of);
    let service = |of: &[Fact]| {
        let place = of.iter().find(|fact| *fact.aspect == PLACE).map(|fact| fact.value.shown());
        place.and_then(|place| place.split_once("://").map(|(service, _)| service.to_owned()))
    };
    match is_said(&ENCRYPT) {
        true => false,
        false if *guard == READ => service(older) == service(newer),
        false => *guard == HAS_ACCESS || ((*guard == ENCRYPT || *guard == ENCRYPTION) && !is_said(&ENCRYPTION)),
    }
}

impl Flat<'_> {
    pub(super) fn store(&mut self, store: &Store) {
        let mut entity = self.entity(Kind::Store, &store.name, store.span);
        match &store.kind {
            StoreKind::Local { path } => entity.say(&PLACE, plain(&path.value), path.span),
            StoreKind::S3(s3) => s3_facts(&mut entity, s3),
            StoreKind::Sftp(sftp) => sftp_facts(&mut entity, sftp),
        }
        entity.maybe(&SIDE_BY_SIDE, store.side_by_side.as_ref());
        entity.maybe_shown(&UPLOAD, store.upload.as_ref());
        entity.set(&ENCRYPT, &store.encrypt);
        if let Some(access) = &store.access {
            access_facts(&mut entity, access);
        }
        self.add(entity, &store.waivers);
    }
}

fn s3_facts(entity: &mut Entity, s3: &S3) {
    // Strokes at an end say nothing.
    let of = |text: &Option<Spanned<String>>| {
        text.as_ref().map(|text| text.value.trim_matches('/').to_owned()).filter(|text| !text.is_empty())
    };
    let at = of(&s3.endpoint).map_or_else(String::new, |endpoint| format!(" at {}", endpoint.to_ascii_lowercase()));
    let prefix = of(&s3.prefix).map_or_else(String::new, |prefix| format!("/{prefix}"));
    entity.say(&PLACE, format!("s3://{}{prefix}{at}", s3.bucket.value), s3.span);
    entity.maybe(&REGION, s3.region.as_ref());
    entity.maybe(&STORAGE_CLASS, s3.storage_class.as_ref());
    entity.maybe(&RETRIEVAL, s3.retrieval.as_ref());
    entity.maybe_shown(&ADDRESSING, s3.addressing.as_ref());
    // A key of KMS says as well that it is by KMS.
    let by_key = s3.kms_key.as_ref().map(|key| (ServerEncryption::Kms, key.span));
    if let Some((encryption, span)) = s3.encryption.as_ref().map(|said| (said.value, said.span)).or(by_key) {
        let level = match encryption {
            ServerEncryption::S3 => 1,
            ServerEncryption::Kms => 2,
        };
        entity.say(&ENCRYPTION, Value::Level(level, encryption.to_string()), span);
    }
    entity.maybe(&KMS_KEY, s3.kms_key.as_ref());
    if let Some(lock) = &s3.object_lock {
        let level = match lock.value {
            LockMode::Governance => 1,
            LockMode::Compliance => 2,
        };
        entity.say(&OBJECT_LOCK, Value::Level(level, lock.value.to_string()), lock.span);
    }
    entity.maybe(&LOCK_FOR, s3.lock_for.as_ref());
}

fn sftp_facts(entity: &mut Entity, sftp: &Sftp) {
    let path = sftp.path.value.to_string();
    // Who logs in is led elsewhere where the path begins at their own folder.
    let (of, below) = if path.starts_with('/') { ("", "") } else { (&*format!("{}@", sftp.user.value), "/~/") };
    let host = sftp.host.value.to_ascii_lowercase();
    entity.say(&PLACE, format!("sftp://{of}{host}{below}{}", plain(&path)), sftp.span);
    entity.maybe(&USER, Some(&sftp.user));
    entity.maybe(&PORT, sftp.port.as_ref());
    entity.maybe_shown(&IDENTITY, sftp.identity.as_ref());
    entity.maybe(&HOST_KEY, sftp.host_key.as_ref());
}

fn access_facts(entity: &mut Entity, access: &Access) {
    entity.say(&HAS_ACCESS, Value::Said, access.span);
    for (aspect, who) in [(&WRITE, &access.write), (&READ, &access.read), (&PRUNE, &access.prune)] {
        // Where nobody is named, the words are there all the same: nobody is fewer than somebody.
        let first = who.first().map_or(access.span, |first| first.span);
        entity.set_of(aspect, who.iter().map(|who| (who.value.clone(), who.span)), first);
    }
}
