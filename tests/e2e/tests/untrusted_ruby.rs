//! What a Gemfile and a gemspec can make Bundler and gem do with the token. `docs/untrusted-projects.md` tells it.

use vouch_e2e::hostile::HostileHost;
use vouch_e2e::{CommandOutput, MY_DOMAIN, Sandbox, in_sandbox};

const HOST: &str = "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com";

fn shell(sandbox: &Sandbox, line: &str) -> CommandOutput {
    sandbox.run("sh").args(["-c", line]).within(sandbox.file("app")).done()
}

/// The line of `--print` with a beginning.
fn printed(sandbox: &Sandbox, begins: &str) -> String {
    let setup = ["setup", "codeartifact", "--tool", "ruby", "--repository", "my-repo", "--print"];
    let lines = sandbox.vouch(&setup).args(MY_DOMAIN).ok().stdout;
    lines.lines().find(|line| line.starts_with(begins)).expect("setup prints it").to_owned()
}

#[test]
fn a_gemfile_that_names_another_place_gets_no_token() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let hostile = HostileHost::start();
        let by_url = printed(sandbox, "CREDENTIAL=");
        let variable = HOST.to_uppercase().replace('-', "___").replace('.', "__");
        let by_host = format!(
            "BUNDLE_{variable}=\"aws:$(vouch credential codeartifact --profile default)\" bundle install"
        );
        let gemfile = |url: &str| {
            sandbox.write("app/Gemfile", &format!("source \"{url}\" do\n  gem \"left\"\nend\n"));
        };
        gemfile(&format!("http://{HOST}:{}/ruby/my-repo/", hostile.port()));
        let done = shell(sandbox, &by_host);
        assert!(hostile.got_a_token(), "nothing to hold: {done}");
        let done = shell(sandbox, &by_url);
        let arrived = hostile.arrived();
        assert!(!arrived.is_empty(), "Bundler did not ask: {done}");
        assert!(!arrived.iter().any(|head| head.to_lowercase().contains("authorization")), "{arrived:?}");

        // Where the Gemfile names the repository, a project's mirror is another place.
        gemfile(&format!("https://{HOST}/ruby/my-repo/"));
        let mirror = format!("BUNDLE_MIRROR__HTTPS://{variable}/RUBY/MY___REPO/");
        let there = format!("http://{HOST}:{}/ruby/my-repo/", hostile.port());
        sandbox.write("app/.bundle/config", &format!("---\n{mirror}: \"{there}\"\n"));
        let done = shell(sandbox, &by_host);
        assert!(hostile.got_a_token(), "nothing to hold: {done}");
        let done = shell(sandbox, &by_url);
        assert!(!hostile.got_a_token(), "{done}");
    });
}

/// What a project says of certificates, Bundler does; then whoever is in the middle reads along.
#[test]
fn a_project_can_have_bundler_believe_anybody() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let middle = HostileHost::start_in_the_middle();
        let by_url = printed(sandbox, "CREDENTIAL=");
        sandbox.write("app/evil.pem", middle.certificate());
        let url = format!("https://{HOST}/ruby/my-repo/");
        sandbox.write("app/Gemfile", &format!("source \"{url}\" do\n  gem \"left\"\nend\n"));
        let authority = format!("BUNDLE_SSL_CA_CERT: \"{}\"", sandbox.file("app/evil.pem").display());
        let _led = middle.in_the_middle();
        for (line, sends) in [
            ("BUNDLE_JOBS: \"2\"", false),
            ("BUNDLE_SSL_VERIFY_MODE: \"1\"", false),
            ("BUNDLE_SSL_VERIFY_MODE: \"0\"", true),
            ("BUNDLE_SSL_VERIFY_MODE: none", true),
            (&authority, true),
        ] {
            sandbox.write("app/.bundle/config", &format!("---\n{line}\n"));
            let done = shell(sandbox, &by_url);
            assert_eq!(middle.got_a_token(), sends, "{line}: {done}");
        }
    });
}

#[test]
fn a_gemspec_that_names_another_host_gets_no_token() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let hostile = HostileHost::start();
        let spec = format!(
            "Gem::Specification.new do |s|\n  s.name = 'left'\n  s.version = '1.0.0'\n  s.summary = 'x'\n  \
             s.authors = ['alice']\n  s.metadata['allowed_push_host'] = '{}'\nend\n",
            hostile.url()
        );
        sandbox.write("app/left.gemspec", &spec);
        let built = shell(sandbox, "gem build left.gemspec");
        assert_eq!(built.code, 0, "{built}");
        let ours = printed(sandbox, "GEM_HOST_API_KEY=").replace("PACKAGE.gem", "left-1.0.0.gem");
        let bare =
            "export GEM_HOST_API_KEY=\"Bearer $(vouch credential codeartifact)\"; gem push left-1.0.0.gem";
        let done = shell(sandbox, bare);
        assert!(hostile.got_a_token(), "nothing to hold: {done}");
        let done = shell(sandbox, &ours);
        assert_ne!(done.code, 0, "{done}");
        assert_eq!(hostile.arrived(), Vec::<String>::new(), "{done}");
    });
}
