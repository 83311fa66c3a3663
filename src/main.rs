//! The command line of *sonae*.

use std::process::ExitCode;

fn main() -> ExitCode {
    let status = sonae::cli::main(std::env::args_os(), &sonae::cli::Seams::default());
    ExitCode::from(status.code())
}
