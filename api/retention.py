"""What is kept how long, how large it is, and who holds back what would go."""

from fastapi import APIRouter
from starlette.responses import Response

from api.access import Supervisor
from api.answer import answer
from api.parts import Database
from rules.retention.standing import RetentionStanding, standing_of

router = APIRouter(tags=["retention"])


@router.get("/retention", response_model=RetentionStanding)
async def show_retention(database: Database, _: Supervisor) -> Response:
    """Show what is kept how long, what may go next and who holds it back."""
    return answer(await standing_of(database))
