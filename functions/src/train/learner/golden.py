"""Golden vectors: rows as records write them, with what scikit-learn makes of them. Every scorer must give the same."""

import numpy as np

from table import NULL, value_of

ROWS = 2_000
UNSEEN = "\u00fcnseen"


def golden_features(request, table, thresholds):
    """Rows of the data, of which cells became null, unseen, extreme, or a threshold exactly: where a comparison may go wrong."""
    random = np.random.default_rng(request["seed"])
    features = table.features[random.integers(0, len(table.features), ROWS)].copy()
    for index, feature in enumerate(request["features"]):
        fate = random.random(ROWS)
        if feature["type"] == "category":
            features[fate < 0.06, index] = NULL
            if table.written[index] == "text":
                features[(fate >= 0.06) & (fate < 0.14), index] = UNSEEN
            elif table.written[index] != "boolean":
                features[(fate >= 0.06) & (fate < 0.14), index] = "-987654321"
            continue
        features[fate < 0.06, index] = np.nan
        if table.written[index] == "boolean":
            continue
        known = features[:, index].astype(np.float64)
        low, high = np.nanmin(known), np.nanmax(known)
        far = (fate >= 0.06) & (fate < 0.1)
        stretched = low + (random.random(ROWS) * 3 - 1) * (high - low)
        whole = table.written[index] == "integer"
        features[far, index] = np.round(stretched[far]) if whole else stretched[far]
        exact = thresholds.get(index, [])
        if len(exact) > 0 and not whole:
            at = (fate >= 0.1) & (fate < 0.2)
            features[at, index] = random.choice(exact, int(at.sum()))
    return features


def thresholds_of(flat, model, columns):
    """Of each unscaled number: where the trees divide it."""
    found = {}
    for tree in model.get("trees", []):
        for feature, threshold in zip(tree["feature"], tree["threshold"]):
            if feature < 0:
                continue
            index = columns[feature]
            if flat[index]["type"] == "number" and flat[index]["scale"] == 1.0 and flat[index]["mean"] == 0.0:
                found.setdefault(index, []).append(threshold)
    return found


def record_of(request, table, row):
    return {
        feature["field"]: written(table.written[index], feature["type"], row[index])
        for index, feature in enumerate(request["features"])
    }


def written(how, kind, value):
    """A cell as a record writes it."""
    if value == NULL or (kind == "number" and np.isnan(value)):
        return None
    if kind == "category":
        return value_of(how, value)
    if how == "boolean":
        return bool(value)
    return int(value) if how == "integer" else float(value)
