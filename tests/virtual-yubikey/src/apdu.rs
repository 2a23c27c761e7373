//! Command APDUs, and what the transport makes of long ones: chaining in, GET RESPONSE out.

use crate::status::{Answer, Status};

/// Commands longer than this do not fit the card: the largest object with its headers.
const LONGEST_CHAIN: usize = 4096;
const GET_RESPONSE: u8 = 0xc0;

/// A command APDU (ISO/IEC 7816-4, 5.1 and 12.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) instruction: u8,
    pub(crate) p1: u8,
    pub(crate) p2: u8,
    pub(crate) data: Vec<u8>,
    /// At most this many bytes of response data, Ne. An absent Le counts as 256, as the hardware has it.
    expected: usize,
    /// Not the last of a chain.
    chained: bool,
}

impl Command {
    /// Lengths that do not add up are 6700, a class other than plain or chained is 6E00.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Status> {
        let (&[class, instruction, p1, p2], body) = bytes.split_first_chunk().ok_or(Status::WRONG_LENGTH)?;
        let chained = match class {
            0x00 => false,
            0x10 => true,
            _ => return Err(Status::UNKNOWN_CLASS),
        };
        let (data, expected) = parse_body(body).ok_or(Status::WRONG_LENGTH)?;
        Ok(Self { instruction, p1, p2, data: data.to_vec(), expected, chained })
    }

    fn continues(&self, earlier: &Self) -> bool {
        (self.instruction, self.p1, self.p2) == (earlier.instruction, earlier.p1, earlier.p2)
    }

    /// Refuses any other P1 and P2 with 6A86.
    pub(crate) fn need_parameters(&self, p1: u8, p2: u8) -> Result<(), Status> {
        if (self.p1, self.p2) == (p1, p2) { Ok(()) } else { Err(Status::INCORRECT_P1_P2) }
    }
}

/// Data and Ne of the seven cases, short and extended.
fn parse_body(body: &[u8]) -> Option<(&[u8], usize)> {
    let short = |le: u8| if le == 0 { 256 } else { usize::from(le) };
    let extended = |high: u8, low: u8| usize::from(u16::from_be_bytes([high, low]));
    let extended_le = |high, low| if (high, low) == (0, 0) { 65_536 } else { extended(high, low) };
    match body {
        [] => Some((&[], 256)),
        [le] => Some((&[], short(*le))),
        [0, high, low] => Some((&[], extended_le(*high, *low))),
        [0, high, low, rest @ ..] => {
            let length = extended(*high, *low);
            match rest.split_at_checked(length)? {
                _ if length == 0 => None,
                (data, []) => Some((data, 65_536)),
                (data, [high, low]) => Some((data, extended_le(*high, *low))),
                _ => None,
            }
        }
        [lc, rest @ ..] => match rest.split_at_checked(usize::from(*lc))? {
            _ if *lc == 0 => None,
            (data, []) => Some((data, 256)),
            (data, [le]) => Some((data, short(*le))),
            _ => None,
        },
    }
}

/// The card's two buffers: what came in of a chained command, what is left of a long response.
#[derive(Debug, Default)]
pub(crate) struct Exchange {
    incoming: Option<Command>,
    outgoing: Vec<u8>,
}

