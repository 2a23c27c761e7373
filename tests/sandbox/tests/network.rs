//! TLS, HTTP, proxy, distance and faults, as curl sees them.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

mod common;

use common::{run, sandbox};

/// Seconds that curl took for its steps.
const TIMES: &str = r"time_appconnect=%{time_appconnect} total=%{time_total}\n";

#[test]
fn a_client_that_trusts_the_authority_is_served_and_another_is_not() {
    let lines = run(
        &[],
        r#"
        curl -s $issuer/hello.txt
        code $issuer/hello.txt
        code --cacert /etc/ssl/certs/ca-certificates.crt $issuer/hello.txt
        code --tls-max 1.2 $issuer/hello.txt
        curl -s -o /dev/null -w '%{http_version}\n' --http2 $issuer/hello.txt
        "#,
    )
    .lines();
    // curl: 60 the certificate's issuer is unknown.
    assert_eq!(lines, ["hello", "0 200", "60 000", "0 200", "1.1"]);
}

#[test]
fn a_name_that_is_not_served_gets_no_handshake_and_another_host_header_is_misdirected() {
    let lines = run(
        &[],
        r"
        code --resolve nobody.example.com:443:127.0.0.12 https://nobody.example.com/
        code -k https://127.0.0.12/
        code -H 'Host: nobody.example.com' $issuer/hello.txt
        code -H 'Host: id.example.com:444' $issuer/hello.txt
        code -H 'Host: ID.example.com:443' $issuer/hello.txt
        code -H 'Host:' $issuer/hello.txt
        ",
    )
    .lines();
    assert_eq!(lines, ["35 000", "35 000", "0 421", "0 421", "0 200", "0 421"]);
}

#[test]
fn a_connection_is_kept_and_head_has_a_length_but_no_body() {
    let lines = run(
        &[],
        r#"
        curl -s -o /dev/null -o /dev/null -w '%{num_connects}\n' $issuer/hello.txt $issuer/hello.txt
        curl -s --head $issuer/hello.txt | tr -d '\r' | grep -i '^content-length'
        head -c 3000000 /dev/zero >$TMPDIR/big
        curl -s -o /dev/null -w '%{http_code} %{size_upload}\n' -T $TMPDIR/big -H 'Expect: 100-continue' $issuer/hello.txt
        "#,
    )
    .lines();
    assert_eq!(lines, ["1", "0", "content-length: 6", "405 3000000"]);
}

#[test]
fn every_request_is_counted_and_logged_without_its_secret() {
    let script = r#"
        curl -s -o /dev/null -H 'Authorization: Bearer top-secret' "$issuer/hello.txt?token=top-secret"
        curl -s -o /dev/null -H 'Authorization: top-secret' $issuer/other
        vouch-sandbox ctl stats
        vouch-sandbox ctl reset >/dev/null
        cat "$VOUCH_SANDBOX_LOG" >&2
        vouch-sandbox ctl stats | tr -d ' \n'
    "#;
    let answer = run(&[], script);
    let lines: Vec<serde_json::Value> =
        answer.stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["service"], "issuer");
    assert_eq!((&lines[0]["path"], &lines[0]["status"]), (&"/hello.txt".into(), &200.into()));
    assert_eq!((&lines[0]["auth"], &lines[1]["auth"]), (&"Bearer".into(), &"other".into()));
    assert!(!answer.stderr.contains("top-secret"));
    let mut documents = serde_json::Deserializer::from_str(&answer.stdout)
        .into_iter::<serde_json::Value>()
        .map(Result::unwrap);
    let (before, after) = (documents.next().unwrap(), documents.next().unwrap());
    assert_eq!((&before["requests"]["issuer"], &before["connections"]["issuer"]), (&2.into(), &2.into()));
    assert_eq!(before["requests"]["sts"], 0);
    assert_eq!(after["requests"]["issuer"], 0);
}

