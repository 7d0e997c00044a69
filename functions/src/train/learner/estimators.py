"""The estimators that a definition can name: how scikit-learn builds them, and their flat form."""

import numpy as np
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge

NAMES = {
    "forest": {"trees": "n_estimators", "maxDepth": "max_depth", "minLeafRows": "min_samples_leaf", "featureShare": "max_features"},
    "boosting": {
        "trees": "n_estimators",
        "maxDepth": "max_depth",
        "minLeafRows": "min_samples_leaf",
        "featureShare": "max_features",
        "rate": "learning_rate",
        "rowShare": "subsample",
    },
}


def estimator_of(request, settings):
    kind, seed = request["estimator"]["kind"], request["seed"]
    classify = request["task"] == "classification"
    if kind == "linear":
        penalty = settings.get("penalty", 0)
        return LinearRegression() if penalty == 0 else Ridge(alpha=penalty, solver="cholesky")
    if kind == "logistic":
        return LogisticRegression(C=1 / settings.get("penalty", 1), max_iter=5_000, tol=1e-6)
    named = {NAMES[kind][name]: value for name, value in settings.items()}
    if kind == "forest":
        make = RandomForestClassifier if classify else RandomForestRegressor
    else:
        make = GradientBoostingClassifier if classify else GradientBoostingRegressor
    return make(random_state=seed, **named)


def flat_model(request, estimator):
    kind = request["estimator"]["kind"]
    if kind in ("linear", "logistic"):
        return {
            "kind": "linear",
            "coefficients": np.atleast_2d(estimator.coef_).tolist(),
            "intercepts": np.atleast_1d(estimator.intercept_).tolist(),
        }
    if kind == "forest":
        return {"kind": "forest", "trees": [flat_tree(tree.tree_) for tree in estimator.estimators_]}
    one = np.zeros((1, estimator.n_features_in_), dtype=np.float32)
    return {
        "kind": "boosting",
        # The same for every row: the mean, or the log-odds of the classes.
        "initial": estimator._raw_predict_init(one)[0].tolist(),
        "rate": float(estimator.learning_rate),
        "trees": [flat_tree(tree.tree_) for stage in estimator.estimators_ for tree in stage],
    }


def flat_tree(tree):
    leaf = tree.children_left == -1
    values = tree.value[:, 0, :].copy()
    values[~leaf] = 0.0
    return {
        "feature": np.where(leaf, -1, tree.feature).tolist(),
        "threshold": np.where(leaf, 0.0, tree.threshold).tolist(),
        "left": tree.children_left.tolist(),
        "right": tree.children_right.tolist(),
        "value": values.tolist(),
    }


def raw_scores(estimator, matrix):
    """What a model adds up before it becomes a probability: one column per output."""
    scores = estimator.decision_function(matrix)
    return scores.reshape(len(scores), -1)
