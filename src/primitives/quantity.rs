//! Quantities with their unit: exact durations, calendar periods, sizes in bytes, shares of a whole.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Malformed;

/// An exact length of time in whole seconds, written `"90s"`, `"5m"`, `"4h30m"`, `"7d"` (a day is 24 hours).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
pub struct Duration {
    /// Whole seconds.
    pub seconds: u64,
}

/// A hundred years: beyond it a duration is a slip of the pen, and sums of durations cannot overflow.
const DURATION_SECONDS_MAX: u64 = 100 * 366 * 86_400;

impl Duration {
    /// A duration of so many seconds.
    pub const fn from_seconds(seconds: u64) -> Self {
        Self { seconds }
    }

    /// Reads a duration: whole numbers, each with its unit (`s`, `m`, `h`, `d`, `w`), largest unit first.
    ///
    /// # Errors
    /// When a number has no unit, a unit is unknown or out of order, or the sum exceeds a hundred years.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        const UNITS: [(&str, u64); 5] = [("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];
        let help = "write whole numbers with a unit each, largest first: s, m, h, d or w, as in \"4h30m\"";
        let malformed = |problem: String| Malformed::new(problem, help);
        let (mut rest, mut seconds, mut last) = (text, 0_u64, u64::MAX);
        if rest.is_empty() {
            return Err(malformed("a duration is empty".into()));
        }
        while !rest.is_empty() {
            let (number, unit, after) = number_and_unit(rest).map_err(|what| malformed(format!("`{text}` {what}")))?;
            let Some((_, scale)) = UNITS.iter().find(|(word, _)| *word == unit) else {
                return Err(malformed(format!("`{unit}` is not a unit of an exact duration")));
            };
            if *scale >= last {
                return Err(malformed(format!("the units of `{text}` are not in falling order")));
            }
            last = *scale;
            seconds = number.checked_mul(*scale).and_then(|part| seconds.checked_add(part)).unwrap_or(u64::MAX);
            if seconds > DURATION_SECONDS_MAX {
                return Err(Malformed::new(
                    format!("`{text}` is longer than a hundred years"),
                    "write a shorter duration",
                ));
            }
            rest = after;
        }
        Ok(Self { seconds })
    }

    /// The same length beside differences of times; the longest there is where it would be longer.
    pub fn signed(self) -> jiff::SignedDuration {
        jiff::SignedDuration::from_secs(i64::try_from(self.seconds).unwrap_or(i64::MAX))
    }

    /// The same length for the standard library.
    pub fn to_std(self) -> std::time::Duration {
        std::time::Duration::from_secs(self.seconds)
    }
}

/// Splits `"12h30m"` into 12, `"h"` and `"30m"`.
fn number_and_unit(text: &str) -> Result<(u64, &str, &str), &'static str> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or("has a number without a unit")?;
    if digits == 0 {
        return Err(if text.starts_with('-') { "is negative" } else { "has a unit without a number" });
    }
    let number = text[..digits].parse().map_err(|_| "has a number that is too large")?;
    let rest = &text[digits..];
    let unit = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
    if unit == 0 {
        return Err("has a number without a unit");
    }
    Ok((number, &rest[..unit], &rest[unit..]))
}

impl fmt::Display for Duration {
    /// Canonical: `"4h30m"`; days where there are any, never weeks.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        let mut rest = self.seconds;
        for (unit, scale) in [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)] {
            // Up to two days, hours stay hours: "24h" and "25h" are how policies are written.
            if unit == "d" && self.seconds < 172_800 {
                continue;
            }
            if rest >= scale {
                text.push_str(&format!("{}{unit}", rest / scale));
                rest %= scale;
            }
        }
        f.pad(if text.is_empty() { "0s" } else { &text })
    }
}

/// The unit of a calendar period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PeriodUnit {
    /// Calendar days.
    Days,
    /// Calendar weeks.
    Weeks,
    /// Calendar months.
    Months,
    /// Calendar years.
    Years,
}

