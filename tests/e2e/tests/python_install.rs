//! Every pip and uv installs five packages from a private index: how often it starts the helper, and what that
//! costs upstream.

use std::path::Path;
use std::thread;

use vouch_e2e::python::{Client, FIVE, five_packages, index, upload};
use vouch_e2e::{Bed, in_sandbox};

const PIPS: [&str; 6] = ["pip-23.0.1", "pip-24.0", "pip-25.3", "pip-26.1", "pip-26.2.1", "pip-26.3"];
const UVS: [&str; 2] = ["uv-0.9.30", "uv-0.13.9"];

fn has_all_five(folder: &Path) {
    for name in FIVE {
        assert!(folder.join(format!("{name}.py")).exists(), "{name} is not in {}", folder.display());
    }
}

fn pip(bed: &Bed, version: &str) {
    let client = Client::new(bed, version, version);
    let config =
        format!("[global]\nindex-url = {}\nkeyring-provider = subprocess\n", index("aws@", "my-repo"));
    client.write(".config/pip/pip.conf", &config);
    // Looking for a newer pip, which it does once a week, costs one start more.
    let install = client.run("pip").args(["install", "--disable-pip-version-check", "--target", "site"]);
    let _ = install.args(FIVE).ok();
    has_all_five(&client.file("site"));
    assert_eq!(client.starts().len(), 1, "{version}: {:?}", client.starts());
}

fn uv_without_a_user(bed: &Bed, version: &str) {
    let client = Client::new(bed, version, version);
    let config = format!(
        "keyring-provider = \"subprocess\"\n[[index]]\nname = \"private\"\nurl = \"{}\"\ndefault = true\n\
         authenticate = \"always\"\n",
        index("", "my-repo")
    );
    client.write(".config/uv/uv.toml", &config);
    let _ = client.run("uv").args(["pip", "install", "--target", "site"]).args(FIVE).ok();
    has_all_five(&client.file("site"));
    assert_eq!(client.starts().len(), 1, "{version}: {:?}", client.starts());
    client.forget_starts();
    let _ = client.run("uv").args(["pip", "install", "--target", "site"]).args(FIVE).ok();
    assert_eq!(client.starts().len(), 0, "{version}: {:?}", client.starts());
}

fn uv_with_a_user(bed: &Bed, version: &str) {
    let client = Client::new(bed, version, &format!("{version}-aws"));
    let config = format!(
        "keyring-provider = \"subprocess\"\n[[index]]\nurl = \"{}\"\ndefault = true\n",
        index("aws@", "my-repo")
    );
    client.write(".config/uv/uv.toml", &config);
    let _ = client.run("uv").args(["pip", "install", "--target", "site"]).args(FIVE).ok();
    has_all_five(&client.file("site"));
    assert_eq!(client.starts().len(), 1, "{version}: {:?}", client.starts());
}

#[test]
fn five_packages_with_every_pip_and_uv() {
    in_sandbox(&[], |bed| {
        bed.ready();
        upload(bed, "my-repo", &five_packages());
        // The token to upload with is of another kind: the first of the helper's own is fetched here.
        let _ = bed.run("pip-keyring-vouch").args(["get", &index("", "my-repo"), "aws"]).ok();
        let _ = bed.ctl(&["reset"]);
        thread::scope(|scope| {
            for version in PIPS {
                scope.spawn(move || pip(bed, version));
            }
            for version in UVS {
                scope.spawn(move || uv_without_a_user(bed, version));
                scope.spawn(move || uv_with_a_user(bed, version));
            }
        });
        assert_eq!(bed.count("/sts/assume_role_with_web_identity"), 0, "the token was there");
        assert_eq!(bed.count("/codeartifact/get_authorization_token"), 0, "the token was there");
        assert_eq!(bed.count("/registry/pypi/bad_token"), 0);
    });
}
