"""Widgets of the course: each a pure figure or text function with a thin widget over it."""

from mmtlib.widgets.quiz import self_test as self_test
