//! A refusal and the shape that each service gives it.

use serde_json::{Map, json};

use super::{json as json_response, respond, with_header};
use crate::http::{Response, Service};
use crate::world::new_request_id;

/// Why a service says no.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
    /// Members of the error that only some codes have, such as `resourceId`.
    members: Vec<(&'static str, String)>,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: &str, message: impl Into<String>) -> Refusal {
        Refusal { status, code: code.into(), message: message.into(), members: Vec::new() }
    }

    /// Adds a member to the error.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Refusal {
        self.members.push((name, value.into()));
        self
    }

    pub(crate) fn render(&self, service: Service) -> Response {
        let response = match service {
            Service::Sts => respond(self.status, "text/xml", self.xml()),
            Service::CodeArtifact => self.rest_json(),
            Service::Registry => self.registry_json(),
            Service::Issuer => {
                respond(self.status, "text/plain; charset=utf-8", format!("{}\n", self.message))
            }
        };
        with_header(response, http::HeaderName::from_static("x-amzn-requestid"), &new_request_id())
    }

    /// The query protocol's error document.
    fn xml(&self) -> String {
        let kind = if self.status < 500 { "Sender" } else { "Receiver" };
        format!(
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <Error>\n    \
             <Type>{kind}</Type>\n    <Code>{}</Code>\n    <Message>{}</Message>\n  </Error>\n  \
             <RequestId>{}</RequestId>\n</ErrorResponse>\n",
            escape_xml(&self.code),
            escape_xml(&self.message),
            new_request_id()
        )
    }

    fn rest_json(&self) -> Response {
        let mut body = Map::new();
        body.extend(self.members.iter().map(|(name, value)| ((*name).into(), value.as_str().into())));
        body.insert("message".into(), self.message.as_str().into());
        let response = json_response(self.status, &body.into());
        with_header(response, http::HeaderName::from_static("x-amzn-errortype"), &self.code)
    }

    /// `message` as CodeArtifact writes it, `errors` as Cargo's registry API does, so that Cargo shows it.
    fn registry_json(&self) -> Response {
        let body = json!({ "message": self.message, "errors": [{ "detail": self.message }] });
        let response = json_response(self.status, &body);
        with_header(response, http::HeaderName::from_static("x-amzn-errortype"), &self.code)
    }
}

/// Escapes text for XML.
pub(crate) fn escape_xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
