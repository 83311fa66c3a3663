//! Identities: of runs, recovery points, slots and steps.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};

use super::{Malformed, Name};

/// The scheduled time a run is for (a manual run: its start), to the second, in UTC; shown in ISO 8601's
/// basic form, `20260301T053000Z`, which sorts and fits a file name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = r"^[0-9]{8}T[0-9]{6}Z$"))]
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
        let malformed = || Malformed::new(format!("`{text}` is not a slot"), "write it as in 20260301T053000Z");
        read_slot(text.as_bytes()).map(Self).ok_or_else(malformed)
    }
}

/// Digit by digit: a folder of journals is some ten thousand of them, and a format that is read at run time takes a hundred times as long.
fn read_slot(text: &[u8]) -> Option<Timestamp> {
    let [year @ .., m0, m1, d0, d1, b'T', h0, h1, n0, n1, s0, s1, b'Z'] = text else { return None };
    let [thousands, hundreds, tens, ones] = *year else { return None };
    let two = |tens: u8, ones: u8| {
        let digit = |byte: u8| byte.is_ascii_digit().then(|| (byte - b'0').cast_signed());
        Some(digit(tens)? * 10 + digit(ones)?)
    };
    let year = i16::from(two(thousands, hundreds)?) * 100 + i16::from(two(tens, ones)?);
    let (month, day) = (two(*m0, *m1)?, two(*d0, *d1)?);
    let civil = DateTime::new(year, month, day, two(*h0, *h1)?, two(*n0, *n1)?, two(*s0, *s1)?, 0).ok()?;
    Offset::UTC.to_timestamp(civil).ok()
}

/// Of a number below 100. As it is read, so it is written: each key of a listing has one.
fn two_digits(number: i8) -> [char; 2] {
    let number = number.unsigned_abs();
    [number / 10, number % 10].map(|digit| char::from(b'0' + digit))
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let civil = Offset::UTC.to_datetime(self.0);
        let mut text = String::with_capacity(16);
        write!(text, "{:04}", civil.year())?;
        text.extend([civil.month(), civil.day()].map(two_digits).as_flattened());
        text.push('T');
        text.extend([civil.hour(), civil.minute(), civil.second()].map(two_digits).as_flattened());
        text.push('Z');
        f.pad(&text)
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
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = r"^[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}$"))]
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
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = r"^[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}$"))]
pub struct PointId {
    /// What it is for.
    pub slot: Slot,
    nonce: u32,
}

impl PointId {
    /// The identity of a point that is made for `slot`, told from others of that slot by 32 bits.
    pub fn new(slot: Slot, nonce: u32) -> Self {
        Self { slot, nonce }
    }

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
                let mut text = self.$slot.to_string();
                write!(text, "-{:08x}", self.nonce)?;
                f.pad(&text)
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct StepId(pub u32);

impl StepId {
    /// For indexing.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A step's stable name, the same whenever the plan says the same: `documents/daily/pack`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct StepName(Arc<str>);

impl StepName {
    /// Joins the owner and the kind of step.
    pub fn new(owner: impl fmt::Display, kind: &str) -> Self {
        Self(format!("{owner}/{kind}").into())
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
        Self(name.as_str().into())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_slot_is_written_and_read_as_the_calendar_has_it(second in -62_167_219_200_i64..253_402_207_200) {
            let at = Timestamp::from_second(second).unwrap();
            let (slot, text) = (Slot::new(at), at.strftime("%Y%m%dT%H%M%SZ").to_string());
            prop_assert_eq!(slot.to_string(), &*text);
            prop_assert_eq!(Slot::parse(&text).unwrap(), slot);
        }

        #[test]
        fn what_is_read_as_a_slot_is_written_like_it(text in "[0-9]{4}[0-3][0-9][0-3][0-9]T[0-9]{6}Z|[0-9TZ+: -]{0,18}") {
            if let Ok(slot) = Slot::parse(&text) {
                prop_assert_eq!(slot.to_string(), text);
            }
        }
    }

    #[test]
    fn what_is_no_time_is_no_slot() {
        assert!(Slot::parse("20240229T235959Z").is_ok());
        for bad in [
            "20230229T000000Z",
            "20261301T000000Z",
            "20260100T000000Z",
            "20260101T240000Z",
            "20260101T000060Z",
            "20260101T000000z",
            "20260101 000000Z",
            "+0260101T000000Z",
            "120260101T000000Z",
            "260101T000000Z",
            "２０２６0101T000000Z",
        ] {
            assert!(Slot::parse(bad).is_err(), "{bad}");
        }
    }

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
