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
    fn times_are_shown_without_needless_seconds() {
        let tokyo = zone("Asia/Tokyo").unwrap();
        assert_eq!(local("2026-03-07T20:30:00Z".parse().unwrap(), &tokyo), "2026-03-08 05:30");
        assert_eq!(local("2026-03-07T20:30:07Z".parse().unwrap(), &tokyo), "2026-03-08 05:30:07");
    }
}
