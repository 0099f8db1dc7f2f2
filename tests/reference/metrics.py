"""Naive float64 loops: every measure from its definition, in exact fractions where a tie could matter."""

from __future__ import annotations

from fractions import Fraction


def counts_at(scores, positive, threshold):
    """Return how many images reach the threshold, and how many of these are positive."""
    predicted = [p for s, p in zip(scores, positive, strict=True) if s >= threshold]
    return len(predicted), sum(predicted)


def average_precision(scores, positive, *, method="area", total=None):
    """Average precision of one class; ``total`` replaces the number of positives in the recall."""
    total = sum(positive) if total is None else total
    if total == 0:
        return float("nan")
    points = []
    for threshold in sorted(set(scores), reverse=True):
        predicted, correct = counts_at(scores, positive, threshold)
        points.append((Fraction(correct, total), Fraction(correct, predicted)))
    if method == "voc07":
        best = [max((p for r, p in points if r >= Fraction(i, 10)), default=Fraction(0)) for i in range(11)]
        return float(sum(best) / 11)
    area, before = Fraction(0), Fraction(0)
    for i, (recall, precision) in enumerate(points):
        height = max(p for _, p in points[i:]) if method == "voc10" else precision
        area += (recall - before) * height
        before = recall
    return float(area)


def best_f1(scores, positive):
    """Highest F1 over all cuts, and the midpoint of the highest cut that has it."""
    distinct = sorted(set(scores), reverse=True)
    best, threshold = Fraction(-1), None
    for i, cut in enumerate(distinct):
        predicted, correct = counts_at(scores, positive, cut)
        f1 = Fraction(2 * correct, predicted + sum(positive))
        if f1 > best:
            below = distinct[i + 1] if i + 1 < len(distinct) else cut
            best, threshold = f1, (cut + below) / 2
    return float(best), threshold


def right_at_k(scores, target, k):
    """Is the right class among the first k, of equal scores the lower class number first?"""
    order = sorted(range(len(scores)), key=lambda c: (-scores[c], c))
    return target in order[:k]


def top_class_present(scores, target, known):
    """Is the first of the highest known scores a present class's? None where no known class is present."""
    classes = [c for c in range(len(scores)) if known[c]]
    if not any(target[c] for c in classes):
        return None
    return bool(target[min(classes, key=lambda c: (-scores[c], c))])


def point_hit(point, boxes, margin):
    """Does the point lie in one of the boxes grown by the margin?"""
    x, y = point
    return any(
        x1 - margin <= x <= x2 + margin and y1 - margin <= y <= y2 + margin for x1, y1, x2, y2 in boxes
    )


def box_iou(a, b):
    """Intersection over union of two boxes."""
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    shared = width * height
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    return shared / union if union > 0 else 0.0


def max_box_accuracy(tuning, testing, levels):
    """Choose each level's best threshold on one set of pairs; average what they give on another."""
    accuracies = []
    for level in levels:
        rates = [sum(row[t] >= level for row in tuning) for t in range(len(tuning[0]))]
        best = [t for t, rate in enumerate(rates) if rate == max(rates)]
        t = best[len(best) // 2]
        accuracies.append(sum(row[t] >= level for row in testing) / len(testing))
    return sum(accuracies) / len(accuracies)


def class_iou(predictions, targets, num_classes, ignore=255):
    """IoU of each class over the pixels of the whole set."""
    pixels = [
        (p, t)
        for prediction, target in zip(predictions, targets, strict=True)
        for p, t in zip(prediction.flatten().tolist(), target.flatten().tolist(), strict=True)
        if t != ignore
    ]
    ious = []
    for c in range(num_classes):
        both = sum(p == c and t == c for p, t in pixels)
        either = sum(p == c or t == c for p, t in pixels)
        ious.append(both / either if either else float("nan"))
    return ious
