"""The model as ONNX, for any engine, and the judgement of ONNX Runtime's scores against scikit-learn's."""

import re
import warnings

import numpy as np
import onnxruntime
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType

from refusal import Refusal

# The largest error of a score by kind of model: relative for numbers, absolute for probabilities. ONNX adds 32-bit
# floats, scikit-learn adds doubles. docs/models.md states these bounds and what was measured.
ERROR_BOUNDS = {"linear": 1e-4, "forest": 1e-5, "boosting": 1e-4}
# Rounding of a 32-bit float, relative to the value: of the input, and of the mean that is subtracted from it.
ROUNDING = 2.0**-23
# How many roundings an input is moved by. An answer of trees may come back behind the next threshold, so more are tried.
STEPS = {"linear": (2,), "forest": (0.25, 0.5, 1, 2), "boosting": (0.25, 0.5, 1, 2)}
OPSETS = {"": 17, "ai.onnx.ml": 3}


def input_names(fields):
    """ONNX has identifiers for names: `person.age` is `person_age` there, and `person_age_2` where that is taken."""
    names = []
    for field in fields:
        plain = name = re.sub(r"\W", "_", field)
        count = 1
        while name in names:
            count += 1
            name = f"{plain}_{count}"
        names.append(name)
    return names


def onnx_of(request, pipeline):
    """One input a feature, shape [rows, 1]: float (NaN for null) or string ("\u2400" for null)."""
    features = request["features"]
    inputs = [
        (name, (FloatTensorType if feature["type"] == "number" else StringTensorType)([None, 1]))
        for name, feature in zip(input_names([feature["field"] for feature in features]), features)
    ]
    options = {id(pipeline): {"zipmap": False}} if request["task"] == "classification" else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return to_onnx(pipeline, initial_types=inputs, target_opset=OPSETS, options=options).SerializeToString()


def model_kind(request):
    kind = request["estimator"]["kind"]
    return "linear" if kind == "logistic" else kind


def scores_of(pipeline, rows):
    """What is judged: a number a row, or the probability of each class."""
    return pipeline.predict_proba(rows) if hasattr(pipeline, "predict_proba") else pipeline.predict(rows)


def scale_of(expected):
    """Errors of numbers are relative; of those near zero to what is usual. Errors of probabilities are absolute."""
    return np.maximum(np.abs(expected), np.mean(np.abs(expected))) if expected.ndim == 1 else np.ones(len(expected))


def row_bounds(request, pipeline, rows):
    """
    The largest error allowed in each row: the bound of the kind, and what scikit-learn itself answers otherwise when
    one input is rounded to 32 bits. Large inputs such as epoch milliseconds lose digits before they are scaled.
    Trees compare unscaled inputs as 32-bit floats in scikit-learn too, so nothing is added for those.
    """
    kind = model_kind(request)
    expected = scores_of(pipeline, rows)
    bounds = ERROR_BOUNDS[kind] * scale_of(expected)
    for index, feature in enumerate(request["features"]):
        if feature["type"] != "number" or (kind != "linear" and not feature["scale"]):
            continue
        known = rows[:, index].astype(np.float64)
        step = (np.abs(known) + np.nanmean(np.abs(known))) * ROUNDING
        changes = []
        for steps in STEPS[kind]:
            for rounded in (known - steps * step, known + steps * step):
                moved = rows.copy()
                moved[:, index] = rounded
                change = np.abs(scores_of(pipeline, moved) - expected)
                changes.append(change if change.ndim == 1 else change.max(axis=1))
        bounds = bounds + np.maximum.reduce(changes)
    return bounds


def run_onnx(model, features, rows):
    """The labels or numbers of ONNX Runtime, and the probabilities of each class where there are any."""
    given = {}
    for index, name in enumerate(input_names([feature["field"] for feature in features])):
        column = rows[:, index].reshape(-1, 1)
        given[name] = column.astype(np.float32 if features[index]["type"] == "number" else object)
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, settings, providers=["CPUExecutionProvider"])
    predictions, *more = session.run(None, given)
    return np.asarray(predictions).reshape(-1), (np.asarray(more[0]) if more else None)


def judged(given, expected, bounds):
    """
    How far ONNX Runtime strays from scikit-learn. `given` and `expected` are (predictions, probabilities or None).
    A row is different when its error is not within its bound, or when its class is another one although the bound
    cannot explain that.
    """
    predictions, probabilities = given
    if probabilities is None:
        found, wanted = predictions.astype(np.float64), np.asarray(expected[0], dtype=np.float64)
        errors = np.abs(found - wanted)
        wrong = np.zeros(len(wanted), dtype=bool)
    else:
        wanted = np.asarray(expected[1], dtype=np.float64)
        errors = np.abs(probabilities - wanted).max(axis=1)
        ranked = np.sort(wanted, axis=1)
        is_tie = ranked[:, -1] - ranked[:, -2] <= 2 * bounds
        labels = np.array([str(one) for one in expected[0]], dtype=object)
        wrong = (np.array([str(one) for one in predictions], dtype=object) != labels) & ~is_tie
    # NaN is within no bound.
    different = wrong | ~(errors <= bounds)
    largest = float(np.max(np.divide(errors, scale_of(wanted), out=np.zeros(len(errors)), where=errors != 0)))
    return {
        "rows": len(wanted),
        "maxDifference": largest if np.isfinite(largest) else None,
        "different": int(different.sum()),
        "wrongLabels": int(wrong.sum()),
        "runtime": onnxruntime.__version__,
    }


def check_onnx(request, judgement):
    if judgement["different"] == 0:
        return
    raise Refusal(
        "BIFOLD_ONNX_DIFFERS",
        f'model "{request["name"]}" was learned, but its ONNX file does not score as scikit-learn does',
        difference_text(judgement),
        f'errors of at most {ERROR_BOUNDS[model_kind(request)]:g} and the rounding of inputs to 32 bits (docs/models.md)',
        "train with the versions in functions/src/train/packaging/requirements.txt, and derive small numbers from large ones such as epoch milliseconds",
    )


def difference_text(judgement):
    largest = judgement["maxDifference"]
    return (
        f"{judgement['different']:,} of {judgement['rows']:,} golden rows differ under ONNX Runtime {judgement['runtime']}, "
        f"{judgement['wrongLabels']:,} of them in their class; the largest error is {'not finite' if largest is None else f'{largest:.2g}'}"
    )