/// A calendar period, written `"7d"`, `"2w"`, `"2mo"`, `"7y"`: its exact length depends on where it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Period {
    /// How many, 1 to 9999.
    pub count: u16,
    /// Of what.
    pub unit: PeriodUnit,
}

impl Period {
    /// Reads a period.
    ///
    /// # Errors
    /// When the unit is missing or unknown (`m` is refused: minutes or months?), or the count is not in 1..=9999.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let help = "write a whole number and one of the units d, w, mo or y, as in \"7d\" or \"2mo\"";
        let (number, unit, rest) =
            number_and_unit(text).map_err(|what| Malformed::new(format!("`{text}` {what}"), help))?;
        let unit = match unit {
            "d" => PeriodUnit::Days,
            "w" => PeriodUnit::Weeks,
            "mo" => PeriodUnit::Months,
            "y" => PeriodUnit::Years,
            "m" => {
                let problem = format!("`{text}` could mean minutes or months");
                return Err(Malformed::new(
                    problem,
                    format!("write \"{number}mo\" for months; a period has no minutes"),
                ));
            }
            other => return Err(Malformed::new(format!("`{other}` is not a unit of a calendar period"), help)),
        };
        if !rest.is_empty() {
            return Err(Malformed::new(format!("`{text}` has more than one unit"), help));
        }
        match u16::try_from(number) {
            Ok(count @ 1..=9999) => Ok(Self { count, unit }),
            _ => Err(Malformed::new(format!("`{text}` is out of range"), "a period counts from 1 to 9999")),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            PeriodUnit::Days => "d",
            PeriodUnit::Weeks => "w",
            PeriodUnit::Months => "mo",
            PeriodUnit::Years => "y",
        };
        f.pad(&format!("{}{unit}", self.count))
    }
}

/// A size in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ByteSize(pub u64);

impl fmt::Display for ByteSize {
    /// `"812 B"`, `"1.2 MiB"` (IEC 80000-13 prefixes).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const PREFIXES: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
        if self.0 < 1024 {
            return f.pad(&format!("{} B", self.0));
        }
        #[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
        let mut scaled = self.0 as f64 / 1024.0;
        let mut prefix = 0;
        while scaled >= 1023.95 && prefix + 1 < PREFIXES.len() {
            scaled /= 1024.0;
            prefix += 1;
        }
        f.pad(&format!("{scaled:.1} {}", PREFIXES[prefix]))
    }
}

/// So many bytes a second, written `"50MiB/s"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate {
    /// Bytes a second, at least one.
    pub bytes: u64,
}

impl Rate {
    /// The prefixes of a rate (IEC 80000-13), largest first.
    const UNITS: [(&str, u64); 4] = [("GiB/s", 1 << 30), ("MiB/s", 1 << 20), ("KiB/s", 1 << 10), ("B/s", 1)];

    /// Reads a rate.
    ///
    /// # Errors
    /// When the unit is missing or unknown (`MB/s` is refused: a million bytes, or 2²⁰?), or the number is none or too large.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let malformed = |problem: String| {
            Malformed::new(
                problem,
                "write a whole number and one of the units B/s, KiB/s, MiB/s or GiB/s, as in \"50MiB/s\"",
            )
        };
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let Some((_, scale)) = Self::UNITS.iter().find(|(word, _)| *word == unit) else {
            return Err(malformed(format!("`{text}` does not end in a unit of a rate")));
        };
        match number.parse::<u64>().ok().and_then(|number| number.checked_mul(*scale)) {
            Some(bytes @ 1..) => Ok(Self { bytes }),
            _ => Err(malformed(format!("`{text}` is no rate"))),
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |(_, scale): &&(&str, u64)| self.bytes.is_multiple_of(*scale);
        let (unit, scale) = Self::UNITS.iter().find(fits).copied().unwrap_or(("B/s", 1));
        f.pad(&format!("{}{unit}", self.bytes / scale))
    }
}

