use super::super::canned::{Canned, domain, given, refused, role};
use super::*;
use crate::secret::Secret;
use crate::time::UnixTime;

fn endpoint(canned: &Canned) -> Result<Option<String>, ExchangeError> {
    let credentials = RoleCredentials {
        access_key_id: "ASIAEXAMPLE".into(),
        secret_access_key: Secret::new("secret".into()),
        session_token: Secret::new("session".into()),
        expires_at: UnixTime::now().plus(3600),
    };
    let repository = "my-repo".parse().unwrap();
    canned.run(async |http| {
        let asked = (&domain("us-east-1"), &repository, Format::Cargo);
        codeartifact::repository_endpoint(http, &credentials, &role(3600), asked).await
    })
}

#[test]
fn codeartifact_is_asked_for_the_endpoint_and_may_refuse_to_tell() {
    let canned = Canned::new(&[given(r#"{"repositoryEndpoint":"https://x/cargo/my-repo/"}"#)]);
    assert_eq!(endpoint(&canned).unwrap().as_deref(), Some("https://x/cargo/my-repo/"));
    let (url, _) = canned.asked().remove(0);
    assert_eq!(
        url,
        "https://codeartifact.us-east-1.amazonaws.com/v1/repository/endpoint\
         ?domain=my-domain&domain-owner=123456789012&repository=my-repo&format=cargo"
    );
    let denied = Canned::new(&[refused(403, "AccessDeniedException", "codeartifact:GetRepositoryEndpoint")]);
    assert_eq!(endpoint(&denied).unwrap(), None);
    let gone = Canned::new(&[refused(404, "ResourceNotFoundException", "Repository not found.")]);
    let error = ProofError::from(endpoint(&gone).unwrap_err());
    assert!(error.refuses_setup(), "{error}");
    assert_eq!(
        error.to_string(),
        "there is no repository my-repo in my-domain of account 123456789012 in us-east-1"
    );
    for (status, code) in
        [(500, "InternalServerException"), (429, "ThrottlingException"), (403, "ExpiredTokenException")]
    {
        let error = ProofError::from(endpoint(&Canned::new(&[refused(status, code, "")])).unwrap_err());
        assert!(!error.refuses_setup(), "{error}");
    }
}

#[test]
fn each_client_has_its_own_form_of_the_token() {
    let of = |format| FirstRequest::of(format).authorization("", "secret");
    assert_eq!(of(Format::Cargo), "secret");
    assert_eq!(FirstRequest::CargoIndex.authorization("Bearer ", "secret"), "Bearer secret");
    assert_eq!(of(Format::Npm), "Bearer secret");
    assert_eq!([of(Format::Pypi), of(Format::Maven)], ["Basic YXdzOnNlY3JldA=="; 2]);
}

#[test]
fn an_index_says_where_it_downloads_from() {
    assert!(is_index(Some(br#"{"dl":"https://x/","auth-required":true}"#)));
    for body in [None, Some(&b"<html>Log in</html>"[..]), Some(b"{}"), Some(br#"{"dl":1}"#)] {
        assert!(!is_index(body));
    }
}

#[test]
fn a_name_that_nobody_knows_is_not_one_that_nobody_can_look_up() {
    let dns =
        |text: &str| HttpError::Dns { host: "x".into(), source: std::io::Error::other(text.to_owned()) };
    let known =
        if cfg!(windows) { "No such host is known. (os error 11001)" } else { "Name or service not known" };
    assert!(dns(&format!("failed to lookup address information: {known}")).is_unknown_name());
    for text in ["Temporary failure in name resolution", "Try again", "(os error 11002)"] {
        assert!(!dns(&format!("failed to lookup address information: {text}")).is_unknown_name());
    }
    assert!(!HttpError::ConnectTimedOut { host: "x".into() }.is_unknown_name());
}
