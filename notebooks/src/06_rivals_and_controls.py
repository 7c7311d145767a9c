# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 06 Rivals and controls: is it SSA, and is it transfer at all?
#
# **Question.** RGB gains from training beside depth. Is that SSA's doing, or would any other way of
# learning from a second network do? And is it *learning from depth*, or would any disturbance of
# that size keep the network from learning its clips by heart?
#
# $$\ell^m = \ell_{cls}^m + \lambda \sum_n \rho^{m,n} D(m, n), \qquad
# D_{KD} = T^2 \sum_k q_k \log \frac{q_k}{p_k}, \qquad
# D_{SP} = \tfrac{1}{N^2} \lVert G_m - G_n \rVert_F^2$$
#
# All methods have this form and differ in $D$. Distillation (KD) compares class probabilities,
# $q$ of the teacher and $p$ of the learner, both the softmax of logits over a temperature $T$.
# Similarity preserving (SP) compares which clips of a batch are alike ($G$, $N \times N$). SSA
# compares which *moments and places* of one clip are alike.
#
# **Prerequisites.** Notebooks 03 and 04.
#
# **You will be able to** compute a rival's loss by hand; say what each loss cannot see; compare
# methods on equal budgets, paired, with adjusted p values; read a control.
#
# **Time.** 30 minutes to read; at most 90 seconds to run on a 2-core CPU, from an empty cache.

# %%
import pandas as pd
import torch

import mmtlib
from mmtlib import figures, losses, study
from mmtlib.evaluation import paired_difference
from mmtlib.exercises import checks, hint

# %% [markdown]
# ## 1 By hand: distillation with a temperature
#
# A teacher has the logits 2, 1, 0 for three classes; the learner knows nothing yet: 0, 0, 0.
#
# **Predict before you run.** What becomes of the teacher's probability of class 1 as $T$ grows? Of
# the divergence $KL$? And of $T^2 KL$: does it go to 0, to infinity, or to something between?

# %%
teacher, learner, rows = torch.tensor([2.0, 1.0, 0.0]), torch.zeros(3), {}
for T in (1.0, 2.0, 4.0, 16.0):
    q, p = (teacher / T).softmax(0), (learner / T).softmax(0)
    kl = (q * (q / p).log()).sum()
    rows[T] = {"q of the first": q[0].item(), "KL": kl.item(), "T^2 KL": (T**2 * kl).item()}
    library = losses.distillation_loss(learner[None], teacher[None], T)[0]
    torch.testing.assert_close(library, T**2 * kl)
pd.DataFrame(rows).T.rename_axis("T").round(4)

# %% [markdown]
# The equation stands beside the library's function, and they agree. A high temperature makes the
# small probabilities count ("click is more like open hand than like beckon"); the factor $T^2$
# keeps the size of the pull. In the limit, $T^2 KL$ is half the mean square of the differences of
# the logits, each taken from its mean: here $\tfrac12 \cdot \tfrac23 = \tfrac13$.
#
# ### Exercise 1: the loss
#
# From logits of learner and teacher `(N, K)` to one loss per clip `(N,)`, with a gradient for the
# learner only. Stuck? `hint("distillation", 1)`, then 2 and 3.


# %% tags=["exercise"]
def distillation(logits, teacher, T):
    raise NotImplementedError("your code here")


# %% tags=["solution"]
def distillation(logits, teacher, T):
    log_p, log_q = (logits / T).log_softmax(1), (teacher.detach() / T).log_softmax(1)
    return T**2 * (log_q.exp() * (log_q - log_p)).sum(1)


# %% tags=["check"]
checks.distillation(distillation)

# %% [markdown]
# ## 2 What a loss cannot see
#
# Two other rivals look at features. *Attention transfer* compares how **active** each position is,
# SP which **clips** are alike. A loss that is 0 asks nothing of the learner; so look for changes of
# the teacher's own features at which it stays 0.
#
# **Predict before you run:** twelve numbers, three losses by four changes. Which of them are 0?

