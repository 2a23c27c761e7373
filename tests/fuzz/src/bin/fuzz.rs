//! What libFuzzer starts: one target, by the name in `VOUCH_FUZZ_TARGET`. `make fuzz` builds it.
#![no_main]

use std::sync::LazyLock;

use vouch_fuzz::{TARGETS, Target};

static CHOSEN: LazyLock<Target> = LazyLock::new(|| {
    let name = std::env::var("VOUCH_FUZZ_TARGET").unwrap_or_default();
    let found = TARGETS.iter().find(|(known, _)| *known == name);
    found.unwrap_or_else(|| panic!("VOUCH_FUZZ_TARGET is none of {:?}", TARGETS.map(|(name, _)| name))).1
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| CHOSEN(data));
