"""Chapter 04: what students write, wrong and right."""

import itertools
import math

import numpy as np
import torch
from trials import oracle, right, wrong

from helpers.coursework.answers import Unfit, fitted
from helpers.coursework.calls import Open, Stopped

# --- 1. The missing null ----------------------------------------------------------------------


def _selves(before, after):
    pairs = zip(np.transpose(before), np.transpose(after), strict=True)
    with np.errstate(all="ignore"):
        return np.array([np.corrcoef(a, b)[0, 1] for a, b in pairs])


def _mean(before, after):
    return np.nanmean(np.abs(_selves(before, after)))


@wrong("04-1", "subtract what random masks of that size preserve")
def preserved(before, after, nulls):
    return _mean(before, after)


@wrong("04-1", "this is the random masks' number alone")
def preserved(before, after, nulls):
    return np.mean([_mean(before, null) for null in nulls])


@wrong("04-1", "turned round is preserved too")
def preserved(before, after, nulls):
    found, *chance = (np.nanmean(_selves(before, table)) for table in (after, *nulls))
    return found - np.mean(chance)


@wrong("04-1", "absolute value of each unit's correlation")
def preserved(before, after, nulls):
    found, *chance = (abs(np.nanmean(_selves(before, table))) for table in (after, *nulls))
    return found - np.mean(chance)


@wrong("04-1", "leave it out instead of counting 0")
def preserved(before, after, nulls):
    found, *chance = (np.nan_to_num(np.abs(_selves(before, t))).mean() for t in (after, *nulls))
    return found - np.mean(chance)


@wrong("04-1", "mean over all of them")
def preserved(before, after, nulls):
    return _mean(before, after) - _mean(before, nulls[0])


@wrong("04-1", "unit by unit; you correlated over units")
def preserved(before, after, nulls):
    b = np.transpose(before)
    found, *chance = (_mean(b, np.transpose(t)) for t in (after, *nulls))
    return found - np.mean(chance)


@wrong("04-1", "after pruning minus by chance")
def preserved(before, after, nulls):
    return np.mean([_mean(before, null) for null in nulls]) - _mean(before, after)


@wrong("04-1", "units (nan)")
def preserved(before, after, nulls):
    return np.abs(_selves(before, after)).mean()


@right("04-1")
def preserved(before, after, nulls):
    return _mean(before, after) - np.mean([_mean(before, null) for null in nulls])


@right("04-1")
def preserved(before, after, nulls):
    def loop(table):
        found = []
        for j in range(np.shape(before)[1]):
            a = [float(row[j]) for row in before]
            b = [float(row[j]) for row in table]
            a, b = (np.array(t) - sum(t) / len(t) for t in (a, b))
            if (a @ a) * (b @ b) > 1e-18:
                found.append(abs(a @ b) / math.sqrt((a @ a) * (b @ b)))
        return sum(found) / len(found)

    return loop(after) - sum(loop(null) for null in nulls) / len(nulls)


@right("04-1")
def preserved(before, after, nulls):
    tables = torch.cat([torch.as_tensor(after)[None], torch.as_tensor(nulls)]).double()
    a, b = torch.as_tensor(before).double(), tables
    a, b = a - a.mean(0), b - b.mean(1, keepdim=True)
    cosine = (a * b).sum(1) / (a.norm(dim=0) * b.norm(dim=1))
    found = cosine.abs().nanmean(1)
    return found[:1] - found[1:].mean()


# --- 2. Program a weight ----------------------------------------------------------------------


@oracle("04-2")
def is_a_program(answer, rng):
    """The mask's edges sum to the weight within 2^-K, on weights of its own."""
    bits = int(rng.integers(3, 11))
    end = 2 - 2.0**-bits
    edges = [2.0**-k for k in range(bits + 1)]
    edges += [-edge for edge in edges]
    for w in (*rng.uniform(-end, end, size=6), 0.0, 1.0, -1.0, end, -end):
        try:
            mask = fitted(answer(float(w), bits), torch.zeros(len(edges)).double()).tolist()
        except (Unfit, Stopped, Open):
            return False
        if not set(mask) <= {0, 1}:
            return False
        if abs(sum(e for e, m in zip(edges, mask, strict=True) if m) - w) > 2.0**-bits + 1e-12:
            return False
    return True


def _digits(w, K):
    whole = round(abs(w) * 2**K)
    return [bool(whole >> (K - k) & 1) for k in range(K + 1)]


