"""Prints key pairs in every form that a person may have, as one JSON object."""

import hashlib
import json
import os

from asn1crypto import algos, core, keys as asn1, pem
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import padding, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

PASSPHRASE = "correct horse"
ROUNDS = 2048


def private(key, form=serialization.PrivateFormat.PKCS8, encoding=serialization.Encoding.PEM) -> bytes:
    return key.private_bytes(encoding, form, serialization.NoEncryption())


def encrypted(key, cipher, key_length: int, name: str, prf: str) -> str:
    """As `openssl pkcs8 -topk8 -v2 CIPHER -v2prf PRF` writes it (RFC 8018, PBES2)."""
    salt, iv = os.urandom(16), os.urandom(cipher.block_size // 8)
    secret = hashlib.pbkdf2_hmac(prf, PASSPHRASE.encode(), salt, ROUNDS, key_length)
    padder = padding.PKCS7(cipher.block_size).padder()
    plain = padder.update(private(key, encoding=serialization.Encoding.DER)) + padder.finalize()
    encryptor = Cipher(cipher(secret), CBC(iv)).encryptor()
    derivation = {"salt": algos.Pbkdf2Salt("specified", salt), "iteration_count": ROUNDS}
    if prf != "sha1":  # The default, which OpenSSL leaves out.
        derivation["prf"] = {"algorithm": prf, "parameters": core.Null()}
    parameters = {
        "key_derivation_func": {"algorithm": "pbkdf2", "parameters": derivation},
        "encryption_scheme": {"algorithm": name, "parameters": iv},
    }
    info = asn1.EncryptedPrivateKeyInfo({
        "encryption_algorithm": {"algorithm": "pbes2", "parameters": parameters},
        "encrypted_data": encryptor.update(plain) + encryptor.finalize(),
    })
    return pem.armor("ENCRYPTED PRIVATE KEY", info.dump()).decode()


def derived(purpose: int, length: int, salt: bytes) -> bytes:
    """A key (1) or what a chain of blocks begins with (2), by SHA-1 (RFC 7292, appendix B.2)."""

    def repeated(text: bytes) -> bytes:
        size = -len(text) // 64 * -64
        return (text * size)[:size]

    made, data = b"", repeated(salt) + repeated(PASSPHRASE.encode("utf-16-be") + b"\0\0")
    while len(made) < length:
        digest = bytes([purpose]) * 64 + data
        for _ in range(ROUNDS):
            digest = hashlib.sha1(digest).digest()
        made += digest
        add = int.from_bytes((digest * 4)[:64], "big") + 1
        blocks = [int.from_bytes(data[at : at + 64], "big") for at in range(0, len(data), 64)]
        data = b"".join(((block + add) % 2**512).to_bytes(64, "big") for block in blocks)
    return made[:length]


def encrypted_as_before(key) -> str:
    """As `openssl pkcs8 -topk8 -v1 PBE-SHA1-3DES` writes it (RFC 7292, appendix C)."""
    salt = os.urandom(8)
    padder = padding.PKCS7(64).padder()
    plain = padder.update(private(key, encoding=serialization.Encoding.DER)) + padder.finalize()
    encryptor = Cipher(TripleDES(derived(1, 24, salt)), CBC(derived(2, 8, salt))).encryptor()
    parameters = {"salt": salt, "iterations": ROUNDS}
    info = asn1.EncryptedPrivateKeyInfo({
        "encryption_algorithm": {"algorithm": "pkcs12_sha1_tripledes_3key", "parameters": parameters},
        "encrypted_data": encryptor.update(plain) + encryptor.finalize(),
    })
    return pem.armor("ENCRYPTED PRIVATE KEY", info.dump()).decode()


key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
public = key.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
keys = {
    "public": public.decode(),
    "passphrase": PASSPHRASE,
    "plain": private(key).decode(),
    "aes": encrypted(key, AES, 32, "aes256_cbc", "sha256"),
    "triple des": encrypted(key, TripleDES, 24, "tripledes_3key", "sha256"),
    # The default of OpenSSL before 1.1, and of LibreSSL on macOS.
    "triple des with sha-1": encrypted(key, TripleDES, 24, "tripledes_3key", "sha1"),
    "pbe-sha1-3des": encrypted_as_before(key),
    "older form": private(key, serialization.PrivateFormat.TraditionalOpenSSL).decode(),
    "elliptic": private(ec.generate_private_key(ec.SECP256R1())).decode(),
    "of somebody else": private(rsa.generate_private_key(public_exponent=65537, key_size=2048)).decode(),
}
print(json.dumps(keys))
