"""The checklist as it stands; what documents, `doctor` and `canary enable` go by."""

from __future__ import annotations

from cbops.model.standing import ItemStanding as ItemStanding
from cbops.model.standing import standing as standing
