"""What acortex gives, as digests that must be the same on every Python, library, number of threads and hash seed.

`python -P tests/same_everywhere.py OUT.json` writes them; `nox -s same` compares those of many environments.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parent))  # as it is run with -P

import frozen_files

CHECKOUT = Path(__file__).parent.parent

TEXTS = {
    "report": ("run", "zoo:digits_mlp", "--format", "json"),
    "report-text": ("run", "programs/lstm_step.s"),
    "report-network": ("run", "zoo:digits_cnn", "--timing-only", "--format", "json"),
    "accuracy": ("accuracy", "zoo:digits_mlp", "--chips", "2", "--format", "json"),
    "chip": ("chip", "show", "acortex_gnmt", "--format", "json"),
    "lint": ("lint", "programs/pooling.s", "--format", "json"),
    "view": ("view", "programs/pipeline.s"),
    "stats": ("trace", "stats", "tests/frozen/trace-1/lstm_step.actrace", "--format", "json"),
    "critical": ("trace", "critical", "tests/frozen/trace-1/lstm_step.actrace", "--format", "json"),
    "stream": ("serve", "zoo:digits_mlp", "--arrivals", "poisson:80%", "--format", "json"),
}
"""Commands whose text is compared, run in the checkout."""

FILES = {
    "assembled.acx": ("asm", "programs/digits_mlp.s", "-o"),
    "compiled.acx": ("compile", "zoo:digits_cnn", "-o"),
    "here-compiled.acx": ("compile", "zoo:inception_v1", "-o"),
    "floorplan.svg": ("draw", "floorplan", "zoo:digits_cnn", "-o"),
    "memory.svg": ("draw", "memory", "zoo:digits_cnn", "-o"),
    **{
        f"trace.{kind}": ("trace", "export", "tests/frozen/trace-1/letters-events.actrace", "--to", kind, "-o")
        for kind in ("csv", "chrome", "konata", "stats", "vcd")
    },
}
"""Commands that write a file. What begins with `here-` depends on the version of the library of linear algebra, and is
the same for each number of its threads alone."""


def acortex(*arguments: str) -> bytes:
    """What a command prints."""
    command = [sys.executable, "-P", "-m", "acortex", *arguments]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.decode()}")
    return done.stdout


def steady(text: bytes) -> bytes:
    """A text without the times that the command itself took."""
    return re.sub(rb'"(cpu|wall)_s": [^,\n]+', b"", text)


def digest(content: bytes) -> str:
    """A short digest."""
    return hashlib.sha256(content).hexdigest()[:16]


def main(out: Path) -> None:
    """Writes all digests."""
    found = {name: digest(steady(acortex(*arguments))) for name, arguments in TEXTS.items()}
    with TemporaryDirectory() as folder:
        for name, arguments in FILES.items():
            path = Path(folder) / name
            acortex(*arguments, str(path))
            found[name] = digest(path.read_bytes())
        for program in frozen_files.PROGRAMS:
            path = Path(folder) / f"{program}.actrace"
            acortex("run", f"programs/{program}.s", "--trace", str(path))
            found[path.name] = digest(json.dumps(frozen_files.content(path)).encode())
    for name, content in json.loads(frozen_files.CONTENTS.read_text()).items():
        found[name] = digest(json.dumps(frozen_files.content(frozen_files.FOLDER / name)).encode())
        if found[name] != digest(json.dumps(content).encode()):
            sys.exit(f"{name} is read as something else than it held")
    out.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
