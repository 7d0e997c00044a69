"""How good a model is on rows that it did not learn from."""

import numpy as np
from sklearn import metrics
from sklearn.inspection import permutation_importance

IMPORTANCE_ROWS_MAX = 2_000
SHOWN_MAX = 2_000


def scoring_of(task):
    """The one number that the grid is chosen by: less error, or more right. Greater is better."""
    return ("rmse", "neg_root_mean_squared_error") if task == "regression" else ("accuracy", "accuracy")


def evaluated(request, pipeline, features, target):
    predicted = pipeline.predict(features)
    if request["task"] == "regression":
        return regression(target, predicted)
    return classification(pipeline, features, target, predicted)


def regression(target, predicted):
    return {
        "rmse": float(metrics.root_mean_squared_error(target, predicted)),
        "mae": float(metrics.mean_absolute_error(target, predicted)),
        "r2": float(metrics.r2_score(target, predicted)),
    }


def classification(pipeline, features, target, predicted):
    classes = list(pipeline.classes_)
    probabilities = pipeline.predict_proba(features)
    shares = {
        "accuracy": float(metrics.accuracy_score(target, predicted)),
        "f1": float(metrics.f1_score(target, predicted, labels=classes, average="macro", zero_division=0)),
        "auc": auc(target, probabilities, classes),
        "logLoss": log_loss(target, probabilities, classes),
        "confusion": metrics.confusion_matrix(target, predicted, labels=classes).tolist(),
    }
    by_class = metrics.precision_recall_fscore_support(target, predicted, labels=classes, zero_division=0)
    shares["classes"] = [
        {"class": plain(one), "precision": float(p), "recall": float(r), "f1": float(f), "rows": int(rows)}
        for one, p, r, f, rows in zip(classes, *by_class)
    ]
    return shares


def log_loss(target, probabilities, classes):
    """Over the rows of classes that were learned: a later time may bring others."""
    known = np.isin(target, classes)
    return float(metrics.log_loss(target[known], probabilities[known], labels=classes)) if known.any() else None


def auc(target, probabilities, classes):
    """Null where the rows hold one class only: nothing can be told apart then."""
    present = [index for index, one in enumerate(classes) if 0 < np.sum(target == one) < len(target)]
    if len(present) < 2:
        return None
    areas = []
    for index in present if len(classes) > 2 else [1]:
        areas.append(metrics.roc_auc_score(target == classes[index], probabilities[:, index]))
    return float(np.mean(areas))


def plain(value):
    return value.item() if isinstance(value, np.generic) else value


def importances(request, pipeline, features, target):
    """How much worse the model gets when one feature is shuffled."""
    rows = np.random.default_rng(request["seed"]).permutation(len(features))[:IMPORTANCE_ROWS_MAX]
    name, scoring = scoring_of(request["task"])
    found = permutation_importance(
        pipeline, features[rows], target[rows], scoring=scoring, n_repeats=5, random_state=request["seed"]
    )
    return {
        "metric": name,
        "features": [
            {"field": feature["field"], "mean": float(mean), "deviation": float(deviation)}
            for feature, mean, deviation in zip(request["features"], found.importances_mean, found.importances_std)
        ],
    }


def shown(request, pipeline, features, target):
    """Rows for the plots of the report: the true value beside the predicted one."""
    if request["task"] != "regression":
        return None
    rows = np.sort(np.random.default_rng(request["seed"]).permutation(len(features))[:SHOWN_MAX])
    return {"true": target[rows].tolist(), "predicted": pipeline.predict(features[rows]).tolist()}
