"""Chapter 07: what students write, wrong and right."""

import math

import numpy as np
import torch
from scipy.stats import mannwhitneyu
from sklearn.metrics import roc_auc_score
from trials import right, wrong

from helpers import yardstick

# --- 1. Place a score -------------------------------------------------------------------------


@wrong("07-1", "average first, divide then")
def share_closed(score, rival, ceiling):
    return float(np.mean((score - rival) / (ceiling - rival)))


@wrong("07-1", "subtract it below as well")
def share_closed(score, rival, ceiling):
    return (np.mean(score) - np.mean(rival)) / np.mean(ceiling)


@wrong("07-1", "subtract the rival above too")
def share_closed(score, rival, ceiling):
    return np.mean(score) / (np.mean(ceiling) - np.mean(rival))


@wrong("07-1", "what is left of the gap")
def share_closed(score, rival, ceiling):
    return (np.mean(ceiling) - np.mean(score)) / (np.mean(ceiling) - np.mean(rival))


@wrong("07-1", "a gain alone says little")
def share_closed(score, rival, ceiling):
    return np.mean(score) - np.mean(rival)


@wrong("07-1", "do not cut it off")
def share_closed(score, rival, ceiling):
    share = (np.mean(score) - np.mean(rival)) / (np.mean(ceiling) - np.mean(rival))
    return max(0.0, min(1.0, share))


@wrong("07-1", "wanted the number")
def share_closed(score, rival, ceiling):
    return (score - rival) / (ceiling - rival)


@right("07-1")
def share_closed(score, rival, ceiling):
    return (np.mean(score) - np.mean(rival)) / (np.mean(ceiling) - np.mean(rival))


@right("07-1")
def share_closed(score, rival, ceiling):
    score, rival, ceiling = (torch.as_tensor(s).double() for s in (score, rival, ceiling))
    return (score - rival).mean() / (ceiling - rival).mean()


@right("07-1")
def share_closed(score, rival, ceiling):
    return sum(s - r for s, r in zip(score, rival, strict=True)) / sum(
        c - r for c, r in zip(ceiling, rival, strict=True)
    )


# --- 2. Price one detector twice --------------------------------------------------------------


def _rarity(members, score):
    return -np.log2(np.mean(np.asarray(members) >= score))


@wrong("07-2", "no more than n bits")
def two_prices(code, n, members, score):
    return code, _rarity(members, score)


@wrong("07-2", "take the smaller one")
def two_prices(code, n, members, score):
    return n, _rarity(members, score)


@wrong("07-2", "to base 2")
def two_prices(code, n, members, score):
    return min(code, n), -math.log(np.mean(np.asarray(members) >= score))


@wrong("07-2", "its price is -log2 of it")
def two_prices(code, n, members, score):
    return min(code, n), np.mean(np.asarray(members) >= score)


@wrong("07-2", "the sign")
def two_prices(code, n, members, score):
    return min(code, n), -_rarity(members, score)


@wrong("07-2", "not their number")
def two_prices(code, n, members, score):
    return min(code, n), np.log2(np.sum(np.asarray(members) >= score))


@wrong("07-2", "that score worse")
def two_prices(code, n, members, score):
    return min(code, n), -np.log2(np.mean(np.asarray(members) < score))


@wrong("07-2", "wanted at least 2 values")
def two_prices(code, n, members, score):
    return [min(code, n)]


@right("07-2")
def two_prices(code, n, members, score):
    return min(code, n), _rarity(members, score)


@right("07-2")
def two_prices(code, n, members, score):
    hits = sum(1 for each in members if each >= score)
    return (n if code > n else code), math.log2(len(members) / hits)


@right("07-2")
def two_prices(code, n, members, score):
    members = torch.as_tensor(members).double()
    share = (members >= score).double().mean()
    return torch.tensor([min(float(code), float(n)), -share.log2()])


# --- 3. Repair: is the dog special? -----------------------------------------------------------


@wrong("07-3", "a correlation depends on how many are positive")
def lead(dog_scores, dog_y, lot_scores, lot_y):
    return np.corrcoef(dog_scores, dog_y)[0, 1] - np.corrcoef(lot_scores, lot_y)[0, 1]


@wrong("07-3", "accuracy depends on how many are positive")
def lead(dog_scores, dog_y, lot_scores, lot_y):
    one, other = (
        np.mean(np.sign(scores) == y) for scores, y in ((dog_scores, dog_y), (lot_scores, lot_y))
    )
    return one - other


@wrong("07-3", "a tie counts half")
def lead(dog_scores, dog_y, lot_scores, lot_y):
    def pairs(scores, y):
        return np.mean(scores[y > 0][:, None] > scores[y < 0])

    return pairs(dog_scores, dog_y) - pairs(lot_scores, lot_y)


@wrong("07-3", "not the other way round")
def lead(dog_scores, dog_y, lot_scores, lot_y):
    return roc_auc_score(lot_y, lot_scores) - roc_auc_score(dog_y, dog_scores)


