use super::*;

const ID: &str = "codeartifact";
const URL: &str = "https://h.example/maven/r/";
const PUBLIC: &str = "${env.CODEARTIFACT_AUTH_TOKEN}";

/// As a Vouch of before made it.
const EARLIER: Wanted<'_> = Wanted { id: ID, endpoint: URL, names: None, mirror: true };

fn names() -> MavenNames {
    MavenNames::generate().unwrap()
}

fn wanted(names: &MavenNames) -> Wanted<'_> {
    Wanted { names: Some(names), ..EARLIER }
}

/// The elements of a list, as the texts of their children.
fn elements(text: &str, list: &'static str, name: &'static str) -> Vec<String> {
    let document = xml::parse(text).unwrap();
    let lists: Vec<_> = children(document.root_element(), list).collect();
    assert!(lists.len() < 2, "{text}");
    let elements = lists.into_iter().flat_map(|list| children(list, name));
    let texts = |element: Node<'_, '_>| {
        let texts = element.children().filter(Node::is_element).filter_map(|child| child.text());
        texts.map(str::trim).collect::<Vec<_>>().join(" ")
    };
    elements.map(texts).collect()
}

/// With our server alone, and with everything: both are there once, and a second time changes nothing.
fn added(text: &str) -> String {
    let after = with(text, EARLIER).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(with(&after, EARLIER).unwrap(), after, "a second time changes nothing");
    let server = format!("{ID} aws {PUBLIC}");
    assert_eq!(
        elements(&after, "servers", "server").iter().filter(|one| **one == server).count(),
        1,
        "{after}"
    );
    let names = names();
    let wanted = wanted(&names);
    let full = with(text, wanted).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(with(&full, wanted).unwrap(), full, "a second time changes nothing");
    assert_eq!(with(&after, wanted).unwrap(), full, "the earlier form becomes the later one");
    let servers = elements(&full, "servers", "server");
    for id in [ID, names.mirror()] {
        let server = format!("{id} aws ${{env.{}}}", names.variable());
        assert_eq!(servers.iter().filter(|one| **one == server).count(), 1, "{full}");
    }
    let mirror = format!("{} {ID} {URL}", names.mirror());
    let mirrors = elements(&full, "mirrors", "mirror");
    assert_eq!(mirrors.iter().filter(|one| **one == mirror).count(), 1, "{full}");
    // Without the mirror nothing of it is left but its list.
    let bare = with(&full, Wanted { mirror: false, ..wanted }).unwrap();
    assert!(!bare.contains(names.mirror()) && bare.contains(names.variable()), "{bare}");
    assert_eq!(elements(&with(&bare, wanted).unwrap(), "servers", "server"), servers, "{bare}");
    after
}

#[test]
fn a_new_file() {
    let expected = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
        <settings xmlns=\"http://maven.apache.org/SETTINGS/1.0.0\">\n  <servers>\n    <server>\n      \
        <id>codeartifact</id>\n      <username>aws</username>\n      \
        <password>${env.CODEARTIFACT_AUTH_TOKEN}</password>\n    </server>\n  </servers>\n</settings>\n";
    assert_eq!(added(""), expected);
    assert_eq!(added("\u{feff}"), format!("\u{feff}{expected}"));
    assert!(added("\n \n").starts_with("\n \n<settings"));
}

#[test]
fn only_lines_are_added() {
    let lines = |indent: &str, unit: &str, eol: &str| xml::render(&server(ID, PUBLIC), indent, unit, eol);
    for (before, at, block) in [
        ("<settings>\n  <servers>\n  </servers>\n</settings>\n", "  </servers>", lines("    ", "  ", "\n")),
        (
            "<settings>\n\t<servers>\n\t\t<server><id>x</id></server>\n\t</servers>\n</settings>",
            "\t</servers>",
            lines("\t\t", "\t", "\n"),
        ),
        (
            "\u{feff}<?xml version='1.0'?>\r\n<settings>\r\n <servers><!-- <server> -->\r\n  <!-- é --> </servers>\r\n</settings>\r\n",
            "",
            String::new(),
        ),
        (
            "<settings>\r\n    <servers>\r\n        <!-- none -->\r\n    </servers>\r\n</settings>",
            "    </servers>",
            lines("        ", "    ", "\r\n"),
        ),
    ] {
        let after = added(before);
        if at.is_empty() {
            assert!(after.contains("<!-- é --> \r\n  <server>\r\n"), "{after}");
        } else {
            assert_eq!(after, before.replace(at, &format!("{block}{at}")));
        }
    }
}

