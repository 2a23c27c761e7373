use proptest::prelude::*;

use super::*;

/// Texts without a secret in them are the same to every dialect that takes any text.
const ANY: Dialect = Dialect::Code;

proptest! {
    #[test]
    fn the_way_back_is_exact(before in "([ab]{0,2}\r?\n){0,6}[ab]?", after in "([ab]{0,2}\r?\n){0,6}[ab]?") {
        let hunks = hunks(&before, &after, ANY);
        let exact = RemainingText { text: before.clone(), remarks: Vec::new() };
        prop_assert_eq!(reverse(&hunks, &after, is_open(&before)), Some(exact));
    }

    #[test]
    fn nothing_but_our_lines_goes(
        mut lines in proptest::collection::vec("[a-d]{1,3}", 0..6),
        at in 0usize..6,
        extra in proptest::collection::vec((0usize..9, "[x-z]{1,3}"), 0..4),
    ) {
        let before: String = lines.iter().map(|line| format!("{line}\n")).collect();
        lines.splice(at.min(lines.len())..at.min(lines.len()), ["ours = 1".to_owned(), "ours = 2".to_owned()]);
        let after: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let hunks = hunks(&before, &after, ANY);
        for (at, line) in extra {
            lines.insert(at.min(lines.len()), line);
        }
        let edited: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let expected: String =
            lines.iter().filter(|line| !line.starts_with("ours")).map(|line| format!("{line}\n")).collect();
        prop_assert_eq!(take_out(&hunks, &edited), RemainingText { text: expected, remarks: Vec::new() });
    }
}

#[test]
fn secrets_are_not_kept_and_their_lines_are_found_all_the_same() {
    let (before, after) = ("a=1\n//x/:_authToken=old\n", "a=1\n//x/:_authToken=new\nb=1\n");
    let hunks = hunks(before, after, Dialect::NpmIni);
    let kept = serde_json::to_string(&hunks).unwrap();
    assert!(!kept.contains("old") && !kept.contains("new"), "{kept}");
    let blanked = [Remark::Blanked("//x/:_authToken".into())];
    let back = reverse(&hunks, after, false).unwrap();
    assert_eq!(back.text, "a=1\n//x/:_authToken=[redacted]\n");
    assert_eq!(back.remarks, blanked);
    let taken = take_out(&hunks, "mine\na=1\n//x/:_authToken=newer\nb=1\n");
    assert_eq!(taken.text, "mine\na=1\n//x/:_authToken=[redacted]\n");
    assert_eq!(taken.remarks, blanked);
}

#[test]
fn a_secret_that_is_still_there_comes_back() {
    let before = "registries = { a = { token = \"hunter2\" } } # hunter3\n";
    let after = "registries = { a = { token = \"hunter2\" }, b = { index = \"i\" } } # hunter3\nx = 1\n";
    let hunks = hunks(before, after, Dialect::Toml);
    let kept = serde_json::to_string(&hunks).unwrap();
    assert!(!kept.contains("hunter"), "{kept}");
    assert_eq!(
        reverse(&hunks, after, false),
        Some(RemainingText { text: before.into(), remarks: Vec::new() })
    );
    // It is the one that is there by then.
    let taken = take_out(&hunks, &format!("mine = 1\n{}", after.replace("hunter2", "other")));
    assert_eq!(taken.text, format!("mine = 1\n{}", before.replace("hunter2", "other")));
    // Where our lines no longer stand together, the one with the secret stays.
    let torn = after.replace("x = 1", "y = 1");
    let taken = take_out(&hunks, &torn);
    assert!(taken.text.contains("hunter2") && taken.remarks.len() == 2, "{taken:?}");
}

#[test]
fn hunks_of_version_1_are_read_and_reversed() {
    let text = r#"[{"at":1,"removed":["b\n",{"blanked":"k=[redacted]\n"}],"added":[{"blanked":"t=[redacted]\n"},"c\n"]}]"#;
    let hunks: Vec<Hunk> = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&hunks).unwrap(), text);
    assert_eq!(reverse(&hunks, "a\nt=x # y\nc\n", false), None);
    let taken = take_out(&hunks, "a\nt=x # y\nc\n");
    assert_eq!(taken.text, "a\nb\n");
    assert_eq!(taken.remarks, [Remark::Lost("k=[redacted]".into())]);
}

