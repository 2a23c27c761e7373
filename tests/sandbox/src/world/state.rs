//! What the world remembers while it runs: role sessions and CodeArtifact tokens it has handed out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// Role credentials that STS has granted.
#[derive(Clone)]
pub(crate) struct RoleSession {
    pub(crate) access_key_id: String,
    pub(crate) secret: String,
    pub(crate) session_token: String,
    pub(crate) account: String,
    /// `arn:…:role/NAME`
    pub(crate) role_arn: String,
    /// `arn:…:assumed-role/NAME/SESSION`
    pub(crate) session_arn: String,
    /// `AROA…:SESSION`
    pub(crate) role_id: String,
    /// Seconds since 1970.
    pub(crate) expires: i64,
}

/// What a CodeArtifact token may be used for.
#[derive(Clone)]
pub(crate) struct TokenGrant {
    pub(crate) owner: String,
    pub(crate) domain: String,
    pub(crate) region: String,
    /// The role that asked for it: its permissions are checked at each use.
    pub(crate) role_arn: String,
    pub(crate) session_arn: String,
    /// Milliseconds since 1970.
    pub(crate) expires: i64,
}

/// All credentials in circulation.
#[derive(Default)]
pub(crate) struct Credentials {
    sessions: Mutex<HashMap<String, Arc<RoleSession>>>,
    tokens: Mutex<HashMap<String, Arc<TokenGrant>>>,
}

impl Credentials {
    pub(crate) fn add_session(&self, session: RoleSession) -> Arc<RoleSession> {
        let session = Arc::new(session);
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.insert(session.access_key_id.clone(), Arc::clone(&session));
        session
    }

    pub(crate) fn session(&self, access_key_id: &str) -> Option<Arc<RoleSession>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner).get(access_key_id).cloned()
    }

    pub(crate) fn add_token(&self, token: String, grant: TokenGrant) {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).insert(token, Arc::new(grant));
    }

    pub(crate) fn token(&self, token: &str) -> Option<Arc<TokenGrant>> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).get(token).cloned()
    }

    /// Whether any token or role credential that the world has made occurs in `text`.
    pub(crate) fn any_in(&self, text: &str) -> bool {
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.keys().any(|token| text.contains(token.as_str()))
    }
}

/// `ASIA` and 16 more of base32, the form of a temporary access key.
pub(crate) fn new_access_key_id() -> String {
    format!("ASIA{}", base32(16))
}

/// 40 characters.
pub(crate) fn new_secret() -> String {
    STANDARD.encode(random::<30>())
}

/// About as long as AWS's, which changes from call to call.
pub(crate) fn new_session_token() -> String {
    format!("IQoJb3JpZ2luX2Vj{}", STANDARD.encode(random::<630>()))
}

/// Five dotted parts of base64url, like the encrypted JWT that CodeArtifact hands out: 1100 characters.
pub(crate) fn new_authorization_token() -> String {
    let header = format!(
        r#"{{"ver":1,"alg":"A128GCMKW","enc":"A128GCM","tag":"{}","iv":"{}"}}"#,
        URL_SAFE_NO_PAD.encode(random::<16>()),
        URL_SAFE_NO_PAD.encode(random::<12>())
    );
    let parts = [
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(random::<16>()),
        URL_SAFE_NO_PAD.encode(random::<12>()),
        URL_SAFE_NO_PAD.encode(random::<660>()),
        URL_SAFE_NO_PAD.encode(random::<16>()),
    ];
    parts.join(".")
}

/// The unique id of a role, the same for the same ARN.
pub(crate) fn role_id(role_arn: &str) -> String {
    use sha2::Digest as _;
    let digest = sha2::Sha256::digest(role_arn.as_bytes());
    format!("AROA{}", letters(digest.iter().take(17).copied()))
}

/// A random UUID, as AWS numbers requests.
pub(crate) fn new_request_id() -> String {
    let n = u128::from_be_bytes(random::<16>());
    let hex = format!("{n:032x}");
    let cut = |from, to| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-4{}-a{}-{}", cut(0, 8), cut(8, 12), cut(13, 16), cut(17, 20), cut(20, 32))
}

fn base32(characters: usize) -> String {
    letters(random::<32>().into_iter().take(characters))
}

fn letters(bytes: impl Iterator<Item = u8>) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    bytes.filter_map(|b| ALPHABET.get(usize::from(b % 32)).map(|c| char::from(*c))).collect()
}

/// # Panics
/// When the system has no randomness to give: nothing that follows could be trusted.
#[expect(clippy::expect_used, reason = "without randomness there is no way on")]
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system gives random bytes");
    bytes
}
