//! `sonae export`: what others need to know of a plan, in their own forms.

use std::path::Path;

use super::arguments::{ExportWord, IamPurpose};
use super::{Failure, load, output};
use crate::diagnostic::nearest;
use crate::plan::Plan;
use crate::report::iam::{self, Purpose};
use crate::run::ExitStatus;

pub(super) fn export(what: &ExportWord) -> Result<ExitStatus, Failure> {
    match what {
        ExportWord::Iam { plan, purpose, account } => policy(plan, *purpose, account.as_deref()),
        ExportWord::BucketPolicy { plan, store } => bucket_policy(plan, store),
    }
}

fn policy(file: &Path, purpose: IamPurpose, account: Option<&str>) -> Result<ExitStatus, Failure> {
    if let Some(account) = account
        && (account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()))
    {
        return Err(Failure::usage(format!("{account} is no number of an AWS account: write its 12 digits")));
    }
    let loaded = load::load(file)?;
    let plan = loaded.proven.plan();
    if !iam::is_of_aws(plan) {
        return Err(Failure::error(
            "the plan has nothing in AWS: no store in S3, no target of RDS, and no machine image",
        ));
    }
    let purpose = match purpose {
        IamPurpose::Read => Purpose::Read,
        IamPurpose::Write => Purpose::Write,
        IamPurpose::Prune => Purpose::Prune,
        IamPurpose::Restore => Purpose::Restore,
    };
    output::json(&iam::policy(plan, purpose, account))?;
    Ok(ExitStatus::Well)
}

fn bucket_policy(file: &Path, name: &str) -> Result<ExitStatus, Failure> {
    let loaded = load::load(file)?;
    let plan = loaded.proven.plan();
    let store = plan.stores.iter().find(|store| store.name.value.as_str() == name);
    let store = store.ok_or_else(|| unknown(plan, name))?;
    let policy = iam::bucket_policy(plan, store);
    let policy = policy.ok_or_else(|| Failure::usage(format!("store {name} is no bucket of S3")))?;
    output::json(&policy)?;
    Ok(ExitStatus::Well)
}

fn unknown(plan: &Plan, name: &str) -> Failure {
    let names: Vec<&str> = plan.stores.iter().map(|store| store.name.value.as_str()).collect();
    let help = match nearest(name, names.iter().copied()) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("its stores are {}", names.join(", ")),
    };
    Failure::usage(format!("the plan has no store {name}; {help}"))
}
