"""Refuse to start when a new version of the emulator lacks what a patch was written against."""


def expect(condition: bool, what: str) -> None:
    if not condition:
        raise SystemExit(f"this ministack has changed ({what}): adapt infra/cloud/software to it")
