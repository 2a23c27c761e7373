//! `vouch --version --verbose`: what a bug report needs of this program and of the system under it.

use vouch_core::Context;
use vouch_core::home::HomeError;
use vouch_helper::text::printable;

/// What clap answers to `--version`, with a line for each thing more. What does not work says why: that is what the report is of.
pub(crate) fn verbose(context: Result<Context, HomeError>) -> String {
    let keystore = match context.map(|context| context.keystore().map(|keystore| keystore.name())) {
        Ok(Ok(name)) => name.to_owned(),
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    };
    let library = match vouch_yubikey::library() {
        Ok(path) => path.display().to_string(),
        Err(error) => error.to_string(),
    };
    let commit = Some(env!("VOUCH_COMMIT")).filter(|commit| !commit.is_empty()).unwrap_or("not known");
    printable(&format!(
        "vouch {version}\n\
         commit: {commit}\n\
         build: {build}\n\
         target: {target}\n\
         features: {features}\n\
         keystore: {keystore}\n\
         {what}: {library}\n",
        version = env!("CARGO_PKG_VERSION"),
        build = env!("VOUCH_BUILD"),
        target = env!("VOUCH_TARGET"),
        features = env!("VOUCH_TARGET_FEATURES"),
        what = if cfg!(all(unix, not(target_os = "macos"))) { "libpcsclite" } else { "smart card library" },
    ))
}
