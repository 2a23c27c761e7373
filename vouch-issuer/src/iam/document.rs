//! Policy documents before they are written in one format or the other.

use serde_json::{Map, Value};

/// A part of a name that is known only where the template is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Text(&'a str),
    Partition,
    Account,
}

/// A policy document, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    Text(String),
    /// A text with parts that depend on where it is applied: the pieces, each text or nothing for a variable.
    Name(Vec<Part>),
    /// The ARN of a provider of the same template, by its logical name.
    Provider {
        id: String,
        host_and_path: String,
    },
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// [`Piece`] that owns its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Text(String),
    Partition,
    Account,
}

impl Node {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(super) fn name(pieces: &[Piece<'_>]) -> Self {
        let part = |piece: &Piece<'_>| match piece {
            Piece::Text(text) => Part::Text((*text).to_owned()),
            Piece::Partition => Part::Partition,
            Piece::Account => Part::Account,
        };
        Self::Name(pieces.iter().map(part).collect())
    }

    pub(super) fn map<const N: usize>(members: [(&str, Self); N]) -> Self {
        Self::Map(members.into_iter().map(|(name, node)| (name.to_owned(), node)).collect())
    }

    pub(super) fn list(nodes: impl IntoIterator<Item = Self>) -> Self {
        Self::List(nodes.into_iter().collect())
    }

    pub(super) fn texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        Self::list(texts.into_iter().map(Self::text))
    }

    /// The document as it will be in an account.
    pub(super) fn applied(&self, partition: &str, account: &str) -> Value {
        match self {
            Self::Text(text) => text.as_str().into(),
            Self::Name(parts) => parts
                .iter()
                .map(|part| match part {
                    Part::Text(text) => text.as_str(),
                    Part::Partition => partition,
                    Part::Account => account,
                })
                .collect::<String>()
                .into(),
            Self::Provider { host_and_path, .. } => {
                format!("arn:{partition}:iam::{account}:oidc-provider/{host_and_path}").into()
            }
            Self::List(nodes) => nodes.iter().map(|node| node.applied(partition, account)).collect(),
            Self::Map(members) => Value::Object(
                members
                    .iter()
                    .map(|(name, node)| (name.clone(), node.applied(partition, account)))
                    .collect::<Map<_, _>>(),
            ),
        }
    }

    /// Its size as IAM counts it, without white space, in the partition with the longest name.
    pub(super) fn size(&self) -> usize {
        self.applied("aws-us-gov", "000000000000").to_string().len()
    }
}
