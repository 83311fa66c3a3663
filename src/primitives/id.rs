//! Identities: of runs, recovery points, slots and steps.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Malformed, Name};

/// The scheduled time a run is for (a manual run: its start), to the second, in UTC; shown in ISO 8601's
/// basic form, `20260301T053000Z`, which sorts and fits a file name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Slot(Timestamp);

impl Slot {
    /// The slot of a time; what is below a second is dropped.
    pub fn new(at: Timestamp) -> Self {
        Self(Timestamp::from_second(at.as_second()).unwrap_or(at))
    }

    /// The time it stands for.
    pub fn time(self) -> Timestamp {
        self.0
    }

    /// Reads `20260301T053000Z`.
    ///
    /// # Errors
    /// When it has another form or is no time.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", text)
            .and_then(|civil| civil.to_zoned(jiff::tz::TimeZone::UTC))
            .map(|zoned| Self(zoned.timestamp()))
            .map_err(|_| Malformed::new(format!("`{text}` is not a slot"), "write it as in 20260301T053000Z"))
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.strftime("%Y%m%dT%H%M%SZ").to_string())
    }
}

impl TryFrom<String> for Slot {
    type Error = Malformed;
    fn try_from(text: String) -> Result<Self, Malformed> {
        Self::parse(&text)
    }
}

impl From<Slot> for String {
    fn from(slot: Slot) -> Self {
        slot.to_string()
    }
}

/// A run's identity: when it began and 32 random bits, `20260301T053002Z-9f3a2c1b`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId {
    began: Slot,
    nonce: u32,
}

impl RunId {
    /// The identity of a run that begins at `began`.
    pub fn new(began: Timestamp, nonce: u32) -> Self {
        Self { began: Slot::new(began), nonce }
    }

    /// When it began.
    pub fn began(&self) -> Timestamp {
        self.began.time()
    }

    /// The point this run makes for a slot.
    pub fn point(&self, slot: Slot) -> PointId {
        PointId { slot, nonce: self.nonce }
    }

    /// Reads a run's identity.
    ///
    /// # Errors
    /// When it has another form.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let (began, nonce) = slot_and_nonce(text, "a run")?;
        Ok(Self { began, nonce })
    }
}

/// A recovery point's identity within its job and host: its slot and the nonce of the run that made it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PointId {
    /// What it is for.
    pub slot: Slot,
    nonce: u32,
}

impl PointId {
    /// Reads a point's identity.
    ///
    /// # Errors
    /// When it has another form.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let (slot, nonce) = slot_and_nonce(text, "a recovery point")?;
        Ok(Self { slot, nonce })
    }
}

fn slot_and_nonce(text: &str, what: &str) -> Result<(Slot, u32), Malformed> {
    let malformed =
        || Malformed::new(format!("`{text}` does not name {what}"), "write it as in 20260301T053000Z-9f3a2c1b");
    let (slot, nonce) = text.split_once('-').ok_or_else(malformed)?;
    let hex = nonce.len() == 8 && nonce.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if !hex {
        return Err(malformed());
    }
    let nonce = u32::from_str_radix(nonce, 16).map_err(|_| malformed())?;
    Ok((Slot::parse(slot).map_err(|_| malformed())?, nonce))
}

macro_rules! slot_nonce_text {
    ($kind:ty, $slot:ident) => {
        impl fmt::Display for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&format!("{}-{:08x}", self.$slot, self.nonce))
            }
        }
        impl TryFrom<String> for $kind {
            type Error = Malformed;
            fn try_from(text: String) -> Result<Self, Malformed> {
                Self::parse(&text)
            }
        }
        impl From<$kind> for String {
            fn from(id: $kind) -> Self {
                id.to_string()
            }
        }
    };
}
slot_nonce_text!(RunId, began);
slot_nonce_text!(PointId, slot);

/// A step's place in its graph's order: dense, from 0, valid in that graph only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepId(pub u32);

impl StepId {
    /// For indexing.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A step's stable name, the same whenever the plan says the same: `documents/daily/pack`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepName(String);

impl StepName {
    /// Joins the owner and the kind of step.
    pub fn new(owner: impl fmt::Display, kind: &str) -> Self {
        Self(format!("{owner}/{kind}"))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StepName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<&Name> for StepName {
    fn from(name: &Name) -> Self {
        Self(name.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_round_trip() {
        let began: Timestamp = "2026-03-01T05:30:02.9Z".parse().unwrap();
        let run = RunId::new(began, 0x9f3a);
        assert_eq!(run.to_string(), "20260301T053002Z-00009f3a");
        assert_eq!(RunId::parse(&run.to_string()).unwrap(), run);
        let point = run.point(Slot::new("2026-03-01T05:30:00Z".parse().unwrap()));
        assert_eq!(PointId::parse(&point.to_string()).unwrap(), point);
        for bad in
            ["", "20260301T053002Z", "20260301T053002Z-1", "20261301T053002Z-00000000", "20260301T053002Z-+000000a"]
        {
            assert!(RunId::parse(bad).is_err(), "{bad}");
        }
    }
}
