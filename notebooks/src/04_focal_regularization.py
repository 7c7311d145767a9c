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
# # 04 Focal regularization: when should a network not listen?
#
# **Where we are.** In notebook 03 RGB was pulled towards depth's map on every clip, and depth
# towards RGB's.
#
# **Question.** What if the teacher is worse than the learner?
#
# $$\rho^{m,n} = \max\left(0,\; e^{\beta\,\Delta\ell} - 1\right), \quad
# \Delta\ell = \ell_{cls}^m - \ell_{cls}^n, \quad
# \ell_{SSA}^{m,n} = \rho^{m,n}\, \lVert \mathrm{corr}(F_m) - \mathrm{corr}(F_n) \rVert_F^2$$
#
# $\ell_{cls}^m$ is the classification loss of the learner, $\ell_{cls}^n$ that of the teacher,
# and $\beta$ the steepness, 2 in the paper. $\rho$ is the *focal regularization parameter*: how
# much $m$ listens to $n$. (It is **not** the "focal loss" of object detection, which reweights
# the classification loss itself.)
#
# **Prerequisites.** Notebook 03 (correlation maps, SSA with $\rho = 1$).
#
# **You will be able to** say what negative transfer is; compute $\rho$ by hand; choose between one
# $\rho$ per clip and one per batch, knowing what differs; read curves of $\rho$ over a training;
# say what a comparison with one seed leaves open.
#
# **Time.** 25 minutes to read; at most 3 minutes to run on a 2-core CPU from an empty cache,
# seconds if the runs are stored.

# %%
import math

import pandas as pd
import torch
from IPython.display import ProgressBar

import mmtlib
from mmtlib import figures
from mmtlib.exercises import checks, hint
from mmtlib.losses import RHO_MAX, focal_regularization, ssa_loss

# %% [markdown]
# ## 1 Negative transfer
#
# With $\rho = 1$ every network is pulled towards the map of every other one, always. If the other
# has understood the clip, that may help. If it has not, its map shows what a confused network
# sees, and the learner is paid for imitating it. When learning from others makes a network worse
# than learning alone, one speaks of **negative transfer**.
#
# How would a network know whom to trust? While training, the labels are there. Each network has a
# classification loss, and the smaller loss belongs to the network that understands more. The
# paper's rule is therefore: listen where the other does better, the more so the better it does;
# otherwise not at all.
#
# ## 2 By hand: a table of losses
#
# | case | loss of learner $m$ | loss of teacher $n$ |
# |---|---|---|
# | a | 1.0 | 0.5 |
# | b | 0.5 | 1.0 |
# | c | 0.7 | 0.7 |
# | d | 1.0 | 0.9 |
# | e | 2.5 | 0.5 |
#
# **Predict before you run**, with $\beta = 2$. In which cases is $\rho = 0$? Order the others.
# Case e has four times the $\Delta\ell$ of case a: is its $\rho$ four times as large? (For small
# $x$, $e^x - 1 \approx x$: that settles case d to one digit.)

# %%
table = pd.DataFrame({"loss m": [1.0, 0.5, 0.7, 1.0, 2.5], "loss n": [0.5, 1.0, 0.7, 0.9, 0.5]})
table.index = list("abcde")
table["dl"] = table["loss m"] - table["loss n"]
table["rho by hand"] = [max(0.0, math.exp(2 * dl) - 1) for dl in table["dl"]]
table.round(3)

# %% [markdown]
# ## 3 The equation beside the code
#
# `focal_regularization` takes two tensors of losses, per clip or one of a whole batch. No
# gradient goes through $\rho$: it is how loudly the teacher speaks, not something to be learned.
# (If a gradient did go through it, the learner could lower its objective by listening less.)

# %%
loss_m, loss_n = (torch.tensor(table[name].to_numpy()) for name in ("loss m", "loss n"))
loss_m.requires_grad_()
rho = focal_regularization(loss_m, loss_n, beta=2.0)
torch.testing.assert_close(rho, torch.tensor(table["rho by hand"].to_numpy()))
rho.requires_grad

# %% [markdown]
# ### Exercise 1: rho
#
# Write `focal_rho(loss_m, loss_n, beta)` from the equation, one number per clip, without the
# library and without a gradient. Stuck? `hint("focal_rho", 1)`, then 2 and 3.


# %% tags=["exercise"]
def focal_rho(loss_m, loss_n, beta):
    """Return how much m listens to n, for each clip."""
    raise NotImplementedError


# %% tags=["solution"]
def focal_rho(loss_m, loss_n, beta):
    """Return how much m listens to n, for each clip."""
    return (torch.exp(beta * (loss_m - loss_n)) - 1).clamp(min=0).detach()