#[test]
fn nothing_of_the_rest_is_lost() {
    for text in [
        "<settings/>",
        "<settings />\n",
        "<settings></settings>",
        "<settings><servers/></settings>",
        "<settings>\n  <servers />\n</settings>\n",
        "<settings><servers></servers></settings>",
        "<settings><!-- </servers> --><servers ><server><id>x</id></server></servers ></settings>",
        "<!DOCTYPE settings [<!ENTITY me \"alice\">]>\n<settings>\n  <servers>\n    <server><id>&me;</id></server>\n  </servers>\n</settings>\n",
        "<settings>\n  <localRepository>/a&amp;b</localRepository>\n</settings>\n",
        "<?x y?><settings>\n<profiles>\n<profile><![CDATA[</settings>]]></profile>\n</profiles>\n</settings>\n<!-- end -->\n",
    ] {
        let after = added(text);
        // Without what was added, and what opens an element that was closed at once, it is the text.
        let squeezed = |text: &str| text.split_whitespace().collect::<String>().replace("/>", ">");
        let ours = squeezed(&xml::render(&server(ID, PUBLIC), "", "", ""));
        let mut rest = squeezed(&after).replacen(&ours, "", 1);
        for (open, close) in [("<servers>", "</servers>"), ("", "</settings>")] {
            if !squeezed(text).contains(close) {
                rest = rest.replacen(close, "", 1);
            }
            if !open.is_empty() && !squeezed(text).contains("<servers") {
                rest = rest.replacen(open, "", 1);
            }
        }
        assert_eq!(rest, squeezed(text), "{after}");
    }
}

proptest::proptest! {
    #[test]
    fn every_byte_stays(
        pieces in proptest::collection::vec(proptest::sample::select(&[
            "<mirrors/>", "<!-- </servers> -->", "\n", "\r\n", "  ", "\t", "<offline>true</offline>", "<?pi x?>",
            "<proxies>\n <proxy><password>hunter2</password></proxy>\n</proxies>\n", "é", "<![CDATA[</settings>]]>",
        ][..]), 0..8),
        servers in proptest::sample::select(&["", "<servers/>", "<servers></servers>", "<servers>\n</servers>",
            "<servers>\n\t<server><id>x</id></server>\n </servers>", "<servers >\r\n<!-- é --></servers >"][..]),
        at in 0usize..8,
    ) {
        let (before, after) = pieces.split_at(at.min(pieces.len()));
        let text = format!("<settings>{}{servers}{}</settings>\n", before.concat(), after.concat());
        let edited = with(&text, EARLIER).unwrap();
        let same = |(one, other): &(u8, u8)| one == other;
        let head = text.bytes().zip(edited.bytes()).take_while(same).count();
        let tail = text.bytes().rev().zip(edited.bytes().rev()).take_while(same).count();
        // What closed an element at once, gives way.
        let given_way = if servers == "<servers/>" { 2 } else { 0 };
        proptest::prop_assert!(head + tail + given_way >= text.len(), "{edited}");
        proptest::prop_assert_eq!(with(&edited, EARLIER).unwrap(), edited);
    }
}

