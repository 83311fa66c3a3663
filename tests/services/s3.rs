//! Amazon's services, imitated.

use super::Check;
use super::moto::{MOTO, Moto};

pub(crate) const CHECKS: &[Check] =
    &[Check { name: "what imitates Amazon begins empty, and holds what it is given", needs: MOTO, run: holds }];

fn holds() {
    let moto = Moto::start();
    moto.asks("PUT", "/bucket", &[], "");
    assert!(moto.asks("GET", "/", &[], "").contains("<Name>bucket</Name>"), "it is there");
    moto.reset();
    assert!(!moto.asks("GET", "/", &[], "").contains("<Name>bucket</Name>"), "it is gone");
    assert!(moto.endpoint().ends_with(&moto.port().to_string()));
}