# %%
draw = torch.Generator().manual_seed(0)
features = torch.randn(4, 6, 2, 3, 3, generator=draw)  # clips, channels, T, H, W
mixing, _ = torch.linalg.qr(torch.randn(6, 6, generator=draw))
order = torch.randperm(18, generator=draw)
changed = {
    "channels mixed (a rotation)": torch.einsum("kc,ncthw->nkthw", mixing, features),
    "twice as strong": 2 * features,
    "positions shuffled, all clips alike": features.flatten(2)[:, :, order].view_as(features),
    "another clip": features.roll(1, 0),
}
compared = [losses.ssa_distance, losses.attention_transfer_loss, losses.similarity_preserving_loss]
found = [[f(new, features).mean().item() for f in compared] for new in changed.values()]
pd.DataFrame(found, list(changed), ["SSA", "attention", "similarity"]).round(4).abs()

# %% [markdown]
# None of them needs channels that mean the same: the first row is what makes them fit for
# *different sensors*. The third row sets them apart: SP does not care where anything is, as long
# as the same clips are alike. Distillation is not in the table, as it sees no features. So the
# methods ask for more and more: the same answer (KD, mutual learning), the same neighbours (SP),
# activity in the same places (attention), the same *pattern of likeness* between all places
# (SSA).
#
# ## 3 Equal budgets
#
# A method with a well-chosen weight beats one with a bad weight, whatever the methods. Here each
# got four trials and two seeds, chosen on **validation** people who play no part below; and so
# did the baseline, with four ways of regularizing it. Mean accuracy of RGB:

# %%
trials = mmtlib.load_results("study-tuning")
means = trials[trials["target"] == "rgb"].groupby("arm")["accuracy"].mean()
table = {
    study.arm_name(m): [f"{trial}: {means[f'{m} {trial}']:.1%}" for trial in tried]
    for m, tried in study.plan.TRIALS.items()
}
pd.DataFrame(table).T

# %% [markdown]
# Is the best trial of a row at its end? Then the best weight may lie beyond what was tried, and the
# method is undersold. Is a row very uneven? Then whoever tries one weight only would rank it
# anywhere. And the highest of four numbers with noise is too high, for every row alike: the
# accuracies that count come from other people, next.
#
# ## 4 Is the gain SSA's?
#
# New people, six seeds, every method at the weight chosen above. Each bar is the paired
# difference from RGB alone. *Late fusion* is no rival: it uses both sensors when it is tested, so
# it says what a second camera would be worth. **Predict before you look:** who comes first? Does
# SSA lose without focal regularization?

# %%
found = study.answers()
s2 = found[found["question"] == "S2"].sort_values("difference", ascending=False)
family = {"mtut": "SSA", "ssa": "SSA", "one_way": "SSA", study.LATE_FUSION: "Both sensors tested"}
bars = s2.assign(name=s2["arm"].map(study.arm_name), group=s2["arm"].map(family).fillna("Rivals"))
print("; ".join(mmtlib.load_results("study-rivals")["origin"].unique()))
seeds = f"95% interval over people and {s2['seeds'].max()} seeds"
figures.difference_bars(
    bars, label="RGB against RGB alone (points)", interval=seeds, width=figures.TWO_COLUMN
)

# %% [markdown]
# **What to see.** First, which bars have an interval that leaves out 0: those methods help at
# all. Then whether SSA with focal regularization stands apart from the best rival, or whether the
# rivals reach it. If they do, *"train beside depth"* is the finding and SSA is one way of doing
# it. The comparison of one-way SSA with the two-way one says whether it matters that depth
# listens too; that with SSA without $\rho$ says what choosing *when* to listen brings.
#
# Do **not** judge by whether two intervals overlap: both contain the same luck of RGB alone.
#
# ## 5 Head to head
#
# All methods had the same seeds and test clips. So pair them with each other.
#
# ### Exercise 2: mean and t
#
# From two arrays of accuracies, seed by seed, to the mean difference (second minus first) and its
# paired t value. Stuck? `hint("head_to_head", 1)`.


# %% tags=["exercise"]
def head_to_head(first, second):
    raise NotImplementedError("your code here")


# %% tags=["solution"]
def head_to_head(first, second):
    steps = second - first
    return steps.mean(), steps.mean() / (steps.std(ddof=1) / len(steps) ** 0.5)


