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
# # 11 The ablation explorer: which question do these runs answer?
#
# **Where we are.** Every notebook so far looked at runs that somebody had chosen for it.
#
# **Question.** Hundreds of runs are stored, and any picture of them is one click away. How does one
# ask them a question, and when is what one sees an answer?
#
# $$\bar d \;=\; \frac1S\sum_{s=1}^{S}\,(a_s - b_s), \qquad
# \bar d \;\pm\; t_{0.975,\,S-1}\,\frac{s_d}{\sqrt S}$$
#
# $a_s$ and $b_s$ are the accuracies of an arm and of its reference with seed $s$ (same start, same
# clips); $s_d$ is the standard deviation of their differences over the $S$ seeds that both have.
#
# **Prerequisites.** Notebooks 04 (what is compared) and 06 (rivals, controls).
#
# **You will be able to** pair runs and say what cannot be paired; put a question as a view of the
# explorer and pass it on as a link; tell a cell that compares like with like from one that does
# not; start the run that is missing, and say what its one point is worth.
#
# **Time.** 25 minutes to read and click; at most 90 seconds to run on a 2-core CPU, from an empty
# cache.

# %%
import pandas as pd

import mmtlib
from mmtlib.exercises import checks, hint
from mmtlib.explorer import ExplorerState, Source, draw_view, static_view

# %% [markdown]
# ## 1 By hand: three seeds and a stranger
#
# Two arms of a made-up ablation. Their index is the seed. The arm has a run with seed 3, of which
# the reference has none.
#
# **Predict before you run.** The mean of the arm is about 8 points above that of the reference. Is
# that the gain?

# %%
reference = pd.Series({0: 0.50, 1: 0.60, 2: 0.40})
arm = pd.Series({2: 0.48, 0: 0.52, 1: 0.61, 3: 0.70})
print(f"difference of the means: {arm.mean() - reference.mean():.4f}")
pd.DataFrame({"arm": arm, "reference": reference, "difference": arm - reference})

# %% [markdown]
# Seed 3 is an easy one: it would have been easy for the reference, too. The three pairs say 2, 1
# and 8 points. Their mean is less than half of what the means suggested, and their spread is wide.
# A pair shares its first weights, the order of its clips and the people in them, and whatever is
# shared cancels in a difference.
#
# ### Exercise 1: paired gain
#
# Two Series, their index the seed; return the mean difference over the seeds that both have. Stuck?
# `hint("paired_gain", 1)`, then 2 and 3.


# %% tags=["exercise"]
def paired_gain(arm, reference):
    raise NotImplementedError("your code here")


# %% tags=["solution"]
def paired_gain(arm, reference):
    return (arm - reference).mean()


# %% tags=["check"]
checks.paired_gain(paired_gain)

# %% [markdown]
# ## 2 The explorer
#
# `mmtlib.explore()` shows every run of the results store, those that come with the package
# included; `mmt explore` is the same as a page of its own. Its five tabs: **Runs** (what was
# measured), **Run it** (what was not, yet), **Corr** and **Saliency** (what two networks see), and
# **Focal** (who listens to whom).
#
# All that decides what is shown is one small object, an `ExplorerState`. A cell can start from it,
# a link can hold it, and a colleague who opens the link sees what you saw. Here is the first
# question of the next section, open for you to move. Try a few things: click a point and read on
# top of which runs it stands; choose *learning curves*, then *gain* again.

# %%
partners = ExplorerState(
    view="gain", target="rgb", x="modalities",
    where={"study": ("study-modalities", "study-primary")},
)  # fmt: skip
mmtlib.explore(partners)

# %% [markdown]
# In a rendered page the widget does not live. `static_view` draws the same view as a picture,
# and the pictures below are made like that; in JupyterLab, do each question in the widget first.
#
# ## 3 First question: does the partner matter?
#
# RGB was trained with depth, with flow, with infrared, and with several of them, always to be used
# alone. In the widget: *show* gain, *network* RGB, *along x* trained together, *against* the same
# network alone.
#
# **Predict before you look.** Which partner helps RGB most? Do two help more than the better of
# them?

# %%
static_view(partners)

# %% [markdown]
# **What to see.** A point is a mean of paired differences on validation clips, its bar the 95 %
# interval of the equation above. First count the bars that keep clear of 0. Then compare partners:
# two bars that overlap widely do not show that one partner is better, whatever their order. And
# mind that two studies are side by side: one has twelve seeds on two sets of people, the other six
# on one, hence the bars of different length.
#
# The same, by the equation and without the explorer. **Predict before you run:** will the numbers
# be exactly those of the picture?