#[test]
fn each_fault_shows_and_ends() {
    // curl: 56 reset, 28 time-out, 18 body too short, 60 unknown issuer, 7 refused.
    for (fault, seen) in [
        ("--reset", "56 000"),
        ("--hang", "28 000"),
        ("--truncate", "18 200"),
        ("--garbage", "0 200"),
        ("--endless", "28 200"),
        ("--drip", "28 200"),
        ("--wrong-types", "0 200"),
        ("--reset-early", "35 000"),
        ("--stall", "28 000"),
        ("--bad-tls", "60 000"),
        ("--wrong-host", "60 000"),
        ("--expired", "60 000"),
        ("--not-yet-valid", "60 000"),
        ("--refuse", "7 000"),
        ("--status 429", "0 429"),
        ("--retry-after 3", "0 503"),
        ("--status 500 --truncate", "18 500"),
    ] {
        let script = format!(
            "ctl fault issuer {fault}
             code $issuer/hello.txt
             code $sts/
             ctl fault issuer --clear
             code $issuer/hello.txt"
        );
        let lines = run(&[], &script).lines();
        assert_eq!(lines[0], seen, "{fault}");
        assert!(lines[1].starts_with("0 "), "another service is hit by {fault}: {}", lines[1]);
        assert_eq!(lines[2..], ["0 200"], "{fault}");
    }
}

