"""Judges the ONNX file of a version anew: `python check_onnx.py <folder>` scores the golden vectors with it, and prints the judgement as JSON."""

import json
import os
import sys

import numpy as np

import onnx_form
from table import NULL, category_text


def judgement_of(folder):
    model, golden = (read(folder, name) for name in ("model.json", "golden.json"))
    features, kind = model["features"], model["model"]["kind"]
    rows = np.array([[cell(row.get(one["field"]), one["type"]) for one in features] for row in golden["rows"]], dtype=object)
    probabilities = golden["probabilities"]
    expected = np.asarray(golden["predictions"] if probabilities is None else probabilities, dtype=object)
    # Versions of earlier releases hold no bounds of their own.
    usual = onnx_form.ERROR_BOUNDS[kind] * onnx_form.scale_of(expected.astype(np.float64))
    bounds = np.asarray(golden.get("onnxBounds", usual), dtype=np.float64)
    with open(os.path.join(folder, "model.onnx"), "rb") as file:
        onnx = file.read()
    try:
        given = onnx_form.run_onnx(onnx, features, rows)
        judgement = onnx_form.judged(given, (golden["predictions"], probabilities), bounds)
    except Exception as error:  # ONNX Runtime has no common class for what it cannot read or run.
        return {"failed": str(error).strip().split("\n")[0][:500]}
    return {**judgement, "text": onnx_form.difference_text(judgement)}


def cell(value, kind):
    """A value of a record as training reads it."""
    if kind == "category":
        return NULL if value is None else category_text(value)
    return np.nan if value is None else float(value)


def read(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8") as file:
        return json.load(file)


if __name__ == "__main__":
    print(json.dumps(judgement_of(sys.argv[1]), allow_nan=False))
