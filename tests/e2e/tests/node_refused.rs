//! What a person sees when a token has expired, is refused or missing, in every client. `docs/node-clients.md` tells it.

use vouch_e2e::node::{self, Client};
use vouch_e2e::{Sandbox, in_sandbox};

/// What a client says.
struct Words {
    client: Client,
    /// The registry answers 401 to its token, as to one that has expired.
    expired: &'static str,
    /// The registry answers 403.
    refused: &'static str,
    /// There is no session.
    missing: &'static str,
}

const fn words(
    client: &'static str,
    expired: &'static str,
    refused: &'static str,
    missing: &'static str,
) -> Words {
    Words { client: Client(client), expired, refused, missing }
}

const NPM_401: &str = "Unable to authenticate, your authentication token seems to be invalid";
const ADVICE: &str = "vouch: you are not logged in. Run `vouch login`.";

const ALL: [Words; 10] = [
    words("npm-8", NPM_401, "403 Forbidden", NPM_401),
    words("npm-10", NPM_401, "403 Forbidden", NPM_401),
    words("npm-11", NPM_401, "403 Forbidden", NPM_401),
    words("npm-12", NPM_401, "403 Forbidden", NPM_401),
    words("pnpm-10", "ERR_PNPM_FETCH_401", "ERR_PNPM_FETCH_403", ADVICE),
    words("pnpm-11", "ERR_PNPM_FETCH_401", "ERR_PNPM_FETCH_403", ADVICE),
    words("pnpm-12", "HTTP status client error (401", "HTTP status client error (403", ADVICE),
    words("yarn-1", "Couldn't find package", "Access denied", "Couldn't find package"),
    words("yarn-4", "Invalid authentication (as an unknown user)", "(Forbidden)", "you are not logged in"),
    words("bun", "- 401", "- 403", "- 401"),
];

/// What the person sees of an installation that has to fail.
fn installs_not(sandbox: &Sandbox, client: Client) -> String {
    node::fresh_project(sandbox, client, "app");
    let done = client.on_terminal(sandbox, &client.adding(&["plain"])).within(sandbox.file("app")).done();
    assert_ne!(done.code, 0, "{done}");
    done.stdout
}

#[test]
fn expired_refused_and_missing_tokens() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.log_in();
        // The oldest pnpm last: setup with a later one takes the lines of an earlier one along.
        for Words { client, .. } in ALL.iter().rev() {
            let _ = client.set_up(sandbox, &[]).ok();
        }
        node::publish_three(sandbox, Client("npm-10"));
        // Fetched while it still can be: the services' clock then runs past its end.
        let _ = sandbox.run("npm-token-vouch").ok();
        sandbox.ctl(&["clock", "--skew", "50000"]);
        for Words { client, expired, .. } in &ALL {
            let seen = installs_not(sandbox, *client);
            assert!(seen.contains(expired), "{client:?}: {seen}");
        }
        sandbox.ctl(&["registry", "--bad-token", "403"]);
        for Words { client, refused, .. } in &ALL {
            let seen = installs_not(sandbox, *client);
            assert!(seen.contains(refused), "{client:?}: {seen}");
        }
        sandbox.ctl(&["registry", "--bad-token", "401"]);
        sandbox.ctl(&["clock", "--skew", "0"]);

        let _ = sandbox.vouch(&["logout"]).ok();
        sandbox.ctl(&["reset"]);
        for Words { client, missing, .. } in &ALL {
            let seen = installs_not(sandbox, *client);
            assert!(seen.contains(missing), "{client:?}: {seen}");
            // Our advice is where the client lets it through.
            assert_eq!(seen.contains("vouch login"), client.asks(), "{client:?}: {seen}");
        }
        assert_eq!(sandbox.count("/registry/npm/bad_token"), 0, "a token that is gone is not sent");
        let _ = sandbox.run("npm-token-vouch").arg("status").ok().shows("no token yet: run `vouch login`");
    });
}

#[test]
fn the_documentation_quotes_what_is_seen() {
    let text = include_str!("../../../docs/node-clients.md");
    for Words { client, expired, refused, missing } in &ALL {
        let name = client.0.replace('-', " ");
        let row = text.lines().find(|line| line.starts_with(&format!("| {name} |"))).unwrap_or_default();
        for said in [expired, refused, missing] {
            assert!(row.contains(said), "{name}: {said}");
        }
    }
}
