"""The names of NVGesture's 25 gestures, in the order of its labels."""

NVGESTURE_CLASSES = (
    "move hand left", "move hand right", "move hand up", "move hand down", "move two fingers left",
    "move two fingers right", "move two fingers up", "move two fingers down", "click", "beckon",
    "open hand", "shake hand", "show one finger", "show two fingers", "show three fingers",
    "push hand up", "push hand down", "push hand out", "pull hand in",
    "rotate two fingers clockwise", "rotate two fingers counter-clockwise", "push two fingers",
    "close hand twice", "thumb up", "OK",
)  # fmt: skip
