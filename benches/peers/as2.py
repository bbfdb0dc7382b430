"""AS2 by pyas2lib in one process, without HTTP: signed, encrypted, and a signed receipt.

Both ends keep what they took on the disk before they go on, as liaison does."""
import itertools
import os

from pyas2lib import as2

from sample import durable, measure

PROVES = "that the other side had the message: its receipt is signed, and holds the message's hash"


def read(path):
    with open(path, "rb") as file:
        return file.read()


class Ends:
    """Sender and receiver, who know each other's certificates."""

    def __init__(self, root, data):
        keys = {name: read(f"{root}/{name}.key") + read(f"{root}/{name}.pem") for name in "ab"}
        certificates = {name: read(f"{root}/{name}.pem") for name in "ab"}
        self.data, self.number = data, itertools.count()
        self.own = {name: as2.Organization(as2_name=name, sign_key=keys[name], sign_key_pass="",
                                           decrypt_key=keys[name], decrypt_key_pass="")
                    for name in "ab"}
        self.other = {name: as2.Partner(as2_name=name, verify_cert=certificates[name],
                                        encrypt_cert=certificates[name], validate_certs=False,
                                        sign=True, digest_alg="sha256", encrypt=True,
                                        enc_alg="aes_256_cbc", mdn_mode=as2.SYNCHRONOUS_MDN,
                                        mdn_digest_alg="sha256")
                      for name in "ab"}

    def exchange(self, body):
        """One message from a to b, and its receipt back."""
        place = f"{self.data}/{next(self.number)}"
        sent = as2.Message(self.own["a"], self.other["b"])
        sent.build(body)
        wire = sent.headers_str + b"\r\n" + sent.content
        durable(f"{place}.sent", wire)
        received = as2.Message()
        status, why, receipt = received.parse(wire, self.own.get, self.other.get)
        assert status == "processed", why
        durable(f"{place}.received", received.content)
        receipt = receipt.headers_str + b"\r\n" + receipt.content
        kept = as2.Mdn()
        status, why = kept.parse(receipt, lambda *_: sent)
        assert status == "processed", why
        durable(f"{place}.receipt", receipt)
        return len(wire) + len(receipt)


def rows(root, data, sizes, alone, count):
    ends, out = Ends(root, data), []
    for size in sizes:
        body = os.urandom(size // 2).hex().encode()
        # One thread: the library holds the interpreter nearly all the time.
        out.append(measure("AS2, pyas2lib", size, lambda: ends.exchange(body), alone, count, 1,
                           PROVES))
    return out