@wrong("04-2", "the sign is turned; positive edges come first")
def program(w, K):
    nothing = [False] * (K + 1)
    return nothing + _digits(w, K) if w >= 0 else _digits(w, K) + nothing


@wrong("04-2", "a negative weight is made of the negative edges")
def program(w, K):
    return (_digits(w, K) if w >= 0 else [False] * (K + 1)) + [False] * (K + 1)


@wrong("04-2", "wanted an array of shape")
def program(w, K):
    return _digits(w, 8) + [False] * 9 if w >= 0 else [False] * 9 + _digits(w, 8)


@wrong("04-2", "the last power, 2^-K, is an edge too")
def program(w, K):
    digits = [*_digits(int(abs(w) * 2 ** (K - 1)) / 2 ** (K - 1), K)[:-1], False]
    nothing = [False] * (K + 1)
    return digits + nothing if w >= 0 else nothing + digits


@wrong("04-2", "from the largest edge to the smallest")
def program(w, K):
    digits, rest = [False] * (K + 1), abs(w)
    for k in reversed(range(K + 1)):
        if rest >= 2.0**-k:
            digits[k], rest = True, rest - 2.0**-k
    nothing = [False] * (K + 1)
    return digits + nothing if w >= 0 else nothing + digits


@wrong("04-2", "wanted True or False for every edge")
def program(w, K):
    mask = np.zeros(2 * K + 2)
    mask[0] = w
    return mask


@wrong("04-2", "wanted an array of shape")
def program(w, K):
    return [k for k, digit in enumerate(_digits(w, K)) if digit]


@right("04-2")
def program(w, K):
    nothing = [False] * (K + 1)
    return _digits(w, K) + nothing if w >= 0 else nothing + _digits(w, K)


