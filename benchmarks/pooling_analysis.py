"""Fig. 6 on real photographs, from its recipe: every pooling on the same frozen maps, each tuned alike.

python benchmarks/pooling_analysis.py          # about an hour on one core; resumes
"""

from __future__ import annotations

from reproduced import main

if __name__ == "__main__":
    main("animals-fig6")
