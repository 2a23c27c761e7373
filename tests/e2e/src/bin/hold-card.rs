//! Uses every card until its standard input ends: exclusively, as a program does that does not share, or, with the
//! argument `transaction`, in the middle of a transaction, as a program does that waits for a touch.

use std::io::Read;

use pcsc::{Card, Context, Protocols, Scope, ShareMode};

fn main() {
    let in_transaction = std::env::args().nth(1).is_some_and(|mode| mode == "transaction");
    let mode = if in_transaction { ShareMode::Shared } else { ShareMode::Exclusive };
    let context = Context::establish(Scope::System).expect("pcscd runs");
    let readers = context.list_readers_owned().expect("there are readers");
    let mut held: Vec<Card> =
        readers.iter().filter_map(|reader| context.connect(reader, mode, Protocols::ANY).ok()).collect();
    println!("holding {}", held.len());
    let _transactions: Vec<_> = held
        .iter_mut()
        .filter(|_| in_transaction)
        .map(|card| card.transaction().expect("nobody else uses the card"))
        .collect();
    println!("ready");
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}
