"""The model as ONNX, for any engine, and how far its 32-bit floats stray."""

import re
import warnings

import numpy as np
import onnxruntime
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType

# Of 32-bit floats that are added up.
TOLERANCE = 1e-4
OPSETS = {"": 17, "ai.onnx.ml": 3}


def input_names(request):
    """ONNX has identifiers for names: `person.age` is `person_age` there, and `person_age_2` where that is taken."""
    names = []
    for feature in request["features"]:
        plain = name = re.sub(r"\W", "_", feature["field"])
        count = 1
        while name in names:
            count += 1
            name = f"{plain}_{count}"
        names.append(name)
    return names


def onnx_of(request, pipeline):
    """One input a feature, shape [rows, 1]: float (NaN for null) or string ("\u2400" for null)."""
    inputs = [
        (name, (FloatTensorType if feature["type"] == "number" else StringTensorType)([None, 1]))
        for name, feature in zip(input_names(request), request["features"])
    ]
    options = {id(pipeline): {"zipmap": False}} if request["task"] == "classification" else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return to_onnx(pipeline, initial_types=inputs, target_opset=OPSETS, options=options)


def onnx_difference(request, model, features, expected):
    """The largest difference to scikit-learn over the golden rows, as ONNX Runtime computes it: relative for numbers (of those near zero: to what is usual), of the probability for classes."""
    given = {}
    for index, name in enumerate(input_names(request)):
        column = features[:, index].reshape(-1, 1)
        given[name] = column.astype(np.float32 if request["features"][index]["type"] == "number" else object)
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), settings, providers=["CPUExecutionProvider"])
    outputs = session.run(None, given)
    found = outputs[1] if request["task"] == "classification" else outputs[0].reshape(-1)
    scale = 1.0 if request["task"] == "classification" else np.maximum(np.abs(expected), np.mean(np.abs(expected)))
    differences = np.abs(found - expected) / scale
    return {
        "rows": len(expected),
        "maxDifference": float(np.max(differences)),
        # A threshold is rounded to 32 bits too: a value beside it may then fall to the other side.
        "different": int(np.sum(differences > TOLERANCE if differences.ndim == 1 else (differences > TOLERANCE).any(axis=1))),
    }
