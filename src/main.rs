//! The command line of *sonae*.

use std::process::ExitCode;

#[expect(clippy::disallowed_methods, reason = "the program is where its arguments enter")]
fn main() -> ExitCode {
    let status = sonae::cli::main(std::env::args_os(), &sonae::cli::Seams::default());
    ExitCode::from(status.code())
}
