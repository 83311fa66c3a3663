//! Machines that are launched: from which image they would be, and where they are.

use std::fmt::Write as _;

use super::words::{counted, time};
use crate::forecast::{Launch, image_age};
use crate::ports::{Image, ImageWanted};
use crate::primitives::on_one_line;
use crate::steps::Launched;

/// What would be launched, and lines of detail.
pub(super) fn forecast(of: &Launch, now: jiff::Timestamp, timezone: &str) -> (String, Vec<String>) {
    let from = of.image.as_ref().map_or_else(|| of.wanted.to_string(), |image| image.id.clone());
    let mut details: Vec<String> = of.image.iter().map(|image| chosen(image, &of.wanted, now, timezone)).collect();
    if let (Some(age), Some(max)) = (of.accepted_age, of.max_age) {
        details.push(format!("it is {age} old, and `max-age` is {max}: a person said that it will do"));
    }
    if let Some(new) = &of.new {
        details.push(format!("{} in {}", on_one_line(&new.instance_type), on_one_line(&new.subnet)));
        if !new.security_groups.is_empty() {
            details.push(format!("security groups {}", on_one_line(&new.security_groups.join(", "))));
        }
        let tags: Vec<String> = new.tags.iter().filter(|(name, _)| !name.starts_with("sonae:")).map(pair).collect();
        details.push(format!("tags {}", on_one_line(&tags.join(", "))));
    }
    if let Some(data) = &of.user_data {
        details.push(format!("is handed {}, {}", data.path, counted(data.bytes, "byte")));
    }
    details.push("then waited for, until its provider's checks find all well".into());
    (format!("{:?} from {from} ({})", of.shows, of.target), details)
}

fn pair((name, value): (&String, &String)) -> String {
    format!("{name}={value}")
}

/// `ami-0abc "web 42", made …, 3d ago`, and what it is the newest of.
fn chosen(image: &Image, wanted: &ImageWanted, now: jiff::Timestamp, timezone: &str) -> String {
    let name = if image.name.is_empty() { String::new() } else { format!(" {:?}", image.name) };
    let made = match (image.made, image_age(image, now)) {
        (Some(made), Some(age)) => format!("made {}, {age} ago", time(made, timezone)),
        _ => "nobody says when it was made".to_owned(),
    };
    let newest = match wanted {
        ImageWanted::Id(_) => String::new(),
        ImageWanted::NewestTagged { .. } => format!("; {wanted}"),
    };
    on_one_line(&format!("{}{name}, {made}{newest}", image.id))
}

/// A machine that is up.
pub(super) fn outcome(launched: &Launched, of: &Launch, lines: &mut String) {
    let _ = writeln!(lines, "{}: launched from {}", of.shows, on_one_line(&launched.image));
    let region = launched.region.as_ref().map_or_else(String::new, |region| format!(" in {region}"));
    let _ = writeln!(
        lines,
        "  machine    {}{}, its checks are well",
        on_one_line(&launched.instance),
        on_one_line(&region)
    );
    let _ = writeln!(lines, "  at         {}, its private address", on_one_line(&launched.address));
}
