"""The model as ONNX, for any engine, and how far its 32-bit floats stray."""

import warnings

import numpy as np
from onnx.reference import ReferenceEvaluator
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType

CHECKED_ROWS = 200
OPSETS = {"": 17, "ai.onnx.ml": 3}


def onnx_of(request, pipeline):
    """One input a feature, shape [rows, 1]: float (NaN for null) or string ("\u2400" for null)."""
    inputs = [
        (feature["field"], (FloatTensorType if feature["type"] == "number" else StringTensorType)([None, 1]))
        for feature in request["features"]
    ]
    options = {id(pipeline): {"zipmap": False}} if request["task"] == "classification" else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return to_onnx(pipeline, initial_types=inputs, target_opset=OPSETS, options=options)


def onnx_difference(request, model, features, expected):
    """The largest difference to scikit-learn over some rows, as ONNX's own reference computes it: relative for numbers, of the probability for classes."""
    given = {}
    for index, feature in enumerate(request["features"]):
        column = features[:CHECKED_ROWS, index].reshape(-1, 1)
        given[feature["field"]] = column.astype(np.float32) if feature["type"] == "number" else column.astype(object)
    outputs = ReferenceEvaluator(model).run(None, given)
    found = outputs[1] if request["task"] == "classification" else outputs[0].reshape(-1)
    wanted = expected[:CHECKED_ROWS]
    scale = 1.0 if request["task"] == "classification" else np.maximum(np.abs(wanted), 1e-9)
    return {"rows": len(wanted), "maxDifference": float(np.max(np.abs(found - wanted) / scale))}