@right("04-2")
def program(w, K):
    """In integers, with NumPy."""
    whole = int(np.floor(abs(w) * 2.0**K))
    digits = np.array([whole // 2 ** (K - k) % 2 for k in range(K + 1)])
    mask = np.zeros((2, K + 1), dtype=int)
    mask[0 if w > 0 else 1] = digits
    return mask.ravel()


@right("04-2")
def program(w, K):
    """Both signs at once: 1 and -1 cancel."""
    first = [bool(m) for m in _digits(w, K)]
    both = [first, [False] * (K + 1)] if w >= 0 else [[False] * (K + 1), first]
    if not both[0][0] and not both[1][0]:
        both[0][0] = both[1][0] = True
    return torch.tensor(both).flatten()


# --- 3. Count what is drawn -------------------------------------------------------------------


def _drawn(d_in, d_out, F):
    return F * (d_in + 1) * (d_in + 1 + d_out) + d_out


def _per_edge(N, F):
    return _drawn(N, N, F) / (2 * N)


wrong("04-3", "the bias column has a block of F units, too", drawn_per_edge=_per_edge,
      drawn_for=lambda d_in, d_out, F: F * d_in * (d_in + 1 + d_out) + d_out)  # fmt: skip
wrong("04-3", "biases are drawn as well", drawn_per_edge=_per_edge,
      drawn_for=lambda d_in, d_out, F: F * (d_in + 1) * (d_in + d_out))  # fmt: skip
wrong("04-3", "the outputs have biases as well", drawn_per_edge=_per_edge,
      drawn_for=lambda d_in, d_out, F: _drawn(d_in, d_out, F) - d_out)  # fmt: skip
wrong("04-3", "all pairs of input and unit are drawn", drawn_per_edge=_per_edge,
      drawn_for=lambda d_in, d_out, F: F * (d_in + 1) * (1 + d_out))  # fmt: skip
wrong("04-3", "F makes no difference", drawn_per_edge=_per_edge,
      drawn_for=lambda d_in, d_out, F: _drawn(d_in, d_out, 10))  # fmt: skip
wrong("04-3", "inputs and outputs trade places", drawn_per_edge=_per_edge,
      drawn_for=lambda d_in, d_out, F: _drawn(d_out, d_in, F))  # fmt: skip
wrong("04-3", "two edges into each unit, 2N in all", drawn_for=_drawn,
      drawn_per_edge=lambda N, F: _drawn(N, N, F) / N**2)  # fmt: skip
wrong("04-3", "two edges into each of N units are 2N edges", drawn_for=_drawn,
      drawn_per_edge=lambda N, F: _drawn(N, N, F) / N)  # fmt: skip
wrong("04-3", "per edge is asked for", drawn_for=_drawn,
      drawn_per_edge=lambda N, F: _drawn(N, N, F))  # fmt: skip

right("04-3", drawn_for=_drawn, drawn_per_edge=_per_edge)
right("04-3", drawn_for=lambda d_in, d_out, F: torch.tensor(_drawn(d_in, d_out, F)),
      drawn_per_edge=lambda N, F: np.float64(_drawn(N, N, F)) / 2 / N)  # fmt: skip


@right("04-3")
def drawn_for(d_in, d_out, F):
    total = 0
    for fan_in, fan_out in ((d_in, F * d_in + F), (F * d_in + F, d_out)):
        for _ in range(fan_out):
            total += fan_in + 1
    return total


# --- 4. A reading of your own: cut whole units ------------------------------------------------


def _counts(a, v, c, y, choices=(0.0, 1.0)):
    """How many labels each subset gets right."""
    a, v, y = (np.asarray(part, float) for part in (a, v, y))
    return np.array([int(((a @ (v * np.array(s)) + c > 0) == (y > 0)).sum())
                     for s in itertools.product(choices, repeat=len(v))])  # fmt: skip


def _priced(counts, y):
    return counts.max() / len(y), -math.log2((counts == counts.max()).mean())


@wrong("04-4", "-log2 of their share")
def best_by_units(a, v, c, y):
    return _priced(_counts(a, v, c, y), y)[0], len(v)


@wrong("04-4", "in bits: -log2 of it")
def best_by_units(a, v, c, y):
    best, bits = _priced(_counts(a, v, c, y), y)
    return best, 2**-bits


@wrong("04-4", "-log2 of their share is wanted")
def best_by_units(a, v, c, y):
    counts = _counts(a, v, c, y)
    return counts.max() / len(y), (counts == counts.max()).sum()


@wrong("04-4", "natural logarithm")
def best_by_units(a, v, c, y):
    best, bits = _priced(_counts(a, v, c, y), y)
    return best, bits * math.log(2)


@wrong("04-4", "the output bias stays")
def best_by_units(a, v, c, y):
    return _priced(_counts(a, v, 0.0, y), y)


@wrong("04-4", "keeps its readout weight v")
def best_by_units(a, v, c, y):
    return _priced(_counts(a, np.ones(len(v)), c, y), y)


@wrong("04-4", "the sign is not yours to turn")
def best_by_units(a, v, c, y):
    counts = _counts(a, v, c, y)
    return _priced(np.maximum(counts, len(y) - counts), y)


@wrong("04-4", "subsets of any size are members")
def best_by_units(a, v, c, y):
    h = len(v)
    counts = np.array([_counts(np.asarray(a)[:, [j]], [v[j]], c, y)[1] for j in range(h)])
    return _priced(counts, y)


@wrong("04-4", "cut several units at once")
def best_by_units(a, v, c, y):
    a, v, y = (np.asarray(part, float) for part in (a, v, y))
    kept, best = np.ones(len(v)), -1.0
    while True:
        options = [kept] + [np.where(np.arange(len(v)) == j, 0.0, kept) for j in range(len(v))]
        shares = [np.mean((a @ (v * s) + c > 0) == (y > 0)) for s in options]
        if max(shares) <= best:
            return best, len(v)
        best, kept = max(shares), options[int(np.argmax(shares))]


@right("04-4")
def best_by_units(a, v, c, y):
    return _priced(_counts(a, v, c, y), y)


@right("04-4")
def best_by_units(a, v, c, y):
    """All subsets in one matrix product, in torch."""
    a, v, y = (torch.as_tensor(part).double() for part in (a, v, y))
    h = len(v)
    subsets = (torch.arange(2**h)[:, None] >> torch.arange(h) & 1).double()
    right_ones = ((a @ (subsets * v).T + c > 0) == (y > 0)[:, None]).double().mean(0)
    share = torch.isclose(right_ones, right_ones.max()).double().mean()
    return torch.stack([right_ones.max(), -torch.log2(share)])


@right("04-4")
def best_by_units(a, v, c, y):
    """By recursion: each unit is cut or kept."""
    a, v, y = np.asarray(a, float), np.asarray(v, float), np.asarray(y, float)

    def all_scores(j):
        if j == len(v):
            return [np.full(len(y), float(c))]
        rest = all_scores(j + 1)
        return rest + [r + v[j] * a[:, j] for r in rest]

    hits = [sum(bool(s > 0) == bool(t > 0) for s, t in zip(f, y, strict=True))
            for f in all_scores(0)]  # fmt: skip
    return [max(hits) / len(y), len(v) - math.log2(hits.count(max(hits)))]


# --- 5. Repair: a race with two stopwatches ---------------------------------------------------


def _lead(first, second, **options):
    lead = np.asarray(first, float) - np.asarray(second, float)
    return lead.mean(), lead.std(**({"ddof": 1} | options)) / len(lead) ** 0.5


def _stopped(valid, test):
    valid, test = np.asarray(valid), np.asarray(test)
    return test[np.arange(len(test)), valid.argmax(1)]


@wrong("04-5", "test must not say when to stop")
def fair_lead(ticket_valid, ticket_test, rival_valid, rival_test):
    return _lead(np.max(np.asarray(ticket_test), 1), np.max(np.asarray(rival_test), 1))


@wrong("04-5", "for each seed, by its own validation")
def fair_lead(ticket_valid, ticket_test, rival_valid, rival_test):
    first = np.asarray(ticket_test)[:, np.asarray(ticket_valid).mean(0).argmax()]
    return _lead(first, np.asarray(rival_test)[:, np.asarray(rival_valid).mean(0).argmax()])


@wrong("04-5", "the last step is not the best")
def fair_lead(ticket_valid, ticket_test, rival_valid, rival_test):
    return _lead(np.asarray(ticket_test)[:, -1], np.asarray(rival_test)[:, -1])


@wrong("04-5", "these are validation scores")
def fair_lead(ticket_valid, ticket_test, rival_valid, rival_test):
    return _lead(np.asarray(ticket_valid).max(1), np.asarray(rival_valid).max(1))


@wrong("04-5", "a mean over steps")
def fair_lead(ticket_valid, ticket_test, rival_valid, rival_test):
    return _lead(np.asarray(ticket_test).mean(1), np.asarray(rival_test).mean(1))


@wrong("04-5", "std divides by n")
def fair_lead(ticket_valid, ticket_test, rival_valid, rival_test):
    return _lead(_stopped(ticket_valid, ticket_test), _stopped(rival_valid, rival_test), ddof=0)


@wrong("04-5", "divide by the root of their number")
def fair_lead(ticket_valid, ticket_test, rival_valid, rival_test):
    lead = _stopped(ticket_valid, ticket_test) - _stopped(rival_valid, rival_test)
    return lead.mean(), lead.std(ddof=1)


@wrong("04-5", "the spread of their differences")
def fair_lead(ticket_valid, ticket_test, rival_valid, rival_test):
    first, second = _stopped(ticket_valid, ticket_test), _stopped(rival_valid, rival_test)
    both = first.var(ddof=1) + second.var(ddof=1)
    return (first - second).mean(), (both / len(first)) ** 0.5


@wrong("04-5", "ticket minus rival")
def fair_lead(ticket_valid, ticket_test, rival_valid, rival_test):
    return _lead(_stopped(rival_valid, rival_test), _stopped(ticket_valid, ticket_test))


@right("04-5")
def fair_lead(ticket_valid, ticket_test, rival_valid, rival_test):
    return _lead(_stopped(ticket_valid, ticket_test), _stopped(rival_valid, rival_test))


@right("04-5")
def fair_lead(ticket_valid, ticket_test, rival_valid, rival_test):
    leads = []
    for tv, tt, rv, rt in zip(ticket_valid, ticket_test, rival_valid, rival_test, strict=True):
        best, other = list(map(float, tv)), list(map(float, rv))
        leads.append(float(tt[best.index(max(best))]) - float(rt[other.index(max(other))]))
    mean = sum(leads) / len(leads)
    variance = sum((lead - mean) ** 2 for lead in leads) / (len(leads) - 1)
    return [mean, math.sqrt(variance / len(leads))]


@right("04-5")
def fair_lead(ticket_valid, ticket_test, rival_valid, rival_test):
    from scipy.stats import sem

    def at(valid, test):
        where = torch.as_tensor(valid).argmax(dim=1, keepdim=True)
        return torch.as_tensor(test).gather(1, where)[:, 0].numpy()

    lead = at(ticket_valid, ticket_test) - at(rival_valid, rival_test)
    return np.array([np.mean(lead), sem(lead)])
