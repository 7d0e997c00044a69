"""Fetch the jars of the Java services, and hold each of them to the committed lock.

    python maven_jars.py fetch LOCK DESTINATION   the locked jars, verified, into DESTINATION/<service>/
    python maven_jars.py lock LOCK                resolve the roots anew and write LOCK (for a change of version)

jgo resolves and downloads; this file decides what may be used. jgo's own lock is not used because it is written per
environment and says nothing that a fetch could be refused by. Ours is a map of coordinate to sha256: it names no
server, and a jar that differs in one byte is deleted and refused.
"""

import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests
from jgo.maven import MavenContext, _resolver
from requests.adapters import HTTPAdapter

PARALLEL_DOWNLOADS = 16
ATTEMPTS = 4

# jgo opens a connection, and loads the certificates anew, for each file and again for its .sha1: 26 s for our jars, of
# which 14 s are spent on that. One session for all makes it a few seconds; the lock's sha256 replaces the .sha1.
_session = requests.Session()
_session.mount("https://", HTTPAdapter(pool_maxsize=PARALLEL_DOWNLOADS))
requests.request = _session.request
_resolver._verify_remote_sha1 = lambda *_: None


def sha256_of(path: Path) -> str:
    with open(path, "rb") as jar:
        return hashlib.file_digest(jar, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else _sha256(jar)


def _sha256(stream) -> str:  # Python 3.10 has no hashlib.file_digest
    digest = hashlib.sha256()
    for chunk in iter(lambda: stream.read(1 << 20), b""):
        digest.update(chunk)
    return digest.hexdigest()


def coordinate_of(artifact) -> str:
    parts = [artifact.groupId, artifact.artifactId, artifact.version]
    return ":".join([*parts, artifact.classifier] if artifact.classifier else parts)


def artifact_of(context: MavenContext, coordinate: str):
    group, name, version, *classifier = coordinate.split(":")
    component = context.project(group, name).at_version(version)
    return component.artifact(classifier=classifier[0] if classifier else "", packaging="jar")


def download(artifact) -> Path:
    """A dropped connection is tried again; a half-written file never counts as the jar."""
    for attempt in range(ATTEMPTS):
        try:
            return artifact.resolve()
        except Exception:
            if artifact.cached_path.exists():
                artifact.cached_path.unlink()
            if attempt == ATTEMPTS - 1:
                raise
            time.sleep(0.5 * 2**attempt)
    raise AssertionError("unreachable")


def place(context: MavenContext, coordinate: str, expected: str, target: Path) -> None:
    if target.exists():
        if sha256_of(target) == expected:
            return
        target.unlink()
    jar = download(artifact_of(context, coordinate))
    received = sha256_of(jar)
    if received != expected:
        jar.unlink()
        raise SystemExit(f"MISMATCH {coordinate} expected {expected} received {received}")
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(jar, target)


def fetch(lock_file: Path, destination: Path) -> None:
    lock = json.loads(lock_file.read_text())
    destination.mkdir(parents=True, exist_ok=True)
    cache = Path(tempfile.mkdtemp(prefix="maven-", dir=destination))
    try:
        context = MavenContext(repo_cache=cache, timeout=60)
        jars = {
            (coordinate, expected, destination / service / (coordinate.replace(":", "+") + ".jar"))
            for service, entry in lock.items()
            for coordinate, expected in entry["jars"].items()
        }
        unique = {}
        for coordinate, expected, target in sorted(jars, key=str):
            unique.setdefault(coordinate, []).append((expected, target))

        def one(item) -> None:
            coordinate, places = item
            expected, first = places[0]
            place(context, coordinate, expected, first)
            for expected_again, target in places[1:]:
                if expected_again != expected:
                    raise SystemExit(f"MISMATCH {coordinate} is locked twice with different digests")
                target.parent.mkdir(parents=True, exist_ok=True)
                if not target.exists():
                    os.link(first, target)

        with ThreadPoolExecutor(PARALLEL_DOWNLOADS) as pool:
            for _ in pool.map(one, unique.items()):
                pass
        for service in lock:  # a jar of an earlier version must not stay on the class path
            wanted = {target.name for _, _, target in jars if target.parent.name == service}
            for present in (destination / service).iterdir():
                if present.name not in wanted:
                    present.unlink()
    finally:
        shutil.rmtree(cache, ignore_errors=True)


def lock(lock_file: Path) -> None:
    entries = json.loads(lock_file.read_text())
    with tempfile.TemporaryDirectory() as cache:
        context = MavenContext(repo_cache=Path(cache), timeout=60)
        for entry in entries.values():
            artifacts, versions = {}, {}
            # Each root apart, the first one's versions winning: resolved together, every root is a bill of materials
            # for the others, and a logging adapter's pom pulls Kafka's own client back to an old release.
            for root in entry["roots"]:
                inputs, transitive = context.resolver.resolve([context.create_dependency(root)])
                for dependency in (d for d in [*inputs, *transitive] if d.type == "jar"):
                    artifact = dependency.artifact
                    project = (artifact.groupId, artifact.artifactId)
                    if versions.setdefault(project, (root, artifact.version))[1] == artifact.version:
                        artifacts[coordinate_of(artifact)] = artifact
            kept = sorted(c for c in artifacts if not any(part in c for part in entry["without"]))
            with ThreadPoolExecutor(PARALLEL_DOWNLOADS) as pool:
                digests = list(pool.map(lambda c: sha256_of(download(artifacts[c])), kept))
            entry["jars"] = dict(zip(kept, digests, strict=True))
    lock_file.write_text(json.dumps(entries, indent=2) + "\n")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["fetch", lock_file, destination]:
            fetch(Path(lock_file), Path(destination))
        case ["lock", lock_file]:
            lock(Path(lock_file))
        case _:
            raise SystemExit(__doc__)
