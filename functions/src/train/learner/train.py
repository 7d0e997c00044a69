"""Trains one model: `python train.py request.json`. Tells how it goes as JSON lines on standard output; what it learned stands in the request's folder."""

import json
import os
import sys
import time

# One thread: sums are then always added in the same order, and the same input gives the same bytes.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np
import sklearn
from sklearn.base import clone
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.model_selection import KFold, ParameterGrid, StratifiedKFold, TimeSeriesSplit, cross_val_score, train_test_split
from sklearn.pipeline import Pipeline

import distribution
import estimators
import evaluation
import golden
import onnx_form
import preparation
from refusal import Refusal
from table import read_table


def tell(**event):
    print(json.dumps(event), flush=True)


def train(request):
    started = time.monotonic()
    tell(kind="step", text="reading the training table")
    table = read_table(request["table"], request)
    check_rows(request, table)
    learned, held_out = divided(request, table)
    features, target = table.features[learned], typed(request, table.target[learned])
    check_target(request, target)
    preparation.check_features(request, features)
    prepare = preparation.preparation_of(request, features)
    settings, grid = best_settings(request, prepare, features, target)
    tell(kind="step", text=f"learning from {len(target):,} rows")
    pipeline = Pipeline([("prepare", clone(prepare)), ("estimate", estimators.estimator_of(request, settings))])
    pipeline.fit(features, target)
    tell(kind="step", text=f"trying it on {len(held_out):,} rows")
    tried, truth = table.features[held_out], typed(request, table.target[held_out])
    measured = evaluation.evaluated(request, pipeline, tried, truth)
    dummy = DummyRegressor() if request["task"] == "regression" else DummyClassifier(strategy="prior")
    dummy.fit(features, target)
    flat = preparation.flat_features(request, pipeline["prepare"], table.written)
    model = estimators.flat_model(request, pipeline["estimate"])
    metrics = {
        "task": request["task"],
        "rows": {"learned": len(target), "heldOut": len(truth), "withoutTarget": table.dropped},
        "heldOut": measured,
        "learned": evaluation.evaluated(request, pipeline, features, target),
        "baseline": evaluation.evaluated(request, dummy, tried, truth),
        "crossValidation": grid,
        "importances": evaluation.importances(request, pipeline, tried, truth),
    }
    tell(kind="step", text="golden vectors and ONNX")
    vectors, rows = golden_vectors(request, table, pipeline, flat, model)
    onnx = onnx_form.onnx_of(request, pipeline)
    bounds = onnx_form.row_bounds(request, pipeline, rows)
    given = onnx_form.run_onnx(onnx, request["features"], rows)
    metrics["onnx"] = onnx_form.judged(given, (vectors["predictions"], vectors["probabilities"]), bounds)
    onnx_form.check_onnx(request, metrics["onnx"])
    vectors["onnxBounds"] = bounds.tolist()
    classes = [evaluation.plain(one) for one in pipeline.classes_] if request["task"] == "classification" else None
    out = request["out"]
    distributions = distribution.distributions_of(request, features, table.written, pipeline.predict(tried))
    fitted = {"classes": classes, "features": flat, "model": model, "distributions": distributions}
    write(out, "fitted.json", {**fitted, "settings": settings})
    write(out, "golden.json", vectors)
    write(out, "metrics.json", metrics)
    write(out, "shown.json", evaluation.shown(request, pipeline, tried, truth))
    write(out, "libraries.json", libraries())
    with open(os.path.join(out, "model.onnx"), "wb") as file:
        file.write(onnx)
    tell(kind="done", ms=round((time.monotonic() - started) * 1000))


def typed(request, target):
    return target.astype(np.float64) if request["task"] == "regression" else np.array(list(target))


def check_rows(request, table):
    rows, least = len(table.target), max(20, 4 * request["folds"])
    if rows == 0:
        raise Refusal(
            "BIFOLD_NO_LABELS",
            f'model "{request["name"]}" cannot be trained',
            f'no row with a value for "{request["target"]}" among {table.dropped:,}',
            "rows whose target is known",
            "give such rows, or correct the target in defineModel",
        )
    if rows < least:
        raise Refusal(
            "BIFOLD_TOO_FEW_ROWS",
            f'model "{request["name"]}" cannot be trained',
            f"{rows:,} rows with a target",
            f"{least} or more for {request['folds']} folds",
            "wait until more is archived, or give more rows",
        )


