"""Texts made to exhaust a reader. As a script: how each ends, in a process of 1 GiB of memory."""

from __future__ import annotations

import gzip
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from mipc.errors import MipcError
from mipc.properties.vnnlib import read_property

ONE = "(declare-const X_0 Real)(declare-const Y_0 Real)"
TWO = (
    "(vnnlib-version <2.0>)"
    "(declare-network N (declare-input X real [2]) (declare-output Y real [2]))"
)
MILLION = 10**6


def chain(before: str, inner: str, after: str, count: int) -> str:
    """Forms inside one another."""
    return before * count + inner + after * count


def assertion(formula: str) -> str:
    return f"{ONE}(assert {formula})"


def bounds(count: int) -> str:
    """Inputs that each lie in one of two ranges, and last what none of them allows."""
    names = [f"X_{i}" for i in range(count)]
    declared = "".join(f"(declare-const {name} Real)" for name in names)
    either = "".join(f"(assert (or (<= {name} 0.0) (>= {name} 1.0)))" for name in names)
    never = "".join(f"(and (> {name} 0.0) (< {name} 1.0))" for name in names)
    return f"{declared}(declare-const Y_0 Real){either}(assert (or {never}))"


TEXTS: dict[str, Callable[[], str]] = {
    "opening": lambda: "(" * MILLION,
    "closing": lambda: ")" * MILLION,
    "assertions in assertions": lambda: "(assert " * MILLION,
    "closed": lambda: chain("(", "", ")", MILLION),
    "and in and": lambda: assertion(chain("(and ", "(<= X_0 0.0)", ")", MILLION)),
    "and in or": lambda: assertion(chain("(or (and ", "(<= X_0 0.0)", "))", MILLION)),
    "minus in minus": lambda: assertion(f"(<= {chain('(- X_0 ', 'Y_0', ')', MILLION)} 0.0)"),
    "sums as deep as can be": lambda: assertion(f"(<= {chain('(- X_0 ', 'Y_0', ')', 990)} 0.0)"),
    "choices as deep as can be": lambda: assertion(
        chain("(or (<= Y_0 0.5) (and (>= Y_0 0.1) ", "(<= X_0 0.0)", "))", 490)
    ),
    "brackets": lambda: "[" * MILLION,
    "brackets after a word": lambda: "(a" + " [" * MILLION,
    "quotation marks": lambda: "(" + '"' * MILLION,
    "a long quotation": lambda: '("' + "\\n" * MILLION,
    "one word": lambda: "a" * 20 * MILLION,
    "one word in a form": lambda: "(" + "a" * 20 * MILLION,
    "blanks": lambda: " " * 20 * MILLION,
    "a long comment": lambda: ";" * 20 * MILLION,
    "many comments": lambda: ";\n" * 5 * MILLION,
    "many comments in a form": lambda: "(assert" + ";\n" * 5 * MILLION,
    "a long number": lambda: assertion(f"(<= X_0 {'9' * MILLION})"),
    "a long fraction": lambda: assertion(f"(<= X_0 0.{'3' * MILLION})"),
    "a huge exponent": lambda: assertion("(<= X_0 1e999999999)"),
    "a huge negative exponent": lambda: assertion("(<= X_0 1e-999999999)"),
    "an exponent of a million digits": lambda: assertion(f"(<= X_0 1e{'9' * MILLION})"),
    "a long product": lambda: assertion(f"(<= (* {'1e300 ' * 100_000}) X_0)"),
    "products of products": lambda: assertion(f"(<= {chain('(* 1e300 ', 'X_0', ')', 900)} Y_0)"),
    "a product of a long sum": lambda: assertion(
        f"(<= {chain('(* 2.0 ', '(+ ' + 'X_0 ' * 1000 + ')', ')', 900)} Y_0)"
    ),
    "long digits": lambda: ONE + f"(assert (<= (* 0.{'7' * 1000} X_0) 0.{'3' * 1000}))" * 1000,
    "choices that multiply": lambda: ONE + "(assert (or (<= Y_0 0.0) (>= Y_0 1.0)))" * 40,
    "choices of many": lambda: ONE + f"(assert (or {'(<= Y_0 0.0)' * 1000}))" * 3,
    "long alternatives": lambda: (
        ONE + "(assert (<= Y_0 0.0))" * 3000 + f"(assert (or {'(<= Y_0 0.0)' * 9000}))"
    ),
    "choices that never meet": lambda: bounds(20),
    "a name of a million digits": lambda: f"(declare-const X_{'1' * MILLION} Real)",
    "a gap": lambda: "(declare-const X_999999999999 Real)(declare-const Y_0 Real)(assert (<= 0 1))",
    "a huge shape": lambda: TWO.replace("[2]", "[1000000000,1000000000]"),
    "a shape of many lengths": lambda: TWO.replace("[2]", f"[{'9' * 17}{',999999999' * 100_000}]"),
    "a shape of many ones": lambda: TWO.replace("[2]", f"[1{',1' * 100_000}]"),
    "many indices": lambda: f"{TWO}(assert (<= X[0{',0' * 100_000}] 1.0))",
    "many networks": lambda: TWO + "(declare-network N)" * 10_000,
    "zeros": lambda: "\0" * MILLION,
    "surrogates": lambda: "(" + "\N{GRINNING FACE}" * MILLION,
}
BYTES: dict[str, Callable[[], bytes]] = {
    "not UTF-8": lambda: b"(assert \xff\xfe\x80" * 1000,
    "UTF-16": lambda: ONE.encode("utf-16"),
    "a bomb.gz": lambda: gzip.compress(bytes(100 << 20), 1),
    "a bomb of blanks.gz": lambda: gzip.compress(b" " * (100 << 20), 1),
    "bombs.gz": lambda: gzip.compress(bytes(20 << 20), 9) * 10,
    "a small bomb.gz": lambda: gzip.compress(b"(" * (60 << 20), 9),
    "no gzip.gz": lambda: b"\x1f\x8b\x08" + bytes(1000),
}


def main(folder: Path) -> None:
    """Print a name, an outcome and the seconds for each text, one JSON object a line."""
    import resource

    names = {**TEXTS, **BYTES}
    for name in names:
        data = TEXTS[name]().encode() if name in TEXTS else BYTES[name]()
        path = folder / (name.replace(" ", "_") + ("" if name.endswith(".gz") else ".vnnlib"))
        path.write_bytes(data)
        del data
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
    for path in sorted(folder.iterdir()):
        start = time.process_time()
        try:
            outcome = f"{len(read_property(path).cases)} cases"
        except MipcError as error:
            outcome = f"{type(error).__name__}: {error.what}"
        seconds = time.process_time() - start
        print(json.dumps({"name": path.stem, "outcome": outcome, "seconds": seconds}), flush=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        main(Path(name))
    sys.exit(0)
