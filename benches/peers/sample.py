"""What every peer is measured by: rate with many in flight, latency alone, bytes on loopback."""
import os
import statistics
import time
from concurrent.futures import ThreadPoolExecutor


def loopback():
    """Bytes that `lo` sent: each packet counts once, headers, handshakes and acknowledgements too."""
    for line in open("/proc/net/dev"):
        if line.strip().startswith("lo:"):
            return int(line.split(":")[1].split()[8])
    raise OSError("no loopback")


def durable(path, data):
    """Writes a file and waits until the disk has it."""
    with open(path, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def measure(name, size, one, alone, count, window, proves):
    """A row: `one()` is a whole exchange, from sending to the receipt being kept. It gives the bytes
    that would have gone over a wire where it used none."""
    carried = one() or 0
    times, before = [], loopback()
    for _ in range(alone):
        start = time.perf_counter()
        one()
        times.append(time.perf_counter() - start)
    wire = carried or (loopback() - before) / alone
    with ThreadPoolExecutor(window) as pool:
        start = time.perf_counter()
        list(pool.map(lambda _: one(), range(count)))
        rate = count / (time.perf_counter() - start)
    return row(name, size, rate, times, wire, proves)


def row(name, size, rate, times, wire, proves):
    """One line of the table; times in seconds."""
    p95 = statistics.quantiles(times, n=20)[18]
    return {"name": name, "size": size, "rate": rate, "p50_ms": statistics.median(times) * 1e3,
            "p95_ms": p95 * 1e3, "wire_bytes": wire, "proves": proves}
