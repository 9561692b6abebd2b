#!/usr/bin/env python3
"""Prints the genesis file of the network in network.json for given validators.

    python3 genesis.py VALIDATOR... > genesis.json

Each VALIDATOR is an account, 0x and 40 hex digits, whose key its own operator made
and keeps (README.md). Who makes all keys in one place uses Besu's own command
instead. Of the genesis only `extraData` depends on the validators: the RLP list of 32
bytes of vanity, the validators, no vote, round 0 and no seals.
"""
import json
import pathlib
import re
import sys


def rlp(item):
    """Recursive length prefix of bytes, or of a list of such."""
    if isinstance(item, bytes):
        if len(item) == 1 and item[0] < 0x80:
            return item
        return length(len(item), 0x80) + item
    body = b"".join(rlp(part) for part in item)
    return length(len(body), 0xC0) + body


def length(size, base):
    if size < 56:
        return bytes([base + size])
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([base + 55 + len(digits)]) + digits


def extra_data(validators):
    return "0x" + rlp([bytes(32), validators, [], b"", []]).hex()


def main(arguments):
    if not arguments or not all(re.fullmatch("0x[0-9a-fA-F]{40}", it) for it in arguments):
        sys.exit("give the account of each validator: 0x and 40 hex digits")
    validators = sorted(set(bytes.fromhex(it[2:]) for it in arguments))
    network = json.loads((pathlib.Path(__file__).parent / "network.json").read_text())
    genesis = {**network["genesis"], "extraData": extra_data(validators)}
    json.dump(genesis, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main(sys.argv[1:])