#[test]
fn what_is_no_settings_file_is_refused() {
    for text in [
        "no XML",
        "<settings>",
        "<settings><servers></settings></servers>",
        "<settings/><settings/>",
        "<settings>&nothing;</settings>",
        "<settings a=\"1\" a=\"2\"/>",
        "<settings>\u{1}</settings>",
        "<settings><!-- -- --></settings>",
        "<project/>",
        "<m:settings xmlns:m=\"urn:m\"></m:settings>",
        "<settings xmlns:m=\"urn:m\"><m:servers></m:servers></settings>",
        "<settings><servers/><servers/></settings>",
        "<!DOCTYPE settings [<!ENTITY s \"<servers></servers>\">]><settings>&s;</settings>",
    ] {
        let refused = with(text, EARLIER);
        assert!(refused.is_err(), "{text}: {refused:?}");
    }
}

#[test]
fn a_server_with_other_credentials_is_named() {
    for (user, password) in [("alice", PUBLIC), ("aws", "hunter2"), ("aws", "${env.OTHER}"), ("", "")] {
        let text = format!(
            "<settings><servers><server><id> codeartifact </id><username>{user}</username><password>{password}</password></server></servers></settings>"
        );
        let error = with(&text, EARLIER).unwrap_err().to_string();
        assert!(error.contains("`codeartifact`"), "{error}");
        assert!(!error.contains("hunter2") && !error.contains("alice"), "{error}");
        let other = text.replace(" codeartifact ", "other").replace("<servers>", "<servers>\n");
        assert!(with(&other, EARLIER).is_ok());
    }
}

#[test]
fn a_server_of_before_gets_the_variable_and_stays_otherwise() {
    let names = names();
    let text = "<settings>\n  <servers>\n    <server><!-- mine -->\n      <id>codeartifact</id>\n      <username>aws</username>\n      \
        <password>\n        ${env.CODEARTIFACT_AUTH_TOKEN} </password>\n      <configuration><x>1</x></configuration>\n    </server>\n  \
        </servers>\n</settings>\n";
    let after = with(text, Wanted { mirror: false, ..wanted(&names) }).unwrap();
    assert_eq!(after, text.replace("CODEARTIFACT_AUTH_TOKEN", names.variable()));
    // Another's variable is another's server.
    let error = with(&after, wanted(&self::names())).unwrap_err().to_string();
    assert!(error.contains("`codeartifact`") && !error.contains("VOUCH"), "{error}");
    // What is written in a way that cannot be edited, is refused.
    let odd = text.replace("${env.CODEARTIFACT_AUTH_TOKEN}", "<![CDATA[${env.CODEARTIFACT_AUTH_TOKEN}]]>");
    assert!(with(&odd, wanted(&names)).is_err());
}

#[test]
fn a_mirror_of_the_id_is_ours_or_refused() {
    let names = names();
    let full = with("", wanted(&names)).unwrap();
    let other = "https://h.example/maven/other/";
    let moved = with(&full, Wanted { endpoint: other, ..wanted(&names) }).unwrap();
    assert_eq!(moved, full.replace(URL, other));
    let theirs = full.replace(names.mirror(), "theirs");
    let error = with(&theirs, wanted(&names)).unwrap_err();
    assert_eq!(error.to_string(), "a mirror of `codeartifact` is there already");
    // Of more than the id alone, ours goes before them (Maven takes an exact match first).
    for wider in ["*", "codeartifact,other", "external:*"] {
        let text = format!(
            "<settings><mirrors><mirror><id>m</id><mirrorOf>{wider}</mirrorOf><url>x</url></mirror></mirrors></settings>"
        );
        assert!(with(&text, wanted(&names)).is_ok(), "{wider}");
    }
    for twice in ["servers", "mirrors"] {
        let text = format!("<settings><{twice}/><{twice}/></settings>");
        assert_eq!(
            with(&text, wanted(&names)).unwrap_err().to_string(),
            format!("`<{twice}>` is there twice")
        );
    }
}

#[test]
fn servers_with_the_variable_of_all_are_told() {
    assert_eq!(public_servers(&with("", EARLIER).unwrap()), [ID]);
    let names = names();
    assert_eq!(public_servers(&with("", wanted(&names)).unwrap()), Vec::<String>::new());
    assert_eq!(public_servers("no XML"), Vec::<String>::new());
}