impl Exchange {
    /// Answers one APDU; `execute` is called for each whole command.
    pub(crate) fn answer(&mut self, bytes: &[u8], execute: impl FnOnce(&Command) -> Answer) -> Vec<u8> {
        self.exchange(bytes, execute).unwrap_or_else(|status| status.to_bytes().to_vec())
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    fn exchange(&mut self, bytes: &[u8], execute: impl FnOnce(&Command) -> Answer) -> Answer {
        let part = Command::parse(bytes)?;
        if part.instruction == GET_RESPONSE && !part.chained {
            return self.next_part(part.expected);
        }
        self.outgoing.clear();
        let Some(command) = self.assemble(part)? else {
            return Ok(Status::OK.to_bytes().to_vec());
        };
        self.outgoing = execute(&command)?;
        Ok(self.take(command.expected))
    }

    /// The whole command once its last part is here. Another command in between abandons the chain: the
    /// clients that do this have given up on it, and would take an error as the answer to the new command.
    fn assemble(&mut self, part: Command) -> Result<Option<Command>, Status> {
        let mut command = part;
        if let Some(earlier) = self.incoming.take().filter(|earlier| command.continues(earlier)) {
            command.data = [earlier.data, command.data].concat();
        }
        if command.data.len() > LONGEST_CHAIN {
            return Err(Status::WRONG_LENGTH);
        }
        if command.chained {
            self.incoming = Some(command);
            return Ok(None);
        }
        Ok(Some(command))
    }

    /// With nothing left to fetch, the status is a guess.
    fn next_part(&mut self, expected: usize) -> Answer {
        if self.outgoing.is_empty() {
            return Err(Status::CONDITIONS_NOT_SATISFIED);
        }
        Ok(self.take(expected))
    }

    fn take(&mut self, expected: usize) -> Vec<u8> {
        let rest = self.outgoing.split_off(expected.min(self.outgoing.len()));
        let mut response = std::mem::replace(&mut self.outgoing, rest);
        let status = if self.outgoing.is_empty() { Status::OK } else { Status::more(self.outgoing.len()) };
        response.extend(status.to_bytes());
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(bytes: &[u8]) -> (Vec<u8>, usize) {
        let command = Command::parse(bytes).unwrap();
        (command.data, command.expected)
    }

    #[test]
    fn the_seven_cases() {
        assert_eq!(parsed(&[0, 0xfd, 0, 0]), (vec![], 256));
        assert_eq!(parsed(&[0, 0xfd, 0, 0, 8]), (vec![], 8));
        assert_eq!(parsed(&[0, 0xfd, 0, 0, 0]), (vec![], 256));
        assert_eq!(parsed(&[0, 0xfd, 0, 0, 2, 7, 7]), (vec![7, 7], 256));
        assert_eq!(parsed(&[0, 0xfd, 0, 0, 2, 7, 7, 9]), (vec![7, 7], 9));
        assert_eq!(parsed(&[0, 0xfd, 0, 0, 0, 1, 2]), (vec![], 258));
        assert_eq!(parsed(&[0, 0xfd, 0, 0, 0, 0, 0]), (vec![], 65_536));
        assert_eq!(parsed(&[0, 0xfd, 0, 0, 0, 0, 1, 7]), (vec![7], 65_536));
        assert_eq!(parsed(&[0, 0xfd, 0, 0, 0, 0, 1, 7, 0, 9]), (vec![7], 9));
    }

    #[test]
    fn lengths_that_do_not_add_up() {
        for bytes in [
            &[][..],
            &[0, 0xfd, 0],
            &[0, 0xfd, 0, 0, 2, 7],
            &[0, 0xfd, 0, 0, 1, 7, 0, 0],
            &[0, 0xfd, 0, 0, 0, 1],
            &[0, 0xfd, 0, 0, 0, 0, 0, 7],
            &[0, 0xfd, 0, 0, 0, 0, 2, 7],
            &[0, 0xfd, 0, 0, 0, 0, 1, 7, 0],
        ] {
            assert_eq!(Command::parse(bytes).unwrap_err(), Status::WRONG_LENGTH, "{bytes:02x?}");
        }
    }

    #[test]
    fn foreign_classes() {
        for class in [0x01, 0x04, 0x0c, 0x80, 0x84, 0xff] {
            assert_eq!(Command::parse(&[class, 0xfd, 0, 0]).unwrap_err(), Status::UNKNOWN_CLASS);
        }
    }

    #[test]
    fn a_long_response_is_fetched_in_parts() {
        let mut exchange = Exchange::default();
        let first = exchange.answer(&[0, 0xcb, 0, 0, 8], |_| Ok(vec![5; 300]));
        assert_eq!(first, [&[5; 8][..], &[0x61, 0x00]].concat(), "292 more: told as 00");
        let second = exchange.answer(&[0, 0xc0, 0, 0, 0xff], |_| unreachable!());
        assert_eq!(second, [&[5; 255][..], &[0x61, 37]].concat());
        let third = exchange.answer(&[0, 0xc0, 0, 0], |_| unreachable!());
        assert_eq!(third, [&[5; 37][..], &[0x90, 0x00]].concat());
        assert_eq!(exchange.answer(&[0, 0xc0, 0, 0], |_| unreachable!()), [0x69, 0x85], "nothing left");
    }

    #[test]
    fn extended_length_takes_all_at_once() {
        let mut exchange = Exchange::default();
        let all = exchange.answer(&[0, 0xcb, 0, 0, 0, 0, 0], |_| Ok(vec![5; 3000]));
        assert_eq!(all.len(), 3002);
        assert!(all.ends_with(&[0x90, 0x00]));
    }

    #[test]
    fn another_command_drops_the_rest_of_a_response() {
        let mut exchange = Exchange::default();
        exchange.answer(&[0, 0xcb, 0, 0, 8], |_| Ok(vec![5; 300]));
        assert_eq!(exchange.answer(&[0, 0xfd, 0, 0], |_| Ok(vec![1])), [1, 0x90, 0x00]);
        assert_eq!(exchange.answer(&[0, 0xc0, 0, 0], |_| unreachable!()), [0x69, 0x85]);
    }

    #[test]
    fn parts_of_a_chain_are_joined() {
        let mut exchange = Exchange::default();
        assert_eq!(exchange.answer(&[0x10, 0xdb, 1, 2, 2, 7, 8], |_| unreachable!()), [0x90, 0x00]);
        assert_eq!(exchange.answer(&[0x10, 0xdb, 1, 2, 1, 9], |_| unreachable!()), [0x90, 0x00]);
        let last = exchange.answer(&[0, 0xdb, 1, 2, 1, 10, 3], |command| Ok(command.data.clone()));
        assert_eq!(last, [7, 8, 9, 0x61, 0x01], "Le of the last part counts");
    }

    #[test]
    fn another_command_abandons_the_chain() {
        let mut exchange = Exchange::default();
        exchange.answer(&[0x10, 0xdb, 1, 2, 2, 7, 8], |_| unreachable!());
        let other = exchange.answer(&[0, 0xcb, 1, 2, 1, 9], |command| Ok(command.data.clone()));
        assert_eq!(other, [9, 0x90, 0x00]);
        let late = exchange.answer(&[0, 0xdb, 1, 2, 1, 10], |command| Ok(command.data.clone()));
        assert_eq!(late, [10, 0x90, 0x00]);
    }

    #[test]
    fn an_endless_chain_is_cut() {
        let mut exchange = Exchange::default();
        let part = [&[0x10, 0xdb, 0x3f, 0xff, 0xff][..], &[0; 255]].concat();
        let cut = (0..20)
            .map(|_| exchange.answer(&part, |_| unreachable!()))
            .find(|answer| answer != &[0x90, 0x00]);
        assert_eq!(cut, Some(vec![0x67, 0x00]));
    }
}
