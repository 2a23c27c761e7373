//! Tag-length-value with definite lengths: BER-TLV in APDUs, DER in certificates.

use crate::status::Status;

/// One object with its tag (one to three bytes, as they stand) and the shortest length that fits.
pub(crate) fn encode(tag: &[u8], value: &[u8]) -> Vec<u8> {
    let mut object = tag.to_vec();
    object.extend(length(value.len()));
    object.extend(value);
    object
}

/// The objects of one level, in order. Tags are one byte, which is all that PIV commands use inside.
#[derive(Debug)]
pub(crate) struct Objects<'a>(Vec<(u8, &'a [u8])>);

impl<'a> Objects<'a> {
    /// Parses the whole of `bytes`; anything left over or cut off is 6A80.
    pub(crate) fn parse(mut bytes: &'a [u8]) -> Result<Self, Status> {
        let mut objects = Vec::new();
        while !bytes.is_empty() {
            let (tag, value, rest) = split(bytes).ok_or(Status::INCORRECT_DATA)?;
            objects.push((tag, value));
            bytes = rest;
        }
        Ok(Self(objects))
    }

    /// The value of the first object with this tag.
    pub(crate) fn find(&self, tag: u8) -> Option<&'a [u8]> {
        self.0.iter().find(|(found, _)| *found == tag).map(|(_, value)| *value)
    }

    /// As [`Self::find`], where the command makes no sense without it.
    pub(crate) fn need(&self, tag: u8) -> Result<&'a [u8], Status> {
        self.find(tag).ok_or(Status::INCORRECT_DATA)
    }

    /// The value of an object that holds exactly one byte.
    pub(crate) fn byte(&self, tag: u8) -> Result<Option<u8>, Status> {
        match self.find(tag) {
            None => Ok(None),
            Some([byte]) => Ok(Some(*byte)),
            Some(_) => Err(Status::INCORRECT_DATA),
        }
    }
}

/// The first object of `bytes` and what follows it.
pub(crate) fn split(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81 => rest.split_first().map(|(&low, rest)| (usize::from(low), rest))?,
        0x82 => {
            rest.split_first_chunk().map(|(both, rest)| (usize::from(u16::from_be_bytes(*both)), rest))?
        }
        _ => return None,
    };
    let (value, rest) = rest.split_at_checked(length)?;
    Some((tag, value, rest))
}

fn length(length: usize) -> Vec<u8> {
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => vec![short],
        Ok(long) => vec![0x81, long],
        Err(_) => {
            let bytes = length.to_be_bytes();
            let digits: Vec<u8> = bytes.into_iter().skip_while(|byte| *byte == 0).collect();
            let mut encoded = vec![0x80 | u8::try_from(digits.len()).unwrap_or(8)];
            encoded.extend(digits);
            encoded
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_the_shortest_form() {
        assert_eq!(encode(&[0x53], &[]), [0x53, 0]);
        assert_eq!(encode(&[0x53], &[9; 127])[..2], [0x53, 127]);
        assert_eq!(encode(&[0x53], &[9; 128])[..3], [0x53, 0x81, 128]);
        assert_eq!(encode(&[0x53], &[9; 255])[..3], [0x53, 0x81, 255]);
        assert_eq!(encode(&[0x7f, 0x49], &[9; 256])[..5], [0x7f, 0x49, 0x82, 1, 0]);
        assert_eq!(encode(&[0x53], &vec![9; 65_536])[..5], [0x53, 0x83, 1, 0, 0]);
    }

    #[test]
    fn what_was_encoded_is_parsed_again() {
        for size in [0, 1, 127, 128, 255, 256, 3000] {
            let value = vec![7; size];
            let bytes = [encode(&[0x80], &value), encode(&[0x81], &[1])].concat();
            let objects = Objects::parse(&bytes).unwrap();
            assert_eq!(objects.find(0x80), Some(&value[..]));
            assert_eq!(objects.byte(0x81), Ok(Some(1)));
            assert_eq!(objects.find(0x82), None);
        }
    }

    #[test]
    fn cut_off_objects_are_refused() {
        for bytes in [
            &[0x80][..],
            &[0x80, 1],
            &[0x80, 0x81],
            &[0x80, 0x82, 0],
            &[0x80, 0x84, 0, 0, 0, 0],
            &[0x80, 0x80, 0, 0],
        ] {
            assert_eq!(Objects::parse(bytes).unwrap_err(), Status::INCORRECT_DATA, "{bytes:02x?}");
        }
    }

    #[test]
    fn one_byte_objects_hold_one_byte() {
        let objects = Objects::parse(&[0xaa, 0, 0xab, 2, 1, 1]).unwrap();
        assert_eq!(objects.byte(0xaa), Err(Status::INCORRECT_DATA));
        assert_eq!(objects.byte(0xab), Err(Status::INCORRECT_DATA));
        assert_eq!(objects.byte(0xac), Ok(None));
    }
}
