"""Counts the primes below a number on the workers of a Dask cluster: python3 primes.py 4000000 200"""

import sys

from dask.distributed import Client


def count(begin, end):
    sieve = bytearray([1]) * (end - begin)
    for n in range(2, int(end**0.5) + 1):
        first = max(n * n, (begin + n - 1) // n * n)
        sieve[first - begin :: n] = bytes(len(range(first, end, n)))
    return sum(sieve) - sum(1 for n in range(begin, min(end, 2)))


if __name__ == "__main__":
    limit, parts = map(int, sys.argv[1:])
    bounds = [limit * at // parts for at in range(parts + 1)]
    with Client() as client:
        counts = client.map(count, bounds[:-1], bounds[1:])
        print("primes below %d: %d" % (limit, client.submit(sum, counts).result()))
