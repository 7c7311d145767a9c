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
# # 07 Negative transfer: when does learning from another network harm?
#
# **Question.** A mean gain can hide losses: of clips, of classes, of the other network. Who gains
# from training together, who loses, and what happens when the teacher is bad?
#
# $$\underbrace{a_{together} - a_{alone}}_{gain} \;=\;
# \underbrace{\tfrac1N \#\{\text{right together, wrong alone}\}}_{repaired} \;-\;
# \underbrace{\tfrac1N \#\{\text{wrong together, right alone}\}}_{broken}$$
#
# $a$ is the accuracy on the same $N$ clips. Transfer is *negative* where the gain is below 0 by
# more than chance explains.
#
# **Prerequisites.** Notebook 04 (the focal regularization parameter $\rho$).
#
# **You will be able to** take a gain apart into what was repaired and what was broken; find the
# control that such numbers need; read gains by class without falling for many intervals; see
# through a correlation that is made of noise; say what $\rho$ does about a bad teacher, and what
# a run of one seed shows about it.
#
# **Time.** 25 minutes to read; at most 90 seconds to run on a 2-core CPU, from an empty cache.

# %%
import numpy as np
import pandas as pd

import mmtlib
from mmtlib import analysis, figures, study
from mmtlib.evaluation import per_class_accuracy
from mmtlib.exercises import checks, hint

# %% [markdown]
# ## 1 By hand: ten clips
#
# Ten clips; a 1 says that the network recognised the clip. The network alone has six right, the one
# trained together seven.
#
# **Predict before you run.** The gain is one clip of ten. How many clips were repaired, how many
# broken? Could it be that six were repaired?

# %%
alone_right = np.array([1, 1, 1, 1, 1, 1, 0, 0, 0, 0], dtype=bool)
together_right = np.array([1, 1, 1, 1, 0, 0, 1, 1, 1, 0], dtype=bool)
pd.crosstab(
    pd.Series(alone_right, name="right alone"), pd.Series(together_right, name="right together")
)

# %% [markdown]
# The two clips that do not change are on the diagonal's ends, and they say nothing about a gain.
# What changed is off it: three repaired, two broken. The same gain could come from one repaired
# clip and none broken. An accuracy cannot tell these two apart; whoever relied on the two broken
# clips can.
#
# ### Exercise 1: repaired and broken
#
# From two arrays of true and false to two shares of **all** clips. Stuck?
# `hint("repaired_and_broken", 1)`, then 2 and 3.


# %% tags=["exercise"]
def repaired_and_broken(alone, together):
    raise NotImplementedError("your code here")


# %% tags=["solution"]
def repaired_and_broken(alone, together):
    return (together & ~alone).mean(), (alone & ~together).mean()


# %% tags=["check"]
checks.repaired_and_broken(repaired_and_broken)

# %% [markdown]
# ## 2 The stored study, and the control that it needs
#
# The package brings along what the networks of the study's primary question (H1) said about every
# test clip: RGB alone, depth alone and the two together by SSA with $\rho$, 12 seeds, two sets of
# people. Pairs have the same initial weights and batches.
#
# The equation beside the code, and one more line. **Predict before you run:** take two networks
# that were both trained *alone*, with different seeds. How many clips does the second one break?

# %%
measured = study.Measured(study.complete_grids()["H1"])
alone, together = (
    {m: measured.pooled(arm, m) for m in ("rgb", "depth")} for arm in ("alone", "mtut")
)
pairs = {
    (m, how): [np.stack([p.correct for p in arm]) for arm in (alone[m], other)]
    for m in alone for how, other in (
        ("trained together", together[m]), ("alone, next seed", alone[m][1:] + alone[m][:1])
    )
}  # fmt: skip
changed = {
    k: {"repaired": (b & ~a).mean(), "broken": (a & ~b).mean()} for k, (a, b) in pairs.items()
}
print("; ".join(mmtlib.load_results("study-primary")["origin"].unique()))
pd.DataFrame(changed).T.assign(gain=lambda t: t["repaired"] - t["broken"]).map("{:+.1%}".format)

