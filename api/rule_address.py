"""How a version of a rule is named in an address."""

from typing import Annotated

from fastapi import Path

Code = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,100}$")]
"""Of a rule."""

Version = Annotated[int, Path(ge=1, lt=2**31)]
"""Of one of its files, or of the triage file."""
