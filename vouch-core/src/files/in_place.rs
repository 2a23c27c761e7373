//! Overwriting an open file so that a disk which fills up does not cut its end off.

use std::io;
use std::path::Path;

use super::refused::Refused;

/// What overwriting needs of an open file.
pub(super) trait Content {
    fn write_at(&mut self, bytes: &[u8], offset: usize) -> io::Result<()>;
    fn set_len(&mut self, len: usize) -> io::Result<()>;
    fn sync(&mut self) -> io::Result<()>;
}

/// Puts `new` in the place of `old`. What makes the file longer is written first: where there is no room for it, nothing
/// of the old contents has been touched yet. On any other failure the old contents are put back.
///
/// # Errors
/// The first failure; the file is then as it was, or the error is [`Refused::Damaged`].
pub(super) fn overwrite(file: &mut impl Content, path: &Path, old: &[u8], new: &[u8]) -> io::Result<()> {
    let common = old.len().min(new.len());
    let (start, tail) = new.split_at(common);
    let mut put = || {
        if !tail.is_empty() {
            file.write_at(tail, common)?;
        }
        file.write_at(start, 0)?;
        file.set_len(new.len())?;
        file.sync()
    };
    let Err(write) = put() else { return Ok(()) };
    let mut put_back = || {
        // The tail first: the room that it took may be what the old contents need.
        file.set_len(old.len())?;
        file.write_at(old, 0)?;
        file.sync()
    };
    match put_back() {
        Ok(()) => Err(write),
        Err(restore) => {
            let (write, restore) = (write.to_string(), restore.to_string());
            Err(Refused::Damaged { path: path.to_owned(), write, restore }.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::refused;
    use super::*;

    /// A file on a disk that fills up, or breaks, after so many bytes or calls.
    struct Disk {
        bytes: Vec<u8>,
        room: usize,
        calls_left: usize,
        /// Whether room is taken even by what overwrites, as on a file system that copies on write.
        copies: bool,
        is_broken_for_good: bool,
    }

    impl Disk {
        fn new(text: &[u8], room: usize) -> Self {
            let bytes = text.to_vec();
            Self { bytes, room, calls_left: usize::MAX, copies: false, is_broken_for_good: false }
        }

        fn call(&mut self) -> io::Result<()> {
            if self.calls_left == 0 {
                // Once, so that what puts things back can work.
                if !self.is_broken_for_good {
                    self.calls_left = usize::MAX;
                }
                return Err(io::Error::other("broken"));
            }
            self.calls_left -= 1;
            Ok(())
        }
    }

    impl Content for Disk {
        fn write_at(&mut self, bytes: &[u8], offset: usize) -> io::Result<()> {
            self.call()?;
            for (index, byte) in bytes.iter().enumerate() {
                let place = offset + index;
                let is_new = place >= self.bytes.len();
                if is_new || self.copies {
                    self.room = self.room.checked_sub(1).ok_or(io::ErrorKind::StorageFull)?;
                }
                if is_new {
                    self.bytes.resize(place + 1, 0);
                }
                self.bytes[place] = *byte;
            }
            Ok(())
        }

        fn set_len(&mut self, len: usize) -> io::Result<()> {
            self.call()?;
            self.room += self.bytes.len().saturating_sub(len);
            self.bytes.resize(len, 0);
            Ok(())
        }

        fn sync(&mut self) -> io::Result<()> {
            self.call()
        }
    }

    const CASES: [(&[u8], &[u8]); 5] = [
        (b"old", b"a longer one"),
        (b"a long old one", b"short"),
        (b"", b"first"),
        (b"same", b"size"),
        (b"all", b""),
    ];

    #[test]
    fn on_a_full_disk_the_old_bytes_stay_whole() {
        for (old, new) in CASES {
            for room in 0..=new.len() {
                let mut disk = Disk::new(old, room);
                let put = overwrite(&mut disk, Path::new("/f"), old, new);
                let fits = new.len().saturating_sub(old.len()) <= room;
                assert_eq!(put.is_ok(), fits, "{old:?} {new:?} {room}");
                assert_eq!(disk.bytes, if fits { new } else { old });
            }
        }
    }

    #[test]
    fn whichever_step_fails_the_old_bytes_are_back_or_the_damage_is_told() {
        for (old, new) in CASES {
            for (calls_left, is_broken_for_good) in (0..4).flat_map(|n| [(n, false), (n, true)]) {
                let mut disk = Disk { calls_left, is_broken_for_good, ..Disk::new(old, 100) };
                match overwrite(&mut disk, Path::new("/f"), old, new) {
                    Ok(()) => assert_eq!(disk.bytes, new),
                    Err(error) if refused::is_damaged(&error) => assert!(is_broken_for_good),
                    Err(_) => assert_eq!(disk.bytes, old, "{old:?} {new:?} {calls_left}"),
                }
            }
        }
        // Where overwriting takes room of its own, too, there may be none to put the old bytes back.
        let mut disk = Disk { copies: true, ..Disk::new(b"old contents", 6) };
        let failed = overwrite(&mut disk, Path::new("/f"), b"old contents", b"new contents!").unwrap_err();
        assert!(refused::is_damaged(&failed), "{failed}");
        assert!(refused::hint(&failed).unwrap().contains("vouch undo --list"));
    }
}