# %% [markdown]
# Read the control first. Two trainings that differ in nothing but chance break and repair as many
# clips as each other: their gain is 0, their *churn* is not. So a broken clip is no evidence of
# harm. The question is whether training together breaks **more** than chance does. The control is
# a generous measure of chance: another seed changes the first weights and the order of the clips,
# which trainings of one pair share. Broken clips beyond it would be harm; fewer show none.
#
# ## 3 Who gains? Class by class
#
# A mean over classes can hide one that loses: a network may buy "click" with "beckon". The interval
# of each class is the 95 % bootstrap over people and seeds. **Predict before you look:** will the
# classes that RGB recognises worst gain most? Will depth lose anywhere?

# %%
names = mmtlib.stored_run("mtut").classes
by_gesture = analysis.gain_by_class(alone, together, names)
overall = analysis.gain_by_learner(alone, together)
figures.gain_bars(by_gesture, overall=overall)

# %% [markdown]
# **What to see.** One row per class, all of them together on top; a bar to the right is a gain.
# Both panels have one scale. Is any interval wholly to the left of 0? That bar would be hatched.
# Compare the panels: the network that is better alone has little to gain, and the question there
# is only whether it is *harmed* by its weaker partner. A short bar with a short interval around 0
# is a strong statement ("no more than a fraction of a point"), one with a long interval is none.
#
# ### How many false alarms?
#
# There are two panels of twelve intervals. Suppose that nothing were gained or lost anywhere. How
# likely would some interval lie below 0 all the same?
#
# ### Exercise 2: false alarms
#
# Write the chance that at least one of `n` independent intervals of this confidence lies wholly
# below 0 although nothing was lost. Stuck? `hint("false_alarms", 1)`.


# %% tags=["exercise"]
def false_alarms(n, confidence):
    raise NotImplementedError("your code here")


# %% tags=["solution"]
def false_alarms(n, confidence):
    return 1 - (1 - (1 - confidence) / 2) ** n


# %% tags=["check"]
checks.false_alarms(false_alarms)

# %%
lost = by_gesture.groupby("learner", sort=False)["transfer"].value_counts().unstack(fill_value=0)
print(f"chance of a false alarm in {len(by_gesture)} intervals: {1 - 0.975 ** len(by_gesture):.0%}")
lost

# %% [markdown]
# The classes of one network are not independent, so the number is a guide, not a test. Still, with
# so many intervals one that lies a little below 0 is to be *expected*, and a claim about a single
# class needs other people (or Holm's adjustment, notebook 06).
#
# ## 4 Other partners, other learners
#
# So far depth taught RGB. The study also trained RGB with optical flow, with infrared, and with
# several of them (S1, six seeds); each network is compared with itself alone. **Predict before you
# look:** which learners gain? Alone, infrared and flow are better than RGB: will both teach it?

# %%
table = study.answers()
joint = table[table["question"].isin(["H1", "S1"])].replace({"arm": {"mtut": "rgb+depth"}})
group = "Learner: " + joint["target"].map(study.arm_name)
bars = joint.assign(name=joint["arm"].map(study.arm_name), group=group)
figures.difference_bars(bars, label="Together minus alone (points)", width=figures.TWO_COLUMN)

# %% [markdown]
# **What to see.** A name is what was trained together, the heading whose accuracy is shown. (RGB +
# depth is H1 of section 2; the others have six seeds and one set of people.) Look for a learner
# that loses; then for a partner that is better alone and teaches nothing all the same. A better
# network opens the gate of $\rho$, but whether its map holds something that the learner can use is
# another matter. And do more partners help more than the best single one?
#
# ## 5 A tempting picture: the gain is where the teacher leads
#
# The idea of MTUT suggests that a class should gain the more, the further depth is ahead of RGB in
# it. Both can be had for each class. But look at the two formulas: *lead* = depth alone $-$
# **RGB alone**, *gain* = RGB together $-$ **RGB alone**. If RGB alone has bad luck in a class, both
# go up.
#
# The study has two sets of people with networks of their own. **Predict before you run:** how will
# the rank correlation over the classes differ where lead and gain come from *different* people?

# %%
mean = {
    (arm, m, people): np.mean([per_class_accuracy(s[people]) for s in measured.of_arm(arm, m)], 0)
    for arm in ("alone", "mtut") for m in ("rgb", "depth") for people in (0, 1)
}  # fmt: skip
columns = {
    f"{what}, people {p + 1}": mean[arm, m, p] - mean["alone", "rgb", p]
    for what, arm, m in (("lead", "alone", "depth"), ("gain", "mtut", "rgb")) for p in (0, 1)
}  # fmt: skip
pd.DataFrame(columns, index=names).corr("spearman").iloc[:2, 2:].round(2)

