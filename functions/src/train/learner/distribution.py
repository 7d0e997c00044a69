"""How features and scores are spread over the rows of training, in a few bins each: what the stream is compared with later."""

from collections import Counter

import numpy as np

from table import NULL, value_of

# layers/core/src/model/distribution.ts has room for no more.
BINS_MAX = 20
# Bins with fewer rows say more about chance than about the stream.
ROWS_A_BIN = 25


def distributions_of(request, features, written, predictions):
    """Of each feature over the rows that are learned from; of the predictions for those that were held out."""
    return {
        "features": [
            of_numbers(features[:, index].astype(np.float64))
            if feature["type"] == "number"
            else of_categories(features[:, index], lambda text, index=index: value_of(written[index], text))
            for index, feature in enumerate(request["features"])
        ],
        "score": of_numbers(predictions.astype(np.float64))
        if request["task"] == "regression"
        else of_categories(predictions, lambda one: one.item() if isinstance(one, np.generic) else one),
    }


def of_numbers(values):
    """Bins of about as many rows each; a value that comes often is not divided, few values have a bin each."""
    present = np.sort(values[np.isfinite(values)])
    distinct = np.unique(present)
    bins = max(2, min(BINS_MAX, len(present) // ROWS_A_BIN))
    if len(distinct) > bins:
        distinct = np.unique(present[[len(present) * bin // bins for bin in range(bins)]])
    edges = distinct[1:]
    counts = np.bincount(np.searchsorted(edges, present, side="right"), minlength=len(edges) + 1)
    return {
        "type": "number",
        "nulls": int(len(values) - len(present)),
        "edges": [float(edge) for edge in edges],
        "counts": counts.tolist(),
    }


def of_categories(values, as_written):
    """The most frequent ones, of equals those that come first in their order, and all others together."""
    counted = Counter(values)
    nulls = counted.pop(NULL, 0)
    kept = sorted(counted.items(), key=lambda item: (-item[1], item[0]))[: BINS_MAX - 1]
    counts = [count for _, count in kept]
    return {
        "type": "category",
        "nulls": nulls,
        "values": [as_written(value) for value, _ in kept],
        "counts": counts + [sum(counted.values()) - sum(counts)],
    }
