//! `sonae explain`.

use super::{Failure, output};
use crate::diagnostic::{codes, nearest};
use crate::report;
use crate::run::ExitStatus;

pub(super) fn explain(code: Option<&str>) -> Result<ExitStatus, Failure> {
    let Some(code) = code else {
        let list: String = codes::all().map(|code| format!("{:<36} {}\n", code.name, code.title)).collect();
        output::data(&list)?;
        return Ok(ExitStatus::Well);
    };
    let Some(page) = report::explain(code).or_else(|| report::explain(&format!("sonae::{code}"))) else {
        let near = nearest(code, codes::all().map(|code| code.name));
        let help = near.map_or("`sonae explain` lists all codes".into(), |near| format!("did you mean {near}?"));
        return Err(Failure::usage(format!("there is no diagnostic {code}; {help}")));
    };
    output::data(&page)?;
    Ok(ExitStatus::Well)
}
