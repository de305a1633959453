//! PBE-SHA1-3DES, which `openssl pkcs8 -topk8 -v1 PBE-SHA1-3DES` and older tools write: a scheme of PKCS#12 (RFC 7292,
//! appendices B and C), which the crate `pkcs8` does not know.

use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockDecryptMut, KeyIvInit};
use des::TdesEde3;
use pkcs8::der::asn1::{AnyRef, OctetStringRef};
use pkcs8::der::zeroize::Zeroizing;
use pkcs8::der::{Decode, Reader};
use pkcs8::{AlgorithmIdentifierRef, ObjectIdentifier, SecretDocument};
use sha1::{Digest, Sha1};

/// `pbeWithSHAAnd3-KeyTripleDES-CBC`.
const PBE_SHA1_3DES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.3");

/// What SHA-1 reads at once.
const BLOCK: usize = 64;

/// A private key that is encrypted this way.
pub(super) struct OlderEncryption<'a> {
    salt: &'a [u8],
    rounds: u32,
    encrypted: &'a [u8],
}

impl<'a> OlderEncryption<'a> {
    /// What an `EncryptedPrivateKeyInfo` (RFC 5208) holds, if its scheme is this one.
    pub(super) fn of(document: &'a [u8]) -> Option<Self> {
        let read = |reader: &mut _| {
            let algorithm = AlgorithmIdentifierRef::decode(reader)?;
            Ok((algorithm, OctetStringRef::decode(reader)?))
        };
        let (algorithm, encrypted) = AnyRef::from_der(document).ok()?.sequence(read).ok()?;
        if algorithm.oid != PBE_SHA1_3DES {
            return None;
        }
        let (salt, rounds) = algorithm
            .parameters?
            .sequence(|reader| Ok((OctetStringRef::decode(reader)?, reader.decode()?)))
            .ok()?;
        Some(Self { salt: salt.as_bytes(), rounds, encrypted: encrypted.as_bytes() })
    }

    /// The key, unless the passphrase is wrong.
    pub(super) fn decrypt(&self, passphrase: &str) -> Option<SecretDocument> {
        let key: [u8; 24] = *self.derived(passphrase, 1);
        let start: [u8; 8] = *self.derived(passphrase, 2);
        let mut buffer = Zeroizing::new(self.encrypted.to_vec());
        let cipher = cbc::Decryptor::<TdesEde3>::new(&key.into(), &start.into());
        SecretDocument::try_from(cipher.decrypt_padded_mut::<Pkcs7>(&mut buffer).ok()?).ok()
    }

    /// Appendix B.2, for at most two blocks of SHA-1. The purpose is 1 for a key and 2 for what a chain of blocks begins with.
    fn derived<const N: usize>(&self, passphrase: &str, purpose: u8) -> Zeroizing<[u8; N]> {
        let letters = passphrase.encode_utf16().chain([0]).flat_map(u16::to_be_bytes);
        let letters = Zeroizing::new(letters.collect::<Vec<u8>>());
        let mut input = Zeroizing::new([repeated(self.salt), repeated(&letters)].concat());
        let mut derived = Zeroizing::new([0; N]);
        for part in derived.chunks_mut(Sha1::output_size()) {
            let mut hash = Sha1::new().chain_update([purpose; BLOCK]).chain_update(&input).finalize();
            for _ in 1..self.rounds {
                hash = Sha1::digest(hash);
            }
            part.copy_from_slice(&hash[..part.len()]);
            for block in input.chunks_mut(BLOCK) {
                add_with_one(block, &hash);
            }
        }
        derived
    }
}

/// The bytes again and again, up to the end of a block.
fn repeated(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().cycle().take(bytes.len().next_multiple_of(BLOCK)).collect()
}

/// Adds the hash, again and again, and one to a block, which is a number of 512 bits.
fn add_with_one(block: &mut [u8], hash: &[u8]) {
    let mut carry = 1_u16;
    for (at, byte) in block.iter_mut().enumerate().rev() {
        let sum = u16::from(*byte) + u16::from(hash[at % hash.len()]) + carry;
        [_, *byte] = sum.to_be_bytes();
        carry = sum >> 8;
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use pkcs8::der::Document;

    use super::*;

    /// A key of 48 bytes, as `openssl pkcs8 -topk8 -v1 PBE-SHA1-3DES -iter 3` encrypts it with each passphrase.
    const OF_OPENSSL: [(&str, &str); 2] = [
        (
            "correct horse",
            "MFcwGwYKKoZIhvcNAQwBAzANBAhlbzgIwb9MzgIBAwQ4kuUjCPqk4pwU3zDgTIiL\n\
             5s49HoXQS5Fze2EPcrgBQ9zKPjGRhGB0ntSpzPyhSdXwZVnHIbK/BBE=",
        ),
        (
            "Grüße €",
            "MFcwGwYKKoZIhvcNAQwBAzANBAiZnjqEXDHjMAIBAwQ4D6mCpAG9A3gEl40WYCS7\n\
             AXwjrOn3PjdexPcJvm6D3VqcQuU3VRWuMdX2D2UbHdrJuSmwKJjMxX8=",
        ),
    ];

    const PLAIN: &str = "MC4CAQAwBQYDK2VwBCIEIPeNq6/zSQLMUbf642mLcjszspcIX4sJgCPcb+Gupn9D";

    #[test]
    fn what_openssl_encrypted_is_decrypted_with_its_passphrase_alone() {
        for (passphrase, base64) in OF_OPENSSL {
            let pem = format!(
                "-----BEGIN ENCRYPTED PRIVATE KEY-----\n{base64}\n-----END ENCRYPTED PRIVATE KEY-----\n"
            );
            let (_, document) = Document::from_pem(&pem).unwrap();
            let key = OlderEncryption::of(document.as_bytes()).unwrap();
            let plain = key.decrypt(passphrase).unwrap();
            assert_eq!(STANDARD.encode(plain.as_bytes()), PLAIN);
            assert!(key.decrypt("wrong").is_none());
        }
        assert!(OlderEncryption::of(b"\x30\x03\x02\x01\x00").is_none());
    }
}
