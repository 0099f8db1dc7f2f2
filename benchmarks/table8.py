"""Table 8 on real photographs, from its recipe: the loss (logistic or AP) against the pooling.

python benchmarks/table8.py                    # about two hours on one core; resumes
"""

from __future__ import annotations

from reproduced import main

if __name__ == "__main__":
    main("animals-table8")
