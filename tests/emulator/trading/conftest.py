"""What a failing check says."""

import pytest

pytest.register_assert_rewrite("tests.emulator.trading.books")
