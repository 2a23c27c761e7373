use proptest::prelude::*;

use super::*;

const KEY: &str = "//host/npm/repo/:_authToken";

fn set(before: &str) -> String {
    edited(before.as_bytes(), |npmrc| npmrc.set(KEY, BareValue::new("NEW").unwrap()))
}

fn edited(before: &[u8], edit: impl FnOnce(&mut Npmrc)) -> String {
    let mut npmrc = Npmrc::parse(before);
    edit(&mut npmrc);
    String::from_utf8(npmrc.to_bytes()).unwrap()
}

#[test]
fn only_the_value_changes() {
    for (before, after) in [
        ("", "K=NEW\n"),
        ("a=1\n", "a=1\nK=NEW\n"),
        ("a=1", "a=1\nK=NEW"),
        ("a=1\r\n", "a=1\r\nK=NEW\r\n"),
        ("a=1\rb=2", "a=1\rb=2\rK=NEW"),
        ("\u{feff}a=1\n", "\u{feff}a=1\nK=NEW\n"),
        ("K=OLD\n", "K=NEW\n"),
        ("\u{feff}K=OLD\n", "\u{feff}K=NEW\n"),
        ("  K = OLD ; mine\n", "  K = NEW ; mine\n"),
        ("\"K\" = \"OLD\"", "\"K\" = NEW"),
        ("K=OLD\nb=2\nK=OLDER\n", "K=NEW\nb=2\n"),
        ("b=2\nK=OLD\nK=OLDER", "b=2\nK=NEW"),
        ("K\n", "K=NEW\n"),
        ("K[]=OLD\nK[]=OLDER\n", "K=NEW\n"),
        // The value is there, and to npm it is a list.
        ("K[]=NEW\n", "K=NEW\n"),
        ("K=\n", "K=NEW\n"),
        ("a=1\n[s]\nK=OLD\n", "a=1\nK=NEW\n[s]\nK=OLD\n"),
        ("; top\n\n; of s\n[s]\nb=2\n", "; top\n\nK=NEW\n; of s\n[s]\nb=2\n"),
        ("[s]\nb=2\n", "K=NEW\n[s]\nb=2\n"),
        (";K=OLD\n", ";K=OLD\nK=NEW\n"),
    ] {
        let (before, after) = (before.replace('K', KEY), after.replace('K', KEY));
        assert_eq!(set(&before), after, "{before:?}");
        assert_eq!(set(&after), after, "a second edit of {before:?}");
    }
}

#[test]
fn keys_of_others_are_not_ours() {
    let others = "//host/npm/:_authToken=a\n//host/npm/repo:_authToken=b\n//host/npm/repo/:_authtoken=c\n\
                  better-auth:registry=https://x/\n//HOST/npm/repo/:_authToken=d\n//host/npm/repo2/:_authToken=e\n";
    assert_eq!(set(others), format!("{others}{KEY}=NEW\n"));
}

#[test]
fn what_is_taken_out_leaves_the_file_as_it_was() {
    for before in ["", "a=1\n", "a=1", "a=1\r\nb=2", "; c\n[s]\nb=2", "a=1\n\n\n", "\r\r"] {
        let with = set(before);
        let without = edited(with.as_bytes(), |npmrc| assert!(npmrc.remove(KEY)));
        assert_eq!(without, before);
        edited(before.as_bytes(), |npmrc| assert!(!npmrc.remove(KEY)));
    }
}

#[test]
fn the_last_value_counts_and_sections_do_not() {
    let npmrc = Npmrc::parse(b"registry=a\nregistry = 'b'\nflag\n[s]\nregistry=c\n");
    assert_eq!(npmrc.value("registry").as_deref(), Some("b"));
    assert_eq!(npmrc.value("flag").as_deref(), Some("true"));
    assert_eq!(npmrc.value("none"), None);
    assert_eq!(npmrc.settings().count(), 3);
}

#[test]
fn values_that_npm_would_change_are_not_bare() {
    for bad in ["", "a b", "a;b", "a#b", "\"a\"", "'a'", "a\\b", "${A}", "a\nb", "true", "null", "ä"] {
        assert!(BareValue::new(bad).is_none(), "{bad:?}");
    }
    for good in ["eyJhbGciOi.J-_x", "https://h/npm/repo/", "a==", "a%2fb"] {
        assert!(BareValue::new(good).is_some(), "{good:?}");
    }
}

#[test]
fn debug_shows_no_secret() {
    let npmrc = Npmrc::parse(b"//h/:_authToken = hunter2 ; c\n");
    assert!(!format!("{npmrc:?} {:?}", BareValue::new("hunter2")).contains("hunter2"));
}