#[test]
fn a_secret_in_a_last_line_without_an_end_is_not_touched() {
    let (before, after) = ("a\n//x/:_authToken=old", "a\n//x/:_authToken=old\nb=1\n");
    let hunks = hunks(before, after, Dialect::NpmIni);
    let back = reverse(&hunks, after, is_open(before)).unwrap();
    assert_eq!((back.text.as_str(), back.remarks), (before, Vec::new()));
    let taken = take_out(&hunks, "mine\na\n//x/:_authToken=old\nb=1\n");
    assert_eq!(taken.text, "mine\na\n//x/:_authToken=old\n");
    assert_eq!(taken.remarks, []);
}

#[test]
fn a_heading_that_others_came_under_stays() {
    let after = "[a]\n\n[registries.x]\nindex = 1\nprovider = 2\n";
    let hunks = hunks("[a]\n", after, ANY);
    let taken = take_out(&hunks, "[a]\n\n[registries.x]\nindex = 1\ntoken = 3\nprovider = 2\n");
    assert_eq!(taken.text, "[a]\n\n[registries.x]\ntoken = 3\n");
    assert_eq!(taken.remarks, [Remark::Stays("[registries.x]".into())]);
    // Of another section that reads the same, nothing goes.
    let other = "[a]\n[registries.y]\nprovider = 2\n";
    assert_eq!(take_out(&hunks, other).text, other);
}

#[test]
fn a_line_that_was_there_before_stays_and_gets_its_end() {
    let hunks = hunks("mine", "mine\nours\n", ANY);
    assert_eq!(take_out(&hunks, "mine\nours\nlater\n").text, "mine\nlater\n");
    assert_eq!(take_out(&hunks, "mine, too\nours\nlater\n").text, "mine, too\nlater\n");
}

#[test]
fn parts_of_elements_are_left_to_the_person() {
    let hunks = hunks("<s>\n</s>\n", "<s>\n  <server>\n  </server>\n</s>\n", ANY);
    let edited = "<s>\n  <server>\n    <id>x</id>\n  </server>\n</s>\n";
    let taken = take_out(&hunks, edited);
    assert_eq!(taken.text, edited);
    assert_eq!(taken.remarks, ["<server>", "</server>"].map(|line| Remark::Stays(line.into())));
}

#[test]
fn of_two_elements_each_goes_by_itself() {
    let before = "<s>\n</s>\n";
    let one = |list: &str, item: &str| {
        format!(
            "  <{list}>\n    <{item}>\n      <id>x</id>\n    </{item}>\n    <{item}>\n      <id>y</id>\n    </{item}>\n  </{list}>\n"
        )
    };
    let after = format!("<s>\n{}{}</s>\n", one("servers", "server"), one("mirrors", "mirror"));
    let hunks = hunks(before, &after, Dialect::Xml);
    let mine = "    <server>\n    </server>\n";
    let kept = |list: &str| ["", "/"].map(|end| Remark::Stays(format!("<{end}{list}>")));
    // At the end of a list of ours, and between what is ours in it.
    for place in ["  </servers>", "    <server>\n      <id>y</id>"] {
        let taken = take_out(&hunks, &after.replacen(place, &format!("{mine}{place}"), 1));
        assert_eq!(taken.text, format!("<s>\n  <servers>\n{mine}  </servers>\n</s>\n"), "{place}");
        assert_eq!(taken.remarks, kept("servers"), "{place}");
    }
    let taken = take_out(&hunks, &after.replacen("  <mirrors>", "<!-- mine -->\n  <mirrors>", 1));
    assert_eq!(taken.text, "<s>\n<!-- mine -->\n</s>\n");
    assert_eq!(taken.remarks, []);
}

#[test]
fn an_element_that_others_came_into_stays() {
    let after = "<s>\n  <servers>\n    <server>\n    </server>\n  </servers>\n</s>\n";
    let hunks = hunks("<s>\n</s>\n", after, ANY);
    let mine = "    <server>\n      <id>mine</id>\n    </server>\n";
    let edited = after.replace("  </servers>\n", &format!("{mine}  </servers>\n"));
    let taken = take_out(&hunks, &edited);
    assert_eq!(taken.text, format!("<s>\n  <servers>\n{mine}  </servers>\n</s>\n"));
    assert_eq!(taken.remarks, ["<servers>", "</servers>"].map(|line| Remark::Stays(line.into())));
}

#[test]
fn what_was_replaced_comes_back_where_ours_is_untouched() {
    let hunks = hunks("a\nprovider = \"x\"\nb\n", "a\nprovider = \"ours\"\nb\n", ANY);
    assert_eq!(take_out(&hunks, "new\na\nprovider = \"ours\"\nb\n").text, "new\na\nprovider = \"x\"\nb\n");
    let changed = "a\nprovider = \"third\"\nb\n";
    let taken = take_out(&hunks, changed);
    assert_eq!((taken.text.as_str(), taken.remarks.len()), (changed, 1));
}