# %% tags=["check"]
checks.focal_rho(focal_rho)

# %% [markdown]
# ## 4 The curve, to play with
#
# The widget shows $\rho$ for both directions at once: what $m$ takes from $n$, and what $n$ takes
# from $m$. Try to make **both** listen. Then set $\beta$ to 0. Below it is the curve as a still
# picture, for readers without a running kernel.

# %%
from mmtlib.widgets.focal_playground import focal_playground

focal_playground(loss_m=1.0, loss_n=0.5, beta=2.0)

# %%
figures.focal_curve((1.0, 2.0, 3.0))

# %% [markdown]
# **What to see.** Left of 0 the teacher is no better, and $\rho$ is 0, not small: transfer is
# one-way between any two networks. At 0 the curve starts with slope $\beta$; then it grows faster
# and faster. A larger $\beta$ does not open the gate any wider, it makes those who are far behind
# listen much harder. The curve is **convex**: remember that for the question of clips and
# batches.
#
# ## 5 What rho does to a gradient
#
# One learner, one teacher, fixed features. The learner is once worse and once better than the
# teacher. **Predict before you run:** which of the four numbers are equal, and which is 0?

# %%
draw = torch.Generator().manual_seed(0)
learner = torch.rand(1, 8, 2, 4, 4, generator=draw).requires_grad_()
teacher = torch.rand(1, 8, 2, 4, 4, generator=draw)
sizes = {}
for case, own in {"teacher is better": 1.0, "teacher is worse": 0.2}.items():
    losses = (torch.tensor([own]), torch.tensor([0.6]))
    for focal in (False, True):
        (gradient,) = torch.autograd.grad(ssa_loss(learner, teacher, *losses, focal=focal), learner)
        sizes.setdefault("focal" if focal else "rho = 1", {})[case] = float(gradient.norm())
pd.DataFrame(sizes).round(3)

# %% [markdown]
# Without the focal parameter the pull does not depend on who is right. With it, the worse
# teacher's pull is exactly 0, and the better one's is scaled by $\rho$, which may be above or
# below 1.
#
# ### Exercise 2: who listens to whom?
#
# With three or more networks every ordered pair has its own $\rho$. Write `who_listens(losses)`:
# from a dict (name -> loss) to the set of pairs `(learner, teacher)` with $\rho > 0$. Stuck?
# `hint("who_listens", 1)`.


# %% tags=["exercise"]
def who_listens(losses):
    """Return the set of pairs (learner, teacher) with rho above 0."""
    raise NotImplementedError


# %% tags=["solution"]
def who_listens(losses):
    """Return the set of pairs (learner, teacher) with rho above 0."""
    return {(m, n) for m in losses for n in losses if losses[m] > losses[n]}


# %% tags=["check"]
checks.who_listens(who_listens)

# %% [markdown]
# ## 6 Per clip or per batch?
#
# The paper leaves open whether $\Delta\ell$ is taken clip by clip or from the mean losses of a
# batch. Four clips: the learner is better on three of them and lost on the fourth.
#
# **Predict before you run.** Per clip, how many clips transfer anything? Is the mean of the four
# $\rho$ above or below the $\rho$ of the mean losses?

# %%
of_m, of_n = torch.tensor([0.2, 0.2, 0.2, 2.0]), torch.full((4,), 0.6)
per_clip = focal_regularization(of_m, of_n)
per_batch = focal_regularization(of_m.mean(), of_n.mean())
print(
    "per clip: ", [round(x, 2) for x in per_clip.tolist()], "mean", round(float(per_clip.mean()), 2)
)
print("per batch:", round(float(per_batch), 2))

# %% [markdown]
# Because the curve is convex, the mean of the clips' $\rho$ is **never below** the $\rho$ of the
# mean loss (Jensen's inequality). Per clip, transfer goes exactly where the learner is lost, and
# single hard clips speak loudly. Per batch, all clips of a batch get the same, milder $\rho$, and
# a network that is behind on average also learns on clips where it is ahead. The library offers
# both; weights tuned for one do not carry over to the other.
#
# ### The ceiling
#
# An exponential needs a ceiling: at $\Delta\ell = 100$ the equation gives a number that float32
# does not have, and infinity times a zero distance is not a number any more.

# %%
{
    "exp(2 * 100) in float32": float(torch.exp(torch.tensor(200.0))),
    "ceiling of rho": RHO_MAX,
    "dl at which it acts, beta = 2": round(math.log1p(RHO_MAX) / 2, 2),
    "loss of guessing among 12 gestures": round(math.log(12), 2),
}

