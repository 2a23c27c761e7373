//! Every secret of the present session, taken from the vault as the helpers take them.

use vouch_core::Context;
use vouch_core::broker::{Lifetime, RoleUse};
use vouch_core::endpoint::Asker;
use vouch_core::home::Home;
use vouch_core::keystore::Keystore;
use vouch_core::session::{self, Session};

use crate::helper;
use crate::sandbox::Sandbox;

/// The PIN, the session key's bytes, the ID token, the role credentials and the tokens.
pub fn secrets_of_the_session(sandbox: &Sandbox) -> Vec<Vec<u8>> {
    let home = Home::at(sandbox.file(".vouch")).expect("the home is ours");
    let keystore = Keystore::from_env(&home).expect("the keystore works");
    let key = keystore.load().expect("there is a session");
    let vault = session::open(&home, &keystore).expect("there is a session");
    let session = Session::read(&vault, &home).expect("the session opens");
    let broker = Context::from_env().expect("a home").broker().expect("the configuration loads");
    let (short, target) =
        broker.token_for_url(helper::INDEX, Asker::CARGO, Lifetime::Request).expect("a token");
    let long = broker.token(&target, Lifetime::Session).expect("a token");
    let role = broker.role_credentials(&target.role, RoleUse::Exchange).expect("role credentials");
    let texts = [
        sandbox.pin(),
        session.source.id_token().unwrap().expose(),
        role.secret_access_key.expose(),
        role.session_token.expose(),
        short.value.expose(),
        long.value.expose(),
    ];
    let mut secrets: Vec<Vec<u8>> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    secrets.push(key.bytes().to_vec());
    secrets
}