/// A share of a whole in whole hundredths, 0 to 100, written `"50%"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct Percentage(u8);

impl Percentage {
    /// One half.
    pub const HALF: Self = Self(50);

    /// Reads a percentage.
    ///
    /// # Errors
    /// When it is no whole number from 0 to 100 with a `%` behind it.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let malformed =
            |problem: String| Malformed::new(problem, "write a whole number from 0 to 100 and `%`, as in \"50%\"");
        let Some(number) = text.strip_suffix('%') else {
            return Err(malformed(format!("`{text}` has no `%` at its end")));
        };
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(malformed(format!("`{number}` is not a whole number")));
        }
        match number.parse() {
            Ok(number @ 0..=100) => Ok(Self(number)),
            _ => Err(malformed(format!("`{text}` is more than all"))),
        }
    }

    /// How many hundredths, 0 to 100.
    pub fn hundredths(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Percentage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}%", self.0))
    }
}

impl TryFrom<String> for Percentage {
    type Error = Malformed;

    fn try_from(text: String) -> Result<Self, Malformed> {
        Self::parse(&text)
    }
}

impl From<Percentage> for String {
    fn from(percentage: Percentage) -> Self {
        percentage.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_shown() {
        for (text, seconds, shown) in [
            ("90s", 90, "1m30s"),
            ("25h", 90_000, "25h"),
            ("4h30m", 16_200, "4h30m"),
            ("1w", 604_800, "7d"),
            ("0s", 0, "0s"),
            ("1d", 86_400, "24h"),
            ("2d", 172_800, "2d"),
        ] {
            let read = Duration::parse(text).unwrap();
            assert_eq!((read.seconds, read.to_string().as_str()), (seconds, shown), "{text}");
        }
    }

    #[test]
    fn malformed_quantities_are_refused() {
        for text in ["", "5", "m", "-5m", "5m5h", "5m5m", "5mo", "5.5h", "99999999999999999999h", "999999w", "5 m"] {
            assert!(Duration::parse(text).is_err(), "{text}");
        }
        for text in ["", "7", "2m", "0d", "-1d", "1d1d", "10000d", "7h", "d"] {
            assert!(Period::parse(text).is_err(), "{text}");
        }
        assert!(Period::parse("2m").unwrap_err().problem.contains("minutes or months"));
    }

    #[test]
    fn rates_are_read_and_shown() {
        for (text, bytes) in [("1B/s", 1), ("50MiB/s", 50 << 20), ("3GiB/s", 3 << 30), ("1536KiB/s", 1536 << 10)] {
            let rate = Rate::parse(text).unwrap();
            assert_eq!((rate.bytes, rate.to_string().as_str()), (bytes, text));
        }
        for text in ["", "50", "50MB/s", "MiB/s", "0B/s", "-1B/s", "1.5MiB/s", "99999999999999999999B/s", "50 MiB/s"] {
            assert!(Rate::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn percentages_are_whole_and_no_more_than_all() {
        for text in ["0%", "7%", "50%", "100%"] {
            assert_eq!(Percentage::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "%", "50", "101%", "-1%", "0.5%", "50 %", "50%%", "+5%", "999%", "half"] {
            assert!(Percentage::parse(text).is_err(), "{text}");
        }
        assert_eq!(serde_json::from_str::<Percentage>("\"50%\"").unwrap(), Percentage::HALF);
        assert!(serde_json::from_str::<Percentage>("\"200%\"").is_err());
    }

    #[test]
    fn sizes_are_shown_with_iec_prefixes() {
        for (bytes, shown) in
            [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1_048_575, "1.0 MiB"), (u64::MAX, "16.0 EiB")]
        {
            assert_eq!(ByteSize(bytes).to_string(), shown);
        }
    }
}
