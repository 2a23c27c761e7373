//! Holds every card exclusively, as a program does that does not share, until its standard input ends.

use std::io::Read;

fn main() {
    let context = pcsc::Context::establish(pcsc::Scope::System).expect("pcscd runs");
    let readers = context.list_readers_owned().expect("there are readers");
    let held: Vec<_> = readers
        .iter()
        .filter_map(|reader| context.connect(reader, pcsc::ShareMode::Exclusive, pcsc::Protocols::ANY).ok())
        .collect();
    println!("holding {}", held.len());
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}
