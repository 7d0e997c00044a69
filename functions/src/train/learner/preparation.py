"""From columns to the matrix that an estimator takes: imputing, indexing, one-hot, scaling, assembling, feature by feature in the order of the definition."""

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from refusal import Refusal
from table import NULL, value_of

CATEGORIES_MAX = 1_000


def check_features(request, features):
    for index, feature in enumerate(request["features"]):
        column = features[:, index]
        present = column[column != NULL] if feature["type"] == "category" else column[~np.isnan(column.astype(np.float64))]
        distinct = len(set(present))
        if distinct == 0:
            refuse(request, feature, "no value but null in the rows that are learned from", "BIFOLD_FEATURE_EMPTY")
        # A category that may be null says something even where it has one value only.
        if distinct == 1 and (feature["type"] == "number" or len(present) == len(column)):
            refuse(request, feature, f"{present[0]!r} in every row that is learned from", "BIFOLD_FEATURE_CONSTANT")
        if feature["type"] == "category" and distinct > CATEGORIES_MAX:
            refuse(request, feature, f"{distinct:,} different values", "BIFOLD_TOO_MANY_CATEGORIES")


def refuse(request, feature, received, code):
    raise Refusal(
        code,
        f'model "{request["name"]}" cannot learn from "{feature["field"]}"',
        received,
        f"a feature with two values or more, and at most {CATEGORIES_MAX:,} where it is a category",
        f'leave "{feature["field"]}" out of the features, or derive a column that says more',
    )


def preparation_of(request, features):
    """Unfitted. Categories are those of the rows that are learned from; null is none of them."""
    steps = []
    for index, feature in enumerate(request["features"]):
        steps.append((f"f{index}", prepared(feature, features[:, index]), [index]))
    return ColumnTransformer(steps, sparse_threshold=0)


def prepared(feature, column):
    impute = feature["impute"]
    if feature["type"] == "number":
        known = impute in ("mean", "median")
        imputer = SimpleImputer(strategy=impute) if known else SimpleImputer(strategy="constant", fill_value=float(impute))
        return Pipeline([("impute", imputer)] + ([("scale", StandardScaler())] if feature["scale"] else []))
    categories = sorted(set(column) - {NULL})
    encoder = OneHotEncoder(categories=[categories], handle_unknown="ignore", sparse_output=False)
    if impute is None:
        return Pipeline([("oneHot", encoder)])
    known = impute == "mostFrequent"
    strategy = {"strategy": "most_frequent"} if known else {"strategy": "constant", "fill_value": impute["text"]}
    return Pipeline([("impute", SimpleImputer(missing_values=NULL, **strategy)), ("oneHot", encoder)])


def flat_features(request, preparation, written):
    """What scoring needs to know of the fitted preparation. Categories stand as records write them."""
    flat = []
    for index, feature in enumerate(request["features"]):
        steps = preparation.named_transformers_[f"f{index}"].named_steps
        own = {"field": feature["field"], "type": feature["type"]}
        if feature["type"] == "number":
            scaler = steps.get("scale")
            own["impute"] = float(steps["impute"].statistics_[0])
            own["mean"] = 0.0 if scaler is None else float(scaler.mean_[0])
            own["scale"] = 1.0 if scaler is None else float(scaler.scale_[0])
        else:
            own["impute"] = value_of(written[index], steps["impute"].statistics_[0]) if "impute" in steps else None
            own["categories"] = [value_of(written[index], one) for one in steps["oneHot"].categories_[0]]
        flat.append(own)
    return flat


def feature_of_column(flat):
    """Which feature each column of the assembled matrix belongs to."""
    return [index for index, feature in enumerate(flat) for _ in feature.get("categories", [None])]
