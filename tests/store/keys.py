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
    "older form": private(key, serialization.PrivateFormat.TraditionalOpenSSL).decode(),
    "elliptic": private(ec.generate_private_key(ec.SECP256R1())).decode(),
    "of somebody else": private(rsa.generate_private_key(public_exponent=65537, key_size=2048)).decode(),
}
print(json.dumps(keys))
