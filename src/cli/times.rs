//! Times as people type them.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Failure;

/// Reads a time: with an offset or `Z` as it says, else in `zone`; a date alone is its first moment.
pub(super) fn parse(text: &str, zone: &TimeZone) -> Result<Timestamp, Failure> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let civil = text.parse::<jiff::civil::DateTime>().ok();
    let at = civil.and_then(|civil| civil.to_zoned(zone.clone()).ok()).map(|zoned| zoned.timestamp());
    let help = "write \"2026-03-01 05:30\", or with an offset \"2026-03-01T05:30:00+09:00\"";
    at.ok_or_else(|| Failure::usage(format!("`{text}` is not a time; {help}")))
}