# %%
rows = mmtlib.load_results("study-modalities")
rows = rows[(rows["split"] == "validation") & (rows["target"] == "rgb")]
seeds = rows.pivot_table("accuracy", "seed", "arm")
steps = seeds.drop(columns="alone").sub(seeds["alone"], axis=0)
print("; ".join(rows["origin"].unique()))
print((100 * steps.mean()).round(2).to_dict())
draw_view(Source(), partners).table[["x", "mean", "low", "high", "seeds", "p", "p_holm"]].round(4)

# %% [markdown]
# They are, and the table says more than the picture: `p_holm` is adjusted for all rows that are
# shown (notebook 06). It knows what is on the screen, but not what you looked at before. Whoever
# clicks through twenty views and reports the best one has made twenty tests.
#
# **An answer** therefore has four parts: the difference, its interval, what it was compared with,
# and how many comparisons were looked at. "Together is better" is none.
#
# ## 4 Second question: is the gain SSA's?
#
# Perhaps *any* way to learn from depth helps as much. The study ran the rivals of notebook 06 with
# budgets of the same size. In the widget: *only runs with* study → `study-rivals`, *against* →
# `study-rivals / mtut`.
#
# **Predict before you look.** Against SSA with $\rho$ as the reference, on which side of 0 will the
# rivals lie? On which side RGB alone?

# %%
rivals = ExplorerState(
    view="gain", target="rgb", reference="study-rivals / mtut", where={"study": ("study-rivals",)}
)
static_view(rivals)

# %% [markdown]
# **What to see.** Now 0 is SSA with $\rho$, and a point below 0 is a method that does worse in the
# same seeds. A bar that reaches over 0 leaves open which one is better; that is not the same as
# "equal". If a rival's bar lies wholly above 0, the gain of section 3 is real but not SSA's. If all
# of them stand near 0, training with depth helps, and how it is done matters less than the title of
# a paper.
#
# Turn the question round in the widget: *against* → the same network alone. The order of the points
# hardly changes, their bars do, since each reference brings its own luck. Which of the two views
# answers the question? The one in which the difference that you claim is the one that is drawn.
#
# ## 5 Third question: which classes gain?
#
# What the networks said about every clip is stored for the study's **test** clips. The explorer
# never measures on test clips; it shows what a study has stored of them, and says so in every
# picture. So this view is for reading the study's answer, not for choosing anything.
#
# **Predict before you look.** Will all twelve gestures gain? Which one may lose?

# %%
classes = ExplorerState(
    view="classes", split="test", target="rgb", chosen="study-primary / mtut",
    where={"study": ("study-primary",)},
)  # fmt: skip
static_view(classes)

# %% [markdown]
# **What to see.** One bar a class, sorted; the thin line is the 95 % interval over seeds. The
# sentence below the widget gives the mean over all clips with an interval over people *and* seeds,
# which is the one for claims about new people. Of so many intervals some will miss 0 by chance
# (notebook 07): a class whose line just misses it is a candidate, no finding. Then choose
# *confusion* in the widget: where did the clips go that are now recognised?
#
# ## 6 The trap: cells of unlike runs
#
# A heat map takes any two factors, and averages whatever falls into a cell. **Predict before you
# look:** the next view has the method along one axis and the SSA weight along the other. Which of
# its cells can be compared?

# %%
tuned = ExplorerState(view="heat map", target="rgb", x="ssa_weight", y="method")
cells = draw_view(Source(), tuned)
print(cells.sentence)
weights = cells.table.sort_values("x_place")["x"].unique()
cells.table.pivot(index="y", columns="x", values="arms")[weights].fillna(0).astype(int)

# %% [markdown]
# These are the numbers of *arms* in each cell ("-": a method without such a weight). Some cells
# hold arms of several studies: of other people, other seeds, other partners. A difference between
# two such cells mixes all of that with the weight. The explorer says how many cells do so; the
# cure is to filter (one study, one set of modalities) until every cell holds one arm.

# %%
alike = tuned.replace(where={"study": ("study-tuning",)})
static_view(alike)