@wrong("07-3", "asked for is the difference")
def lead(dog_scores, dog_y, lot_scores, lot_y):
    return roc_auc_score(dog_y, dog_scores)


@wrong("07-3", "is no AUC")
def lead(dog_scores, dog_y, lot_scores, lot_y):
    def gap(scores, y):
        return scores[y > 0].mean() - scores[y < 0].mean()

    return gap(dog_scores, dog_y) - gap(lot_scores, lot_y)


@right("07-3")
def lead(dog_scores, dog_y, lot_scores, lot_y):
    return roc_auc_score(dog_y, dog_scores) - roc_auc_score(lot_y, lot_scores)


@right("07-3")
def lead(dog_scores, dog_y, lot_scores, lot_y):
    """The Mann-Whitney statistic over the number of pairs."""
    found = []
    for scores, y in ((dog_scores, dog_y), (lot_scores, lot_y)):
        high, low = np.asarray(scores)[y > 0], np.asarray(scores)[y < 0]
        found.append(mannwhitneyu(high, low).statistic / (len(high) * len(low)))
    return found[0] - found[1]


@right("07-3")
def lead(dog_scores, dog_y, lot_scores, lot_y):
    total = []
    for scores, y in ((dog_scores, dog_y), (lot_scores, lot_y)):
        scores, y = torch.as_tensor(scores).double(), torch.as_tensor(y)
        differences = scores[y > 0][:, None] - scores[y < 0]
        total.append((differences.sign() + 1).mean() / 2)
    return total[0] - total[1]


# --- 4. A rung of your own: two families in one -----------------------------------------------


def _solved(k, new, y, lam):
    return new @ np.linalg.solve(k + lam * np.eye(len(y)), y)


@wrong("07-4", "divide each by its mean diagonal first")
def both(k1, k1_new, k2, k2_new, y, lam):
    return _solved(k1 + k2, k1_new + k2_new, y, lam)


@wrong("07-4", "divide them by the same number")
def both(k1, k1_new, k2, k2_new, y, lam):
    k = k1 / np.diag(k1).mean() + k2 / np.diag(k2).mean()
    return _solved(k, k1_new + k2_new, y, lam)


@wrong("07-4", "halving a kernel doubles the penalty")
def both(k1, k1_new, k2, k2_new, y, lam):
    one, other = np.diag(k1).mean(), np.diag(k2).mean()
    return _solved((k1 / one + k2 / other) / 2, (k1_new / one + k2_new / other) / 2, y, lam)


@wrong("07-4", "not its sum")
def both(k1, k1_new, k2, k2_new, y, lam):
    one, other = np.trace(k1), np.trace(k2)
    return _solved(k1 / one + k2 / other, k1_new / one + k2_new / other, y, lam)


@wrong("07-4", "not times n")
def both(k1, k1_new, k2, k2_new, y, lam):
    one, other = np.diag(k1).mean(), np.diag(k2).mean()
    return _solved(k1 / one + k2 / other, k1_new / one + k2_new / other, y, lam * len(y))


@wrong("07-4", "only one of the families")
def both(k1, k1_new, k2, k2_new, y, lam):
    return _solved(k1 / np.diag(k1).mean(), k1_new / np.diag(k1).mean(), y, lam)


@wrong("07-4", "received a call of fit_kernel")
def both(k1, k1_new, k2, k2_new, y, lam):
    fit = yardstick.ridge.fit_kernel(torch.as_tensor(k1 + k2), torch.as_tensor(y))
    return fit.predict(torch.as_tensor(k1_new + k2_new))


@right("07-4")
def both(k1, k1_new, k2, k2_new, y, lam):
    one, other = np.trace(k1) / len(y), np.trace(k2) / len(y)
    return _solved(k1 / one + k2 / other, k1_new / one + k2_new / other, y, lam)


@right("07-4")
def both(k1, k1_new, k2, k2_new, y, lam):
    k, new = 0, 0
    for train, test in ((k1, k1_new), (k2, k2_new)):
        train, test = torch.as_tensor(train).double(), torch.as_tensor(test).double()
        size = train.diagonal().mean()
        k, new = k + train / size, new + test / size
    k = k + lam * torch.eye(len(k)).double()
    return new @ torch.linalg.solve(k, torch.as_tensor(y).double())


@right("07-4")
def both(k1, k1_new, k2, k2_new, y, lam):
    """Features side by side, from roots of the two kernels, and ridge on them."""
    features, new = [], []
    for train, test in ((k1, k1_new), (k2, k2_new)):
        size = np.trace(train) / len(train)
        values, vectors = np.linalg.eigh(train / size)
        keep = values > 1e-9
        root = vectors[:, keep] * np.sqrt(values[keep])
        features.append(root)
        new.append(test / size @ vectors[:, keep] / np.sqrt(values[keep]))
    phi, phi_new = np.hstack(features), np.hstack(new)
    return phi_new @ np.linalg.solve(phi.T @ phi + lam * np.eye(phi.shape[1]), phi.T @ y)
