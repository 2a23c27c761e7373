use super::*;

const GOOD: &str = "https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/cargo/my-repo/";

#[test]
fn the_suffix_of_another_partition_is_told_from_other_names() {
    for (host, crosses) in [
        ("d-123456789012.d.codeartifact.us-east-1.amazonaws.com.cn", true),
        ("d-123456789012.codeartifact.cn-north-1.on.aws", true),
        ("d-123456789012.d.codeartifact.cn-north-1.amazonaws.com", true),
        ("d-123456789012.d.codeartifact.cn-north-1.amazonaws.com.cn", false),
        ("d-123456789012.d.codeartifact.us-east-1.amazonaws.com", false),
        // A VPC endpoint, and a name of the user's own.
        ("vpce-1.d.codeartifact.us-east-1.vpce.amazonaws.com", false),
        ("a.codeartifact.us-east-1.example.com", false),
        ("packages.example.com", false),
    ] {
        assert_eq!(crosses_partitions(host), crosses, "{host}");
    }
}

#[test]
fn reads_and_writes_the_documented_forms() {
    for (url, name, owner, region, dualstack) in [
        (GOOD, "my-domain", "123456789012", "us-east-1", false),
        (
            "https://my-domain-123456789012.codeartifact.us-east-1.on.aws/cargo/my-repo/",
            "my-domain",
            "123456789012",
            "us-east-1",
            true,
        ),
        (
            "https://a-1-333333333333.d.codeartifact.cn-north-1.amazonaws.com.cn/npm/my-repo/",
            "a-1",
            "333333333333",
            "cn-north-1",
            false,
        ),
        (
            "https://gov-444444444444.d.codeartifact.us-gov-west-1.amazonaws.com/pypi/my-repo/",
            "gov",
            "444444444444",
            "us-gov-west-1",
            false,
        ),
    ] {
        let endpoint: Endpoint = url.parse().unwrap();
        let Domain { name: n, owner: o, region: r } = &endpoint.domain;
        assert_eq!(
            (n.as_str(), o.as_str(), r.as_str(), endpoint.dualstack),
            (name, owner, region, dualstack)
        );
        assert_eq!(endpoint.url(), url);
    }
}

#[test]
fn what_clients_add_is_understood() {
    let wanted: Endpoint = GOOD.parse().unwrap();
    for url in [
        format!("sparse+{GOOD}"),
        GOOD.trim_end_matches('/').to_owned(),
        format!("{GOOD}config.json"),
        format!("{GOOD}simple/x/x-1.0%2Bcu118-py3-none-any.whl"),
        format!("{GOOD}@scope/x//y;z=1/...a/.b"),
        GOOD.replace(".com/", ".com:443/"),
    ] {
        assert_eq!(url.parse::<Endpoint>().as_ref(), Ok(&wanted), "{url}");
    }
}

#[test]
fn only_the_client_of_a_keyring_may_name_the_user() {
    let url = GOOD.replace("//", "//aws@");
    assert!(matches!(domain_of_url(&url, Asker::default()), Err(EndpointError::Unsafe { .. })));
    assert!(domain_of_url(&url, Asker::KEYRING).is_ok());
    for user in
        ["@", "aws:@", ":@", "aws:x@", "AWS@", "%61ws@", "aws%40", "bob@", "aws@aws@", "x\\@aws@", "aws@x\\@"]
    {
        let url = GOOD.replace("//", &format!("//{user}"));
        assert!(domain_of_url(&url, Asker::KEYRING).is_err(), "{url}");
    }
}

#[test]
fn a_path_that_leads_elsewhere_is_refused() {
    for path in [
        "../x/",
        "./x/",
        "..",
        ".",
        "x/..",
        ".../x/",
        "..;/x/",
        "..;a=b/x/",
        ".;/x/",
        "%2e%2e/x/",
        ".%2E/x/",
        "%2e/x/",
        "x%2fy/",
        "x%2Fy/",
        "x%5cy/",
        "x%5Cy/",
        "..%3b/x/",
        "%252e%252e/x/",
        "%00/",
        "%09/",
        "%20/",
        "%7f/",
        "%c0%ae/",
        "%ff/",
        "%3f/",
        "%23/",
        "%5b/",
        "%",
        "%4",
        "%zz/",
        "%+1/",
        "%é1/",
        "?x",
        "#x",
        "x?../",
        "\\x",
        "x|y",
        "[x]",
        "{x}",
        "\"x",
        "<x>",
        "x^y",
        "`x",
        "x y",
        "x\ty",
    ] {
        let url = format!("{GOOD}{path}");
        let refused = url.parse::<Endpoint>();
        assert!(matches!(refused, Err(EndpointError::Unsafe { .. })), "{url}: {refused:?}");
    }
    for end in ["?x", "#x", "//cargo/my-repo/", ";/cargo/", "\\cargo\\my-repo\\"] {
        let url = GOOD.replace("/cargo/my-repo/", end);
        assert!(url.parse::<Endpoint>().is_err(), "{url}");
    }
}

