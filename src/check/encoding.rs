//! How a text is written down: UTF-8, or UTF-16 where its first bytes say so, as some editors of Windows write it.

/// How the letters are bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, or something near it.
    Utf8,
    /// UTF-16, the lower byte first.
    Utf16Le,
    /// UTF-16, the higher byte first.
    Utf16Be,
}

impl Encoding {
    /// Goes by the mark at the beginning.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        match bytes {
            [0xff, 0xfe, ..] => Self::Utf16Le,
            [0xfe, 0xff, ..] => Self::Utf16Be,
            _ => Self::Utf8,
        }
    }

    /// The text as UTF-8, its mark included; `None` where the bytes are no such text.
    #[must_use]
    pub fn decode(self, bytes: Vec<u8>) -> Option<Vec<u8>> {
        let unit: fn([u8; 2]) -> u16 = match self {
            Self::Utf8 => return Some(bytes),
            Self::Utf16Le => u16::from_le_bytes,
            Self::Utf16Be => u16::from_be_bytes,
        };
        let (units, rest) = bytes.as_chunks::<2>();
        let units: Vec<u16> = units.iter().map(|bytes| unit(*bytes)).collect();
        let text = String::from_utf16(&units).ok().filter(|_| rest.is_empty())?;
        Some(text.into_bytes())
    }

    /// The other way. `bytes` are UTF-8.
    #[must_use]
    pub fn encode(self, bytes: Vec<u8>) -> Vec<u8> {
        let bytes_of: fn(u16) -> [u8; 2] = match self {
            Self::Utf8 => return bytes,
            Self::Utf16Le => u16::to_le_bytes,
            Self::Utf16Be => u16::to_be_bytes,
        };
        String::from_utf8_lossy(&bytes).encode_utf16().flat_map(bytes_of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_decoded_is_encoded_to_the_same_bytes() {
        for (bytes, text) in [
            (b"\xff\xfea\0\n\0".as_slice(), Some("\u{feff}a\n")),
            (b"\xfe\xff\0a\xd8\x3d\xde\x00", Some("\u{feff}a\u{1f600}")),
            (b"a\xe4", None),
            (b"\xff\xfea", None),
            (b"\xff\xfe\0\xd8", None),
        ] {
            let encoding = Encoding::of(bytes);
            let decoded = encoding.decode(bytes.to_vec());
            if encoding == Encoding::Utf8 {
                assert_eq!(decoded.as_deref(), Some(bytes));
                continue;
            }
            assert_eq!(decoded.as_deref(), text.map(str::as_bytes), "{bytes:?}");
            assert!(decoded.is_none_or(|decoded| encoding.encode(decoded) == bytes), "{bytes:?}");
        }
    }
}