# %% [markdown]
# On the diagonal, lead and gain share people and networks, and with them their luck. Off it they
# share neither. Where the diagonal is the higher one, that much of the picture was made of noise
# (regression to the mean). With twelve classes, a rank correlation below about 0.6 is compatible
# with none at all.
#
# ## 6 Who listened, and when?
#
# $\rho$ was recorded in every epoch, for both directions. **Predict before you look:** which of the
# two learners listens, and to how much does its $\rho$ fall until the end?

# %%
listened = mmtlib.load_history("study-primary", "pairs", method="mtut")
keys = ["seed", "epoch", "learner", "teacher"]
per_seed = listened.groupby(keys, as_index=False, sort=False)["rho"].mean()
figures.rho_curves(analysis.rho_over_epochs(dict(list(per_seed.groupby("seed")))))

# %% [markdown]
# **What to see.** Each panel is a learner; the band is the 95 % interval over seeds.
# One direction is nearly closed from the first epoch on: that learner was hardly
# pulled at all, which is why it can hardly be harmed. In the other one, $\rho$ starts high and
# falls. Not because the learner has reached its teacher on *new* people (section 3 says how far it
# is from that), but because both have learnt the training clips, and $\rho$ looks at those only.
#
# ## 7 Without the filter, at four weights
#
# What would have happened with $\rho = 1$? The study tuned both ways with equal budgets, four
# weights each, on **validation** people of another set, two seeds. The RGB network alone is there
# too; depth alone was not part of the tuning, so read its columns against each other.

# %%
trials = mmtlib.load_results("study-tuning")
ways = trials[trials["arm"].str.match("mtut|ssa") & trials["target"].isin(["rgb", "depth"])]
ways = ways.assign(way=ways["focal"].map({True: "with rho", False: "rho = 1"}))
plain = trials.loc[trials["arm"] == "alone as it is", "accuracy"].mean()
print(f"RGB alone: {plain:.1%}")
ways.pivot_table("accuracy", "ssa_weight", ["target", "way"]).map("{:.1%}".format)

# %% [markdown]
# Is any number of RGB below RGB alone? Then that weight did harm, in these two seeds. Does depth
# fall as the weight grows, and does it fall without $\rho$ only? For depth, $\rho = 1$ means a pull
# towards the worse network's map at full strength: if unconditional transfer is harmful anywhere
# here, then in that column.
#
# No number of this table has an interval: it shows which weight was chosen, and hints at the rest.
#
# ## 8 A bad teacher, live
#
# Depth was a good teacher. Now its camera breaks: noise of strength 1 replaces what it sees, in
# training and in testing. **Predict before you run:** what becomes of $\rho$ for RGB as the
# learner? For depth as the learner? And with $\rho = 1$, towards what is RGB pulled?
#
# Five trainings of the preset `tiny` (48 clips of 16 x 16 pixels), one seed, made now:

# %%
base = mmtlib.ExperimentConfig.make(
    preset="tiny", modalities="rgb,depth", epochs=20, ssa_weight=100.0,
    corrupt="depth", corruption="noise",
)  # fmt: skip
keys = [(focal, noise) for focal in (True, False) for noise in (0.0, 1.0)]
arms = [base.replace(focal=focal, corruption_strength=noise) for focal, noise in keys]
*runs, by_itself = mmtlib.run_all([*arms, base.alone("rgb")])
heard, rows = {}, []
for (focal, noise), run in zip(keys, runs, strict=True):
    heard[focal, noise] = {f"{m} from {n}": rho for (m, n), rho in run.mean_rho().items()}
    for m, share in run.validation_accuracy.items():
        rows.append(("SSA", focal, noise, m, 0, share))
pd.DataFrame(heard).T.rename_axis(["focal", "noise"]).round(3)

# %% [markdown]
# The rows with `focal` are the mechanism at work: noise cannot be classified better than by
# guessing, so its loss is never the smaller one, and the way from depth to RGB closes by itself.
# The other way opens wide: depth, which sees nothing, listens as hard as it can.
#
# The rows without it are 1 by construction. What did this do to accuracy?

# %%
columns = ["method", "focal", "corruption_strength", "target", "seed", "accuracy"]
table = analysis.accuracy_by_corruption(pd.DataFrame(rows, columns=columns))
figures.corruption_curves(table, alone={"rgb": by_itself.validation_accuracy["rgb"]})

