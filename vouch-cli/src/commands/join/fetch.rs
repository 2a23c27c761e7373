//! The join file from its host: over https, from the address that was typed and from no other.

use url::Url;
use vouch_core::home::Home;
use vouch_core::http::{FetchedDocument, Fetcher, HttpError};
use vouch_core::{ErrorKind, Failure};
use vouch_helper::text::printable_line;
use vouch_issuer::join::{JoinAddress, JoinError};

/// The file that the host serves.
pub(crate) fn fetch(home: &Home, address: &JoinAddress) -> Result<Vec<u8>, Failure> {
    judge(address, ask(home, address)?)
}

/// Asks the host. Nothing is written: who does not agree leaves no trace.
pub(crate) fn ask(home: &Home, address: &JoinAddress) -> Result<FetchedDocument, Failure> {
    let fetched = Fetcher::new(home)?.without_cache().fetch(address.url());
    fetched.map_err(|error| match error {
        HttpError::TooLong { .. } => JoinError::TooLong.into(),
        other => Failure::from(other),
    })
}

/// The file, if that is what was answered.
pub(crate) fn judge(address: &JoinAddress, document: FetchedDocument) -> Result<Vec<u8>, Failure> {
    let url = address.url();
    match document.status {
        200 => {}
        300..=399 => return Err(redirected(address, document.header("location").unwrap_or_default())),
        404 | 410 => {
            return Err(Failure::configuration(
                format!("there is no join file at {url}"),
                "Copy the address that your administrator gave you; it ends in `/vouch.json` as a rule.",
            ));
        }
        status => {
            return Err(Failure::new(
                ErrorKind::Network,
                format!("{} answered with status {status}, not with a join file", address.host()),
                "Run the command again in a minute; if it stays so, ask your administrator.",
            ));
        }
    }
    let is_page = document.body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<');
    if is_page {
        return Err(Failure::new(
            ErrorKind::Network,
            format!("{url} is a web page, not a join file"),
            "On a network with a login page, log in there first. Otherwise copy the address from the command that the page \
             shows.",
        ));
    }
    Ok(document.body)
}

/// Whoever answers for another host is not who was asked.
fn redirected(address: &JoinAddress, location: &str) -> Failure {
    let to = Url::parse(address.url()).ok().and_then(|url| url.join(location).ok());
    let host = to.as_ref().and_then(Url::host_str).map_or_else(|| "nowhere".to_owned(), printable_line);
    let (url, hint) = (
        address.url(),
        "Ask your administrator for the file's own address. On a network with a login page, log in there first.",
    );
    if host == address.host() {
        return Failure::new(
            ErrorKind::Network,
            format!("{url} redirects to another place on {host}, and a join follows no redirect"),
            hint,
        );
    }
    Failure::new(
        ErrorKind::Network,
        format!("{url} redirects to {host}, and a join follows no redirect"),
        hint,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: u16, location: &str, body: &str) -> Result<Vec<u8>, Failure> {
        let headers = vec![("location".to_owned(), location.to_owned())];
        let document = FetchedDocument { status, headers, body: body.into() };
        judge(&"https://id.example.com/vouch.json".parse().unwrap(), document)
    }

    #[test]
    fn only_the_file_itself_is_taken() {
        assert_eq!(judged(200, "", "{}").unwrap(), b"{}");
        for (status, location, body, said) in [
            (302, "https://evil.example/vouch.json", "", "redirects to evil.example,"),
            (301, "http://id.example.com/vouch.json", "", "another place on id.example.com"),
            (307, "/elsewhere", "{}", "another place on id.example.com"),
            (302, "", "", "redirect"),
            (302, "https://evil.example:x/", "", "redirects to nowhere"),
            (404, "", "{}", "there is no join file at"),
            (410, "", "{}", "there is no join file at"),
            (403, "", "{}", "status 403"),
            (500, "", "{}", "status 500"),
            (206, "", "{}", "status 206"),
            (200, "", "\n <!doctype html>", "is a web page"),
        ] {
            let failed = judged(status, location, body).unwrap_err();
            assert!(failed.message.contains(said) && failed.hint.is_some(), "{failed:?}");
        }
    }
}