# %% tags=["check"]
checks.head_to_head(head_to_head)

# %%
grids = study.complete_grids()
measured = study.Measured(grids["S2"])
rows, ours = [], measured.pooled("mtut", "rgb")
for arm in s2.loc[~s2["arm"].isin(["mtut", study.LATE_FUSION]), "arm"]:
    duel = paired_difference(measured.pooled(arm, "rgb"), ours)
    name = study.arm_name(arm)
    rows.append(("SSA + focal minus ...", name, duel.mean, duel.low, duel.high))
table = pd.DataFrame(rows, columns=["group", "name", "difference", "low", "high"])
figures.difference_bars(table, interval=seeds, width=figures.TWO_COLUMN)

# %% [markdown]
# **What to see.** To the right of 0 SSA with focal regularization is better than that method, to
# the left worse. A bar whose interval holds 0 is no proof that the two are equal: read off how
# large a difference the interval still allows. And it is a comparison of methods *as they were
# tuned here*.
#
# ## 6 Many comparisons: Holm
#
# Test twenty methods that do nothing, and one of them is expected to look good at 5 %. Holm's
# method: sort the $n$ p values, multiply the smallest by $n$, the next by $n - 1$, and so on. Where
# a product is below the one before it, it takes that one's place: they never fall. A comparison
# that is shown twice is still one test, and counts once in $n$.
#
# **Predict before you run** the check: what becomes of 0.02, 0.001, 0.03?
#
# ### Exercise 3: adjusted p values
#
# In the order given, at most 1. Stuck? `hint("holm_adjusted", 1)`.


# %% tags=["exercise"]
def holm_adjusted(p):
    raise NotImplementedError("your code here")


# %% tags=["solution"]
def holm_adjusted(p):
    adjusted, highest = [0.0] * len(p), 0.0
    for rank, i in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        highest = max(highest, min(1.0, p[i] * (len(p) - rank)))
        adjusted[i] = highest
    return adjusted


# %% tags=["check"]
checks.holm_adjusted(holm_adjusted)

# %% [markdown]
# ## 7 Controls: what is left without the knowledge?
#
# Each control keeps most of the training and takes one thing away:
#
# | control | taken away |
# |---|---|
# | map of another clip, same class | this clip; what its class has in common stays |
# | map of another clip, other class | that too: some hand, somewhere |
# | frozen random teacher | all that depth has learnt; what random weights make of its clip stays |
# | a second RGB network | the other sensor |
# | rho constant, matched | the choice of when, and **who**: it pulls both ways, the teacher too |
# | alone, twice the epochs | the teacher; as many steps as two networks have |
# | alone, regularized | the teacher; the usual remedy instead, tuned in section 3 |
#
# **Predict before you look:** order them by what RGB still gains.

# %%
s3 = found[found["question"] == "S3"]
where = {"mtut": "The method", "constant rho": "Same teacher"}
where |= {arm: "No teacher" for arm in s3["arm"] if arm.startswith("alone")}
group = s3["arm"].map(where).fillna("Other teacher")
bars = s3.assign(name=s3["arm"].map(study.arm_name), group=group)
print("; ".join(mmtlib.load_results("study-controls")["origin"].unique()))
figures.difference_bars(
    bars, label="RGB against RGB alone (points)", interval=seeds, width=figures.TWO_COLUMN
)

# %% [markdown]
# **What to see.** A control whose interval holds 0 shows no gain without what was taken away (its
# upper end says how much may be left). One that gains as much as the method lost nothing that
# mattered. In between, its bar is what can be had *without* the thing taken away. Long bars of "no
# teacher" would say that regularizing is enough; of "other teacher", that any moving target helps.
# And a bar to the *left* of 0 says that a teacher who speaks of something else harms.
#
# How much of the gain each control leaves cannot be read off two bars, as both contain RGB alone.
# So once more head to head, with the same seeds:

# %%
left = study.control_contrasts()
rows = left.assign(name=left["arm"].map(study.arm_name), group="SSA + focal minus ...")
figures.difference_bars(rows, interval=seeds, width=figures.TWO_COLUMN)