#[test]
fn a_lone_carriage_return_swallows_no_empty_line() {
    let edited = |text: &str| {
        let mut npmrc = Npmrc::parse(text.replace('K', KEY).as_bytes());
        npmrc.set(KEY, BareValue::new("NEW").unwrap());
        String::from_utf8(npmrc.to_bytes()).unwrap().replace(KEY, "K")
    };
    for (before, after) in [
        ("K\rK=\n\n", "K=NEW\n\n"),
        ("a=1\rK=1\nK=2\n\nb=1\n", "a=1\rK=NEW\n\nb=1\n"),
        ("K=1\ra=1\rK=2\r\n\nb=1", "K=NEW\ra=1\n\nb=1"),
        ("K=1\rK=2\r\r\n", "K=NEW\r\r\n"),
        // Without a final newline, an empty line would be none.
        ("K\n\rK=", "K=NEW\n\r"),
        ("K\n\nK=1", "K=NEW\n\n"),
        ("K=1\na=1\nK=2", "K=NEW\na=1"),
        // Added before a section, with the end that the file has.
        ("a=1\rb=1\n\n[s]\n", "a=1\rb=1\nK=NEW\n\n[s]\n"),
    ] {
        assert_eq!(edited(before), after, "{before:?}");
    }
    let mut npmrc = Npmrc::parse(format!("a=1\r{KEY}=1\n\n").as_bytes());
    assert!(npmrc.remove(KEY));
    assert_eq!(npmrc.to_bytes(), b"a=1\n\n");
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(KEY.as_bytes().to_vec()),
        Just(b"registry".to_vec()),
        prop::sample::select(b"=;#[]\"'\\ \t\r\n\n.$a".to_vec()).prop_map(|byte| vec![byte]),
        Just("\u{feff}".as_bytes().to_vec()),
        any::<u8>().prop_map(|byte| vec![byte]),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn printing_is_the_inverse_of_parsing(bytes in bytes()) {
        prop_assert_eq!(Npmrc::parse(&bytes).to_bytes(), bytes);
    }

    #[test]
    fn an_edit_sets_its_key_and_nothing_else(bytes in bytes()) {
        let before = Npmrc::parse(&bytes);
        let mut after = before.clone();
        after.set(KEY, BareValue::new("NEW").unwrap());
        let after = Npmrc::parse(&after.to_bytes());
        prop_assert_eq!(after.value(KEY), Some("NEW".to_owned()));
        let others = |npmrc: &Npmrc| npmrc.settings().filter(|(key, _)| key != KEY).collect::<Vec<_>>();
        prop_assert_eq!(others(&before), others(&after));
        // Every line of somebody else's is there as it was, in its place.
        let lines = |npmrc: &Npmrc| {
            let ours: Vec<_> = npmrc.places(KEY).map(|(place, _)| place).collect();
            let others = npmrc.lines.iter().enumerate().filter(|(place, _)| !ours.contains(place));
            others.map(|(_, line)| line.text.clone()).collect::<Vec<_>>()
        };
        prop_assert_eq!(lines(&before), lines(&after));
    }

    #[test]
    fn a_second_edit_changes_nothing(bytes in bytes()) {
        let mut once = Npmrc::parse(&bytes);
        once.set(KEY, BareValue::new("NEW").unwrap());
        let mut twice = Npmrc::parse(&once.to_bytes());
        twice.set(KEY, BareValue::new("NEW").unwrap());
        prop_assert_eq!(once.to_bytes(), twice.to_bytes());
    }

    #[test]
    fn what_was_added_can_be_taken_out(bytes in bytes()) {
        let before = Npmrc::parse(&bytes);
        // An assumption would give up where many cases are tried.
        if before.value(KEY).is_some() {
            return Ok(());
        }
        let mut after = before.clone();
        after.set(KEY, BareValue::new("NEW").unwrap());
        prop_assert!(after.remove(KEY));
        prop_assert_eq!(after.to_bytes(), bytes);
    }
}

proptest::proptest! {
    #[test]
    fn a_key_is_found_by_its_line_however_it_is_written(
        text in "([ab\"'\\\\;# =@:\\[\\]]{0,8}[\r\n]){0,6}", key in "[ab@:;\"\\[]{1,3}"
    ) {
        let npmrc = Npmrc::parse(text.as_bytes());
        let last = npmrc.settings().filter(|(known, _)| *known == key).last();
        proptest::prop_assert_eq!(npmrc.value(&key), last.map(|(_, value)| value));
    }
}
