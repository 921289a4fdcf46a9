"""From a network to a verdict, one command at a time: compile, solve, decode, verify.

    python 01_walk_through.py [FOLDER]

Runs every command that it prints, in FOLDER or in a temporary folder, and writes nowhere else.
Exit code 0 if all answers are as expected, not 0 otherwise.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
RADIUS = "linf:1/16"  # every pixel may move by one of the 16 grey levels
WORDS = {0: "robust", 1: "violated", 3: "unknown"}  # what an exit code of decode and verify says
EXPECTED = {"zero": "robust", "seven": "robust", "three": "violated"}
OTHERS = {"cbc": "cbc", "glpk": "glpsol"}  # solvers besides HiGHS, and their programs


class Walk:
    """Prints steps, runs commands in a folder, and remembers whether answers were as expected."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.steps = 0
        self.as_expected = True
        # mipc notes in the user's cache where a network lies; here that goes to the folder, too
        self.environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}

    def step(self, words: str) -> None:
        self.steps += 1
        print(f"\n{self.steps}. {words}", flush=True)

    def run(self, *arguments: str) -> int:
        """``mipc`` with arguments; the exit code. An error ends the walk."""
        print(f"\n   $ mipc {' '.join(arguments)}", flush=True)
        done = subprocess.run(
            [sys.executable, "-m", "mipc", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        self.show(done.stdout.splitlines())
        if done.returncode not in WORDS:
            sys.exit(f"mipc failed with exit code {done.returncode}")
        return done.returncode

    def show(self, lines: list[str]) -> None:
        for line in lines:
            print("     " + (line if len(line) <= 90 else line[:87] + "..."), flush=True)

    def expect(self, code: int, image: str) -> None:
        if WORDS[code] != EXPECTED[image]:
            self.as_expected = False
            print(f"   UNEXPECTED: {image} should be {EXPECTED[image]}, not {WORDS[code]}")


def walk_through(walk: Walk) -> None:
    folder = walk.folder
    for name in ("digits.onnx", *(f"{image}.npy" for image in EXPECTED)):
        shutil.copy(HERE / name, folder)

    walk.step("Compile: can some image near this three be taken for another digit?")
    walk.run("compile", "digits.onnx", "--input", "three.npy", "--perturbation", RADIUS,
             "-o", "three.mps")  # fmt: skip
    print("   Seven of nine other digits are ruled out by bounds; 8 and 9 get a model each.")

    walk.step("Look at a model, three.9.mps, and at its sidecar, three.9.json.")
    walk.show([*(folder / "three.9.mps").read_text().splitlines()[:5], "..."])
    sidecar = json.loads((folder / "three.9.json").read_text())
    for column in sidecar["columns"]:
        print(f"     {column['stem']:<8}{column['role']:<16} of {column['node'] or 'the question'}")
    for fate in sidecar["eliminated"]:
        walk.show([f"no column: {fate['what']:<9} {fate['node']} {fate['neurons']}"])

    walk.step("Solve both with HiGHS; decode the answers, and replay them in the network.")
    for model in ("three.8", "three.9"):
        walk.run("solve", f"{model}.mps")
    pairs = ("three.8.json", "three.8.sol", "three.9.json", "three.9.sol")
    walk.expect(walk.run("decode", *pairs, "--witness", "nearly-three.png"), "three")

    for solver, program in OTHERS.items():
        walk.step(f"The same with {solver.upper()}; one violation is enough, so one model is.")
        if shutil.which(program) is None:
            print(f"   skipped: {program} is not installed")
            continue
        answer = f"three.9.{solver}.sol"
        walk.run("solve", "three.9.mps", "--solver", solver, "-o", answer)
        walk.expect(walk.run("decode", "three.9.json", answer), "three")

    walk.step("A seven that is robust: all of its open digits have to be infeasible.")
    walk.run("compile", "digits.onnx", "--input", "seven.npy", "--perturbation", RADIUS,
             "--combine", "-o", "seven.lp")  # fmt: skip
    walk.run("solve", "seven.lp")
    walk.expect(walk.run("decode", "seven.json", "seven.sol"), "seven")

    walk.step("All of that in one command, without files.")
    for image in EXPECTED:
        code = walk.run("verify", "digits.onnx", "--input", f"{image}.npy",
                        "--perturbation", RADIUS)  # fmt: skip
        walk.expect(code, image)


def main() -> int:
    parser = argparse.ArgumentParser(description="From a network to a verdict, step by step.")
    parser.add_argument("folder", type=Path, nargs="?", help="default: a temporary folder")
    given = parser.parse_args().folder
    with tempfile.TemporaryDirectory() as temporary:
        folder = (given or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        walk = Walk(folder)
        walk_through(walk)
    print(f"\n{'All answers agree.' if walk.as_expected else 'Some answers are unexpected.'}")
    return 0 if walk.as_expected else 1


if __name__ == "__main__":
    sys.exit(main())