# %% [markdown]
# **What to see.** A bar is what the thing taken away is worth. Compare the maps of other clips
# with "a second RGB network": does it matter more *which clip* the teacher sees, or with which
# *sensor*? Then "rho constant, matched": it takes away *two* things. Focal rho is a gate in time,
# and one in direction: depth, the better one, hardly listens. A constant pulls depth towards RGB
# as well. So this bar cannot say which of the two counts. The control that can, one-way SSA with
# the same constant, is not in this study.
#
# And the p values of S2 and S3 beside their adjusted ones, over all secondary comparisons of the
# study that are stored. SSA + focal stands in both tables, with the same runs: one test.

# %%
p = found[found["question"].isin(["S2", "S3"])].assign(what=lambda t: t["arm"].map(study.arm_name))
p.set_index(["question", "what"])[["difference", "p", "p_holm"]].dropna().map("{:.3f}".format)

# %% [markdown]
# An interval that leaves out 0 beside an adjusted p value far above 0.05 is no contradiction: the
# interval belongs to this one comparison, the p value pays for having made all of them.
#
# One caution about adding up: "gain = transfer + regularization" is a way of speaking. The parts
# need not add: a regularized network may have less left to gain from a teacher.
#
# ## 8 One point, made live
#
# Four ways on the preset `tiny` (48 clips of 16 x 16 pixels), one seed, trained now. For
# distillation depth is trained first, and frozen.

# %%
small = mmtlib.ExperimentConfig.make(
    preset="tiny", modalities="rgb,depth", epochs=20, ssa_weight=100.0
)
ways = {
    "alone": small.alone("rgb"),
    "SSA + focal": small,
    "distillation": small.replace(method="kd", teacher="depth", transfer_weight=10.0),
    "map of another clip, same class": small.replace(control="other_clip_same_class"),
}
live = mmtlib.run_all(list(ways.values()))
shares = [run.validation_accuracy["rgb"] for run in live]
pd.DataFrame({"RGB": shares}, index=list(ways)).map("{:.1%}".format)

# %% [markdown]
# 24 validation clips, so one clip is four points: this shows how such a comparison is made, and
# nothing about who wins. `small.replace(seed=1)` will order them anew. The study needed six seeds,
# 1,152 test clips of 24 people and hours of computing, and how wide its intervals are all the same
# can be read off the figures above.
#
# ## 9 Pitfalls
#
# - **An untuned rival.** Equal budgets for all, the baseline included, on people who are not
#   tested.
# - **The edge of the grid.** A best weight at the end of its row may not be the best.
# - **Overlapping intervals.** Compare two methods with each other, paired.
# - **The reference as a rival.** Late fusion has two sensors at test time. It is no upper bound
#   either: here it is below depth alone, as the weaker network votes too.
# - **"Not shown" is not "equal".** Say which differences the interval leaves open.
# - **A control that is too easy.** A random teacher may be harmful, and then beating it says
#   little. Match the strength ("rho constant, matched"), and add remedies without any teacher.
# - **One data set, one network.** Which method wins may be another matter on real clips.
#
# ## 10 Summary
#
# A gain belongs to a method only if rivals with the same budget do not reach it, and to *transfer*
# only if controls that lack the knowledge do not. Head to head, paired, adjusted for the number of
# questions; then say which part is left.
#
# **Sources.** Hinton, Vinyals, Dean 2015, arXiv 1503.02531 (distillation); Zhang et al., CVPR 2018,
# arXiv 1706.00384 (mutual learning); Zagoruyko, Komodakis, ICLR 2017, arXiv 1612.03928 (attention
# transfer); Tung, Mori, ICCV 2019, arXiv 1907.09682 (similarity preserving); Abavisani et al., CVPR
# 2019, arXiv 1812.06145 (SSA); Holm, Scandinavian Journal of Statistics 6, 1979.
#
# **Next.** [07 Negative transfer](07_negative_transfer.ipynb): who loses, and when?
#
# ## Self-test
#
# Five questions. Tab moves, the space bar chooses and checks; the text below the widget works
# without a running kernel.

# %%
from mmtlib.widgets import self_test

self_test("06_rivals_and_controls")