#[test]
fn look_alike_hosts_are_foreign() {
    for host in [
        "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com.evil.example",
        "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.evil.example",
        "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com.",
        "my-domain-11122223333.d.codeartifact.us-east-1.amazonaws.com",
        "my-domain-1234567890123.d.codeartifact.us-east-1.amazonaws.com",
        "my-domain.d.codeartifact.us-east-1.amazonaws.com",
        "123456789012.d.codeartifact.us-east-1.amazonaws.com",
        "my_domain-123456789012.d.codeartifact.us-east-1.amazonaws.com",
        "my-domain-123456789012.d.codeartifact.us-east-1.on.aws",
        "my-domain-123456789012.codeartifact.us-east-1.amazonaws.com",
        "my-domain-123456789012.d.codeartifact.cn-north-1.amazonaws.cn",
        "my-domain-123456789012.d.codeartifact.cn-north-1.amazonaws.com",
        "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com.cn",
        "my-domain-123456789012.d.codeartifact.us-nowhere.amazonaws.com",
        "my-domain-123456789012.d.codeartifact.us-east-1.api.aws",
        "evil.example.my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com",
        "d.codeartifact.us-east-1.amazonaws.com",
        "codeartifact.us-east-1.amazonaws.com",
        "127.0.0.1",
        "[::1]",
        "index.crates.io",
    ] {
        let url = format!("https://{host}/cargo/my-repo/");
        assert!(matches!(url.parse::<Endpoint>(), Err(EndpointError::NotCodeArtifact(_))), "{url}");
    }
}

#[test]
fn the_right_host_in_an_unsafe_url_gets_nothing() {
    for url in [
        GOOD.replace("https:", "http:"),
        GOOD.replace(".com/", ".com:8443/"),
        GOOD.replace(".com/", ".com:0443/"),
        GOOD.replace(".com/", ".com:/"),
        GOOD.replace(".com/", ".com:443:443/"),
        GOOD.replace(".com/", ".com\\@127.0.0.1:9443/"),
        GOOD.replace("//", "//evil.example\\@"),
        GOOD.replace("my-domain", "MY-DOMAIN"),
        GOOD.replace("https", "HTTPS"),
        GOOD.replace("https://", "https:////"),
        GOOD.replace("https://", "https:/aws:hunter2@"),
        GOOD.replace("https://", "https:////aws:hunter2@"),
        GOOD.replace("https://", "https:\\\\aws:hunter2@"),
        GOOD.replace("https://", "https://aws:hun/ter2@"),
        GOOD.replace("https://", "https://aws:hun?ter2@"),
        GOOD.replace("https://", "sparse+sparse+https://"),
        format!(" {GOOD}"),
        format!("{GOOD}\n"),
        GOOD.replace("//", "//aws@"),
        GOOD.replace("//", "//aws:hunter2@"),
        GOOD.replace("my-domain", "%6dy-domain"),
        GOOD.replace("my-domain", "ｍy-domain"),
        GOOD.replace("//", "/\\"),
        GOOD.replace("https://", "https:"),
        GOOD.replace("my-", "my\t-"),
    ] {
        let error = url.parse::<Endpoint>().unwrap_err();
        assert!(
            matches!(error, EndpointError::Unsafe { .. } | EndpointError::NotCodeArtifact(_)),
            "{url}: {error}"
        );
        assert!(!error.to_string().contains("hun") && !error.to_string().contains("ter2"), "{error}");
    }
    // A Cyrillic letter is another host altogether.
    let url = GOOD.replace("my-domain", "mу-domain");
    assert!(matches!(url.parse::<Endpoint>(), Err(EndpointError::NotCodeArtifact(_))));
}

#[test]
fn the_path_must_name_format_and_repository() {
    for path in ["", "cargo", "cargo/", "docker/my-repo/", "cargo/!/", "CARGO/my-repo/", "cargo//my-repo/"] {
        let url = format!("https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/{path}");
        assert!(matches!(url.parse::<Endpoint>(), Err(EndpointError::Path(_))), "{url}");
    }
}
