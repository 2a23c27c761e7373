//! Parameters of the query protocol and the constraints that the service model puts on them.

use std::ops::RangeInclusive;

use http::Method;

use crate::http::Request;
use crate::services::header;
use crate::services::refusal::Refusal;

/// The form fields of a request.
#[derive(Debug)]
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// From the query, and from the body of a POST that says it is a form.
    pub(crate) fn of(request: &Request) -> Parameters {
        let is_form = header(request, "content-type").is_some_and(|kind| {
            kind.trim().to_ascii_lowercase().starts_with("application/x-www-form-urlencoded")
        });
        let body: &[u8] = if request.method == Method::POST && is_form { &request.body } else { b"" };
        let query = request.query.as_deref().unwrap_or_default().as_bytes();
        let pairs = url::form_urlencoded::parse(body).chain(url::form_urlencoded::parse(query));
        Parameters(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// How many members of a list were sent: `NAME.member.1`, `NAME.member.1.arn` and so on.
    pub(crate) fn members(&self, name: &str) -> usize {
        let prefix = format!("{name}.member.");
        let mut numbers: Vec<&str> =
            self.0.iter().filter_map(|(key, _)| key.strip_prefix(&prefix)?.split('.').next()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers.len()
    }

    /// A value that has to be there, of so many characters.
    pub(crate) fn required(&self, name: &str, length: RangeInclusive<usize>) -> Result<&str, Refusal> {
        let value = self.get(name).ok_or_else(|| constraint("null", name, "Member must not be null"))?;
        check_length(name, value, length)?;
        Ok(value)
    }

    /// A value that may be missing, of so many characters.
    pub(crate) fn optional(
        &self,
        name: &str,
        length: RangeInclusive<usize>,
    ) -> Result<Option<&str>, Refusal> {
        self.get(name).map(|value| check_length(name, value, length).map(|()| value)).transpose()
    }
}

/// `ValidationError`.
pub(crate) fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "ValidationError", message)
}

/// AWS's sentence for a value that breaks the service model.
pub(crate) fn constraint(shown: &str, name: &str, rule: &str) -> Refusal {
    let mut characters = name.chars();
    let name: String =
        characters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(characters).collect();
    invalid(format!(
        "1 validation error detected: Value {shown} at '{name}' failed to satisfy constraint: {rule}"
    ))
}

/// A web identity token is a secret: it is not repeated.
fn check_length(name: &str, value: &str, length: RangeInclusive<usize>) -> Result<(), Refusal> {
    let shown = if name == "WebIdentityToken" { "'***'".to_string() } else { format!("'{value}'") };
    let count = value.chars().count();
    if count < *length.start() {
        let rule = format!("Member must have length greater than or equal to {}", length.start());
        return Err(constraint(&shown, name, &rule));
    }
    if count > *length.end() {
        let rule = format!("Member must have length less than or equal to {}", length.end());
        return Err(constraint(&shown, name, &rule));
    }
    Ok(())
}
