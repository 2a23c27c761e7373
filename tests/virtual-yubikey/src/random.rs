//! Random bytes of the operating system.

use getrandom::{SysRng, rand_core::UnwrapErr};

/// `N` random bytes.
#[expect(clippy::expect_used, reason = "a card without randomness can do nothing worth answering")]
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// The same randomness for code that draws its own numbers.
pub(crate) fn source() -> impl rsa::rand_core::CryptoRng {
    UnwrapErr(SysRng)
}
