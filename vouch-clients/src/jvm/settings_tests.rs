use super::*;

const ID: &str = "codeartifact";

fn added(text: &str) -> String {
    let after = with_server(text, ID).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(with_server(&after, ID).unwrap(), after, "a second time changes nothing");
    let document = xml::parse(&after).unwrap();
    let lists: Vec<_> = children(document.root_element(), "servers").collect();
    assert_eq!(lists.len(), 1);
    let ours = children(lists[0], "server").filter(|server| is_ours(*server)).count();
    assert_eq!(ours, 1, "{after}");
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
    let lines = |indent: &str, unit: &str, eol: &str| xml::render(&server(ID), indent, unit, eol);
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
        let ours = squeezed(&xml::render(&server(ID), "", "", ""));
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
        let edited = with_server(&text, ID).unwrap();
        let same = |(one, other): &(u8, u8)| one == other;
        let head = text.bytes().zip(edited.bytes()).take_while(same).count();
        let tail = text.bytes().rev().zip(edited.bytes().rev()).take_while(same).count();
        // What closed an element at once, gives way.
        let given_way = if servers == "<servers/>" { 2 } else { 0 };
        proptest::prop_assert!(head + tail + given_way >= text.len(), "{edited}");
        proptest::prop_assert_eq!(with_server(&edited, ID).unwrap(), edited);
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
        let refused = with_server(text, ID);
        assert!(refused.is_err(), "{text}: {refused:?}");
    }
}

#[test]
fn a_server_with_other_credentials_is_named() {
    for (user, password) in [("alice", PASSWORD), ("aws", "hunter2"), ("aws", "${env.OTHER}"), ("", "")] {
        let text = format!(
            "<settings><servers><server><id> codeartifact </id><username>{user}</username><password>{password}</password></server></servers></settings>"
        );
        let error = with_server(&text, ID).unwrap_err().to_string();
        assert!(error.contains("`codeartifact`"), "{error}");
        assert!(!error.contains("hunter2") && !error.contains("alice"), "{error}");
        let other = text.replace(" codeartifact ", "other").replace("<servers>", "<servers>\n");
        assert!(with_server(&other, ID).is_ok());
    }
}
