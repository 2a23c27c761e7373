//! The two static files of an OpenID Connect issuer.
