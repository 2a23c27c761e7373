//! The configuration of AWS tools.

use vouch_clients::aws_config::{ProcessEntry, edit};
use vouch_clients::home_argument::HomeArgument;
use vouch_core::home::Home;

/// An edit is there once, and a second one changes nothing.
pub fn aws_config(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let home = Home::at("/home/alice/.vouch").expect("a path");
    let home = HomeArgument::new(&home).expect("a plain path");
    let region = "us-east-1".parse().expect("a region");
    let wanted = ProcessEntry {
        profile: "vouch",
        region: &region,
        program: "/usr/bin/vouch",
        home: &home,
        is_usual: true,
    };
    if let Ok(after) = edit(text, &wanted) {
        assert_eq!(edit(&after, &wanted).as_ref(), Ok(&after), "{text:?}");
    }
}