# %% [markdown]
# **What to see.** One study, one set of people, two seeds: each row can be read from left to right.
# But its highest cell was *chosen* by these very clips, so its accuracy is too high; that is why
# the study measured the chosen weights on other people.
#
# ### Exercise 2: like with like
#
# A made-up table with columns `weight` (0 or 10), `clutter` and `accuracy`, one row a run. The runs
# with weight 10 were done mostly in more clutter, where everything is harder. Return what weight 10
# adds at the same clutter: for every clutter that has both weights, the difference of their mean
# accuracies; of these differences the mean. Stuck? `hint("like_with_like", 1)`.


# %% tags=["exercise"]
def like_with_like(table):
    raise NotImplementedError("your code here")


# %% tags=["solution"]
def like_with_like(table):
    cells = table.pivot_table("accuracy", "clutter", "weight")
    return (cells[10.0] - cells[0.0]).mean()


# %% tags=["check"]
checks.like_with_like(like_with_like)

# %% [markdown]
# The check's tables are made so that the plain difference of means is *negative* while the weight
# helps at every clutter (Simpson's paradox). No interval warns of this: the wrong number can have a
# very short one.
#
# ## 7 The run that is missing
#
# What if the weight were 1,000? No study asked that. The tab **Run it** takes any setting; if that
# run is stored it shows at once, else "Train" makes it in the background, with live curves, and
# "Cancel" ends it. Choose the preset `tiny` while you learn: a few seconds, and accuracies that
# mean nothing about people.
#
# **Predict before you press.** The run will have one seed. What will its interval be?

# %%
missing = ExplorerState(
    tab="run it", settings={"preset": "tiny", "ssa_weight": "1000", "epochs": "10"}
)
page = mmtlib.explore(missing)
page

# %% [markdown]
# Here the button is pressed by code, so that this notebook also runs by itself; with the mouse it
# is the same button. (Where the run is stored already, there is nothing to press or to wait for.)

# %%
page.tabs["run it"].controls["train"].click()
page.tabs["run it"].wait()
made = mmtlib.load_results("explorer")
made[["arm", "target", "split", "accuracy", "seed", "origin"]]

# %%
static_view(ExplorerState(view="learning curves", where={"study": ("explorer",)}))

# %% [markdown]
# **What to see.** The run has joined the store, as a row like all others, in the study `explorer`:
# with its settings, and with the command that makes it again. It was measured on validation clips.
# Its accuracy has no interval, because one seed has none. It tells you whether the question is
# worth more seeds, and nothing else; more seeds are made by a grid and `mmt sweep` (README).
#
# ## 8 A view is a link
#
# To pass a view on, copy the line below the widget, or:

# %%
link = rivals.to_link()
print(link)
print("the same view again:", ExplorerState.from_link(link) == rivals)

# %% [markdown]
# `mmt explore --view LINK` opens the page with it. `explorer.export("view.csv")` saves the numbers
# of a view (`.html`, `.png` and `.svg` the picture). Put the link next to the sentence that you
# claim: a reader then sees what you filtered, and what you left out.
#
# ## 9 Pitfalls
#
# - **Pictures before questions.** Write the question down, then choose the view that can say no.
# - **The best of many.** The highest of 60 points was picked by looking. Its luck was picked, too.
# - **Unpaired differences.** Runs without a partner do not count; look how many seeds remain.
# - **Unlike cells.** Read "mean of k arms". If k is above 1, filter.
# - **One seed.** A point without an interval is an idea.
# - **Test clips.** They are shown to report, not to choose.
# - **Overlap.** Two bars that overlap may belong to a clear *paired* difference: draw that one.
#
# ## 10 Summary
#
# A question becomes a view: what is shown, for which network, against what, for which runs. Pairs
# cancel what two runs share; filters keep unlike runs apart; intervals say what chance can do; and
# what is missing can be run. The explorer makes looking cheap, which makes it all the more your
# task to say what you looked for.
#
# **Sources.** Abavisani, Joze, Patel, CVPR 2019, arXiv 1812.06145 (what is ablated); Simpson,
# *Journal of the Royal Statistical Society B* 13, 1951 (unlike cells); Holm, *Scandinavian Journal
# of Statistics* 6, 1979 (many comparisons); Gelman, Loken, *American Scientist* 102, 2014 (the
# garden of forking paths).
#
# **Next.** [12 Your own data](12_your_own_data.ipynb): from a folder of videos to a network.
#
# ## Self-test
#
# Five questions. Tab moves, the space bar chooses and checks; the text below the widget works
# without a running kernel.

# %%
from mmtlib.widgets import self_test

self_test("11_ablation_explorer")
