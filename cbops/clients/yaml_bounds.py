"""A YAML loader that reads plain data only, and no document that is nested or merged without measure.

The usual loaders go down with the document: some tens of thousands of brackets end the whole process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

MAX_DEPTH = 100
MAX_NODES = 200_000  # values and keys: seconds
MAX_MERGED = 10_000  # keys that `<<` may bring into one mapping

# The C loader is ten times faster, and not part of every installation.
if TYPE_CHECKING:
    from yaml import SafeLoader as _Base
else:
    _Base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class UnboundedError(yaml.YAMLError):
    """The document is nested too deeply, or merges too much."""


class BoundedLoader(_Base):
    """A safe loader; UnboundedError for what is deeper than MAX_DEPTH or has more than MAX_NODES."""

    _depth = 0
    _nodes = 0

    def descend_resolver(self, current_node: yaml.Node | None, current_index: int | yaml.Node | None) -> None:
        """Called on the way into each node."""
        self._depth += 1
        self._nodes += 1
        if self._depth > MAX_DEPTH:
            raise UnboundedError("nested too deeply")
        if self._nodes > MAX_NODES:
            raise UnboundedError(f"more than {MAX_NODES} values")
        super().descend_resolver(current_node, current_index)

    def ascend_resolver(self) -> None:
        """Called on the way out of each."""
        self._depth -= 1
        super().ascend_resolver()

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Called for each mapping, `<<` in it or not."""
        super().flatten_mapping(node)
        if len(node.value) > MAX_MERGED:
            raise UnboundedError("a mapping with too many keys")
