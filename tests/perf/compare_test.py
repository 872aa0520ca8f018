"""bench/report's comparison of two runs, with made-up figures: it finds what became slower, and keeps silent about noise."""
import pathlib
import random
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench" / "report"))

import compare  # noqa: E402, found through the line above
from results import Results  # noqa: E402


def run(rows):
    """rows: {name: nanoseconds of each repetition}"""
    results = Results()
    benchmarks = [{"run_name": name, "run_type": "iteration", "real_time": 1.0, "per_item": ns * 1e-9}
                  for name, figures in rows.items() for ns in figures]
    results.add({"context": {}, "benchmarks": benchmarks})
    return results


ROW = "fib/spawn/weft/n:30/workers:1/process_time/real_time"


class PValue(unittest.TestCase):
    def test_known_values(self):
        self.assertAlmostEqual(compare.p_value([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]), 2 / 252)
        self.assertAlmostEqual(compare.p_value([1, 3, 5, 7], [2, 4, 6, 8]), 48 / 70)
        self.assertEqual(compare.p_value([1, 1, 1, 1], [1, 1, 1, 1]), 1)

    def test_many_repetitions_are_approximated_closely(self):
        old, new = list(range(0, 16, 2)), list(range(5, 21, 2))
        exact = compare.p_value(old, new)
        limit, compare.ENUMERATED = compare.ENUMERATED, 0
        try:
            self.assertAlmostEqual(compare.p_value(old, new), exact, delta=0.01)
        finally:
            compare.ENUMERATED = limit


class Report(unittest.TestCase):
    def test_a_clear_slow_down_is_found(self):
        text, slower = compare.report(run({ROW: [40, 41, 42, 43, 44]}), run({ROW: [50, 51, 52, 53, 54]}))
        self.assertTrue(slower)
        self.assertIn("slower: fib/spawn/weft/n:30/workers:1 (ns each), 1.24 times, p = 0.008", text)

    def test_noise_is_not_reported(self):
        draw = random.Random(1)
        alike = [{f"yield/case{i}/weft/workers:1": [draw.gauss(40, 1) for _ in range(5)] for i in range(50)} for _ in range(2)]
        text, slower = compare.report(run(alike[0]), run(alike[1]))
        self.assertFalse(slower, text)

    def test_one_slow_repetition_is_not_a_slow_down(self):
        _, slower = compare.report(run({ROW: [40, 41, 42, 43, 44]}), run({ROW: [40, 41, 42, 43, 99]}))
        self.assertFalse(slower)

    def test_a_sure_but_small_difference_is_not_reported(self):
        _, slower = compare.report(run({ROW: [40.0, 40.1, 40.2, 40.3]}), run({ROW: [41.0, 41.1, 41.2, 41.3]}))
        self.assertFalse(slower)

    def test_what_became_faster_is_no_failure(self):
        text, slower = compare.report(run({ROW: [50, 51, 52, 53]}), run({ROW: [40, 41, 42, 43]}))
        self.assertFalse(slower)
        self.assertIn("faster: 1", text)

    def test_three_repetitions_prove_nothing_and_the_report_says_so(self):
        text, slower = compare.report(run({ROW: [40, 41, 42]}), run({ROW: [80, 81, 82]}))
        self.assertFalse(slower)
        self.assertIn("too few repetitions", text)


if __name__ == "__main__":
    unittest.main()
