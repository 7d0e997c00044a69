"""The peer of W8: learns three models with scikit-learn, writes them in our form and as ONNX, and says how fast scikit-learn scores."""

import json
import os
import sys
import time

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingRegressor, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

NUMBERS = 8
CATEGORIES = [f"c{index:02d}" for index in range(20)]
LEARNED, ROWS, ALONE = 5_000, 20_000, 300


def draw(random, count):
    numbers = random.normal(0, 3, (count, NUMBERS))
    numbers[random.random(numbers.shape) < 0.05] = np.nan
    # Of 32 bits, as ONNX takes them: all score the same numbers.
    numbers = numbers.astype(np.float32).astype(np.float64)
    rows = numbers.astype(object)
    return np.hstack([rows, random.choice(CATEGORIES, (count, 1)).astype(object)])


def flat(pipeline, name):
    numbers = pipeline["prepare"].named_transformers_["numbers"]
    encoder = pipeline["prepare"].named_transformers_["category"]
    fitted = zip(numbers["impute"].statistics_, numbers["scale"].mean_, numbers["scale"].scale_)
    features = [
        {"field": f"n{index}", "type": "number", "impute": float(i), "mean": float(m), "scale": float(s)}
        for index, (i, m, s) in enumerate(fitted)
    ]
    features.append({"field": "c", "type": "category", "impute": None, "categories": encoder.categories_[0].tolist()})
    estimator = pipeline["estimate"]
    if name == "linear":
        model = {"kind": "linear", "coefficients": [estimator.coef_.tolist()], "intercepts": [float(estimator.intercept_)]}
    elif name == "forest":
        model = {"kind": "forest", "trees": [tree(each.tree_) for each in estimator.estimators_]}
    else:
        zeros = np.zeros((1, estimator.n_features_in_), dtype=np.float32)
        trees = [tree(each.tree_) for stage in estimator.estimators_ for each in stage]
        initial = estimator._raw_predict_init(zeros)[0].tolist()
        model = {"kind": "boosting", "initial": initial, "rate": estimator.learning_rate, "trees": trees}
    return {
        **{"format": 1, "name": name, "version": "bench", "task": "regression", "classes": None},
        **{"features": features, "model": model, "featurePlan": "bench"},
    }


def tree(nodes):
    leaf = nodes.children_left == -1
    return {
        "feature": np.where(leaf, -1, nodes.feature).tolist(),
        "threshold": np.where(leaf, 0.0, nodes.threshold).tolist(),
        "left": nodes.children_left.tolist(),
        "right": nodes.children_right.tolist(),
        "value": nodes.value[:, 0, :].tolist(),
    }


def rate(rows, score):
    started = time.perf_counter()
    score()
    return rows / (time.perf_counter() - started)


def main(out):
    random = np.random.default_rng(8)
    learned, rows = draw(random, LEARNED), draw(random, ROWS)
    known = np.nan_to_num(learned[:, :NUMBERS].astype(np.float64))
    target = known[:, 0] * 3 + np.sin(known[:, 1]) * known[:, 2] + np.array([CATEGORIES.index(c) for c in learned[:, NUMBERS]]) / 4
    estimators = {
        "linear": LinearRegression(),
        "forest": RandomForestRegressor(n_estimators=100, max_depth=10, random_state=8),
        "boosting": GradientBoostingRegressor(n_estimators=100, max_depth=4, random_state=8),
    }
    texts = [[None if isinstance(cell, float) and np.isnan(cell) else cell for cell in row] for row in rows.tolist()]
    with open(os.path.join(out, "rows.json"), "w") as file:
        json.dump(texts, file)
    inputs = [(f"n{index}", FloatTensorType([None, 1])) for index in range(NUMBERS)] + [("c", StringTensorType([None, 1]))]
    for name, estimator in estimators.items():
        numbers = Pipeline([("impute", SimpleImputer(strategy="median")), ("scale", StandardScaler())])
        category = OneHotEncoder(categories=[CATEGORIES], handle_unknown="ignore", sparse_output=False)
        columns = [("numbers", numbers, list(range(NUMBERS))), ("category", category, [NUMBERS])]
        pipeline = Pipeline([("prepare", ColumnTransformer(columns, sparse_threshold=0)), ("estimate", estimator)])
        pipeline.fit(learned, target)
        with open(os.path.join(out, f"{name}.json"), "w") as file:
            json.dump({"model": flat(pipeline, name), "predictions": pipeline.predict(rows).tolist()}, file)
        with open(os.path.join(out, f"{name}.onnx"), "wb") as file:
            file.write(to_onnx(pipeline, initial_types=inputs, target_opset={"": 17, "ai.onnx.ml": 3}).SerializeToString())
        together = [rate(ROWS, lambda: pipeline.predict(rows)) for _ in range(3)]
        alone = rate(ALONE, lambda: [pipeline.predict(rows[index : index + 1]) for index in range(ALONE)])
        print(json.dumps({"model": name, "together": sorted(together)[1], "alone": alone}), flush=True)


main(sys.argv[1])
