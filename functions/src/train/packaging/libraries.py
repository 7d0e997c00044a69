"""Makes the zip of training's libraries for Lambda, without Docker: `python libraries.py x86_64|arm64 <folder>`. Each file is verified against the committed hash."""

import hashlib
import os
import re
import subprocess
import sys
import tempfile
import zipfile

from pip._vendor.packaging.markers import Marker

HERE = os.path.dirname(os.path.abspath(__file__))
# Of the runtime that cdk/src/constructs/learner.ts names.
PYTHON = "3.13"
MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}
# What runs on the C library of Amazon Linux 2023.
GLIBC = ("2_28", "2_27", "2_24", "2_17", "2_12", "2_5")
# Tests of the libraries, which are a sixth of them, and what installers leave.
LEFT_OUT = re.compile(r"(^|/)(tests?|__pycache__|bin)/|\.(pyc|pyi|a|h)$")


def main(architecture, folder):
    with open(os.path.join(HERE, "requirements.txt"), "rb") as file:
        locked = file.read()
    target = os.path.join(folder, f"libraries-{architecture}-{hashlib.sha256(locked).hexdigest()[:12]}.zip")
    if os.path.exists(target):
        return target
    machine = MACHINES[architecture]
    with tempfile.TemporaryDirectory() as scratch:
        requirements, installed = os.path.join(scratch, "requirements.txt"), os.path.join(scratch, "installed")
        with open(requirements, "w", encoding="utf-8") as file:
            file.write(wanted(locked.decode(), machine))
        platforms = [part for version in GLIBC for part in ("--platform", f"manylinux_{version}_{machine}")]
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps"]
            + ["--require-hashes", "--only-binary", ":all:", "--python-version", PYTHON, "--implementation", "cp"]
            # The lock says which version is for which Python; pip would hold it against its own.
            + ["--ignore-requires-python", *platforms, "--platform", "any", "--target", installed, "-r", requirements],
            check=True,
        )
        os.makedirs(folder, exist_ok=True)
        draft = f"{target}.{os.getpid()}"
        pack(installed, draft)
        os.replace(draft, target)
    return target


def wanted(locked, machine):
    """The lines of a lock that hold for Lambda. pip itself would ask its own Python, which is another one."""
    environment = {
        "python_version": PYTHON,
        "python_full_version": f"{PYTHON}.0",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
        "os_name": "posix",
        "extra": "",
    }
    kept = []
    for block in re.split(r"^(?=[A-Za-z0-9])", locked, flags=re.MULTILINE):
        found = re.match(r"(\S+) ; (.*?) \\\n", block)
        if found is None:
            kept.append(block)
        elif Marker(found[2]).evaluate(environment):
            kept.append(f"{found[1]} \\\n{block[found.end() :]}")
    return "".join(kept)


def pack(folder, target):
    """The same files give the same bytes: names in order, no times."""
    paths = [os.path.join(place, name) for place, _, names in os.walk(folder) for name in names]
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(paths):
            name = os.path.relpath(path, folder)
            if LEFT_OUT.search(name):
                continue
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o755 << 16
            with open(path, "rb") as file:
                archive.writestr(entry, file.read())


if __name__ == "__main__":
    print(main(sys.argv[1], sys.argv[2]))