# %% [markdown]
# A network must do far worse than guessing before this ceiling acts; a **single clip**
# gets there. With $\rho$ per clip and a large weight, each pull can make the next one stronger:
# notebook 07 shows a network that it ruined. A lower ceiling (`rho_ceiling`) is one brake.
#
# ### Exercise 3: the whole objective of a learner
#
# Write `learner_objective(loss_m, loss_n, distance, weight, beta)`, all tensors per clip: the
# mean classification loss of $m$ plus `weight` times the mean of $\rho \cdot$ `distance`, with
# $\rho$ per clip. Check for yourself who gets which gradient.
# Stuck? `hint("learner_objective", 1)`.


# %% tags=["exercise"]
def learner_objective(loss_m, loss_n, distance, weight, beta):
    """Return the objective of learner m with one teacher n, a scalar."""
    raise NotImplementedError


# %% tags=["solution"]
def learner_objective(loss_m, loss_n, distance, weight, beta):
    """Return the objective of learner m with one teacher n, a scalar."""
    rho = focal_regularization(loss_m, loss_n, beta)
    return loss_m.mean() + weight * (rho * distance).mean()


# %% tags=["check"]
checks.learner_objective(learner_objective)

# %% [markdown]
# ## 7 Experiment: three ways to train an RGB network
#
# The same RGB network from the same start, on the same clips in the same order: alone, beside a
# depth network with $\rho = 1$ (notebook 03's run), and beside it with the focal parameter. Depth
# alone is not trained here: it is in notebook 03, and the question here is what RGB takes from
# it. Accuracy is measured on **validation** clips.

# %%
config = mmtlib.ExperimentConfig.make(modalities=("rgb", "depth"))
configs = {
    "alone": config.alone("rgb"),
    "SSA, rho = 1": config.replace(focal=False),
    "SSA + focal": config,
}
bar = ProgressBar(len(configs))
bar.display()
found = mmtlib.run_all(
    list(configs.values()),
    workers=3,  # one process for each run, so that no core waits for another
    progress=lambda done, total: setattr(bar, "progress", done),
)
runs = dict(zip(configs, found, strict=True))

# %%
focal_run = runs["SSA + focal"]
pairs = focal_run.history.pair_table()
figures.rho_curves(pairs)

# %% [markdown]
# **What to see.** The left panel is the RGB network as the learner, the right one the depth
# network; both have one scale, and rho is the mean over each epoch's batches. Which panel is far
# from 0? That network was the weaker one *on training clips*, so it was the one that listened. A
# curve that comes back towards 0 means that the learner has caught up, on training clips, or that
# both losses are small: there is then no gap left to listen across. The curves begin where the
# alignment does.

# %%
strength = pairs.groupby("learner", sort=False)[["rho", "ssa"]].agg(["mean", "max"])
strength.round(3)

# %% [markdown]
# `ssa` is the distance of the two maps (mean over their entries), the same from both sides.
# Compare the mean $\rho$ with 1. Where it is above, the focal run transferred **more** than the
# run with $\rho = 1$, not only more selectively. The two differ in *direction* and in *strength*
# at once: whatever separates them below, this comparison alone cannot say which of the two caused
# it.
#
# ## 8 How often is the teacher worse?
#
# A network may be better on average and still be wrong where the other is right. On validation
# clips, the loss of each network can be had from its stored class probabilities:

# %%
ahead = {}
for name in ("SSA, rho = 1", "SSA + focal"):
    stored = runs[name].predictions("validation")
    chosen = {m: p.scores[range(len(p.labels)), p.labels] for m, p in stored.items()}
    ahead[name] = {
        "RGB has the smaller loss": (chosen["rgb"] > chosen["depth"]).mean(),
        "RGB right, depth wrong": (stored["rgb"].correct & ~stored["depth"].correct).mean(),
    }
dl = math.log(chosen["depth"][0]) - math.log(chosen["rgb"][0])  # loss = -log of the score
print(f"running example: dl of RGB {dl:+.3f}, rho {max(0.0, math.exp(2 * dl) - 1):.3f}")
pd.DataFrame(ahead).T.map("{:.1%}".format)

# %% [markdown]
# Above the table stands our running example, after training with focal regularization: would RGB
# listen to depth on this clip alone? The first column is the share of clips on which depth, as the
# teacher, was the worse one; the second, the share on which RGB was right and depth wrong. On such
# clips $\rho = 1$ pulls RGB towards the map of a network that understands less. With one $\rho$ per
# batch, as in this notebook's recipe (`config.rho_per`), single clips of this kind are not spared:
# only whole batches are.
#
# ## 9 The paired table

# %%
from mmtlib.evaluation import accuracy, paired_difference

