//! How a restore stands against its time, as text.

use super::words::lasting;
use crate::forecast::Forecast;
use crate::run::Pace;

/// `4m10s of 30m00s; done after about 22m00s`: said when a step has ended.
pub fn so_far(pace: &Pace) -> String {
    let Pace { elapsed, allowed, projected, .. } = pace;
    format!("{} of {}; done after about {}{}", lasting(*elapsed), lasting(*allowed), lasting(*projected), beyond(pace))
}

/// That it will be late, and which step makes it so: said while there is time.
pub fn late(pace: &Pace, forecast: &Forecast) -> String {
    let Pace { elapsed, allowed, projected, behind } = pace;
    let behind = behind.map_or_else(String::new, |(step, by)| {
        format!("; {} takes {} longer than it was to, so far", forecast.step(step).name, lasting(by))
    });
    format!(
        "late: after {} of {} it looks as if it takes {}{}{behind}",
        lasting(*elapsed),
        lasting(*allowed),
        lasting(*projected),
        beyond(pace)
    )
}

fn beyond(pace: &Pace) -> String {
    match pace.late() {
        late if late.is_zero() => String::new(),
        late => format!(", {} too long", lasting(late)),
    }
}
