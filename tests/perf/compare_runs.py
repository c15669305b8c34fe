"""Whether two runs of a benchmark agree: `python tests/perf/compare_runs.py A.json B.json`.

A and B are what `lstm-checks bench FILE --json OUT` wrote in two runs. The program prints, for each
shape, pass and rival, the ratio in B over that in A, and whether a run called the shape noisy.
"""

import json
import sys
from pathlib import Path


def main() -> None:
    runs = [json.loads(Path(name).read_text()) for name in sys.argv[1:]]
    if len(runs) != 2:
        raise SystemExit("give two files, written by lstm-checks bench FILE --json OUT")
    rivals = list(runs[0]["comparisons"][0]["ratio"])
    print("| N×T×D×H | pass | " + " | ".join(rivals) + " | called noisy in |")
    print("|---|---|" + "--:|" * len(rivals) + "---|")
    silent = 0
    for one, other in zip(*(run["comparisons"] for run in runs), strict=True):
        changes = [other["ratio"][r]["median"] / one["ratio"][r]["median"] for r in rivals]
        noisy = [name for name, cell in (("A", one), ("B", other)) if cell["noisy"]]
        silent += any(abs(change - 1) > 0.1 for change in changes) and not noisy
        size = "×".join(str(number) for number in one["shape"].values())
        cells = " | ".join(f"{change:.3f}" for change in changes)
        print(f"| {size} | {one['pass']} | {cells} | {' and '.join(noisy) or 'neither'} |")
    for name in runs[0]["geometric_mean_of_ratios"]:
        means = (run["geometric_mean_of_ratios"][name] for run in runs)
        one, other = means
        cells = " | ".join(f"{other[r] / one[r]:.3f}" for r in rivals)
        print(f"| geometric mean | {name} | {cells} | |")
    print(f"\nmore than 10 % apart and called noisy in neither run: {silent}")


if __name__ == "__main__":
    main()