rows = [
    {"modality": m, "variant": name, "accuracy": accuracy(p)}
    for name, run in runs.items()
    for m, p in run.predictions("validation").items()
]
scores = {name: run.predictions("validation")["rgb"] for name, run in runs.items()}
contrasts = [("SSA, rho = 1", "alone"), ("SSA + focal", "alone"), ("SSA + focal", "SSA, rho = 1")]
for a, b in contrasts:
    print(f"{a}  minus  {b}:  {paired_difference([scores[b]], [scores[a]])}")
figure = figures.accuracy_bars(pd.DataFrame(rows), chance=1 / len(focal_run.classes))
figure.axes[0].set_ylabel("Validation accuracy")
figure.alt_text = figure.alt_text.replace("Test", "Validation")
figure

# %% [markdown]
# **What to see.** For RGB three bars, from the same start; for depth two, as it was not trained
# alone here. The dashed line is guessing. Look at the intervals above the picture before you
# believe an order.
#
# ## 10 An honest reading
#
# - **The first line** asks whether unconditional transfer helped or hurt RGB this once. Below 0,
#   it is a case of negative transfer; above, the teacher was worth imitating even without a
#   filter.
# - **The second** asks the paper's question: does the whole method help a network that is used
#   alone?
# - **The third** asks what the focal parameter adds. Their strength is not matched here; notebook
#   06 has a control in which it is.
#
# The intervals come from drawing the validation subjects anew. They do **not** contain the
# variation between seeds, which may be as large as the effects themselves. With one seed, a
# difference whose interval contains 0 is not a finding, and one whose interval does not is a
# finding about two networks, not about a method.
#
# For the method it takes many seeds. They were trained beforehand, by a plan that was written
# before (`docs/study_plan.md`), with a weight chosen on validation people, and measured on *test*
# people. **Predict before you run:** of twelve lines for RGB, how many will rise? And for depth?

# %%
stored = mmtlib.load_results("study-primary").query("split == 'test' and target != 'fused'")
weight = stored.query("arm == 'mtut'")["ssa_weight"].iloc[0]
print(f"{stored['origin'].iloc[0]}; weight {weight:g}, here {config.ssa_weight:g}")
table = stored.pivot_table("accuracy", ["target", "seed"], "arm").reset_index()
table = table.sort_values("target", ascending=False, kind="stable")
figures.paired_seeds(table.rename(columns={"target": "modality", "mtut": "together"}))

# %% [markdown]
# **What to see.** A line is one training seed, the mean over two sets of new people; right, the
# differences in points. Count the lines that rise: your own pair of runs is one more. Compare its
# weight with theirs before you compare the gains. Theirs was the best of four on validation people
# *and the largest of the four*, so a still larger one may do better. Does depth, the better
# network, pay for RGB's gain?
#
# ## 11 Pitfalls
#
# - **The wrong order.** $\Delta\ell$ is learner minus teacher. Swapped, the network learns from
#   worse teachers only, and the training runs without any complaint.
# - **A gradient through rho.** Detach it.
# - **`beta * exp(dl) - 1`.** $\beta$ belongs inside: otherwise $\rho$ is not 0 at equal losses.
# - **Judging by training losses.** $\rho$ sees the *training* clips. A network that has memorised
#   them looks like a good teacher and need not be one.
# - **Near zero is not zero harm.** Against pure noise the focal parameter goes to 0, because
#   noise never has the smaller loss. That is what the formula says, and no evidence that real
#   negative transfer is prevented.
# - **Comparing with $\rho = 1$ at one weight only.** Match the strength, or show several weights.
#
# ## 12 Summary
#
# - Negative transfer: learning from others leaves a network worse than learning alone.
# - $\rho$ opens the way from teacher to learner where the teacher's loss is smaller, the wider
#   the larger the gap. Between any two networks it is open in one direction at most.
# - Per clip it acts where the learner is lost; per batch it is milder. Weight, reduction, $\beta$
#   and this choice belong together.
#
# **What this could not tell.** Is what RGB gained knowledge of depth, or would any disturbance have
# done as much? That takes rivals and controls (notebook 06). And would it work where cameras do not
# agree to the pixel? We ask that first.
#
# **Sources.** Abavisani, Joze, Patel: Improving the Performance of Unimodal Dynamic Hand-Gesture
# Recognition with Multimodal Training, CVPR 2019, arXiv 1812.06145 (the parameter, $\beta = 2$,
# $\lambda = 0.05$).
#
# **Next.** [05 Real data sets](05_real_datasets.ipynb): what changes when the clips are real?
# `mmtlib.compare(config, seeds=[...])` makes such lines for settings of your own.
#
# ## Self-test
#
# Five questions. Tab moves, the space bar chooses and checks; the text below the widget works
# without a running kernel.

# %%
from mmtlib.widgets import self_test

self_test("04_focal_regularization")
