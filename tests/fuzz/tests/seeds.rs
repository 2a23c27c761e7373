//! Every target over its seeds and over what ever broke it, over these with bytes changed by chance, and over nothing.

use std::fs;
use std::path::Path;

use vouch_fuzz::TARGETS;

/// Changed copies of each seed.
const COPIES: u64 = 60;

#[test]
fn no_seed_and_no_crash_of_before_breaks_a_target() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (name, target) in TARGETS {
        target(b"");
        let mut seeds = 0;
        for folder in ["seeds", "crashes"] {
            let folder = here.join(folder).join(name);
            for entry in fs::read_dir(&folder).into_iter().flatten() {
                let seed = fs::read(entry.unwrap().path()).unwrap();
                target(&seed);
                seeds += 1;
                for number in 0..COPIES {
                    target(&changed(&seed, number));
                }
            }
        }
        assert!(seeds > 0, "{name} has no seeds");
    }
}

/// The same text each time: what fails here fails again.
fn changed(seed: &[u8], number: u64) -> Vec<u8> {
    let mut chance = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut below = |end: usize| {
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        usize::try_from(chance >> 33).unwrap() % end.max(1)
    };
    let mut bytes = seed.to_vec();
    for _ in 0..=below(4) {
        let place = below(bytes.len() + 1);
        match below(5) {
            0 if place < bytes.len() => bytes[place] ^= 1 << below(8),
            1 => bytes.truncate(place),
            2 => bytes.insert(place, b"\"'\\\n\r\0<>[]{}=:#@/ \xff"[below(19)]),
            3 if place < bytes.len() => drop(bytes.remove(place)),
            _ => {
                let piece = seed.get(place..(place + below(40)).min(seed.len())).unwrap_or_default().to_vec();
                let at = below(bytes.len() + 1);
                bytes.splice(at..at, piece);
            }
        }
    }
    bytes
}
