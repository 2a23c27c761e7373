//! The note that an enrollment leaves in the home while it makes a key, so that the same command can go on after it was
//! interrupted.

use std::fs;
use std::path::PathBuf;

use vouch_core::files;
use vouch_core::home::{Home, HomeError};
use vouch_core::piv::Slot;

/// Whether an enrollment has begun to make a key in one slot of one card, which it had found empty.
///
/// A key that is in the slot afterwards is that enrollment's, or else one that somebody made there since; taking it
/// destroys nothing either way.
#[derive(Debug, Clone)]
pub struct PendingEnrollment {
    home: Home,
    note: PathBuf,
}

impl PendingEnrollment {
    /// The note for a slot of a card.
    pub fn new(home: &Home, serial: u32, slot: Slot) -> Self {
        Self { home: home.clone(), note: home.path().join(format!("enrolling-{serial}-{slot}")) }
    }

    /// Takes the note away: the key is recorded, or was given up.
    pub fn end(&self) {
        // One that stays lets a later enrollment take the very key that it would have taken anyway.
        let _ = fs::remove_file(&self.note);
    }

    pub(super) fn has_begun(&self) -> bool {
        self.note.exists()
    }

    /// # Errors
    /// When the home is not writable: then no key is made that could not be recorded.
    pub(super) fn begin(&self) -> Result<(), HomeError> {
        self.home.create()?;
        let text =
            b"An enrollment makes a key in this slot. `vouch enroll` goes on with it if it is interrupted.\n";
        files::write_atomic(&self.note, text, 0o600)
            .map_err(|source| HomeError::Io { path: self.note.clone(), source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_for_one_slot_of_one_card() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path().join("home")).unwrap();
        let note = |serial, slot: &str| PendingEnrollment::new(&home, serial, slot.parse().unwrap());
        assert!(!note(1, "82").has_begun());
        note(1, "82").begin().unwrap();
        assert!(note(1, "82").has_begun() && !note(1, "83").has_begun() && !note(2, "82").has_begun());
        note(1, "82").end();
        assert!(!note(1, "82").has_begun());
        note(1, "82").end();
    }
}
