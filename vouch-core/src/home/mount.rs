//! File systems that make up the modes they show.

use std::path::Path;

use super::error::Mount;

/// `f_type` of statfs(2): 9p (drives of Windows in WSL 2, hosts of virtual machines), FUSE and virtiofs, SMB, vboxsf,
/// FAT, exFAT and NTFS, and the drives of WSL 1.
const MAKE_MODES_UP: [u32; 10] = [
    0x0102_1997,
    0x6573_5546,
    0xff53_4d42,
    0xfe53_4d42,
    0x786f_4256,
    0x0000_4d44,
    0x2011_bab0,
    0x7366_746e,
    0x5346_544e,
    0x5346_4846,
];

/// The mount of a path, if it is one of those.
pub(super) fn of(path: &Path) -> Option<Mount> {
    // Linux has 32 bits of it, in a field whose width and sign differ.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the rest is the sign")]
    let kind = rustix::fs::statfs(path).ok()?.f_type as u32;
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    classify(kind, &release)
}

fn classify(kind: u32, kernel_release: &str) -> Option<Mount> {
    let is_wsl = kernel_release.to_lowercase().contains("microsoft");
    MAKE_MODES_UP.contains(&kind).then_some(if is_wsl { Mount::Wsl } else { Mount::Foreign })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_without_modes_are_told_from_disks() {
        let (wsl, linux) = ("5.15.167.4-microsoft-standard-WSL2", "6.1.0-25-amd64");
        assert_eq!(classify(0x0102_1997, wsl), Some(Mount::Wsl));
        assert_eq!(classify(0x0102_1997, linux), Some(Mount::Foreign));
        // ext4, tmpfs, btrfs: `chmod` helps there.
        for disk in [0xef53, 0x0102_1994, 0x9123_683e] {
            assert_eq!((classify(disk, wsl), classify(disk, linux)), (None, None), "{disk:x}");
        }
        assert_eq!(of(Path::new("/proc")), None);
    }
}
