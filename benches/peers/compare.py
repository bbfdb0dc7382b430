"""The table of the peers: messages a second, latency, bytes on the wire, what each proves."""
import argparse
import importlib
import json
import tempfile

PEERS = ("as2", "smime", "broker")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("root", help="where setup put keys, certificates and servers")
    parser.add_argument("--quick", action="store_true", help="smaller counts")
    parser.add_argument("--json", action="store_true", help="one object, and no table")
    parser.add_argument("--only", choices=PEERS)
    asked = parser.parse_args()
    sizes = [1024] if asked.quick else [1024, 65536]
    alone, count = (20, 60) if asked.quick else (100, 400)
    rows = []
    for peer in [asked.only] if asked.only else PEERS:
        with tempfile.TemporaryDirectory(dir=asked.root) as data:
            rows += importlib.import_module(peer).rows(asked.root, data, sizes, alone, count)
    if asked.json:
        print(json.dumps({"peers": rows}))
        return
    print(f"{'':<22}{'bytes':>7}{'a second':>10}{'p50 ms':>9}{'p95 ms':>9}{'on the wire':>13}")
    for row in rows:
        print(f"{row['name']:<22}{row['size']:>7}{row['rate']:>10.0f}{row['p50_ms']:>9.2f}"
              f"{row['p95_ms']:>9.2f}{row['wire_bytes']:>13.0f}")
    print()
    for name, proves in dict((row["name"], row["proves"]) for row in rows).items():
        print(f"{name} proves {proves}.")


main()
