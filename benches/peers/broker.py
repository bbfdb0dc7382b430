"""NATS JetStream over TLS, one publisher, file storage: a ceiling without end-to-end security."""
import asyncio
import os
import socket
import ssl
import subprocess
import time

import nats

from sample import loopback, row

PROVES = ("nothing: the broker reads and could change all; its acknowledgement is unsigned, and "
          "comes before fsync")


def rows(root, data, sizes, alone, count):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [f"{root}/nats/usr/sbin/nats-server", "-a", "127.0.0.1", "-p", str(port), "-js", "-sd", data,
         "--tls", "--tlscert", f"{root}/b.pem", "--tlskey", f"{root}/b.key"],
        stderr=subprocess.DEVNULL)
    try:
        return asyncio.run(work(root, port, sizes, alone, count))
    finally:
        server.terminate()
        server.wait()


async def work(root, port, sizes, alone, count):
    trust, out = ssl.create_default_context(cafile=f"{root}/b.pem"), []

    async def quiet(_):
        """The server may still be starting."""

    link = await nats.connect(f"tls://127.0.0.1:{port}", tls=trust, connect_timeout=10,
                              error_cb=quiet)
    stream = link.jetstream(timeout=30)
    await stream.add_stream(name="bench", subjects=["bench"])
    for size in sizes:
        body = os.urandom(size // 2).hex().encode()
        await stream.publish("bench", body)
        times, before = [], loopback()
        for _ in range(alone):
            start = time.perf_counter()
            await stream.publish("bench", body)
            times.append(time.perf_counter() - start)
        wire, start = (loopback() - before) / alone, time.perf_counter()
        for _ in range(0, count * 10, 64):
            await asyncio.gather(*(stream.publish("bench", body) for _ in range(64)))
        rate = len(range(0, count * 10, 64)) * 64 / (time.perf_counter() - start)
        out.append(row("NATS JetStream, TLS", size, rate, times, wire, PROVES))
    await link.close()
    return out
