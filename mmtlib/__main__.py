"""``python -m mmtlib`` is ``mmt``; the form that ``torchrun -m`` takes."""

from mmtlib.cli import main

if __name__ == "__main__":
    main()