def check_target(request, target):
    values, counts = np.unique(target, return_counts=True)
    if len(values) == 1:
        raise Refusal(
            "BIFOLD_ONE_CLASS",
            f'model "{request["name"]}" has nothing to tell apart',
            f'"{request["target"]}" is {evaluation.plain(values[0])!r} in all {len(target):,} rows that are learned from',
            "two values or more",
            "give rows with other outcomes",
        )
    if request["task"] == "classification" and counts.min() < request["folds"]:
        rare = evaluation.plain(values[counts.argmin()])
        raise Refusal(
            "BIFOLD_CLASS_TOO_RARE",
            f'model "{request["name"]}" cannot learn one of its classes',
            f'{rare!r} in {counts.min():,} of {len(target):,} rows that are learned from',
            f"{request['folds']} rows or more of each class: one for each fold",
            "give more rows of it, join it with another class, or use fewer folds",
        )


def divided(request, table):
    """Rows to learn from, and the rest to try the model on: the latest ones for a stream, whose future is what counts."""
    rows = np.arange(len(table.target))
    share = request["heldOutShare"]
    if request["split"] == "time":
        cut = len(rows) - max(1, round(len(rows) * share))
        return rows[:cut], rows[cut:]
    strata = table.target if request["task"] == "classification" else None
    try:
        learned, held_out = train_test_split(rows, test_size=share, random_state=request["seed"], stratify=strata)
    except ValueError:  # a class of one row: named by check_target
        learned, held_out = train_test_split(rows, test_size=share, random_state=request["seed"])
    return np.sort(learned), np.sort(held_out)


def best_settings(request, prepare, features, target):
    """Each point of the grid by k-fold cross-validation; the best one, and the first of equals."""
    own = {name: value for name, value in request["estimator"].items() if name != "kind"}
    points = [{**own, **point} for point in ParameterGrid(request["grid"])]
    name, scoring = evaluation.scoring_of(request["task"])
    folds = request["folds"]
    if request["split"] == "time":
        splits = TimeSeriesSplit(n_splits=folds)
    else:
        make = KFold if request["task"] == "regression" else StratifiedKFold
        splits = make(n_splits=folds, shuffle=True, random_state=request["seed"])
    tried = []
    for number, settings in enumerate(points):
        pipeline = Pipeline([("prepare", clone(prepare)), ("estimate", estimators.estimator_of(request, settings))])
        scores = cross_val_score(pipeline, features, target, cv=splits, scoring=scoring, error_score="raise")
        scores = np.abs(scores)
        tried.append({"settings": settings, "mean": float(scores.mean()), "deviation": float(scores.std())})
        tell(kind="grid", done=number + 1, of=len(points), metric=name, **tried[-1])
    pick = min if request["task"] == "regression" else max
    best = pick(range(len(tried)), key=lambda index: tried[index]["mean"])
    return points[best], {"metric": name, "folds": folds, "points": tried, "best": best}


def golden_vectors(request, table, pipeline, flat, model):
    columns = preparation.feature_of_column(flat)
    rows = golden.golden_features(request, table, golden.thresholds_of(flat, model, columns))
    predictions = pipeline.predict(rows)
    classify = request["task"] == "classification"
    probabilities = pipeline.predict_proba(rows) if classify else None
    scores = None
    if classify and request["estimator"]["kind"] != "forest":
        scores = estimators.raw_scores(pipeline["estimate"], pipeline["prepare"].transform(rows)).tolist()
    vectors = {
        "rows": [golden.record_of(request, table, row) for row in rows],
        "predictions": predictions.tolist(),
        "probabilities": probabilities.tolist() if classify else None,
        "scores": scores,
    }
    return vectors, rows


def libraries():
    import duckdb
    import onnx
    import onnxruntime
    import scipy
    import skl2onnx

    own = {"python": ".".join(str(part) for part in sys.version_info[:3])}
    return own | {one.__name__: one.__version__ for one in (duckdb, np, onnx, onnxruntime, scipy, skl2onnx, sklearn)}


def write(folder, name, value):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        json.dump(value, file, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        asked = json.load(file)
    try:
        train(asked)
    except Refusal as refusal:
        tell(kind="refused", **refusal.parts)
        sys.exit(2)