#[test]
fn a_counted_fault_hits_so_often_and_is_counted() {
    let lines = run(
        &[],
        r#"
        ctl fault issuer --status 503 --times 2
        code $issuer/hello.txt; code $issuer/hello.txt; code $issuer/hello.txt
        ctl fault issuer --bad-tls --times 1
        code $issuer/hello.txt; code $issuer/hello.txt
        vouch-sandbox ctl stats | tr -d ' \n' | grep -oE '"faulted":[^}]*}'
        "#,
    )
    .lines();
    assert_eq!(lines[..5], ["0 503", "0 503", "0 200", "60 000", "0 200"]);
    assert_eq!(lines[5], r#""faulted":{"sts":0,"codeartifact":0,"issuer":3,"registry":0}"#);
}

#[test]
fn a_refusal_has_the_services_shape_and_headers() {
    let text = run(
        &[],
        r"
        ctl fault sts --status 400 --code IDPCommunicationError --message 'try again'
        curl -s $sts/
        ctl fault codeartifact --retry-after 7
        curl -s -i https://codeartifact.us-east-1.amazonaws.com/v1/authorization-token
        ",
    )
    .output();
    assert!(text.contains("<Code>IDPCommunicationError</Code>") && text.contains("try again"), "{text}");
    assert!(text.to_lowercase().contains("retry-after: 7") && text.contains("503"), "{text}");
}

#[test]
fn what_spoils_the_body_is_neither_xml_nor_json() {
    let text = run(
        &[],
        r"
        ctl fault issuer --garbage
        curl -s $issuer/hello.txt | tr -dc '<{'
        ctl fault issuer --endless
        curl -s -m 2 $issuer/hello.txt | head -c 100000 | tr -d ' ' | wc -c
        ",
    )
    .output();
    assert_eq!(text, "<<<{0\n");
}

#[test]
fn kept_connections_do_not_survive_a_refusing_service() {
    // One curl, so that the second transfer would take the first one's connection.
    let lines = run(
        &[],
        r#"
        transfer() {
            echo "url=$issuer/hello.txt"; echo output=/dev/null; echo silent; echo 'write-out="%{http_code} "'
        }
        (transfer; echo next; transfer) >$TMPDIR/two
        curl -K $TMPDIR/two
        ctl fault issuer --delay 300
        curl -K $TMPDIR/two &
        sleep 0.1
        ctl fault issuer --refuse
        wait $!; echo "$?"
        "#,
    )
    .lines();
    assert_eq!(lines, ["200 200 200 000 7"]);
}

#[test]
fn wrong_orders_are_refused() {
    let lines = run(
        &[],
        r"
        for order in 'fault nobody --reset' 'fault sts --reset --hang' 'fault sts --clear --reset' 'fault sts --times 0' \
                     'fault sts --refuse --times 1' 'fault sts --code X' 'fault sts --status 99' 'touch soon' \
                     'registry --scheme basic' 'registry --bad-token 500' 'dance'; do
            vouch-sandbox ctl $order >/dev/null 2>&1; echo $?
        done
        vouch-sandbox ctl touch now --card 1 2>/dev/null; echo $?
        VOUCH_SANDBOX_CTL=/no/socket vouch-sandbox ctl stats 2>/dev/null; echo $?
        env -u VOUCH_SANDBOX_CTL vouch-sandbox ctl stats 2>/dev/null; echo $?
        ",
    )
    .lines();
    assert_eq!(lines[..11], ["2"; 11]);
    assert_eq!(lines[11..], ["1"; 3]);
}

#[test]
fn the_proxy_serves_tunnels_to_known_hosts_and_nothing_else() {
    let lines = run(
        &["--proxy"],
        r#"
        code $issuer/hello.txt
        code --noproxy '*' $issuer/hello.txt
        code https://example.org/
        code http://id.example.com/hello.txt -x $HTTPS_PROXY
        code -p -x $HTTPS_PROXY http://id.example.com:80/
        ctl fault issuer --refuse
        curl -s -o /dev/null -w '%{http_connect}\n' $issuer/hello.txt
        ctl fault issuer --reset
        code $issuer/hello.txt
        vouch-sandbox ctl stats | tr -d ' \n' | grep -oE '"proxy":[^}]*}'
        echo "$NO_PROXY $https_proxy" | grep -c '^127.0.0.1,localhost http://127.0.0.1:'
        "#,
    )
    .lines();
    // curl: 6 cannot resolve, 56 the proxy said no.
    assert_eq!(lines[..7], ["0 200", "6 000", "56 000", "0 403", "56 000", "502", "56 000"]);
    assert_eq!(lines[7], r#""proxy":{"tunnels":2,"refused":4,"unauthenticated":0}"#);
    assert_eq!(lines[8], "1");
}

#[test]
fn the_proxy_asks_for_its_password() {
    let lines = run(
        &["--proxy", "--proxy-auth", "user:p@ss:word"],
        r"
        code $issuer/hello.txt
        bare=http://127.0.0.1:${HTTPS_PROXY##*:}
        curl -s -o /dev/null -w '%{http_connect}\n' -x $bare $issuer/hello.txt
        curl -s -o /dev/null -w '%{http_connect}\n' -x $bare -U user:wrong $issuer/hello.txt
        code --proxy-anyauth -x $bare -U user:p@ss:word $issuer/hello.txt
        ",
    )
    .lines();
    assert_eq!(lines, ["0 200", "407", "407", "0 200"]);
}

#[test]
fn distance_is_felt_in_handshake_and_request() {
    let script =
        format!("curl -s -o /dev/null -o /dev/null -w '{TIMES}' $issuer/hello.txt $issuer/hello.txt");
    let lines = run(&["--rtt", "100"], &script).lines();
    let times: Vec<(f64, f64)> = lines
        .iter()
        .map(|line| {
            let mut numbers = line.split([' ', '=']).filter_map(|word| word.parse().ok());
            (numbers.next().unwrap(), numbers.next().unwrap())
        })
        .collect();
    let (handshake, first) = times[0];
    assert!(handshake >= 0.2, "TCP and TLS 1.3 are two round trips: {lines:?}");
    assert!(first >= 0.3, "and the request one more: {lines:?}");
    assert!(
        times[1].1 >= 0.1 && times[1].1 < first,
        "on a kept connection only the request counts: {lines:?}"
    );
}

#[test]
fn a_delay_comes_on_top_of_the_distance() {
    let script = format!("ctl fault issuer --delay 150; curl -s -o /dev/null -w '{TIMES}' $issuer/hello.txt");
    let line = run(&["--rtt", "50"], &script).output();
    let total: f64 = line.trim().rsplit('=').next().unwrap().parse().unwrap();
    assert!(total >= 0.3, "{line}");
}

#[test]
fn behind_the_proxy_the_tunnel_costs_a_round_trip_more() {
    let script = format!("curl -s -o /dev/null -w '{TIMES}' $issuer/hello.txt");
    let line = run(&["--proxy", "--rtt", "50"], &script).output();
    let total: f64 = line.trim().rsplit('=').next().unwrap().parse().unwrap();
    assert!(total >= 0.2, "TCP, CONNECT, TLS and request are four: {line}");
}

#[test]
fn sts_feels_the_faults_of_the_issuer() {
    let script = r#"
        url() { base64 -w0 | tr '+/' '-_' | tr -d =; }
        now=$(date +%s)
        token=$(printf '{"alg":"ES256","kid":"k"}' | url).$(printf '{"iss":"https://id.example.com/alice","sub":"alice",
            "aud":"sts.amazonaws.com","iat":%d,"nbf":%d,"exp":%d,"jti":"j"}' $now $now $((now + 3600)) | url).$(head -c 64 /dev/zero | url)
        assume() {
            curl -s $sts -d Action=AssumeRoleWithWebIdentity -d Version=2011-06-15 -d RoleSessionName=alice                 --data-urlencode RoleArn=arn:aws:iam::123456789012:role/CodeArtifact -d WebIdentityToken=$token |
                grep -oE '<Code>[A-Za-z]+'
        }
        faulted() { vouch-sandbox ctl stats | tr -d ' 
' | grep -oE '"faulted":[^}]*}'; }
        folder=$VOUCH_SANDBOX_SITE/alice/.well-known
        mkdir -p $folder
        echo '{"issuer":"https://id.example.com/alice","jwks_uri":"https://id.example.com/alice/jwks.json"}' >$folder/openid-configuration
        echo '{"keys":[]}' >$VOUCH_SANDBOX_SITE/alice/jwks.json
        ctl fault issuer --status 500
        assume; faulted
        ctl fault issuer --refuse
        assume
    "#;
    let lines = run(&[], script).lines();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert_eq!(lines[0], "<Code>InvalidIdentityToken");
    assert!(!lines[1].contains(r#""issuer":0"#), "{lines:?}");
    assert_eq!(lines[2], "<Code>InvalidIdentityToken");
}

#[test]
fn sandboxes_run_side_by_side() {
    let script = "echo $1 >$VOUCH_SANDBOX_SITE/name; sleep 0.3; curl -s https://id.example.com/name";
    let children = ["one", "two", "three"].map(|name| {
        let mut command = sandbox(&["--no-pcscd"]);
        let child =
            command.args(["sh", "-c", script, "sh", name]).stdout(std::process::Stdio::piped()).spawn();
        (name, child.unwrap())
    });
    for (name, child) in children {
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{name}\n"));
    }
}

#[test]
fn the_control_socket_also_works_from_outside() {
    let mut child = sandbox(&["--no-pcscd"])
        .args(["sh", "-c", "echo $VOUCH_SANDBOX_CTL; read wait; curl -s -o /dev/null -w '%{http_code}' https://id.example.com/"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut socket = String::new();
    std::io::BufRead::read_line(&mut lines, &mut socket).unwrap();
    let ctl = std::process::Command::new(env!("CARGO_BIN_EXE_vouch-sandbox"))
        .args(["ctl", "fault", "issuer", "--status", "418"])
        .env("VOUCH_SANDBOX_CTL", socket.trim())
        .output()
        .unwrap();
    assert!(ctl.status.success());
    drop(child.stdin.take());
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut lines, &mut rest).unwrap();
    assert_eq!(rest, "418");
    child.wait().unwrap();
}