# %% [markdown]
# **What to see.** The dashed line is RGB alone, which does not use depth. A point of the RGB panel
# below it is a training that ended worse than alone. In the depth panel, the fall from left to
# right is the noise itself and no transfer. Then the touchstone: beside pure noise, with $\rho$,
# RGB is trained almost as if alone, from the same start on the same batches. How far is its point
# from the dashed line? That distance is chance, and no other distance here means more. With 24
# validation clips and **one seed** this shows the mechanism, not whether RGB is *protected* by it
# (try `seed=1` in `base`).
#
# The study asks that question properly (S4: two weights, three strengths of noise, with and without
# $\rho$, four seeds). **Predict before you look:** where will RGB be harmed, and by how much?

# %%
print("; ".join(mmtlib.load_results("study-corruption")["origin"].unique()))
mmtlib.gallery.draw("corruption")

# %% [markdown]
# **What to see.** Do curves without $\rho$ end below the dashed line, and those with $\rho$ above
# it? Why must the two with $\rho$ meet at strength 1? RGB with $\rho$ minus RGB without, in pairs:

# %%
shown = ["ssa_weight", "corruption_strength", "difference", "low", "high", "seeds"]
study.focal_contrasts()[shown].round(3)

# %% [markdown]
# $\rho$ protects where the interval lies above 0 *and* the noise is strong. A difference that is
# there without any noise is something else, the strength of the transfer. Where only rows without
# noise lie above 0, protection was **not shown**: $\rho$ made more of a *good* teacher.
#
# ## 9 A filter that feeds on itself
#
# S8 trains with the recipe `paper-literal`: 60 epochs apart, 15 together, $\rho$ per **clip**,
# differences of the maps **summed**, gradients unlimited. **Predict before you look:** depth knows
# its training clips when alignment begins. Who listens now?

# %%
clips, listening = (
    mmtlib.load_history("study-recipe", kind, method="mtut") for kind in ("streams", "pairs")
)
right = clips[clips["split"] == "train"].pivot_table("accuracy", "epoch", "modality")
heard = listening.pivot_table("rho", "epoch", "learner")
both = {"right on training clips": right.map("{:.1%}".format), "rho": heard.map("{:,.2f}".format)}
pd.concat(both, axis=1).fillna("").loc[[0, 20, 40, 59, 60, 61, 62, 65, 74]]

# %% [markdown]
# $\rho$ grows exponentially with the learner's loss. A pull that makes a clip's loss larger makes
# the next pull stronger: a loop that only notebook 04's ceiling bounds. Any one brake ends it:
# $\rho$ per batch or clipped gradients (`compact` has both), or a low ceiling (`paper`). Depth on
# test clips:

# %%
study.partner_changes("S8")[["before", "after", "difference", "low", "high", "seeds"]].round(3)

# %% [markdown]
# ## 10 Pitfalls
#
# - **Only the mean.** Report what was broken, and who lost.
# - **No churn.** Broken clips without the control of another seed frighten for nothing.
# - **Many intervals.** Of 24 intervals some lie off 0 by chance.
# - **Shared noise.** Lead and gain both contain "RGB alone". Take them from different people.
# - **Only the learner that was aimed at.** Training together also changes the teacher; measure it.
# - **"rho is 0, so no harm."** No harm through *this* term. And a teacher may be better on training
#   clips and worse on new ones: $\rho$ would listen to it.
# - **"No loss was found, so none exists."** Say how large a loss the interval leaves open.
#
# ## 11 Summary
#
# A gain is what was repaired minus what was broken, and needs the churn of another seed beside it.
# By class and by learner it says who pays, if anyone does. $\rho$ closes the way from a teacher
# that knows less, on training clips; that is a mechanism, and its effect has to be measured.
#
# **Sources.** Abavisani, Joze, Patel, CVPR 2019, arXiv 1812.06145 ($\rho$, against negative
# transfer); McNemar, Psychometrika 12, 1947 (what two classifiers get wrong, paired); Pan, Yang,
# *A Survey on Transfer Learning*, IEEE TKDE 22, 2010 (the term).
#
# **Next.** [08 Correlation maps](08_correlation_maps.ipynb): what does a network see as alike?
#
# ## Self-test
#
# Five questions. Tab moves, the space bar chooses and checks; the text below the widget works
# without a running kernel.

# %%
from mmtlib.widgets import self_test

self_test("07_negative_transfer")
