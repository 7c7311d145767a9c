"""A course of one notebook."""

DOT = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABh6FO1AAA"
    "AABJRU5ErkJggg=="
)
"""A picture of one pixel."""
SOURCE = """\
# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 00 A & B: what is one & one?
# $a^2$

# %%
import base64
from IPython.display import Image, display

print(1 + 1)
display(Image(data=base64.b64decode("{dot}"), format="png"))

# %% tags=["exercise"]
3
""".replace("{dot}", DOT)
EXERCISE = """

# %% tags=["exercise"]
def double(x):
    raise NotImplementedError("your code here")


# %% tags=["solution"]
def double(x):
    return 2 * x


# %% tags=["check"]
double(1)
"""
"""An exercise to be appended."""
