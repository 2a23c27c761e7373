//! The pages of pip, uv, twine, poetry and pdm, typed word for word by somebody who has just enrolled.

use vouch_e2e::doc_blocks::{Block, blocks_of};
use vouch_e2e::python::Reader;
use vouch_e2e::{Sandbox, in_sandbox};

fn assert_used(sandbox: &Sandbox, downloads: bool, publishes: bool) {
    assert_eq!(sandbox.count("/registry/pypi/download") > 0, downloads);
    assert_eq!(sandbox.count("/registry/pypi/upload") > 0, publishes);
    assert_eq!(sandbox.count("/registry/pypi/bad_token"), 0);
    assert_eq!(sandbox.count("/sts/granted"), 1);
}

fn part(page: &str, section: &str) -> Vec<Block> {
    blocks_of(page).into_iter().filter(|block| block.section == section).collect()
}

#[test]
fn the_page_of_pip() {
    in_sandbox(&[], |sandbox| {
        let mut reader = Reader::new(sandbox, &["pip-26.3", "pipx-1.18.4"]);
        reader.follow(&blocks_of("pip.md"), ".config/pip/pip.conf");
        assert_used(sandbox, true, false);
        let _ = sandbox.run(".local/bin/greeting").ok().shows("hello");
    });
}

#[test]
fn the_page_of_uv() {
    in_sandbox(&[], |sandbox| {
        let mut reader = Reader::new(sandbox, &["uv-0.13.9"]);
        reader.follow(&blocks_of("uv.md"), ".config/uv/uv.toml");
        assert_used(sandbox, true, true);
    });
}

#[test]
fn the_page_of_twine() {
    in_sandbox(&[], |sandbox| {
        let mut reader = Reader::new(sandbox, &["twine-7.0.0", "pip-26.3"]);
        let (file, content) = vouch_e2e::python::Package::new("mine").wheel();
        std::fs::create_dir_all(reader.project().join("dist")).unwrap();
        std::fs::write(reader.project().join("dist").join(file), content).unwrap();
        reader.follow(&blocks_of("twine.md"), ".pypirc");
        assert_used(sandbox, false, true);
    });
}

#[test]
fn the_page_of_poetry() {
    in_sandbox(&[], |sandbox| {
        let mut reader = Reader::new(sandbox, &["poetry-2.5.1", "pip-26.3"]);
        reader.follow(&part("poetry.md", "poetry"), ".config/pypoetry/config.toml");
        assert_used(sandbox, true, true);
    });
}

#[test]
fn the_page_of_pdm() {
    for (with_keyring, flags) in [(false, &[][..]), (true, &["--cards", "1"])] {
        in_sandbox(flags, |sandbox| {
            let mut reader = Reader::new(sandbox, &["pdm-2.29.4", "pip-26.3"]);
            let blocks = part("poetry.md", "pdm");
            if with_keyring {
                let _ = reader.types("pip install ./pip-keyring-vouch").expect_code(0);
            } else {
                reader = reader.without_keyring_package();
            }
            reader.follow(&blocks, ".config/pdm/config.toml");
            assert_used(sandbox, true, true);
        });
    }
}
