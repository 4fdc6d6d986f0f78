# SPDX-License-Identifier: MIT
"""The daemon beside BIND and unbound with the same upstream; a long run is in doc/assurance.md."""
import shutil

import compare
import pytest
from conftest import HTTPDNSD


@pytest.mark.skipif(shutil.which("unbound", path="/usr/sbin:/usr/bin") is None, reason="unbound is not installed")
def test_mixed_queries_are_answered_as_bind_and_unbound_answer_them(lab, tmp_path):
    differences, examples = compare.run(lab, tmp_path, HTTPDNSD, n=600, seed=7)
    assert {k: examples[k] for k in differences if k.startswith("unexplained")} == {}
    assert sum(differences.values()) <= 6
