"""Prints key pairs in every form that a person may have, as one JSON object. Needs `openssl` for the older ones."""

import json
import subprocess

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

PASSPHRASE = "correct horse"


def private(key, form=serialization.PrivateFormat.PKCS8, encryption=serialization.NoEncryption()) -> str:
    return key.private_bytes(serialization.Encoding.PEM, form, encryption).decode()


def by_openssl(pem: str, *how: str) -> str:
    command = ["openssl", "pkcs8", "-topk8", "-passout", f"pass:{PASSPHRASE}", *how]
    return subprocess.run(command, input=pem, text=True, check=True, capture_output=True).stdout


key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
plain = private(key)
public = key.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
keys = {
    "public": public.decode(),
    "passphrase": PASSPHRASE,
    "plain": plain,
    "aes": by_openssl(plain, "-v2", "aes-256-cbc"),
    "triple des": by_openssl(plain, "-v2", "des3"),
    # The default of OpenSSL before 1.1, and of LibreSSL on macOS.
    "triple des with sha-1": by_openssl(plain, "-v2", "des3", "-v2prf", "hmacWithSHA1"),
    "older form": private(key, serialization.PrivateFormat.TraditionalOpenSSL),
    "elliptic": private(ec.generate_private_key(ec.SECP256R1())),
    "of somebody else": private(rsa.generate_private_key(public_exponent=65537, key_size=2048)),
}
print(json.dumps(keys))
