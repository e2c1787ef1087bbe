"""Tests of scripts/benchmark: what it sends, reads and works out. No server is needed."""

import unittest
import xml.etree.ElementTree as ElementTree

from benchmark import chart, workload
from benchmark.raw_commands import _calls
from benchmark.results import Curve, Results, Row, in_us
from benchmark.rounds import Ratio
from benchmark.wire import batches, encode


class Wire(unittest.TestCase):
    def test_a_command_is_an_array_of_bulk_strings(self):
        self.assertEqual(encode(["SET", "ä", 1]), b"*3\r\n$3\r\nSET\r\n$2\r\n\xc3\xa4\r\n$1\r\n1\r\n")

    def test_each_batch_ends_with_its_mark(self):
        found = batches([b"a", b"b", b"c"], 2)
        self.assertEqual([batch[:2] for batch in found], [b"ab", b"c*"])
        self.assertTrue(all(b"ECHO" in batch for batch in found))


class RawCommands(unittest.TestCase):
    def test_a_call_is_a_transaction_or_a_command_alone(self):
        write = encode(["HSET", "k", "f", "a\r\nb"])
        transaction = encode(["MULTI"]) + write + encode(["LPUSH", "l", ""]) + encode(["EXEC"])
        written = encode(["SELECT", 0]) + transaction + write + transaction
        self.assertEqual(list(_calls(written)), [transaction, write, transaction])


class Figures(unittest.TestCase):
    def test_a_ratio_is_the_median_of_the_rounds(self):
        found = Ratio.of([1, 2, 9, 4, 5], [2, 2, 2, 2, 2])
        self.assertEqual((found.median, found.low, found.high), (2.0, 1.0, 2.5))

    def test_a_bar_holds_from_its_own_side(self):
        value = Ratio(2.0, 2.0, 2.0)
        self.assertFalse(Row("w", "a", "", "", value, 1.0).holds)
        self.assertTrue(Row("w", "a", "", "", value, 1.0, at_least=True).holds)

    def test_times(self):
        self.assertEqual([in_us(5.04), in_us(1234.5), in_us(45_670)], ["5.0 us", "1,234 us", "45.7 ms"])


class Workload(unittest.TestCase):
    def test_a_snippet_is_of_its_size(self):
        self.assertEqual({len(encode([str(workload.snippet(n))])) // 100 for n in (1, 50)}, {10})

    def test_it_is_the_same_in_each_run(self):
        self.assertEqual(workload.findings(50, 9), workload.findings(50, 9))
        self.assertEqual(len(set(workload.issues(1_171))), 1_171)


class Chart(unittest.TestCase):
    def test_every_curve_is_drawn_and_named(self):
        curves = [Curve(f"READ {n} <", "issues", {10: 1.0, 100: 5.0}, 100) for n in range(9)]
        root = ElementTree.fromstring(chart.draw(Results(curves=curves)))
        names = {"polyline": 0, "circle": 0}
        for element in root.iter():
            name = element.tag.split("}")[1]
            if name in names:
                names[name] += 1
        self.assertEqual(names, {"polyline": 9, "circle": 18})
