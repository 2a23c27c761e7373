//! The `vouch-sandbox` program.

use std::process::ExitCode;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    vouch_sandbox::cli::main()
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    use std::io::Write as _;
    // With nobody listening, the exit code says it.
    let _ =
        writeln!(std::io::stderr().lock(), "vouch-sandbox: only Linux has the namespaces that this needs");
    ExitCode::FAILURE
}
