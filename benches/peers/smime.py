"""S/MIME by the OpenSSL command, as mail clients do it: signed, encrypted, opened; no receipt."""
import itertools
import os
import subprocess

from sample import durable, measure

PROVES = "who wrote it; not that it came, nor when"


def openssl(*arguments, stdin):
    done = subprocess.run(["openssl", "cms", *arguments], input=stdin, capture_output=True,
                          check=True)
    return done.stdout


def rows(root, data, sizes, alone, count):
    number, out = itertools.count(), []

    def exchange(body):
        place = f"{data}/mail-{next(number)}"
        signed = openssl("-sign", "-signer", f"{root}/a.pem", "-inkey", f"{root}/a.key", "-md",
                         "sha256", "-binary", "-nodetach", stdin=body)
        sealed = openssl("-encrypt", "-aes-256-gcm", "-binary", f"{root}/b.pem", stdin=signed)
        durable(f"{place}.sent", sealed)
        opened = openssl("-decrypt", "-recip", f"{root}/b.pem", "-inkey", f"{root}/b.key",
                         stdin=sealed)
        read = openssl("-verify", "-CAfile", f"{root}/a.pem", "-purpose", "any", "-binary",
                       stdin=opened)
        assert read == body
        durable(f"{place}.received", read)
        return len(sealed)

    for size in sizes:
        body = os.urandom(size // 2).hex().encode()
        out.append(measure("S/MIME, openssl cms", size, lambda: exchange(body), alone, count, 2,
                           PROVES))
    return out
