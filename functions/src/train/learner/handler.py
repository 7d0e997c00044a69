"""The learner as a Lambda function: fetches a training table and a request from a bucket, runs train.py as `bifold train` does, and puts what it left beside them."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import zipfile

from botocore.config import Config
from botocore.session import get_session

SOURCES = os.path.dirname(os.path.abspath(__file__))
# As functions/src/train/learner.ts names them.
WRITTEN = ("fitted.json", "golden.json", "metrics.json", "shown.json", "libraries.json", "model.onnx")


def handler(event, _context):
    s3 = s3_client()
    with tempfile.TemporaryDirectory() as folder:
        for name in ("table.parquet", "request.json"):
            fetch(s3, event["bucket"], event["prefix"] + name, os.path.join(folder, name))
        asked = os.path.join(folder, "request.json")
        with open(asked, encoding="utf-8") as file:
            request = json.load(file)
        with open(asked, "w", encoding="utf-8") as file:
            json.dump({**request, "table": os.path.join(folder, "table.parquet"), "out": folder}, file)
        refused = learned(asked, libraries(s3))
        if refused is None:
            for name in WRITTEN:
                with open(os.path.join(folder, name), "rb") as file:
                    s3.put_object(Bucket=event["bucket"], Key=event["prefix"] + name, Body=file)
        return {"refused": refused}


def learned(request_file, folder):
    """Why nothing can be learned; None when it was. In a process of its own, so that a function that stays warm keeps nothing of it."""
    environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    if folder is not None:
        environment["PYTHONPATH"] = folder
    child = subprocess.Popen(
        [sys.executable, "-s", os.path.join(SOURCES, "train.py"), request_file],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    told = []
    reader = threading.Thread(target=lambda: told.extend(child.stderr))
    reader.start()
    refused = None
    for line in child.stdout:
        event = json.loads(line)
        if event["kind"] == "refused":
            refused = {name: part for name, part in event.items() if name != "kind"}
        else:
            print(line, end="", file=sys.stderr)
    status = child.wait()
    reader.join()
    if refused is None and status != 0:
        raise RuntimeError("".join(told[-6:]).strip() or f"training ended with status {status}")
    return refused


def libraries(s3):
    """The folder of the libraries; None where the image holds them. 430 MB are more than a zip of code may weigh, so they are fetched when a function starts."""
    installed = os.environ.get("LIBRARIES_FOLDER")
    if installed or "LIBRARIES_KEY" not in os.environ:
        return installed
    folder = os.path.join(tempfile.gettempdir(), "libraries")
    if not os.path.isdir(folder):
        archive, draft = f"{folder}.zip", f"{folder}.draft"
        fetch(s3, os.environ["LIBRARIES_BUCKET"], os.environ["LIBRARIES_KEY"], archive)
        with zipfile.ZipFile(archive) as file:
            file.extractall(draft)
        os.remove(archive)
        os.rename(draft, folder)
    return folder


def fetch(s3, bucket, key, path):
    with open(path, "wb") as file:
        for chunk in s3.get_object(Bucket=bucket, Key=key)["Body"].iter_chunks(1 << 20):
            file.write(chunk)


def s3_client():
    # An address of numbers has no names below it for buckets.
    style = {"addressing_style": "path"} if "AWS_ENDPOINT_URL" in os.environ else {}
    return get_session().create_client("s3", config=Config(s3=style))
