//! Time zones by name. Unaware of the system's own zone files, which differ from one machine to the next.

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

/// The zone of an IANA name, spelt exactly as IANA spells it; its rules are those compiled in.
pub fn zone(name: &str) -> Option<TimeZone> {
    let zone = TimeZoneDatabase::bundled().get(name).ok()?;
    // The database also takes `asia/tokyo`; a plan has one way to say a thing. What is unknown is no zone.
    (zone.iana_name() == Some(name) && !zone.is_unknown()).then_some(zone)
}

/// Every name that [`zone`] knows, for suggestions, in alphabetical order.
pub fn zone_names() -> Vec<String> {
    let mut names: Vec<String> =
        TimeZoneDatabase::bundled().available().map(|known| known.as_str().to_owned()).collect();
    names.sort_unstable();
    names
}

/// A time as people of that zone read it: `2026-03-08 05:30`, with seconds only where there are any.
pub fn local(time: Timestamp, zone: &TimeZone) -> String {
    let civil = zone.to_datetime(time);
    let form = if civil.second() == 0 { "%Y-%m-%d %H:%M" } else { "%Y-%m-%d %H:%M:%S" };
    civil.strftime(form).to_string()
}

/// The same with the name of the zone: `2026-03-08 05:30 Asia/Tokyo`.
pub fn local_in(time: Timestamp, zone: &TimeZone) -> String {
    format!("{} {}", local(time, zone), zone.iana_name().unwrap_or("UTC"))
}

/// What a reader has to know who compares two times of a zone's clock: nothing, or that it was set between them.
pub fn set_between(from: Timestamp, to: Timestamp, zone: &TimeZone) -> &'static str {
    match zone.to_offset(to).cmp(&zone.to_offset(from)) {
        std::cmp::Ordering::Less => ", the clock set back between",
        std::cmp::Ordering::Equal => "",
        std::cmp::Ordering::Greater => ", the clock set forward between",
    }
}

/// From one time to another: `2025-11-01 05:30 → 2025-11-02 05:30 America/New_York, the clock set back between`.
pub fn local_span(from: Timestamp, to: Timestamp, zone: &TimeZone) -> String {
    format!("{} → {}{}", local(from, zone), local_in(to, zone), set_between(from, to, zone))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_as_iana_spells_them() {
        for known in ["UTC", "Etc/UTC", "Asia/Tokyo", "America/New_York", "Africa/Casablanca"] {
            assert!(zone(known).is_some(), "{known}");
        }
        for unknown in ["", "utc", "asia/tokyo", "Asia/Tokio", "Etc/Unknown", "JST-9", "../etc/passwd", "Asia/Tokyo\0"]
        {
            assert!(zone(unknown).is_none(), "{unknown}");
        }
        assert!(zone_names().iter().all(|name| zone(name).is_some()));
        assert!(zone_names().len() > 400);
    }

    #[test]
    fn a_clock_that_is_set_between_two_times_is_told() {
        let zone = zone("Europe/Berlin").unwrap();
        let shown = |from: &str, to: &str| local_span(from.parse().unwrap(), to.parse().unwrap(), &zone);
        assert_eq!(
            shown("2025-10-25T03:30:00Z", "2025-10-26T04:30:00Z"),
            "2025-10-25 05:30 → 2025-10-26 05:30 Europe/Berlin, the clock set back between"
        );
        assert!(shown("2025-03-29T04:30:00Z", "2025-03-30T03:30:00Z").ends_with(", the clock set forward between"));
        // Set back and forward again, it shows what passed.
        assert!(shown("2025-07-01T00:00:00Z", "2026-07-01T00:00:00Z").ends_with("Europe/Berlin"));
    }

    #[test]
    fn times_are_shown_without_needless_seconds() {
        let tokyo = zone("Asia/Tokyo").unwrap();
        assert_eq!(local("2026-03-07T20:30:00Z".parse().unwrap(), &tokyo), "2026-03-08 05:30");
        assert_eq!(local("2026-03-07T20:30:07Z".parse().unwrap(), &tokyo), "2026-03-08 05:30:07");
    }
}
